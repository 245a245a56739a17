"""Gold's laws on random small plants: true to the contract's text, whatever the order and split of arrival; parts add up to the whole."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from math import fsum, isclose, sqrt
from random import Random
from typing import Any

import pytest
from gold_oracle import account, downtime
from gold_plants import CLOCKS, TAGS, contracts_of_plants, plants
from gold_rows import T0, add

pytestmark = pytest.mark.spark
TABLES = ("gold_hourly", "gold_state_hourly", "gold_daily", "gold_quality_hourly", "gold_downtime")
COUNT, SEED = 60, 20261124
ADDITIVE = (
    "good_count",
    "excluded_count",
    "value_sum",
    "value_sum_sq",
    "held_seconds",
    "held_value_seconds",
    "increase",
)
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def rows() -> Rows:
    return plants(COUNT, SEED)


@pytest.fixture(scope="module", autouse=True)
def known() -> Any:
    from acme_lib.lake import gold

    made = contracts_of_plants()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(gold, "contracts", lambda: made)
        yield made


def run(lake: Any, name: str, **config: Any) -> Any:
    from acme_lib.lake import gold

    return gold.run(gold.Config(run_id=name, **config), lake, T0)


@pytest.fixture(scope="module")
def whole(spark: Any, tmp_path_factory: pytest.TempPathFactory, rows: Rows) -> Any:
    """All plants in Gold, from one batch."""
    from acme_lib.lake import Lakehouse

    lake = Lakehouse(spark, str(tmp_path_factory.mktemp("whole")))
    add(lake, rows)
    run(lake, "whole")
    return lake


@pytest.fixture(scope="module")
def tables(whole: Any) -> dict[str, Rows]:
    """Gold's rows with aware times, their topic beside them."""
    topics = {r["tag_key"]: r["topic"] for r in whole.read("gold_dim_tag").collect()}
    found: dict[str, Rows] = {}
    for name in TABLES:
        for row in whole.read(name).collect():
            values = {k: v.astimezone(UTC) if isinstance(v, datetime) else v for k, v in row.asDict().items()}
            found.setdefault(name, []).append(values | {"topic": topics.get(values.get("tag_key"))})
    return found


def content(lake: Any) -> dict[str, list[str]]:
    return {t: sorted(map(repr, lake.read(t).collect())) for t in TABLES}


def same(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, float) and found is not None:
        return isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-6)
    return bool(found == wanted)


def test_every_measure_is_what_the_contract_says(tables: dict[str, Rows], rows: Rows) -> None:
    wanted = account(rows, {r["topic"]: TAGS[r["tag"]] for r in rows}, CLOCKS)
    for name, key in (("gold_hourly", "period_utc"), ("gold_daily", "production_date")):
        found = {(r["topic"], r[key]): r for r in tables[name]}
        assert found.keys() == wanted[name].keys()
        wrong = [
            (k, n, found[k][n], v) for k, of in wanted[name].items() for n, v in of.items() if not same(found[k][n], v)
        ]
        assert not wrong, (name, len(wrong), wrong[:5])
    states = {(r["topic"], r["period_utc"], r["state"]): r["seconds"] for r in tables["gold_state_hourly"]}
    assert states.keys() == wanted["gold_state_hourly"].keys()
    assert all(isclose(s, wanted["gold_state_hourly"][k], rel_tol=1e-9) for k, s in states.items())
    counts = {
        (r["site"], r["area"], r["line"], r["hour_utc"], r["quality"]): r["message_count"]
        for r in tables["gold_quality_hourly"]
    }
    assert counts == wanted["gold_quality_hourly"]


def test_every_standstill_is_what_the_reports_say(tables: dict[str, Rows], rows: Rows) -> None:
    wanted, by_equipment = set(), defaultdict(list)
    for row in rows:
        by_equipment[row["equipment_id"]].append(row)
    for equipment, mine in by_equipment.items():
        wanted |= {(equipment, *i) for i in downtime(mine, TAGS["state"].hold_s, {"EXECUTE"})}
    names = ("equipment_id", "state", "reason", "started_utc", "ended_utc")
    assert {tuple(r[n] for n in names) for r in tables["gold_downtime"]} == wanted
    assert len(tables["gold_downtime"]) == len(wanted)


def test_hours_add_up_to_days_and_tags_to_lines(tables: dict[str, Rows], rows: Rows) -> None:
    by_day: dict[Any, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in tables["gold_hourly"]:
        for name in ADDITIVE:
            by_day[row["tag_key"], row["date_key"]][name].append(row[name] or 0.0)
    assert by_day.keys() == {(r["tag_key"], r["date_key"]) for r in tables["gold_daily"]}
    for row in tables["gold_daily"]:
        of = by_day[row["tag_key"], row["date_key"]]
        assert all(same(row[name] or 0.0, fsum(of[name])) for name in ADDITIVE)
    parts, values = defaultdict(list), defaultdict(list)
    for row in tables["gold_hourly"]:
        if row["kind"] == "gauge":
            parts[tuple(row["topic"].split("/")[1:4])].append(row)
    for row in rows:
        if row["tag"] == "current" and row["in_gold"]:
            values[tuple(row["topic"].split("/")[1:4])].append(row["value_double"])
    for line, some in values.items():
        n, total = sum(r["good_count"] for r in parts[line]), fsum(r["value_sum"] or 0.0 for r in parts[line])
        assert n == len(some)
        assert same(total / n, fsum(some) / n)
        squares = fsum(r["value_sum_sq"] or 0.0 for r in parts[line])
        deviation = sqrt(fsum((v - total / n) ** 2 for v in some) / n)
        assert isclose(sqrt(max(0.0, squares / n - (total / n) ** 2)), deviation, rel_tol=1e-6)


def test_any_order_and_split_gives_the_same_and_a_rerun_commits_nothing(
    whole: Any, lake: Any, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    from acme_lib.lake import gold_small

    order = list(rows)
    Random(SEED).shuffle(order)
    moved = [r | {"source_offset": n} for n, r in enumerate(order)]
    third = len(moved) // 3
    add(lake, moved[:third])
    run(lake, "first")
    add(lake, moved[third : 2 * third])
    real = type(lake).replace

    def broken(self: Any, name: str, *args: Any, **kw: Any) -> Any:
        if name == "gold_daily":
            raise OSError("the machine stops here")
        return real(self, name, *args, **kw)

    with monkeypatch.context() as patched:
        patched.setattr(type(lake), "replace", broken)
        with pytest.raises(OSError, match="stops here"):
            run(lake, "second")
    add(lake, moved[2 * third :])
    monkeypatch.setattr(gold_small, "FEW", 0)  # planned as for many rows: the same bits
    run(lake, "third")
    assert content(lake) == content(whole)
    versions = [lake.version(t) for t in TABLES]
    assert run(lake, "again").counters["new_rows"] == 0
    assert [lake.version(t) for t in TABLES] == versions
