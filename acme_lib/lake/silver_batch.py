"""One slice of Bronze on its way to Silver, as frames: read, counted, deduplicated, judged. It commits nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from acme_lib.lake import dedupe, rules
from acme_lib.lake.envelope import parse
from acme_lib.lake.exact import exact
from acme_lib.lake.topics import LEVELS, described, outside_grammar

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Batch", "Facts"]

FEW_ROWS, FEW_BYTES = 2_000, 1 << 25  # odd rows judged on the driver, at some 50 us each
OF_TOPIC = (*LEVELS, "equipment_id", "tag_key", "class", "kind", "type", "unit", "low", "high")


@dataclass(frozen=True, slots=True)
class Facts:
    """What one pass over a slice tells: rows, those that are not plain, and event dates spanned by the others."""

    rows: int
    odd: int
    days: int


class Batch:
    """The slice's frames. What is used more than once is cached until `close`; the bodies of plain rows never are.

    Few facts of many rows (runs of numbers, topics) are collected once and worked on here: a Spark job costs more.
    """

    def __init__(self, raw: DataFrame) -> None:
        self._cached: list[DataFrame] = []
        self.parsed = self._keep(parse(raw))
        plain = dedupe.grouped(self.parsed, F.col("plain")).toArrow()
        self._groups = [plain]
        self.facts = Facts(_sum(plain["n"]), _sum(plain["others"]), _days(plain))
        self.odd: DataFrame | None = None
        if self.facts.odd:
            here = self.facts.odd <= FEW_ROWS and _sum(plain["size"]) <= FEW_BYTES
            odd = exact(self.parsed.where("NOT plain"), here).withColumn("counted", dedupe.counted())
            self.odd = odd if here else self._keep(odd)
            self._groups.append(dedupe.grouped(self.odd, F.col("reason").isNull()).toArrow())

    @cached_property
    def runs(self) -> list[pa.Table]:
        """`dedupe.counted_runs` of the plain rows and, where there are some, of the odd ones."""
        return [dedupe.counted_runs(groups) for groups in self._groups]

    @property
    def topics(self) -> set[str]:
        """Distinct topics of the readable rows; each is in the grammar."""
        return self._topics - self._outside

    @cached_property
    def _topics(self) -> set[str]:
        return {topic for groups in self._groups for topic in groups["topic"].unique().to_pylist() if topic is not None}

    @cached_property
    def _outside(self) -> set[str]:
        """Topics of plain rows that are outside the grammar; an odd one was judged with its topic."""
        return outside_grammar(self._topics)

    @cached_property
    def unreadable_rows(self) -> int:
        """How many rows `unreadable` makes."""
        rejected = sum(_sum(groups["others"]) for groups in self._groups[1:])
        plain = self._groups[0]
        topics = zip(plain["topic"].to_pylist(), plain["n"].to_pylist(), strict=True) if self._outside else ()
        return rejected + sum(int(n) for topic, n in topics if topic in self._outside)

    def extra(self) -> DataFrame | None:
        """Rows with fields the envelope does not know; None where there can't be any."""
        extras = sum(_sum(groups["extras"]) for groups in self._groups[1:])
        return self.odd.where("raw_extra IS NOT NULL") if self.odd is not None and extras else None

    def readable(self) -> list[DataFrame]:
        """Rows of valid envelopes: the plain ones, whose topic may be outside the grammar, and the odd ones, if any."""
        plain = self.parsed.where("plain").drop("plain", "body")
        return [plain] if self.odd is None else [plain, self.odd.where("reason IS NULL")]

    def events(self, marks: pa.Table, silver: DataFrame | None) -> DataFrame:
        """What silver_events gains. In: silver_sequence_marks and silver_events (if any) as they were before the slice."""
        import pyarrow.compute as pc

        suspects = dedupe.suspects(self.runs, marks)
        uncounted = any(
            _sum(g["n"]) - _sum(g["others"]) > _sum(r["n"]) for g, r in zip(self._groups, self.runs, strict=True)
        )
        rows = [part.withColumn("body_hash", dedupe.body_hash()) for part in self.readable()]
        if not (uncounted or suspects.num_rows):
            return self._judged(rows)
        keys = [*dedupe.RUN, "bucket"]
        doubted = F.broadcast(self.parsed.sparkSession.createDataFrame(suspects.select(keys)))
        bucketed = [part.withColumn("bucket", dedupe.bucket()) for part in rows]
        fast = [part.where("counted").join(doubted, on=keys, how="left_anti").drop("bucket") for part in bucketed]
        late = [part.where("counted").join(doubted, on=keys, how="left_semi") for part in bucketed]
        slow = self._keep(_united([*late, *(part.where("NOT counted") for part in bucketed)]).drop("bucket"))
        before = silver if uncounted or pc.any(suspects["late"]).as_py() else None
        resolved = self._keep(_resolved(slow, _united(fast) if uncounted else None, before))
        return self._judged(fast, resolved)

    def violations(self, events: DataFrame) -> DataFrame:
        """silver_violations of the slice without detected_utc."""
        found = rules.violations(events)
        if self._outside:
            found = found.unionByName(rules.unreadable(self._ungrammatical()))
        if self.odd is not None:
            found = found.unionByName(rules.unreadable(self.odd.where("reason IS NOT NULL")))
        return found

    def close(self) -> None:
        """Frees what was cached, dependents first: Spark plans anew whatever still rests on a freed frame."""
        while self._cached:
            self._cached.pop().unpersist()

    def _ungrammatical(self) -> DataFrame:
        plain = self.parsed.where("plain")
        bad = F.broadcast(_listed(plain, self._outside))
        return plain.join(bad, on="topic", how="left_semi").withColumns(
            {"reason": F.lit("SCHEMA_INVALID"), "detail": F.lit("TOPIC_NOT_IN_GRAMMAR")}
        )

    def _judged(self, fast: list[DataFrame], resolved: DataFrame | None = None) -> DataFrame:
        """With their topic's contract and its rules. The first part, most of the rows, by itself: a union is a wall to filters."""
        topics = F.broadcast(described(self.parsed.sparkSession, self.topics).select("topic", *OF_TOPIC))
        first, *others = [part.withColumn("conflict", F.lit(False)) for part in fast]
        groups = [[first], others + [r for r in (resolved,) if r is not None]]
        judged = [rules.judged(_united(group).join(topics, on="topic", how="inner")) for group in groups if group]
        return _united(judged).withColumn("event_date", F.to_date("ts_utc"))

    def _keep(self, frame: DataFrame) -> DataFrame:
        conf, key = frame.sparkSession.conf, "spark.sql.inMemoryColumnarStorage.compressed"
        before = conf.get(key)
        conf.set(key, "false")  # what is read once or twice costs more to compress than to keep; it spills to disk
        self._cached.append(frame.persist())
        conf.set(key, before or "true")
        return frame


