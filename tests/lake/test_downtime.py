"""Downtime by hand, and dimensions' history, lineage and maintenance on the same small Gold."""

from __future__ import annotations

import json
import sys
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from gold_rows import DRYER, MOTOR, T0, add, at, reading

pytestmark = pytest.mark.spark
ID = "0b0e6a5e-6f0f-5a53-9d3c-2f1d3c4b5a69"
ROWS = [
    reading(DRYER + "state", at(0), "EXECUTE", 0),
    reading(DRYER + "state_reason", at(30), "belt-torn", 1),
    reading(DRYER + "state", at(30), "ABORTED", 2, message_id=ID, seq=7),
    reading(DRYER + "state", at(40), "ABORTED", 3),
    reading(DRYER + "state_reason", at(50), "", 4),
    reading(DRYER + "state", at(50), "EXECUTE", 5),
    reading(MOTOR + "state", at(0), "HELD", 6),
    reading(MOTOR + "state", at(3 * 1440), "STARVED", 7),
]


@pytest.fixture(scope="module")
def done(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    from acme_lib.lake import Lakehouse, gold

    lake = Lakehouse(spark, str(tmp_path_factory.mktemp("down")))
    add(lake, ROWS)
    gold.run(gold.Config(run_id="first"), lake, T0)
    return lake


def test_intervals_with_reason_open_end_and_a_report_that_ran_out(done: Any) -> None:
    rows = done.read("gold_downtime").orderBy("equipment_id", "started_utc").collect()
    found = [(r["state"], r["reason"], r["started_utc"].astimezone(UTC), r["seconds"], r["is_open"]) for r in rows]
    assert found == [
        ("ABORTED", "belt-torn", at(30), 20 * 60, False),
        ("HELD", None, at(0), 900, False),  # nothing said for three days: it held as long as a state may
        ("STARVED", None, at(3 * 1440), None, True),
    ]


def test_downtime_agrees_with_the_seconds_in_state(done: Any) -> None:
    seconds = done.read("gold_state_hourly").where("state in ('ABORTED', 'HELD')").groupBy("state").sum("seconds")
    assert {r[0]: r[1] for r in seconds.collect()} == {"ABORTED": 1200, "HELD": 900}


def test_lineage_of_the_run_comes_from_the_commits(done: Any) -> None:
    rows = done.read("metadata_lineage").where("goldTable = 'gold_hourly'").collect()
    assert {r["sourceTopic"]: r["message_count"] for r in rows}[DRYER + "state"] == 4
    version = done.note("gold_hourly")["version"]
    assert {(r["gold_version"], r["transformationVersion"]) for r in rows} == {(done.version("gold_hourly"), version)}


def test_one_message_is_followed_to_its_rows_and_files(done: Any) -> None:
    from acme_lib.lake.lineage import find_topic_seq, follow

    assert find_topic_seq(done, DRYER + "state", 7) == [ID]
    trace = follow(done, ID.upper())["layers"]
    assert [r["source_offset"] for r in trace["silver_events"]] == [2]
    assert trace["silver_events"][0]["file"].endswith(".parquet")
    assert [r["hour_utc"].astimezone(UTC) for r in trace["gold_hourly"]] == [at(0)]
    assert [str(r["production_date"]) for r in trace["gold_daily"]] == [
        "2026-11-23"
    ]  # 04:00 in Dallas, before its day starts
    json.dumps(trace, default=str)


def test_maintenance_is_dry_unless_applied_and_keeps_the_mark(done: Any) -> None:
    from acme_lib.lake import gold
    from acme_lib.lake.maintenance import maintain
    from acme_lib.monitoring import LakeAudit

    before = done.version("gold_hourly")
    assert not maintain(done, "optimize", ["gold_hourly"], "ada", T0)[0].applied
    late = T0 + timedelta(days=3651)
    assert maintain(done, "purge", ["gold_hourly"], "ada", late)[0].rows > 0
    assert done.version("gold_hourly") == before
    maintain(done, "optimize", ["gold_hourly"], "ada", T0, apply=True)
    assert done.version("gold_hourly") > before
    assert [r.action for r in LakeAudit(done).rows()] == ["table.optimize"]
    assert gold.run(gold.Config(run_id="again"), done, T0).counters["new_rows"] == 0
