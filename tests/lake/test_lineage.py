"""`acme lineage`: a doubled message, a dead letter and an id nobody knows; lineage of a run from the tables' commits."""

from __future__ import annotations

import json
import sys
from datetime import UTC
from typing import Any

import pytest
from gold_rows import ID, PACKER, T0, at
from raw_rows import body, fill

pytestmark = pytest.mark.spark
DEAD, UNKNOWN = "3c2f1b0a-9d8e-5f76-8a5b-4c3d2e1f0a9b", "00000000-0000-5000-8000-000000000000"


@pytest.fixture(scope="module")
def lake(golden: Any) -> Any:
    """Gold by hand, with Bronze rows of one message that came twice and of one that was rejected."""
    fill(golden, [body(7, messageId=ID), body(8), body(7, messageId=ID, replayed=True)])
    letter = {
        "hub": "telemetry-dlq", "source_partition": 0, "source_offset": 4, "body": b"{}", "enqueued_utc": T0,
        "ingested_utc": T0, "enqueued_date": T0.date(), "reason": "FIELD_MISSING", "detail": "quality",
        "topic": PACKER + "state", "original": b'{"messageId": "' + DEAD.upper().encode() + b'"}',
    }  # fmt: skip
    golden.append("bronze_dead_letters", golden.frame("bronze_dead_letters", [letter]), {})
    return golden


def acme(lake: Any, monkeypatch: pytest.MonkeyPatch, *args: str) -> int:
    """Exit status of `acme lineage ARGS` on the lake."""
    from acme_lib import cli, runtime

    monkeypatch.setattr(runtime, "lakehouse", lambda: lake)
    monkeypatch.setattr(sys, "argv", ["acme", "lineage", *args])
    with pytest.raises(SystemExit) as left:
        cli.main()
    return int(left.value.code or 0)


def test_a_doubled_message_has_two_rows_in_bronze_and_one_in_silver(
    lake: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert acme(lake, monkeypatch, ID.upper(), "--json") == 0
    layers = json.loads(capsys.readouterr().out)["messages"][0]["layers"]
    assert sorted(r["source_offset"] for r in layers["bronze_events"]) == [0, 2]
    assert [len(layers[n]) for n in ("bronze_dead_letters", "silver_events", "gold_hourly", "gold_daily")] == [
        0,
        1,
        1,
        1,
    ]
    assert all(r["file"].endswith(".parquet") for rows in layers.values() for r in rows)


def test_a_dead_letter_is_found_by_the_id_inside_it(
    lake: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert acme(lake, monkeypatch, DEAD) == 0
    said = capsys.readouterr().out
    assert "bronze_dead_letters: 1 row(s)" in said
    assert "reason=FIELD_MISSING, detail=quality" in said
    assert "silver_events: 0 row(s)" in said


def test_an_unknown_id_is_one_sentence_and_exit_1(
    lake: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert acme(lake, monkeypatch, UNKNOWN) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.strip().splitlines() == [said.err.strip()]
    assert f"{UNKNOWN}: in no layer" in said.err
    assert acme(lake, monkeypatch, "--topic", PACKER + "state", "--seq", "99") == 1
    assert acme(lake, monkeypatch) == 2


def test_lineage_of_the_run_comes_from_the_commits(golden: Any) -> None:
    rows = golden.read("metadata_lineage").where("goldTable = 'gold_hourly'").collect()
    assert {r["sourceTopic"]: r["message_count"] for r in rows}[PACKER + "state"] == 4
    version = golden.note("gold_hourly")["version"]
    made = {(r["run_id"], r["gold_version"], r["transformationVersion"]) for r in rows}
    assert made == {("golden-0", 0, version), ("golden-1", 1, version)}


def test_one_message_is_followed_to_its_rows_and_files(golden: Any) -> None:
    from acme_lib.lake.lineage import find_topic_seq, follow

    assert find_topic_seq(golden, PACKER + "state", 7) == [ID]
    trace = follow(golden, ID)["layers"]
    assert [r["tag_key"] for r in trace["silver_events"]] == [trace["gold_hourly"][0]["tag_key"]]
    assert [r["hour_utc"].astimezone(UTC) for r in trace["gold_hourly"]] == [at(0)]
    assert [str(r["production_date"]) for r in trace["gold_daily"]] == ["2026-11-24"]
