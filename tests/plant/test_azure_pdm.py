"""Azure PdM files: telemetry and events by time, events of known machines only, wrong files named by line and mend."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import orjson
import pytest

from acme_lib.errors import WrongUse
from acme_lib.plant.historian import histories, replay
from acme_lib.uns import Valid, judge

TELEMETRY = "datetime,machineID,volt,rotate,pressure,vibration\n"


def sample(folder: Path, rows: str, *, head: str = TELEMETRY, name: str = "PdM_telemetry_m1.csv") -> Path:
    (folder / name).write_text(head + rows)
    return folder


def test_readings_and_events_by_time_with_events_of_known_machines(tmp_path: Path) -> None:
    sample(tmp_path, "2015-01-01 07:00:00,2,176.5,418.5,113,45\n2015-01-01 06:00:00,2,170,400,110,40\n")
    sample(
        tmp_path,
        '2015-01-01 06:00:00,2,"comp4"\n2015-01-01 06:00:00,9,"comp1"\n',
        head='"datetime","machineID","failure"\n',
        name="PdM_failures.csv",
    )
    sample(tmp_path, "2014-06-01 06:00:00,2,comp2\n", head="datetime,machineID,comp\n", name="PdM_maint.csv")
    sample(tmp_path, "2015-01-01 06:30:00,2,error1\n", head="datetime,machineID,errorID\n", name="PdM_errors.csv")
    sample(tmp_path, '2,"model3",18\n9,"model1",3\n', head='"machineID","model","age"\n', name="PdM_machines.csv")
    sent = list(replay(histories("azure-pdm", tmp_path)))
    bodies = [orjson.loads(m.payload) for m in sent]
    assert [(m.topic.split("/")[-1], b["value"]) for m, b in zip(sent, bodies, strict=True)] == [
        ("maintenance", "comp2"),
        ("model", "model3"), ("age_years", 18.0), ("failure", "comp4"),
        ("volt", 170.0), ("rotate", 400.0), ("pressure", 110.0), ("vibration", 40.0),
        ("device_error", "error1"),
        ("volt", 176.5), ("rotate", 418.5), ("pressure", 113.0), ("vibration", 45.0),
    ]  # fmt: skip
    assert bodies[0]["tsUtc"] == "2014-06-01T06:00:00.000Z"
    assert sent[0].topic == "acme/testbed/pdm/line-1/cell-1/machine-002/maintenance"
    assert all(b["sourceSystem"] == "azure-pdm" and b["replayed"] for b in bodies)
    assert all(judge(m.topic, m.payload) == Valid() for m in sent)


def test_missing_columns_and_values_leave_those_tags_out(tmp_path: Path) -> None:
    sample(
        tmp_path,
        "2015-01-01 06:00:00,1,170,\n2015-01-01 07:00:00,1,NaN,40\n",
        head="datetime,machineID,volt,vibration\n",
    )
    assert [m.topic.split("/")[-1] for m in replay(histories("azure-pdm", tmp_path))] == ["volt", "vibration"]


@pytest.mark.parametrize(
    ("head", "rows", "said"),
    [
        ("a,b\n", "1,2\n", r"csv:1: columns are 'a,b'; needed: datetime, machineID and volt"),
        (TELEMETRY, "2015-01-01 06:00:00,1,1,2,3\n", r"csv:2: 5 columns where the header has 6"),
        (TELEMETRY, "01/02/2015 6 am,1,1,2,3,4\n", r"csv:2: datetime is '01/02/2015 6 am'; write 2015-01-01 06:00:00"),
        (
            TELEMETRY,
            "2015-01-01 06:00:00,one,1,2,3,4\n",
            r"csv:2: machineID is 'one'; write a whole number from 1 to 999",
        ),
        (TELEMETRY, "2015-01-01 06:00:00,1000,1,2,3,4\n", r"csv:2: machineID is '1000'; write a whole number"),
        (TELEMETRY, "2015-01-01 06:00:00,1,high,2,3,4\n", r"csv:2: volt is 'high'"),
        (TELEMETRY, "2/1/2015 06:00,1,1,2,3,4\n", r"csv:2: datetime is '2/1/2015 06:00'; write .* month first"),
        (TELEMETRY, "1915-01-01 06:00:00,1,1,2,3,4\n", r"csv:2: datetime is '1915.*; telemetry is of 2000 to 2100"),
        (TELEMETRY, '\n2015-01-01 06:00:00,1,"1,2,3,4\n', r"csv:3: a quote is opened and not closed on its line"),
        (TELEMETRY, '2015-01-01 06:00:00,1,"1' + ",2,3,4\n" * 30_000, r"csv:2: field larger than field limit"),
        (TELEMETRY, "\n\n2015-01-01 06:00:00,1,1,2,3,x\n", r"csv:4: vibration is 'x'"),
        (
            TELEMETRY,
            "2015-01-01 06:00:00,1,1,2,3,4\n\n2015-01-01 06:00:00,1,1,2,3,5\n",
            r"csv:4: machineID 1 at that time stands in line 2 with other values",
        ),
        (
            "datetime,machineID,VOLT,Volt \n",
            "2015-01-01 06:00:00,1,1,2\n",
            r"csv:1: columns 'VOLT' and 'Volt' are both",
        ),
        ("\ufeff", "", r"csv: the file is empty"),
        (TELEMETRY, "", r"csv: no data lines"),
        ("", "", r"csv: the file is empty"),
    ],
)
def test_a_wrong_file_is_named_with_its_line_and_mend(tmp_path: Path, head: str, rows: str, said: str) -> None:
    with pytest.raises(WrongUse, match=said):
        histories("azure-pdm", sample(tmp_path, rows, head=head))


HOUR = "2015-01-01 06:00:00"


@pytest.mark.parametrize(
    ("head", "row"),
    [
        (' "DateTime" ; "MachineID" ; "Volt" ; "Rotate" ; "Pressure" ; "Vibration" \n', f"{HOUR};1;170;400;110;40\n"),
        ("\n\ndatetime , machine_id,volt [V], rotate,pressure ,vibration\n", f"{HOUR} ,1.0,170,400,110,40\n,,,,,\n"),
        (TELEMETRY, "2015-01-01T06:00:00Z,1,170,400,110,40\n" * 2),
        (TELEMETRY, "2015-01-01T08:00:00+02:00,1,170,400,110,40\n"),
        (TELEMETRY, "1/1/2015 6:00:00 AM,1,170,400,110,40\n1/1/2015 6:00 am,1,170.0,400,110,40,,\n"),
        (TELEMETRY.strip() + "\r", f"{HOUR},1,170,400,110,40\r"),
    ],
)
def test_a_frame_is_read_whatever_its_spelling(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, head: str, row: str
) -> None:
    (plain,) = histories("azure-pdm", sample(tmp_path_factory.mktemp("plain"), f"{HOUR},1,170,400,110,40\n"))
    (history,) = histories("azure-pdm", sample(tmp_path, row, head=head))
    assert list(history.readings()) == list(plain.readings())
    assert history.count == 4


@pytest.mark.parametrize(("text", "hour"), [("12:30:00 AM", 0.5), ("1:00:00 PM", 13), ("12:00:00 PM", 12)])
def test_the_american_clock(tmp_path: Path, text: str, hour: float) -> None:
    (history,) = histories("azure-pdm", sample(tmp_path, f"12/31/2015 {text},1,170,400,110,40\n"))
    assert next(iter(history.readings())).at_ms == 1_451_520_000_000 + hour * 3_600_000


def test_events_are_values_once_each_and_nothing_is_no_event(tmp_path: Path) -> None:
    sample(tmp_path, f"{HOUR},1,170,400,110,40\n")
    cells = ["comp4", " Comp4 ", "comp4", "", "NaN", "none", '"comp1"']
    sample(
        tmp_path,
        "".join(f"{HOUR},1,{cell}\n" for cell in cells),
        head="datetime,machineID,Comp\n",
        name="PdM_maint.csv",
    )
    (history,) = histories("azure-pdm", tmp_path)
    # several at one instant stay in the file's order
    assert [r.value for r in history.readings() if r.tag == "maintenance"] == ["comp4", "comp1"]


def test_empty_and_absent_files_of_events_and_columns_left_out_are_said(tmp_path: Path) -> None:
    sample(tmp_path, f"{HOUR},1,170,400,110,40\n", head="datetime,machineID,volt,rotate,pressure,vib\n")
    sample(tmp_path, "", head="", name="PdM_failures.csv")
    sample(tmp_path, "\n", head="\ufeff", name="PdM_errors.csv")
    sample(tmp_path, "", head="datetime,machineID,comp\n", name="PdM_maint.csv")
    (history,) = histories("azure-pdm", tmp_path)
    said = [note.removeprefix(f"{tmp_path}/") for note in history.notes]
    assert said == [
        "PdM_telemetry_m1.csv: columns not found: vibration; not read: vib",
        "PdM_errors.csv: the file is empty; no device_error is published",
        "PdM_failures.csv: the file is empty; no failure is published",
        "PdM_maint.csv: nothing stands in it; no maintenance is published",
        "PdM_machines.csv: no such file; no label is published",
    ]


def test_two_registers_of_one_machine_are_wrong_use(tmp_path: Path) -> None:
    sample(tmp_path, f"{HOUR},1,170,400,110,40\n")
    sample(tmp_path, "1,model3,18\n1.0,Model3,18.0\n", head="machineID,model,age\n", name="PdM_machines.csv")
    assert histories("azure-pdm", tmp_path)[0].count == 6
    sample(tmp_path, "1,model3,18\n1,model3,19\n", head="machineID,model,age\n", name="PdM_machines.csv")
    with pytest.raises(WrongUse, match=r"machines\.csv:3: machineID 1 stands in line 2 with other labels"):
        histories("azure-pdm", tmp_path)


def test_no_telemetry_or_two_are_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="0 files PdM_telemetry"):
        histories("azure-pdm", tmp_path)
    for name in ("PdM_telemetry_a.csv", "PdM_telemetry_b.csv"):
        sample(tmp_path, "2015-01-01 06:00:00,1,1,2,3,4\n", name=name)
    with pytest.raises(WrongUse, match="2 files PdM_telemetry"):
        histories("azure-pdm", tmp_path)
    assert histories("azure-pdm", tmp_path / "PdM_telemetry_b.csv")[0].count == 4


def test_the_public_sample_holds_each_row_of_its_files(public_data: Path) -> None:
    folder = public_data / "azure_pdm"
    rows = {path.stem: list(csv.DictReader(path.open())) for path in sorted(folder.glob("*.csv"))}
    (telemetry,) = (found for name, found in rows.items() if name.startswith("PdM_telemetry"))
    machines = {row["machineID"] for row in telemetry}
    (history,) = histories("azure-pdm", folder)
    tags = Counter(reading.tag for reading in history.readings())
    expected = dict.fromkeys(("volt", "rotate", "pressure", "vibration"), len(telemetry))
    for name, tag in (("PdM_errors", "device_error"), ("PdM_failures", "failure"), ("PdM_maint", "maintenance")):
        expected[tag] = sum(row["machineID"] in machines for row in rows[name])
    assert tags == expected | {"model": len(machines), "age_years": len(machines)}
    times: dict[str, int] = {}
    for reading in history.readings():
        assert reading.at_ms >= times.get(reading.equipment, 0)
        times[reading.equipment] = reading.at_ms
