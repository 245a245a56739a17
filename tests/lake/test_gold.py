"""Gold by hand: what a few readings must become."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from gold_rows import SAMPLE, T0, add, at

pytestmark = pytest.mark.spark


def run(lake: Any, name: str = "run") -> Any:
    from acme_lib.lake import gold

    return gold.run(gold.Config(run_id=name), lake, T0)


def hours(lake: Any, tag: str) -> dict[datetime, dict[str, Any]]:
    """Rows of gold_hourly of one tag by hour."""
    tags = lake.read("gold_dim_tag").where(f"tag = '{tag}'").select("tag_key")
    rows = lake.read("gold_hourly").join(tags, "tag_key").collect()
    return {r["hour_utc"].astimezone(UTC): r.asDict() for r in rows}


@pytest.fixture(scope="module")
def done(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The sample in Gold, from one batch."""
    from acme_lib.lake import Lakehouse

    lake = Lakehouse(spark, str(tmp_path_factory.mktemp("gold")))
    add(lake, SAMPLE)
    run(lake)
    return lake


def test_a_gauge_over_the_hour_and_held_into_the_next(done: Any) -> None:
    found = hours(done, "current")
    first, second = found[at(0)], found[at(60)]
    # 10 for 5 min; 30 for its longest hold of 15 min; nothing for 35 min; 20 for the last 5 min
    assert first["held_seconds"] == (5 + 15 + 5) * 60
    assert first["time_weighted_avg"] == (10 * 5 + 30 * 15 + 20 * 5) / 25
    assert (first["value_avg"], first["value_min"], first["value_max"], first["value_stddev"]) == (20, 10, 30, 10)
    assert (first["value_sum"], first["value_sum_sq"]) == (60, 1400)
    counts = [first[n] for n in ("good_count", "stale_count", "simulated_count", "error_count", "excluded_count")]
    assert counts == [3, 1, 0, 0, 1]
    # 20 holds 10 more minutes into an hour that has no reading
    assert (second["good_count"], second["held_seconds"], second["time_weighted_avg"]) == (0, 600, 20)
    assert second["value_avg"] is None
    assert first["increase"] is None


def test_a_counter_rises_and_counts_from_zero_after_a_reset(done: Any) -> None:
    found = hours(done, "total_count")
    assert [(found[at(m)]["increase"], found[at(m)]["resets"]) for m in (0, 60)] == [(30, 0), (5 + 4, 1)]


def test_events_are_counted_and_states_have_seconds(done: Any) -> None:
    assert hours(done, "failure")[at(0)]["event_count"] == 1
    rows = done.read("gold_state_hourly").collect()
    found = {(r["hour_utc"].astimezone(UTC), r["state"]): r["seconds"] for r in rows}
    # EXECUTE is reported at 10:00 and holds 15 min; ABORTED from 10:50 to 11:02, across the hour
    assert found == {
        (at(0), "EXECUTE"): 900,
        (at(0), "ABORTED"): 600,
        (at(60), "ABORTED"): 120,
        (at(60), "EXECUTE"): 900,
    }


def test_production_days_of_25_and_23_hours(done: Any) -> None:
    rows = done.read("gold_daily").where("kind = 'gauge'").collect()
    found = {str(r["production_date"]): (r["day_seconds"], r["held_seconds"], r["value_avg"]) for r in rows}
    # Dallas begins its days at 06:00: on 31 October 11:00Z, after the change at 12:00Z
    assert found["2026-10-31"] == (90_000, 900, 40)
    assert found["2026-11-01"] == (86_400, 900, 50)
    # Leipzig at 05:00: on 28 March 04:00Z, after the change at 03:00Z; 20 is held 5 min into the new day
    assert found["2026-03-28"] == (82_800, 600, 20)
    assert found["2026-03-29"] == (86_400, 1200, 50)


def test_quality_counts_every_row(done: Any) -> None:
    rows = done.read("gold_quality_hourly").collect()
    found = {r["quality"]: r["message_count"] for r in rows if r["hour_utc"].astimezone(UTC) == at(0)}
    assert found == {"GOOD": 9, "STALE": 1}
    assert sum(r["message_count"] for r in rows) == len(SAMPLE)