def _united(parts: list[DataFrame]) -> DataFrame:
    return reduce(DataFrame.unionByName, parts)


def _sum(column: Any) -> int:
    import pyarrow.compute as pc

    return int(pc.sum(column).as_py() or 0)


def _days(groups: pa.Table) -> int:
    import pyarrow.compute as pc

    first, last = pc.min(groups["first_ts"]).as_py(), pc.max(groups["last_ts"]).as_py()
    return 0 if first is None else (last - first).days + 1


def _listed(beside: DataFrame, topics: Iterable[str]) -> DataFrame:
    from acme_lib.lake.local_rows import local_rows

    return local_rows(beside.sparkSession, ({"topic": t} for t in sorted(topics)), "topic string")


def _resolved(slow: DataFrame, fast: DataFrame | None, silver: DataFrame | None) -> DataFrame:
    """The slow rows that are no copies of a row in Silver, of a fast one or of one another.

    Counted rows share an id only within their bucket, which is slow as a whole: `fast` matters to uncounted rows alone.
    """
    ids = slow.select("message_id").distinct()
    place = ["message_id", "body_hash", *dedupe.ORDER]
    pools = {False: fast, True: silver}
    earlier = [
        rows.select(*place).join(ids, on="message_id", how="left_semi").withColumn("known", F.lit(known))
        for known, rows in pools.items()
        if rows is not None
    ]
    return dedupe.resolved(slow, _united(earlier) if earlier else None)
