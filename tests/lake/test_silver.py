"""Silver by hand: what is kept, what is flagged, what is told; and each message once whatever is doubled."""

from __future__ import annotations

import random
from typing import Any

import pytest

from acme_lib.lake import gold_small, silver, silver_batch
from acme_lib.uns import message_id
from tests.lake.raw_rows import NOW, TOPIC, body, fill, stored

pytestmark = pytest.mark.spark
STATE = "acme/dallas/drying/line-1/cell-a/dryer-01/state"
FOREIGN = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"


def take(lake: Any, most: int = 1_000_000) -> Any:
    return silver.run(silver.Config(run_id="t", max_rows_per_batch=most), lake, NOW)


def by_offset(lake: Any) -> dict[int, Any]:
    return {r["source_offset"]: r for r in stored(lake, "silver_events")}


def told(lake: Any) -> set[tuple[int, str, str, str]]:
    rows = stored(lake, "silver_violations")
    return {(r["source_offset"], r["rule"], r["observed"], r["expected"]) for r in rows}


def test_rules_values_and_levels_by_hand(lake: Any) -> None:
    bodies = [
        body(0),
        body(1, value=401),  # range of current: 0 to 400
        body(2, value="1.5"),
        body(3, units="mA"),
        body(4, topic=STATE, value="EXECUTE", units=""),
        body(5, topic=STATE, value="DREAMING", units=""),
        body(6, topic="acme/dallas/drying/line-1/cell-a/dryer-01/colour"),
        body(7, topic="acme/dallas/drying/line-1/cell-a/dryer-99/current"),
        body(8, tsUtc="2026-11-23T22:59:58.000Z"),  # received 22:59:59: a day and a second behind
        body(9, tsUtc="2020-01-01T00:00:00Z", replayed=True),
        body(10, quality="STALE"),
        body(11, topic="acme/Dallas/x/y"),
        b"junk",
        body(14, value=True, topic=TOPIC.replace("current", "running"), units=""),
        body(15, tsUtc="2099-12-31T23:59:59Z"),
    ]
    fill(lake, bodies)
    record = take(lake)
    rows = by_offset(lake)
    flags = {o: list(r["dq_flags"]) for o, r in rows.items()}
    assert flags == {
        0: [], 1: ["RANGE"], 2: ["TYPE"], 3: ["UNIT"], 4: [], 5: ["STATE_UNKNOWN"], 6: ["TAG_UNKNOWN"],
        7: ["EQUIPMENT_UNKNOWN"], 8: ["CLOCK"], 9: [], 10: [], 13: [], 14: ["CLOCK"],
    }  # fmt: skip
    assert {o for o, r in rows.items() if not r["in_gold"]} == {1, 2, 5, 8, 10, 14}
    assert (rows[2]["value_string"], rows[2]["value_double"], rows[13]["value_bool"]) == ("1.5", None, True)
    assert (rows[0]["site"], rows[0]["cell"], rows[0]["tag"]) == ("dallas", "cell-a", "current")
    assert rows[0]["equipment_id"] == "dallas/drying/line-1/cell-a/dryer-01"
    assert rows[0]["message_id"] == message_id("plc-1", TOPIC, "e1", 0)
    found = told(lake)
    assert (1, "RANGE", "401.0", "0.0 .. 400.0") in found
    assert (8, "CLOCK", "-86401.0 s ahead", "-86400.0 .. 300.0 s") in found
    assert (11, "UNREADABLE", "SCHEMA_INVALID/TOPIC_NOT_IN_GRAMMAR", "an envelope of contracts/envelope/v1") in found
    assert (12, "UNREADABLE", "SCHEMA_INVALID/NOT_JSON", "an envelope of contracts/envelope/v1") in found
    assert (record.rows_in, record.rows_out, record.counters["violations"]) == (15, 13, 10)
    gaps = {(a["rule"], a["key"]) for a in stored(lake, "ops_alerts")}
    assert gaps == {
        ("contract_out_of_date", "dryer"),
        ("contract_out_of_date", "dallas/drying/line-1"),
    }
    assert {key for _, key in gaps} == lake.note("silver_events")["gaps"].keys()


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs a few rows as production runs many."""
    monkeypatch.setattr(gold_small, "FEW", -1)
    monkeypatch.setattr(silver_batch, "FEW_ROWS", 0)


@pytest.mark.usefixtures("compiled")
def test_copies_go_and_conflicts_stay_flagged_within_a_batch_and_across(lake: Any) -> None:
    first = [
        body(0),
        body(1),
        body(1),
        body(2),
        body(1, value=9),
        body(3, messageId=FOREIGN),
        body(3, messageId=FOREIGN),
        body(6, model="x"),
        body(6, model="x"),
    ]
    fill(lake, first)
    take(lake)
    assert {o: list(r["dq_flags"]) for o, r in by_offset(lake).items()} == {
        0: [],
        1: [],
        3: [],
        4: ["ID_CONFLICT"],
        5: [],
        7: [],
    }
    later = [
        body(0),
        body(4),
        body(1, value=9),
        body(2, value=7),
        body(5, messageId=FOREIGN),
        body(5, epoch=None, seq=None),
    ]
    fill(lake, later, start=len(first))
    record = take(lake)
    rows = by_offset(lake)
    assert sorted(rows) == [0, 1, 3, 4, 5, 7, 10, 12, 13, 14]
    assert sorted(o for o, r in rows.items() if "ID_CONFLICT" in r["dq_flags"]) == [4, 12, 13]
    assert (record.rows_in, record.rows_out, record.counters["duplicates_removed"]) == (6, 4, 2)


def dirty_stream(seed: int, count: int) -> list[bytes | None]:
    """Counted, foreign and uncounted messages; doubled, late, in conflict, with new fields, unreadable."""
    rand, made = random.Random(seed), list[bytes | None]()
    for n in range(count):
        roll = rand.random()
        if made and roll < 0.2:
            made.append(rand.choice(made))
        elif roll < 0.25:
            made.append(body(rand.randrange(n + 1), value=float(rand.randrange(3))))
        elif roll < 0.3:
            made.append(body(n, epoch=None, seq=None, messageId=f"{n:08x}-0000-4000-8000-000000000000"))
        elif roll < 0.35:
            made.append(body(n, **{f"extra{rand.randrange(3)}": n}))
        elif roll < 0.4:
            made.append(b"{" * rand.randrange(3))
        else:
            made.append(body(n * 3 % 97 + n))
    return made


def whole(lake: Any) -> dict[str, list[Any]]:
    """Every table of Silver but for run times."""
    orders = {
        "silver_events": ["source_offset"],
        "silver_violations": ["source_offset", "rule"],
        "silver_sequence_marks": ["source_system", "topic", "epoch"],
        "bronze_drift_events": ["fieldName"],
    }
    return {t: sorted(stored(lake, t), key=lambda r: [r[n] for n in order]) for t, order in orders.items()}


@pytest.mark.parametrize("seed", [1])
def test_slices_anywhere_give_the_same_silver(seed: int, lake: Any, tmp_path: Any) -> None:
    from acme_lib.lake import Lakehouse

    stream = dirty_stream(seed, 90)
    other = Lakehouse(lake.spark, str(tmp_path / "other"))
    cut = random.Random(seed).randrange(1, len(stream))
    fill(lake, stream)
    fill(other, stream[:cut])
    take(lake)
    take(other)
    fill(other, stream, start=0)  # offered again from the start: Bronze takes the rest only
    take(other, most=40)
    assert whole(lake) == whole(other)
    kept = [(r["message_id"], r["body_hash"]) for r in stored(lake, "silver_events")]
    assert len(set(kept)) == len(kept)
    before = whole(lake)
    assert take(lake).rows_in == 0
    assert whole(lake) == before


class Crash(Exception):
    """The machine went away."""


@pytest.mark.parametrize("after", [3, *(pytest.param(n, marks=pytest.mark.drill) for n in (1, 2, 4))])
def test_a_crash_after_any_commit_doubles_and_loses_nothing(
    after: int, lake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from acme_lib.lake import Lakehouse

    stream = [body(0), body(1), body(1), body(2, odd="x"), b"junk", body(1, value=401), body(3, value=999)]
    fill(lake, stream)
    real, commits = Lakehouse._write, []

    def counted(self: Any, name: str, *args: Any) -> Any:
        made = real(self, name, *args)
        if name != "ops_alerts":
            commits.append(name)
            if len(commits) == after:
                raise Crash(name)
        return made

    with monkeypatch.context() as patched:
        patched.setattr(Lakehouse, "_write", counted)
        with pytest.raises(Crash):
            take(lake)
    fill(lake, [body(4), body(5, value=-1)], start=len(stream))  # Bronze went on meanwhile: the next slice is another
    take(lake)
    rows = by_offset(lake)
    assert {o: list(r["dq_flags"]) for o, r in rows.items()} == {
        0: [], 1: [], 3: [], 5: ["RANGE", "ID_CONFLICT"], 6: ["RANGE"], 7: [], 8: ["RANGE"],
    }  # fmt: skip
    rules = sorted((o, rule) for o, rule, _, _ in told(lake))
    assert rules == [(4, "UNREADABLE"), (5, "ID_CONFLICT"), (5, "RANGE"), (6, "RANGE"), (8, "RANGE")]
    assert len(stored(lake, "silver_violations")) == 5
    assert [r["fieldName"] for r in stored(lake, "bronze_drift_events")] == ["odd"]
    assert len(stored(lake, "ops_alerts")) == 1
