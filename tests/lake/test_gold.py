"""Gold by hand: what a few readings must become."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from gold_rows import ADELAIDE, AUSTIN, CUTS, DRYER, EARLY, FEEDER, LATE, PUMP, SAMPLE, STANDSTILLS, at

pytestmark = pytest.mark.spark


def rows_of(lake: Any, table: str, topic: str) -> list[dict[str, Any]]:
    """Rows of one topic, times aware."""
    tags = lake.read("gold_dim_tag").where(f"topic = '{topic}'").select("tag_key")
    rows = [r.asDict() for r in lake.read(table).join(tags, "tag_key").collect()]
    return [{k: v.astimezone(UTC) if isinstance(v, datetime) else v for k, v in r.items()} for r in rows]


def hours(lake: Any, topic: str) -> dict[datetime, dict[str, Any]]:
    return {r["period_utc"]: r for r in rows_of(lake, "gold_hourly", topic)}


def days(lake: Any, topic: str) -> dict[str, dict[str, Any]]:
    return {str(r["production_date"]): r for r in rows_of(lake, "gold_daily", topic)}


def test_a_gauge_over_the_hour_and_held_into_the_next(golden: Any) -> None:
    found = hours(golden, DRYER + "current")
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


def test_a_counter_rises_and_counts_from_zero_after_a_reset(golden: Any) -> None:
    found = hours(golden, DRYER + "total_count")
    # 100, 130; then 5, 9: the fall to 5 is a reset
    assert [(found[at(m)]["increase"], found[at(m)]["resets"]) for m in (0, 60)] == [(30, 0), (5 + 4, 1)]


def test_events_are_counted_and_states_have_seconds(golden: Any) -> None:
    event = hours(golden, DRYER + "failure")[at(0)]
    assert (event["event_count"], event["last_text"]) == (1, "bearing")
    found = {(r["hour_utc"], r["state"]): r["seconds"] for r in rows_of(golden, "gold_state_hourly", DRYER + "state")}
    # EXECUTE is reported at 10:00 and holds 15 min; ABORTED from 10:50 to 11:02, across the hour
    assert found == {
        (at(0), "EXECUTE"): 900,
        (at(0), "ABORTED"): 600,
        (at(60), "ABORTED"): 120,
        (at(60), "EXECUTE"): 900,
    }


def test_a_late_reading_changes_the_following_hour(golden: Any) -> None:
    found = hours(golden, PUMP + "current")
    # 10 at 14:50 and 30 at 15:30 were there; 20 at 14:58 came late, ends the hold of 10 and reaches 15:13
    assert (found[at(240)]["held_seconds"], found[at(240)]["held_value_seconds"]) == (600, 10 * 480 + 20 * 120)
    assert (found[at(300)]["held_seconds"], found[at(300)]["held_value_seconds"]) == (780 + 900, 20 * 780 + 30 * 900)
    assert found[at(300)]["good_count"] == 1
    counter = hours(golden, FEEDER + "total_count")
    # 100 at 14:10, 160 at 16:20: 60 in the hour of 16:00, until 130 at 14:50 came
    assert {t: r["increase"] for t, r in counter.items()} == {at(240): 30, at(360): 30}


def test_production_days_of_25_and_23_hours(golden: Any) -> None:
    dryer = days(golden, DRYER + "speed")
    motor = days(golden, "acme/leipzig/packaging/line-1/cell-a/motor-01/speed")
    found = {k: (r["day_seconds"], r["held_seconds"], r["value_avg"]) for k, r in (dryer | motor).items()}
    # Dallas begins its days at 06:00: on 31 October 11:00Z, after the change at 12:00Z
    assert found["2026-10-31"] == (90_000, 900, 40)
    assert found["2026-11-01"] == (86_400, 900, 50)
    # Leipzig at 05:00: on 28 March 04:00Z, after the change at 03:00Z; 20 is held 5 min into the new day
    assert found["2026-03-28"] == (82_800, 600, 20)
    assert found["2026-03-29"] == (86_400, 1200, 50)


def test_a_production_day_that_begins_inside_an_hour_cuts_it(golden: Any) -> None:
    found = hours(golden, AUSTIN + "current")
    # 10 at 11:20Z holds to 11:35Z, five minutes into the day that begins at 11:30Z; 20 at 11:40Z to 11:55Z
    assert {
        t: (r["hour_utc"], r["good_count"], r["held_seconds"], r["held_value_seconds"]) for t, r in found.items()
    } == {
        at(60): (at(60), 1, 600, 10 * 600),
        at(90): (at(60), 1, 300 + 900, 10 * 300 + 20 * 900),
    }
    by_day = {k: (r["held_seconds"], r["time_weighted_avg"]) for k, r in days(golden, AUSTIN + "current").items()}
    assert by_day == {"2026-11-23": (600, 10), "2026-11-24": (1200, 17.5)}


def test_a_cut_hour_on_the_day_the_clocks_change(golden: Any) -> None:
    # 3 October begins at 20:30Z the evening before and ends, an hour of wall time early, at 19:30Z
    found = {
        k: (r["day_seconds"], r["held_seconds"], r["good_count"]) for k, r in days(golden, ADELAIDE + "current").items()
    }
    assert found == {"2026-10-03": (82_800, 600, 1), "2026-10-04": (86_400, 300, 0)}


def test_quality_counts_every_row(golden: Any) -> None:
    rows = golden.read("gold_quality_hourly").collect()
    mine = [r for r in rows if r["site"] == "dallas" and r["hour_utc"].astimezone(UTC) == at(0)]
    assert {r["quality"]: r["message_count"] for r in mine} == {"GOOD": 9, "STALE": 1}
    line_1 = [
        r for r in rows if (r["site"], r["line"]) == ("dallas", "line-1") and r["hour_utc"].astimezone(UTC) == at(240)
    ]
    assert {r["area"]: r["message_count"] for r in line_1} == {"drying": 2, "utilities": 7}  # each area has its line 1
    everything = [*SAMPLE, *STANDSTILLS, *CUTS, *EARLY, *LATE]
    assert sum(r["message_count"] for r in rows) == len(everything)
