"""One slice of Bronze on its way to Silver, as frames: read, counted, deduplicated, judged. It commits nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from acme_lib.lake import dedupe, rules
from acme_lib.lake.envelope import parse
from acme_lib.lake.exact import exact
from acme_lib.lake.topics import LEVELS, described

__all__ = ["Batch", "Facts"]

OF_TOPIC = (*LEVELS, "equipment_id", "tag_key", "in_grammar", "class", "kind", "type", "unit", "low", "high")


@dataclass(frozen=True, slots=True)
class Facts:
    """What one pass over a slice tells: rows, those that are not plain, those without a counted id, span of event time."""

    rows: int
    odd: int
    uncounted: int
    first_ts: datetime | None
    last_ts: datetime | None

    @property
    def days(self) -> int:
        return (self.last_ts - self.first_ts).days + 1 if self.first_ts and self.last_ts else 0


class Batch:
    """The slice's frames. What is used more than once is cached until `close`; the bodies of plain rows never are."""

    def __init__(self, raw: DataFrame) -> None:
        self._cached: list[DataFrame] = []
        counted = F.col("plain") & dedupe.counted()
        self.parsed = self._keep(parse(raw).withColumn("counted", counted))
        self._groups = self._keep(_grouped(self.parsed))
        self.facts = _facts(self._groups)
        self.odd = self._keep(_exact(self.parsed)) if self.facts.odd else None
        self.topics = self._keep(described(self.readable().select("topic").distinct()))

    def readable(self) -> DataFrame:
        """Rows of valid envelopes; a plain one's topic may still be outside the grammar."""
        plain = self.parsed.where("plain").drop("plain", "body")
        return plain if self.odd is None else plain.unionByName(self.odd.where("reason IS NULL"))

    def runs(self) -> DataFrame:
        """`dedupe.runs` of the slice's counted rows."""
        found = self._groups.where("bucket IS NOT NULL").select(*dedupe.RUN, "bucket", "n", "bits", "low", "high")
        if self.odd is None:
            return found
        both = found.unionByName(dedupe.runs(self.odd.where("counted")))
        return both.groupBy(*dedupe.RUN, "bucket").agg(
            F.sum("n").alias("n"),
            F.bit_or("bits").alias("bits"),
            F.min("low").alias("low"),
            F.max("high").alias("high"),
        )

    def events(self, marks: DataFrame, silver: DataFrame) -> DataFrame:
        """What silver_events gains. In: silver_sequence_marks and silver_events as they were before the slice."""
        suspects = self._keep(dedupe.suspects(self.runs(), marks))
        rows = self.readable().withColumn("body_hash", dedupe.body_hash())
        sure = rows.withColumn("conflict", F.lit(False))
        if not (self.facts.odd or self.facts.uncounted or suspects.count()):
            return self._judged(sure)
        bucketed = rows.withColumn("bucket", dedupe.bucket())
        keys = [*dedupe.RUN, "bucket"]
        fast = bucketed.where("counted").join(F.broadcast(suspects), on=keys, how="left_anti").drop("bucket")
        doubted = bucketed.where("counted").join(F.broadcast(suspects), on=keys, how="left_semi")
        slow = self._keep(doubted.unionByName(bucketed.where("NOT counted")).drop("bucket"))
        return self._judged(fast.withColumn("conflict", F.lit(False)).unionByName(_resolved(slow, fast, silver)))

    def unreadable(self) -> DataFrame:
        """UNREADABLE violations: bodies that are no envelope, and plain ones whose topic is outside the grammar."""
        bad_topics = self.topics.where("NOT in_grammar").select("topic")
        ungrammatical = self.readable().join(F.broadcast(bad_topics), on="topic", how="left_semi")
        outside = ungrammatical.withColumns(
            {"reason": F.lit("SCHEMA_INVALID"), "detail": F.lit("TOPIC_NOT_IN_GRAMMAR")}
        )
        found = rules.unreadable(outside)
        return found if self.odd is None else found.unionByName(rules.unreadable(self.odd.where("reason IS NOT NULL")))

    def violations(self, events: DataFrame) -> DataFrame:
        """silver_violations of the slice without detected_utc."""
        return rules.violations(events).unionByName(self.unreadable())

    def close(self) -> None:
        """Frees what was cached."""
        for frame in self._cached:
            frame.unpersist()

    def _judged(self, rows: DataFrame) -> DataFrame:
        joined = rows.join(
            F.broadcast(self.topics.where("in_grammar").select("topic", *OF_TOPIC)), on="topic", how="inner"
        )
        return rules.judged(joined).withColumn("event_date", F.to_date("ts_utc"))

    def _keep(self, frame: DataFrame) -> DataFrame:
        self._cached.append(frame.persist())
        return frame


def _grouped(parsed: DataFrame) -> DataFrame:
    """`dedupe.runs` of counted rows and, in a group of its own, what is odd or not counted. Few rows."""
    counted, sound = F.col("counted"), F.when(F.col("plain"), F.col("ts_utc"))  # year 0 would not fit Python
    keys = {name: F.when(counted, F.col(name)) for name in dedupe.RUN} | {"bucket": F.when(counted, dedupe.bucket())}
    return (
        parsed.withColumns({**keys, "bit": dedupe.bit()})
        .groupBy(*keys)
        .agg(
            F.count("*").alias("n"),
            F.bit_or("bit").alias("bits"),
            F.min("seq").alias("low"),
            F.max("seq").alias("high"),
            F.count_if(~F.col("plain")).alias("odd"),
            F.count_if(F.col("plain") & ~counted).alias("uncounted"),
            F.min(sound).alias("first_ts"),
            F.max(sound).alias("last_ts"),
        )
    )


def _facts(groups: DataFrame) -> Facts:
    sums = [F.coalesce(F.sum(n), F.lit(0)).cast("bigint") for n in ("n", "odd", "uncounted")]
    return Facts(*groups.agg(*sums, F.min("first_ts"), F.max("last_ts")).collect()[0])


def _exact(parsed: DataFrame) -> DataFrame:
    return exact(parsed.where("NOT plain")).withColumn("counted", dedupe.counted())


def _resolved(slow: DataFrame, fast: DataFrame, silver: DataFrame) -> DataFrame:
    """The slow rows that are no copies of a row in Silver, of a fast one or of one another."""
    ids = slow.select("message_id").distinct()
    place = ["message_id", "body_hash", *dedupe.ORDER]
    before = silver.select(*place).join(ids, on="message_id", how="left_semi").withColumn("known", F.lit(True))
    beside = fast.select(*place).join(ids, on="message_id", how="left_semi").withColumn("known", F.lit(False))
    return dedupe.resolved(slow, before.unionByName(beside))
