"""Quality rules of Silver (contracts/rules.yaml): what each row breaks, with what was seen and what was expected."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from acme_lib.contracts import ClockBound, contracts
from acme_lib.lake.envelope import CARRIED

__all__ = ["RULES", "RuleColumns", "clock_bound", "judged", "unreadable", "violations"]


@dataclass(frozen=True, slots=True)
class RuleColumns:
    """One rule over a parsed row joined with its topic: whether it is broken, and both sides as text."""

    broken: Column
    observed: Column
    expected: Column


def kind_of_value() -> Column:
    return (
        F.when(F.col("value_string").isNotNull(), "string")
        .when(F.col("value_bool").isNotNull(), "boolean")
        .otherwise("double")
    )


def value_text() -> Column:
    return F.coalesce("value_string", F.col("value_double").cast("string"), F.col("value_bool").cast("string"))


def clock_bound(side: str) -> Column:
    """Seconds that the source's clock may be behind or ahead (contracts/bridge.yaml)."""
    policy = contracts().bridge.clock_policy
    seconds = F.lit(float(getattr(policy.default, side)))
    for source, bound in policy.sources.items():
        seconds = F.when(F.col("source_system") == source, float(_side(bound, side))).otherwise(seconds)
    return seconds


def _side(bound: ClockBound, side: str) -> float:
    return bound.behind_s if side == "behind_s" else bound.ahead_s


def ahead_s() -> Column:
    """How far the reading's clock is ahead of the bridge's (or the hub's, where no bridge stamped it)."""
    seen = F.coalesce("received_utc", "enqueued_utc")
    return (F.unix_micros("ts_utc") - F.unix_micros(seen)) / 1e6


def rules() -> dict[str, RuleColumns]:
    """Every rule a readable row can break but ID_CONFLICT, which needs the other row."""
    known = F.col("type").isNotNull()
    value, unit, ahead = F.col("value_double"), F.col("unit"), ahead_s()
    states = [s.name for s in contracts().tags.states]
    named_state = known & (F.col("kind") == "state") & (F.col("type") == "string") & F.col("value_string").isNotNull()
    return {
        "RANGE": RuleColumns(
            known & ((value < F.col("low")) | (value > F.col("high"))),
            value.cast("string"),
            F.concat_ws(" .. ", F.col("low").cast("string"), F.col("high").cast("string")),
        ),
        "TYPE": RuleColumns(known & (kind_of_value() != F.col("type")), kind_of_value(), F.col("type")),
        "UNIT": RuleColumns(known & (F.col("units") != unit), F.col("units"), unit),
        "STATE_UNKNOWN": RuleColumns(
            named_state & ~F.col("value_string").isin(states), F.col("value_string"), F.lit(", ".join(states))
        ),
        "TAG_UNKNOWN": RuleColumns(
            F.col("class").isNotNull() & ~known, F.col("tag"), F.concat(F.lit("a tag of class "), F.col("class"))
        ),
        "EQUIPMENT_UNKNOWN": RuleColumns(
            F.col("class").isNull(), F.col("equipment_id"), F.lit("equipment of contracts/assets.yaml")
        ),
        "CLOCK": RuleColumns(
            ~F.col("replayed") & ((ahead > clock_bound("ahead_s")) | (-ahead > clock_bound("behind_s"))),
            F.concat(ahead.cast("string"), F.lit(" s ahead")),
            F.concat(F.lit("-"), clock_bound("behind_s"), F.lit(" .. "), clock_bound("ahead_s"), F.lit(" s")),
        ),
    }


RULES = ("RANGE", "TYPE", "UNIT", "STATE_UNKNOWN", "TAG_UNKNOWN", "EQUIPMENT_UNKNOWN", "CLOCK", "ID_CONFLICT")


def judged(rows: DataFrame) -> DataFrame:
    """Adds dq_flags, in_gold and `flawed` (there is a flag). In: readable rows with their topic's contract and `conflict`."""
    broken = {name: F.coalesce(rule.broken, F.lit(False)) for name, rule in rules().items()}
    broken["ID_CONFLICT"] = F.col("conflict")
    held = F.lit("")  # array_compact would do with nulls, but takes the whole join out of Spark's compiled code
    flags = F.array_remove(F.array(*(F.when(broken[name], F.lit(name)).otherwise(held) for name in RULES)), "")
    any_broken = reduce(Column.__or__, broken.values())
    empty = F.array().cast("array<string>")
    out = [r.code for r in contracts().rules.rules if r.excludes]
    aggregated = [f.code for f in contracts().quality.flags if f.aggregates]
    kept_out = reduce(Column.__or__, (broken[name] for name in RULES if name in out))
    return rows.withColumns(
        {
            "flawed": any_broken,
            "dq_flags": F.when(any_broken, flags).otherwise(empty),
            "in_gold": F.col("quality").isin(aggregated) & ~kept_out,
        }
    )


def violations(rows: DataFrame) -> DataFrame:
    """One row a broken rule. In: rows of `judged`. Out: silver_violations without detected_utc."""
    found = rules()
    observed = {name: rule.observed for name, rule in found.items()} | {
        "ID_CONFLICT": F.col("body_hash").cast("string")
    }
    expected = {name: rule.expected for name, rule in found.items()} | {
        "ID_CONFLICT": F.lit("the content this message id came with before")
    }
    broken = rows.where("flawed").withColumn("rule", F.explode("dq_flags"))
    sides = {"observed": _pick(observed), "expected": _pick(expected)}
    return broken.withColumns(sides).select(
        "rule",
        "observed",
        "expected",
        "message_id",
        "topic",
        "site",
        "ts_utc",
        *(c for c in CARRIED if c != "enqueued_utc"),
    )


def _pick(of: dict[str, Column]) -> Column:
    choice = F.lit(None).cast("string")
    for name, column in of.items():
        choice = F.when(F.col("rule") == name, column.cast("string")).otherwise(choice)
    return choice


def unreadable(rows: DataFrame) -> DataFrame:
    """UNREADABLE violations: reason and detail as the bridge would have given them. In: rows with `reason`."""
    return rows.select(
        F.lit("UNREADABLE").alias("rule"),
        F.concat_ws("/", "reason", "detail").alias("observed"),
        F.lit("an envelope of contracts/envelope/v1").alias("expected"),
        F.lit(None).cast("string").alias("message_id"),
        F.col("topic"),
        F.lit("(unknown)").alias("site"),
        F.lit(None).cast("timestamp").alias("ts_utc"),
        *(c for c in CARRIED if c != "enqueued_utc"),
    )
