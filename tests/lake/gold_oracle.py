"""What Gold must say, in plain Python over plain rows, written from docs/gold/aggregation-design.md and the contracts' text.

Slow on purpose: every value's hold is walked period by period. Nothing of acme_lib.lake is used.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import fsum, sqrt
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Clock:
    """A site's time zone and the local start of its production day."""

    zone: ZoneInfo
    start: time

    def began(self, day: date) -> datetime:
        return datetime.combine(day, self.start, self.zone).astimezone(ZoneInfo("UTC"))

    def day(self, ts: datetime) -> date:
        wall = ts.astimezone(self.zone).replace(tzinfo=None)
        return (wall - timedelta(hours=self.start.hour, minutes=self.start.minute)).date()

    def seconds(self, day: date) -> int:
        return int((self.began(day + timedelta(days=1)) - self.began(day)).total_seconds())

    def period(self, ts: datetime) -> datetime:
        return max(ts.replace(minute=0, second=0, microsecond=0), self.began(self.day(ts)))

    def end(self, period: datetime) -> datetime:
        hour = period.replace(minute=0, second=0, microsecond=0)
        return min(hour + HOUR, self.began(self.day(period) + timedelta(days=1)))


@dataclass(frozen=True)
class Tag:
    """Kind and hold time of a topic, from the catalogue."""

    kind: str
    hold_s: float


def text_of(row: Row) -> str | None:
    return row["value_string"] if row["value_bool"] is None else str(row["value_bool"]).lower()


def in_order(rows: Iterable[Row]) -> list[Row]:
    """By time, then the publisher's counter (none first), then content."""
    return sorted(rows, key=lambda r: (r["ts_utc"], -1 if r["seq"] is None else r["seq"], r["body_hash"]))


def held(good: list[Row], hold_s: float, clock: Clock) -> Iterator[tuple[datetime, Row, float]]:
    """(period, reading, seconds) of each piece of each hold: until the next reading, at most the hold time."""
    for row, after in zip(good, [*good[1:], None], strict=False):
        stop = row["ts_utc"] + timedelta(seconds=hold_s)
        stop = min(stop, after["ts_utc"]) if after else stop
        at = row["ts_utc"]
        while at < stop:
            until = min(stop, clock.end(clock.period(at)))
            yield clock.period(at), row, (until - at).total_seconds()
            at = until


def statistics(
    rows: list[Row], good: list[Row], pieces: list[tuple[Row, float]], steps: list[tuple[float, bool]], kind: str
) -> Row:
    """Measures of one tag over one span: its rows, its good ones, the holds that cover it, the counter's steps in it."""
    values = [r["value_double"] for r in good]
    found: Row = {
        "good_count": len(good),
        **{f"{q.lower()}_count": sum(r["quality"] == q for r in rows) for q in ("STALE", "SIMULATED", "ERROR")},
        "excluded_count": sum(r["quality"] == "GOOD" and not r["in_gold"] for r in rows),
        "first_value": good[0]["value_double"] if good else None,
        "last_value": good[-1]["value_double"] if good else None,
        "last_text": text_of(good[-1]) if good else None,
        "first_ts_utc": good[0]["ts_utc"] if good else None,
        "last_ts_utc": good[-1]["ts_utc"] if good else None,
        "event_count": len(good) if kind == "event" else None,
        "increase": fsum(s for s, _ in steps) if kind == "counter" else None,
        "resets": sum(reset for _, reset in steps) if kind == "counter" else None,
    }
    gauge, n = kind == "gauge", len(values)
    seconds = fsum(s for _, s in pieces)
    weighted = fsum(r["value_double"] * s for r, s in pieces) if gauge else 0.0
    some, mean = gauge and n > 0, fsum(values) / n if gauge and n else 0.0
    found |= {
        "value_sum": fsum(values) if some else None,
        "value_sum_sq": fsum(v * v for v in values) if some else None,
        "value_avg": mean if some else None,
        "value_min": min(values) if some else None,
        "value_max": max(values) if some else None,
        "value_stddev": sqrt(fsum((v - mean) ** 2 for v in values) / (n - 1)) if some and n > 1 else None,
        "held_seconds": seconds if gauge else None,
        "held_value_seconds": weighted if gauge else None,
        "time_weighted_avg": weighted / seconds if gauge and seconds else None,
    }
    return found


