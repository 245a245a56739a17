"""Tables described in contracts/historians.yaml: rows as frames of machines, labels before gauges, failure modes nowhere."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from acme_lib.errors import WrongUse
from acme_lib.plant.historian import histories, replay
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
    row = "1,M1,M,298,308,1500,40,0,0,0,0,0,0,0"
    (history,) = histories("ai4i", sample(tmp_path, *[row] * 251))
    assert list(history.partitions.values()) == [1, 2]
    assert {r.equipment[-3:] for r in history.readings() if r.tag == "torque"} == {"001", "002"}
    (first,) = histories("ai4i", tmp_path, limit=1)
    assert first.count == 250 * 6


@pytest.mark.parametrize(
    ("head", "row", "said"),
    [
        ("a,b", "1,2", r"csv:1: columns are 'a,b'; needed: Type or Air temperature"),
        (HEAD, "1,2", r"csv:2: has not the 14 columns"),
        (HEAD, "1,M1,M,hot,308,1500,40,0,0,0,0,0,0,0", r"csv:2: Air temperature \[K\] is 'hot'"),
    ],
)
def test_a_wrong_file_is_named_with_its_line_and_mend(tmp_path: Path, head: str, row: str, said: str) -> None:
    with pytest.raises(WrongUse, match=said):
        histories("ai4i", sample(tmp_path, row, head=head))


def test_no_file_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="0 files"):
        histories("ai4i", tmp_path)
