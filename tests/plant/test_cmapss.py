"""C-MAPSS files: every reading once, any file of the format, and a wrong one named by file, line and mend."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import orjson
import pytest

from acme_lib.errors import WrongUse
from acme_lib.plant.historian import histories, replay
from acme_lib.uns import Valid, judge

SETTINGS = "-0.0007 -0.0004 100.0"
SENSORS = " ".join(f"{n}.5" for n in range(1, 22))
GOOD = f"{SETTINGS} {SENSORS}"


def cmapss(folder: Path, *lines: str, name: str = "train_FD001.txt") -> Path:
    (folder / name).write_text("\n".join(lines) + "\n")
    return folder / name


def test_two_engines_by_hand(tmp_path: Path) -> None:
    # engine 1 runs two cycles, engine 2 one: 3 x 24 readings and 2 failures
    path = cmapss(tmp_path, f"1 1 {GOOD}", f"1 2 {GOOD}", f"2 1 {GOOD}")
    (history,) = histories("cmapss", path)
    sent = list(replay([history]))
    assert len(sent) == history.count == 3 * 24 + 2
    first, failures = orjson.loads(sent[0].payload), [m for m in sent if m.topic.endswith("/failure")]
    assert sent[0].topic == "acme/testbed/turbofan/fd001/train/engine-001/setting_1"
    assert (first["value"], first["tsUtc"], first["units"]) == (-0.0007, "2024-01-01T00:00:00.000Z", "kft")
    assert (first["sourceSystem"], first["seq"], first["replayed"]) == ("cmapss-fd001-train", 0, True)
    assert [orjson.loads(m.payload)["tsUtc"] for m in failures] == [
        "2024-01-01T00:01:00.000Z",
        "2024-01-01T01:01:00.000Z",
    ]
    assert failures[0].topic == "acme/testbed/turbofan/fd001/train/engine-002/failure"
    assert {orjson.loads(m.payload)["value"] for m in failures} == {"hpc_degradation"}
    assert all(judge(m.topic, m.payload) == Valid() for m in sent)


def test_by_event_time_across_engines(tmp_path: Path) -> None:
    path = cmapss(tmp_path, *(f"{unit} {cycle} {GOOD}" for unit in (1, 2, 3) for cycle in (1, 2)))
    sent = [m for m in replay(histories("cmapss", path)) if m.topic.endswith("sensor_01")]
    assert [m.topic.split("/")[5] for m in sent] == ["engine-001", "engine-002", "engine-003"] * 2


def test_test_engines_are_other_equipment_and_never_fail(tmp_path: Path) -> None:
    cmapss(tmp_path, f"1 1 {GOOD}")
    cmapss(tmp_path, f"1 1 {GOOD}", name="test_FD001.txt")
    (tmp_path / "RUL_FD001.txt").write_text("112\n")
    sent = list(replay(histories("cmapss", tmp_path, split="both")))
    cells = Counter(m.topic.split("/")[4] for m in sent)
    assert cells == {"train": 25, "test": 24}
    assert not any(b"112" in m.payload.split(b'"value":')[1].split(b",")[0] for m in sent)


def test_fewer_columns_a_header_and_gaps_leave_those_tags_out(tmp_path: Path) -> None:
    def tags(*lines: str) -> list[str]:
        return [m.topic.split("/")[-1] for m in replay(histories("cmapss", cmapss(tmp_path, *lines), split="train"))]

    assert tags("1 1 0 0 100 518.67 641.82") == [
        "setting_1",
        "setting_2",
        "setting_3",
        "sensor_01",
        "sensor_02",
        "failure",
    ]
    assert tags("1 1 0 0 100 NaN 641.82") == ["setting_1", "setting_2", "setting_3", "sensor_02", "failure"]
    assert tags("unit,cycle,sensor_04,sensor_11", "1,1,,47.5", "1,2,1400.6,47.5") == [
        "sensor_11", "sensor_04", "sensor_11", "failure",
    ]  # fmt: skip


def test_larger_fleets_and_other_subsets(tmp_path: Path) -> None:
    path = cmapss(tmp_path, *(f"{unit} 1 {GOOD}" for unit in range(1, 261)), name="train_FD002.txt")
    (history,) = histories("cmapss", path)
    assert history.source_system == "cmapss-fd002-train"
    assert len(history.partitions) == 260
    assert list(history.partitions)[-1] == "testbed/turbofan/fd002/train/engine-260"
    (limited,) = histories("cmapss", path, limit=10)
    full = {m.topic: m.payload for m in history.messages()}
    assert limited.count == 250
    assert all(full[m.topic] == m.payload for m in limited.messages())


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["1 1 518.67"], r":1: 3 columns where C-MAPSS has 26"),
        ([f"1 1 {GOOD} 1 2 3"], r":1: 29 columns where C-MAPSS has 26"),
        ([f"1 1 {GOOD}", f"1 2 {SETTINGS}"], r":2: 5 columns where the lines above have 26"),
        ([f"1 1 {GOOD}", f"1 2 {GOOD}".replace("7.5", "x", 1)], r":2: sensor_07 is 'x'; write a finite number"),
        ([f"1.5 1 {GOOD}"], r":1: unit is '1.5'; write a whole number"),
        ([f"nan 1 {GOOD}"], r":1: .*whole number"),
        ([f"1000 1 {GOOD}"], r":1: unit is '1000'; write a whole number from 1 to 999"),
        ([f"inf 1 {GOOD}"], r":1: unit is 'inf'; write a whole number"),
        ([f"1 inf {GOOD}"], r":1: cycle is 'inf'; write a whole number"),
        ([f"1 100000000 {GOOD}"], r":1: cycle is '100000000'; write a whole number from 1 to 100000"),
        (["", f"1 2 {GOOD}", "", f"1 2 {GOOD} ".replace("7.5 ", "7.6 ")], r":4: unit 1, cycle 2 stands in line 2 with"),
        ([f"1 1 {GOOD}", "", " ", f"1 2 {SETTINGS}"], r":4: 5 columns where the lines above have 26"),
        ([f"1 1 {GOOD}".replace("7.5", "inf", 1)], r":1: sensor_07 is 'inf'; write a finite number"),
        (["unit,cycle,s_1,Sensor_1,sensor 01", "1,1,1,2,2"], r":1: columns 'Sensor_1' and 'sensor 01' are both"),
        (["cycle,sensor_01", "1,1"], r":1: no C-MAPSS file: its header is 'cycle sensor_01'"),
        (["unit,cycle,RUL", "1,1,9"], r":1: no C-MAPSS file"),
        (["UDI,Product ID,Type", "1,M14860,M"], r":1: no C-MAPSS file: its header is 'UDI"),
        (["unit,cycle,sensor_01"], r"no data lines"),
        (["", " "], r"the file is empty"),
    ],
)
def test_a_wrong_file_is_named_with_its_line_and_mend(tmp_path: Path, lines: list[str], said: str) -> None:
    with pytest.raises(WrongUse, match=rf"train_FD001\.txt{said}|train_FD001\.txt: {said}"):
        histories("cmapss", cmapss(tmp_path, *lines))


HEADED = ("unit,cycle,setting_1,sensor_01,sensor_11", "1,1,0.1,518.5,", "1,2,0.2,518.7,47.5")


@pytest.mark.parametrize(
    "lines",
    [
        ("unit,cycle,setting_1,sensor_01,sensor_11", "1,2,0.2,518.7,47.5", "1,1,0.1,518.5,", "1,2,0.2,518.70,47.5"),
        ("sensor_11,RUL,cycle,unit,sensor_1,setting1", "NA,1,1,1,518.5,0.1", "47.5,0,2,1,518.7,0.2"),
        ("id;time_cycles;os1;s1;s_11", "1;1;0.1;518.5;null", "1;2;0.2;518.7;47.5"),
        ("Unit_Nr\tTime\tOS 1\tS01\tsensor11", "1\t1\t0.1\t518.5\t", "1\t2\t0.2\t518.7\t47.5"),
        ("unit number,cycles,op_setting_1,s_01,s11,,", "1.0,1.0,0.1,518.5,NaN,,", "1,2,0.2,518.7,47.5"),
        ('"engine" "time_in_cycles" "setting_1" "s1" "s11"', '"1" "1" "0.1" "518.5" "nan"', "1 2 0.2 518.7 47.5"),
        ("id,unit,cycle,setting_1,s_1,s_11,s_1.1", "7,1,1,0.1,518.5,,1", "8,1,2,0.2,518.7,47.5,2"),
    ],
)
def test_a_header_is_read_whatever_its_order_spelling_and_separator(tmp_path: Path, lines: tuple[str, ...]) -> None:
    (plain,) = histories("cmapss", cmapss(tmp_path, *HEADED))
    (history,) = histories("cmapss", cmapss(tmp_path, *lines))
    assert list(history.readings()) == list(plain.readings())
    assert history.count == plain.count == 3 + 2 + 1


def test_without_a_header_missing_cells_and_empty_columns_are_no_readings(tmp_path: Path) -> None:
    def tags(*lines: str) -> list[str]:
        (history,) = histories("cmapss", cmapss(tmp_path, *lines, name="test_FD001.txt"))
        return [reading.tag for reading in history.readings()]

    assert tags("1,1,NA,0,100,518.67") == ["setting_2", "setting_3", "sensor_01"]
    assert tags("1 1\t0  0 100\t518 ") == ["setting_1", "setting_2", "setting_3", "sensor_01"]
    assert tags("1;1;0;0;100;null;641;;", "1;2;0;0;100;518;641") == [
        "setting_1", "setting_2", "setting_3", "sensor_02",
        "setting_1", "setting_2", "setting_3", "sensor_01", "sensor_02",
    ]  # fmt: skip
    assert tags("1,1,0,0,100,", "1,2,0,0,100,518") == ["setting_1", "setting_2", "setting_3"] * 2 + ["sensor_01"]


def test_columns_not_found_and_not_read_are_said(tmp_path: Path) -> None:
    (history,) = histories("cmapss", cmapss(tmp_path, "unit,cycle,RUL,sensor_1,speed", "1,1,9,518,3"))
    (note,) = history.notes
    assert "not found: setting_1, setting_2, setting_3, sensor_02, " in note
    assert note.endswith("not read: RUL, speed")
    (whole,) = histories("cmapss", cmapss(tmp_path, f"1 1 {GOOD}"))
    assert whole.notes == ()


@pytest.mark.parametrize(
    ("name", "split", "expected"),
    [
        ("FD004.csv", "train", "cmapss/fd004/train"),
        ("FD004.csv", "test", "cmapss/fd004/test"),
        ("FD004_test.csv", "train", "cmapss/fd004/test"),
        ("my_test_rig.txt", "train", "cmapss/fd009/train"),
        ("train_FD004_part.csv", "test", "cmapss/fd004-part/train"),  # as --subset FD004_part of a folder
        ("fd003-test.txt", "train", "cmapss/fd003/test"),
        ("test_FD002.txt", "train", "cmapss/fd002/test"),
        ("train_mine.txt", "train", "cmapss/mine/train"),
        ("FD0012.txt", "train", "cmapss/fd009/train"),
    ],
)
def test_the_file_s_name_says_the_subset(tmp_path: Path, name: str, split: str, expected: str) -> None:
    path = cmapss(tmp_path, f"1 1 {GOOD}", name=name)
    assert histories("cmapss", path, subset="FD009", split=split)[0].name == expected


def test_absent_or_forbidden_files_are_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="no such file"):
        histories("cmapss", tmp_path)
    with pytest.raises(WrongUse, match="answers is never replayed"):
        histories("cmapss", cmapss(tmp_path, "112", name="RUL_FD001.txt"))
    with pytest.raises(WrongUse, match="--format parquet"):
        histories("parquet", tmp_path)
    with pytest.raises(WrongUse, match="--subset"):
        histories("cmapss", cmapss(tmp_path, f"1 1 {GOOD}", name="mine.txt"), subset="FD 1!")


def test_binary_rubbish_is_wrong_use(tmp_path: Path) -> None:
    (tmp_path / "train_FD001.txt").write_bytes(bytes(range(256)) * 8)
    with pytest.raises(WrongUse, match=r"train_FD001\.txt:1: "):
        histories("cmapss", tmp_path)


def test_fd001_training_file_is_495144_readings_and_100_failures(public_data: Path) -> None:
    (history,) = histories("cmapss", public_data / "cmapss")
    tags = Counter(reading.tag for reading in history.readings())
    assert tags.pop("failure") == 100
    assert sum(tags.values()) == 495_144
    assert set(tags.values()) == {20_631}
    assert len(tags) == 24


def test_fd001_test_file_is_its_rows_times_24(public_data: Path) -> None:
    (history,) = histories("cmapss", public_data / "cmapss", split="test")
    assert history.count == 13_096 * 24
