"""The feature job on Silver: the kernel's own numbers, versions, point in time, and what may teach."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from acme_lib.errors import Stop, WrongUse
from acme_lib.features import Online, assemble, compute, fit, names
from acme_lib.features.leaks import seen_ahead
from acme_lib.features.teaching import teaches_until

NOW = datetime(2026, 11, 25, tzinfo=UTC)
START = datetime(2015, 1, 1, 6, tzinfo=UTC)
GAUGES = ("volt", "rotate", "pressure", "vibration")
MACHINE = "testbed/pdm/line-1/cell-1/machine-{:03d}"


def told(machine: int, hours: int = 30) -> list[tuple[str, datetime, Any]]:
    """Readings of one machine in order of time; hour 7 lacks its pressure."""
    rng = np.random.default_rng(machine)
    rows: list[tuple[str, datetime, Any]] = [("model", START, f"model{machine}"), ("age_years", START, 10.0 + machine)]
    for hour in range(hours):
        at = START + timedelta(hours=hour)
        if hour % 11 == 5:
            rows += [("device_error", at, "error1"), ("maintenance", at, "comp2")]
        rows += [(tag, at, float(rng.normal(100, 10))) for tag in GAUGES if (hour, tag) != (7, "pressure")]
    return rows


def silver(lake: Any, machines: dict[int, list[tuple[str, datetime, Any]]], **over: Any) -> None:
    """Appends the readings as Silver would hold them, in reverse: a table has no order."""
    rows = []
    for machine, readings in machines.items():
        for n, (tag, at, value) in enumerate(readings):
            equipment = MACHINE.format(machine)
            number = isinstance(value, float)
            rows.append({
                "message_id": f"{machine}-{n}", "ts_utc": at, "event_date": at.date(), "topic": f"acme/{equipment}/{tag}",
                "tag": tag, "equipment_id": equipment, "value_double": value if number else None,
                "value_string": None if number else value, "quality": "GOOD", "replayed": True, "dq_flags": [], "in_gold": True,
                "bridge_seq": n, "body_hash": n, **over,
            })  # fmt: skip
    lake.append("silver_events", lake.frame("silver_events", rows[::-1]), {"through": {"telemetry/0": len(rows)}})


def micros(rows: list[tuple[str, datetime, Any]]) -> list[tuple[str, int, Any]]:
    return [(tag, round(at.timestamp() * 1e6), value) for tag, at, value in rows]


def rows_of(lake: Any, version: str) -> dict[str, list[Any]]:
    found = lake.read("feature_vectors").where(f"feature_table_version = '{version}'").orderBy("equipment_id", "frame")
    by_equipment: dict[str, list[Any]] = {}
    for row in found.collect():
        by_equipment.setdefault(row["equipment_id"], []).append(row)
    return by_equipment


@pytest.mark.spark
def test_of_a_split_forward_in_time_the_test_period_teaches_nothing(lake: Any) -> None:
    """Of 100 hours the last 30 test, and 24 before are the gap: what is first said at hour 50 is not learned."""
    from acme_lib.features import batch

    late = ("device_error", START + timedelta(hours=50), "error9")
    silver(lake, {n: sorted([*told(n, 100), late], key=lambda r: r[1]) for n in (1, 2)})
    record = batch.run(batch.Config(run_id="r", use_case="failure_24h"), lake, NOW)
    fitted = batch.fitted_of(lake, record.counters["feature_table_version"])
    assert fitted.event_values["device_error"] == ["error1"]
    whole = batch.Config(run_id="r2", use_case="failure_24h", fit_until=START + timedelta(hours=60))
    learned = batch.fitted_of(lake, batch.run(whole, lake, NOW).counters["feature_table_version"])
    assert learned.event_values["device_error"] == ["error1", "error9"]


@pytest.mark.spark
def test_the_job_gives_the_kernels_numbers_once_per_version(lake: Any) -> None:
    from acme_lib.features import batch

    machines = {n: told(n) for n in (1, 2, 3)}
    silver(lake, machines)
    record = batch.run(batch.Config(run_id="r", use_case="failure_24h"), lake, NOW)
    version = record.counters["feature_table_version"]
    fitted = batch.fitted_of(lake, version)
    assert record.rows_out == 90
    assert lake.read("feature_versions").collect()[0]["seen_ahead"] == []
    found = rows_of(lake, version)
    for n, readings in machines.items():
        rows = found[MACHINE.format(n)]
        whole = assemble(fitted.spec, micros(readings), known=fitted.known)
        np.testing.assert_array_equal(np.array([r["vector"] for r in rows], dtype=np.float32), compute(fitted, whole))
        assert [r["frame"] for r in rows] == list(range(1, 31))
        assert [r["missing"] for r in rows if not r["complete"]] == [["pressure"]]
    _same_again(lake, record, version)
    _named(lake, fitted, version)
    _chosen_version(lake, version)


def _same_again(lake: Any, record: Any, version: str) -> None:
    from acme_lib.features import batch

    again = batch.run(batch.Config(run_id="r2", use_case="failure_24h"), lake, NOW)
    assert again.counters["feature_table_version"] == version
    assert lake.read("feature_vectors").count() == record.rows_out
    assert lake.read("feature_versions").count() == 1


def _named(lake: Any, fitted: Any, version: str) -> None:
    from acme_lib.features import batch

    named = batch.named(lake.read("feature_vectors"), names(fitted))
    row = named.where("frame = 30 AND equipment_id LIKE '%002'").collect()[0]
    assert (row["model__model2"], row["model__model1"], row["age_years"]) == (1.0, 0.0, 12.0)
    assert row["device_error_error1__count_24h"] == 3 - 1  # hours 5, 16, 27; the last 24 h begin after hour 5


def _chosen_version(lake: Any, version: str) -> None:
    """New readings come under a version that exists: what it learned stays, the vectors grow."""
    from acme_lib.features import batch

    silver(lake, {4: told(4)})
    config = batch.Config(run_id="r3", use_case="failure_24h", version=version)
    assert batch.run(config, lake, NOW).rows_out == 120
    with pytest.raises(WrongUse, match="feature version nothing: not in feature_versions"):
        batch.run(batch.Config(run_id="r", use_case="failure_24h", version="nothing"), lake, NOW)
    with pytest.raises(WrongUse, match="no use case 'guess'; there are rul"):
        batch.run(batch.Config(run_id="r", use_case="guess"), lake, NOW)
    with pytest.raises(Stop, match="Silver holds no readings of"):
        batch.run(batch.Config(run_id="r", use_case="rul"), lake, NOW)


def test_recomputed_at_any_cut_off_the_past_is_the_same() -> None:
    from acme_lib.contracts import contracts
    from acme_lib.features.leaks import leaks

    whole = assemble(contracts().feature_specs["pdm_machine"], micros(told(1, 60)))
    fitted = fit(contracts().feature_specs["pdm_machine"], [whole])
    assert leaks(fitted, whole, compute) == []


def test_a_planted_future_feature_is_caught() -> None:
    from acme_lib.contracts import contracts
    from acme_lib.features.leaks import leaks

    def cheating(fitted: Any, frames: Any) -> Any:
        rows = compute(fitted, frames)
        rows[:-1, 3] = rows[1:, 3]  # the next frame's vibration
        return rows

    spec = contracts().feature_specs["pdm_machine"]
    whole = assemble(spec, micros(told(1, 60)))
    assert leaks(fit(spec, [whole]), whole, cheating) == ["vibration"]


def test_online_is_the_jobs_past_too() -> None:
    from acme_lib.contracts import contracts

    spec = contracts().feature_specs["pdm_machine"]
    readings = micros(told(1))
    fitted = fit(spec, [assemble(spec, readings)])
    online = Online(fitted, "m")
    vectors = [v.vector for reading in readings for v in online.add(*reading)] + [v.vector for v in online.flush()]
    np.testing.assert_array_equal(np.stack(vectors), compute(fitted, assemble(spec, readings, known=fitted.known)))


def test_a_feature_that_sees_ahead_is_named_and_a_still_history_proves_nothing() -> None:
    from acme_lib.contracts import contracts

    spec = contracts().feature_specs["pdm_machine"]
    whole = assemble(spec, micros(told(1, 60)))
    fitted = fit(spec, [whole])
    assert seen_ahead(fitted, whole, compute) == []

    def peeking(fitted: Any, frames: Any) -> Any:
        found = compute(fitted, frames).copy()
        found[:-1, 5] = found[1:, 5]  # the next frame's own
        return found

    assert seen_ahead(fitted, whole, peeking) == [names(fitted)[5]]
    still = assemble(spec, [(tag, at, 1.0) for tag, at, _ in micros(told(1, 1)) if tag in GAUGES])
    assert seen_ahead(fitted, still, compute) is None


def test_what_may_teach_ends_before_the_gap() -> None:
    from acme_lib.contracts import contracts

    hour = 3_600_000_000
    forward = contracts().use_cases["failure_24h"].split  # a share of 0.3 tests, 24 h of gap
    assert teaches_until(forward, 0, 100 * hour) == (70 - 24) * hour - 1
    assert teaches_until(contracts().use_cases["rul"].split, 0, 100 * hour) is None
