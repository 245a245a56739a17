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
        ([f"1 1 {GOOD}", f"1 2 {GOOD}".replace("7.5", "x", 1)], r":2: could not convert string to float"),
        ([f"1.5 1 {GOOD}"], r":1: '1.5' is no whole number"),
        ([f"nan 1 {GOOD}"], r":1: .*whole number"),
        ([f"1000 1 {GOOD}"], r":1: unit 1000.*units are 1 to 999"),
        ([f"1 2 {GOOD}", f"1 2 {GOOD}"], r":2: cycle 2 of unit 1 follows 2; sort"),
        ([f"1 1 {GOOD}".replace("7.5", "inf", 1)], r":1: an infinite value"),
        (["UDI,Product ID,Type", "1,M14860,M"], r":1: no C-MAPSS file: its header is 'UDI"),
        (["unit,cycle,sensor_01"], r"no data lines"),
        (["", " "], r"the file is empty"),
    ],
)
def test_a_wrong_file_is_named_with_its_line_and_mend(tmp_path: Path, lines: list[str], said: str) -> None:
    with pytest.raises(WrongUse, match=rf"train_FD001\.txt{said}|train_FD001\.txt: {said}"):
        histories("cmapss", cmapss(tmp_path, *lines))


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
