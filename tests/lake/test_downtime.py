"""Downtime by hand, and maintenance on the same small Gold."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

import pytest
from gold_rows import T0, at

pytestmark = pytest.mark.spark


def test_intervals_with_reason_open_end_and_a_report_that_ran_out(golden: Any) -> None:
    rows = (
        golden.read("gold_downtime")
        .where("equipment_id like 'leipzig/%'")
        .orderBy("equipment_id", "started_utc")
        .collect()
    )
    found = [(r["state"], r["reason"], r["started_utc"].astimezone(UTC), r["seconds"], r["is_open"]) for r in rows]
    assert found == [
        ("HELD", None, at(0), 900, False),  # nothing said for three days: it held as long as a state may
        ("STARVED", None, at(3 * 1440), None, True),
        ("ABORTED", "belt-torn", at(30), 20 * 60, False),
    ]


def test_downtime_agrees_with_the_seconds_in_state(golden: Any) -> None:
    down = golden.read("gold_downtime").where("not is_open").groupBy("equipment_key", "state").sum("seconds")
    states = golden.read("gold_state_hourly").where("state in ('ABORTED', 'HELD')")
    total = states.groupBy("equipment_key", "state").sum("seconds")
    closed = {tuple(r) for r in down.collect()}
    assert len(closed) == 5
    assert closed <= {tuple(r) for r in total.collect()}


def test_a_late_report_of_state_parts_the_interval_it_falls_into(golden: Any) -> None:
    rows = golden.read("gold_downtime").where("equipment_id like '%/pump-01'").orderBy("started_utc").collect()
    found = [(r["state"], r["reason"], r["started_utc"].astimezone(UTC), r["seconds"]) for r in rows]
    # ABORTED from 14:10 to 14:30, until HELD at 14:15 came late; the reason of 14:00 holds for all, since none followed
    assert found == [
        ("ABORTED", "jam", at(250), 300),
        ("HELD", "jam", at(255), 300),
        ("ABORTED", "jam", at(260), 600),
        ("STARVED", "jam", at(410), None),
    ]


def test_maintenance_is_dry_unless_applied_and_keeps_the_mark(golden: Any) -> None:
    from acme_lib.lake import gold
    from acme_lib.lake.maintenance import maintain
    from acme_lib.monitoring import LakeAudit

    before = golden.version("gold_hourly")
    assert not maintain(golden, "optimize", ["gold_hourly"], "ada", T0)[0].applied
    late = T0 + timedelta(days=3651)
    assert maintain(golden, "purge", ["gold_hourly"], "ada", late)[0].rows > 0
    assert golden.version("gold_hourly") == before
    maintain(golden, "optimize", ["gold_hourly"], "ada", T0, apply=True)
    assert golden.version("gold_hourly") > before
    assert [r.action for r in LakeAudit(golden).rows()] == ["table.optimize"]
    assert gold.run(gold.Config(run_id="again"), golden, T0).counters["new_rows"] == 0