def account(rows: list[Row], tags: dict[str, Tag], clocks: dict[str, Clock]) -> dict[str, dict[tuple[Any, ...], Any]]:
    """gold_hourly, gold_daily, gold_state_hourly and gold_quality_hourly by their keys."""
    hourly: dict[tuple[Any, ...], Any] = {}
    daily: dict[tuple[Any, ...], Any] = {}
    states: dict[tuple[Any, ...], float] = defaultdict(float)
    quality: dict[tuple[Any, ...], int] = defaultdict(int)
    for row in rows:
        hour = row["ts_utc"].replace(minute=0, second=0, microsecond=0)
        quality[row["site"], row["area"], row["line"], hour, row["quality"]] += 1
    for topic, tag in tags.items():
        mine = in_order(r for r in rows if r["topic"] == topic)
        clock = clocks[topic.split("/")[1]]
        good = [r for r in mine if r["in_gold"]]
        pieces = list(held(good, tag.hold_s, clock)) if tag.kind in ("gauge", "state") else []
        if tag.kind == "state":
            for period, row, seconds in pieces:
                if text_of(row) is not None:
                    states[topic, period, text_of(row)] += seconds
        steps = (
            [(b["value_double"] - a["value_double"], b) for a, b in itertools.pairwise(good)]
            if tag.kind == "counter"
            else []
        )
        for name, into, spans in (("period", hourly, clock.period), ("day", daily, clock.day)):
            keys = {spans(r["ts_utc"]) for r in mine} | {spans(p) for p, _, _ in pieces}
            for key in keys:
                into[topic, key] = statistics(
                    [r for r in mine if spans(r["ts_utc"]) == key],
                    [r for r in good if spans(r["ts_utc"]) == key],
                    [(r, s) for p, r, s in pieces if spans(p) == key],
                    [(d if d >= 0 else b["value_double"], d < 0) for d, b in steps if spans(b["ts_utc"]) == key],
                    tag.kind,
                ) | ({"day_seconds": clock.seconds(key)} if name == "day" else {})
    return {
        "gold_hourly": hourly,
        "gold_daily": daily,
        "gold_state_hourly": dict(states),
        "gold_quality_hourly": dict(quality),
    }


def downtime(rows: list[Row], hold_s: float, running: set[str]) -> list[tuple[Any, ...]]:
    """Intervals of one equipment not producing: (state, reason, start, end). Open ones end with None."""
    reports = [
        r for r in in_order(r for r in rows if r["in_gold"] and r["tag"] == "state") if r["value_string"] is not None
    ]
    reasons = in_order(r for r in rows if r["in_gold"] and r["tag"] == "state_reason" and r["value_string"] is not None)
    runs: list[list[Row]] = []
    for row in reports:
        last = runs[-1][-1] if runs else None
        same = last is not None and last["value_string"] == row["value_string"]
        if last is not None and same and row["ts_utc"] - last["ts_utc"] <= timedelta(seconds=hold_s):
            runs[-1].append(row)
        else:
            runs.append([row])
    found = []
    for run, after in zip(runs, [*runs[1:], None], strict=False):
        start, last = run[0]["ts_utc"], run[-1]["ts_utc"]
        end = min(after[0]["ts_utc"], last + timedelta(seconds=hold_s)) if after else None
        said = [r["value_string"] for r in reasons if r["ts_utc"] <= start]
        if run[0]["value_string"] not in running and end != start:
            found.append((run[0]["value_string"], (said or [""])[-1] or None, start, end))
    return found
