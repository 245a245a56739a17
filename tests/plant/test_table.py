"""Tables described in contracts/historians.yaml: rows as frames of machines, labels before gauges, failure modes nowhere."""

from __future__ import annotations

from pathlib import Path

import msgspec
import orjson
import pytest

from acme_lib.contracts import HistorianTable
from acme_lib.contracts._plant import TableEvent
from acme_lib.errors import WrongUse
from acme_lib.plant.historian import histories, replay, table
from acme_lib.uns import Valid, judge

HEAD = "UDI,Product ID,Type,Air temperature [K],Process temperature [K],Rotational speed [rpm],Torque [Nm],Tool wear [min],Machine failure,TWF,HDF,PWF,OSF,RNF"  # fmt: skip


def sample(folder: Path, *rows: str, head: str = HEAD) -> Path:
    (folder / "ai4i2020.csv").write_text("\n".join((head, *rows)) + "\n")
    return folder


def test_a_row_is_a_frame_and_a_failure_follows_it(tmp_path: Path) -> None:
    sample(tmp_path, "1,M14860,M,298.1,308.6,1551,42.8,0,1,0,0,1,0,0", "2,L47181,L,298.2,308.7,1408,46.3,3,0,0,0,0,0,0")
    sent = list(replay(histories("ai4i", tmp_path)))
    bodies = [orjson.loads(m.payload) for m in sent]
    assert [(b["tsUtc"][14:19], m.topic.split("/")[-1], b["value"]) for m, b in zip(sent, bodies, strict=True)] == [
        ("00:00", "product_type", "M"), ("00:00", "air_temperature", 298.1), ("00:00", "process_temperature", 308.6),
        ("00:00", "rotational_speed", 1551.0), ("00:00", "torque", 42.8), ("00:00", "tool_wear", 0.0),
        ("00:30", "failure", "machine_failure"),
        ("01:00", "product_type", "L"), ("01:00", "air_temperature", 298.2), ("01:00", "process_temperature", 308.7),
        ("01:00", "rotational_speed", 1408.0), ("01:00", "torque", 46.3), ("01:00", "tool_wear", 3.0),
    ]  # fmt: skip
    assert sent[0].topic == "acme/testbed/mill/ai4i/cell-1/mill-001/product_type"
    assert all(judge(m.topic, m.payload) == Valid() for m in sent)


def test_rows_are_dealt_to_machines_in_blocks(tmp_path: Path) -> None:
    row = "M1,M,298,308,1500,40,0,0,0,0,0,0,0"
    (history,) = histories("ai4i", sample(tmp_path, *(f"{n},{row}" for n in range(251))))
    assert list(history.partitions.values()) == [1, 2]
    assert {r.equipment[-3:] for r in history.readings() if r.tag == "torque"} == {"001", "002"}
    (first,) = histories("ai4i", tmp_path, limit=1)
    assert first.count == 250 * 6


@pytest.mark.parametrize(
    ("head", "row", "said"),
    [
        ("a,b", "1,2", r"csv:1: columns are 'a,b'; needed: Type or Air temperature"),
        (HEAD, "1,2", r"csv:2: 2 columns where the header has 14"),
        (HEAD, "1,M1,M,298,308,1500,40,0,perhaps,0,0,0,0,0", r"csv:2: Machine failure is 'perhaps'; write 1 where it"),
        (HEAD, "x,M1,M,298,308,1500,40,0,0,0,0,0,0,0", r"csv:2: UDI is 'x'; write a whole number"),
        (HEAD, '\n1,"M1,M,298,308,1500,40,0,0,0,0,0,0,0\n', r"csv:3: a quote is opened and not closed on its line"),
        (
            f"{HEAD},Torque,torque".replace("Torque [Nm]", "T"),
            "1" + ",1" * 15,
            r"csv:1: columns 'Torque' and 'torque' are",
        ),
        (HEAD, "1,M1,M,hot,308,1500,40,0,0,0,0,0,0,0", r"csv:2: Air temperature \[K\] is 'hot'"),
    ],
)
def test_a_wrong_file_is_named_with_its_line_and_mend(tmp_path: Path, head: str, row: str, said: str) -> None:
    with pytest.raises(WrongUse, match=said):
        histories("ai4i", sample(tmp_path, row, head=head))


def test_no_file_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="0 files"):
        histories("ai4i", tmp_path)


def failures(folder: Path) -> list[float]:
    """Seconds after the start at which the pieces of a folder's file failed."""
    (history,) = histories("ai4i", folder)
    return [(r.at_ms - 1_704_067_200_000) / 1000 for r in history.readings() if r.tag == "failure"]


@pytest.mark.parametrize(
    "head",
    [
        HEAD.replace(" [K]", "").replace(" [rpm]", "").replace(" [Nm]", "").replace(" [min]", ""),
        HEAD.replace("[", "").replace("]", ""),
        HEAD.replace("Machine failure", "Target").lower().replace(" ", "_"),
        HEAD.replace(",", " , "),
        HEAD.replace("UDI", "UID").replace("[", "(").replace("]", ")").upper(),
    ],
)
def test_headers_are_matched_without_case_blanks_and_units(tmp_path: Path, head: str) -> None:
    row = "1,M14860,M,298.1,308.6,1551,42.8,0,1,0,0,1,0,0"
    (plain,) = histories("ai4i", sample(tmp_path, row))
    (history,) = histories("ai4i", sample(tmp_path, row, head=head))
    assert list(history.readings()) == list(plain.readings())
    assert (history.count, history.notes) == (7, ())


@pytest.mark.parametrize("yes", ["1", "1.0", "true", "True", "TRUE", " yes "])
@pytest.mark.parametrize("no", ["0", "0.0", "False", "no", "", "NaN"])
def test_a_failure_is_a_value_not_a_spelling(tmp_path: Path, yes: str, no: str) -> None:
    rows = [f"{n},M1,M,298,308,1500,40,0,{cell},0,0,0,0,0" for n, cell in enumerate((no, yes, no), 1)]
    assert failures(sample(tmp_path, *rows)) == [90.0]


def test_pieces_are_taken_by_their_number_and_one_that_stands_twice_is_one(tmp_path: Path) -> None:
    first, second = (f"{n},M1,M,298,308,1500,40,0,{n - 1},0,0,0,0,0" for n in (1, 2))
    assert failures(sample(tmp_path, second, first, second)) == [90.0]
    # without numbers the pieces are taken as they stand, alike or not
    unnumbered = "M,298,308,1500,40,0,1"
    (history,) = histories("ai4i", sample(tmp_path, unnumbered, unnumbered, head=",".join(HEAD.split(",")[2:9])))
    assert failures(tmp_path) == [30.0, 90.0]
    assert history.notes == (f"{tmp_path}/ai4i2020.csv: columns not found: UDI",)


def test_columns_not_found_and_not_read_are_said_and_another_unit_is_another_column(tmp_path: Path) -> None:
    head = HEAD.replace("Air temperature [K]", "Air temperature [C]").replace("Machine failure", "Broken")
    (history,) = histories("ai4i", sample(tmp_path, "1,M1,M,25,308,1500,40,0,1,0,0,0,0,0", head=head))
    assert {r.tag for r in history.readings()} & {"air_temperature", "failure"} == set()
    (note,) = history.notes
    assert note.endswith("not found: Air temperature [K], Machine failure; not read: Air temperature [C], Broken")


def test_more_than_999_machines_are_refused_unless_fewer_were_asked_for(tmp_path: Path) -> None:
    sample(tmp_path, *(f"{n},M1,M,298,308,1500,40,0,0,0,0,0,0,0" for n in range(999 * 250 + 1)))
    with pytest.raises(WrongUse, match=r"249,751 rows make 1000 machines and 999 is the most"):
        histories("ai4i", tmp_path)
    assert len(histories("ai4i", tmp_path, limit=2)[0].partitions) == 2


RIG = HistorianTable(
    format="skab", description="SKAB, as machines that the contracts have", files="*.csv", source_system="skab",
    equipment_class="pdm_machine", equipment="testbed/skab/rig/cell-1/rig-{number:03d}", time="datetime",
    columns={"Pressure": "pressure", "Voltage": "volt"}, unread=["Current"],
    events=[TableEvent(column="anomaly", equals="1", tag="device_error", value="anomaly", after_s=0)],
)  # fmt: skip


def test_a_table_may_bring_its_own_times_and_separator(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text(
        "datetime;Pressure;Voltage;Current;anomaly\n"
        "2020-03-09 12:34:37;0.4;229.5;1;1.0\n2020-03-09T14:34:36+02:00;0.3;230;1;0.0\n"
    )
    (history,) = table.histories(RIG, tmp_path)
    assert history.partitions == {"testbed/skab/rig/cell-1/rig-001": 1}
    assert [(r.at_ms - 1_583_757_276_000, r.tag, r.value) for r in history.readings()] == [
        (0, "pressure", 0.3), (0, "volt", 230.0),
        (1000, "pressure", 0.4), (1000, "volt", 229.5), (1000, "device_error", "anomaly"),
    ]  # fmt: skip
    with pytest.raises(WrongUse, match=r"1\.csv:1: columns are .*; needed: when and Pressure or Voltage"):
        table.histories(msgspec.structs.replace(RIG, time="when"), tmp_path)
    with pytest.raises(WrongUse, match=r"1\.csv:1: columns are 'datetime;Pressure"):
        table.histories(msgspec.structs.replace(RIG, delimiter=","), tmp_path)


def test_a_table_without_times_of_its_own_says_when_it_starts() -> None:
    with pytest.raises(ValueError, match="skab: a table says `time`, or both `start` and `period_s`"):
        msgspec.structs.replace(RIG, time=None)


def test_skab_is_described_not_coded(public_data: Path) -> None:
    file = public_data / "skab" / "valve1" / "0.csv"
    if not file.is_file():
        pytest.skip(f"no SKAB at {file}; set ACME_DATA to a folder that holds skab/")
    lines = file.read_text().splitlines()[1:]
    (history,) = table.histories(RIG, file)
    readings = list(history.readings())
    assert sum(r.tag == "pressure" for r in readings) == len(lines)
    assert sum(r.tag == "device_error" for r in readings) == sum(line.split(";")[-2] == "1.0" for line in lines)
