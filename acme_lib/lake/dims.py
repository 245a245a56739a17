"""Dimensions of Gold from the contracts and from what was seen: site, equipment with history, tag, date."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from acme_lib.errors import Stop
from acme_lib.lake.dims_registry import UNCATALOGUED, Registry
from acme_lib.lake.lakehouse import Lakehouse, schema
from acme_lib.lake.local_rows import local_rows

__all__ = [
    "BEGINNING",
    "Dimensions",
    "check_collisions",
    "date_rows",
    "dimensions",
    "equipment_rows",
    "site_rows",
    "tag_rows",
]

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
ATTRIBUTES = ("equipment_class", "model", "commissioned", "ideal_rate_per_h", "criticality")
Row = dict[str, Any]


def keys_of(table: str) -> dict[str, Column]:
    """Surrogate keys: xxhash64 of the natural key, the same expression for facts and dimensions."""
    made: dict[str, dict[str, list[str]]] = {
        "gold_dim_site": {"site_key": ["site"]},
        "gold_dim_tag": {"tag_key": ["topic"], "equipment_key": ["equipment_id"]},
        "gold_dim_equipment": {
            "equipment_version_key": ["equipment_id", "valid_from_utc"],
            "equipment_key": ["equipment_id"],
            "site_key": ["site"],
        },
    }
    return {key: F.xxhash64(*natural) for key, natural in made.get(table, {}).items()}


def site_rows(registry: Registry, seen: Iterable[str]) -> list[Row]:
    """One row a site; sites the registry does not know count days by UTC."""
    rows = []
    for name in sorted(set(seen) | set(registry.sites)):
        site = registry.sites.get(name)
        rows.append(
            {
                "site": name,
                "site_name": site.name if site else name,
                "time_zone": site.time_zone if site else "UTC",
                "production_day_start": site.production_day_start if site else "00:00",
            }
        )
    return rows


def tag_rows(registry: Registry, topics: Iterable[str]) -> list[Row]:
    """One row a topic ever seen, with what the catalogue says of it now."""
    rows = []
    for topic in sorted(topics):
        tag = registry.tag(topic)
        path, _, name = topic.split("/", 1)[1].rpartition("/")
        low, high = (tag.range if tag and tag.range else (None, None)) if tag else (None, None)
        rows.append(
            {
                "topic": topic,
                "tag": name,
                "equipment_id": path,
                "kind": tag.kind if tag else UNCATALOGUED,
                "value_type": tag.type if tag else None,
                "unit": tag.unit if tag else None,
                "range_low": None if low is None else float(low),
                "range_high": None if high is None else float(high),
                "expected_period_s": float(tag.expected_period_s) if tag else None,
                "max_hold_s": float(tag.max_hold_s) if tag else None,
                "tag_description": tag.description if tag else None,
            }
        )
    return rows


def equipment_rows(registry: Registry, seen: Iterable[str], known: Iterable[Row], now: datetime) -> list[Row]:
    """Every version of every equipment. A changed attribute ends the version in force and begins one at `now`.

    The first version reaches back to 1970, so that facts of any age find theirs.
    """
    history = list(known)
    current = {r["equipment_id"]: r for r in history if r["is_current"]}
    for path in sorted(set(seen) | set(registry.registered()) | set(current)):
        attributes = dict(zip(ATTRIBUTES, registry.attributes(path), strict=True))
        old = current.get(path)
        if old is not None and all(old[k] == v for k, v in attributes.items()):
            continue
        if old is not None:
            old.update(valid_to_utc=now, is_current=False)
        site, area, line, cell, name = path.split("/")
        places = {"equipment_id": path, "site": site, "area": area, "line": line, "cell": cell, "equipment": name}
        start = BEGINNING if old is None else now
        history.append({**places, **attributes, "valid_from_utc": start, "valid_to_utc": None, "is_current": True})
    return history


def date_rows(days: Iterable[date]) -> list[Row]:
    """Calendar rows of whole years around the given days."""
    years = {d.year for d in days}
    first = date(min(years), 1, 1)
    span = (date(max(years) + 1, 1, 1) - first).days
    rows = []
    for day in (first + timedelta(days=n) for n in range(span)):
        iso = day.isocalendar()
        rows.append(
            {
                "date_key": day.year * 10000 + day.month * 100 + day.day,
                "date": day,
                "year": day.year,
                "quarter": (day.month + 2) // 3,
                "month": day.month,
                "month_name": day.strftime("%B"),
                "iso_year": iso.year,
                "iso_week": iso.week,
                "day_of_month": day.day,
                "day_of_week": iso.weekday,
                "day_name": day.strftime("%A"),
                "is_weekend": iso.weekday > 5,
            }
        )
    return rows


def check_collisions(pairs: Iterable[tuple[int, str]]) -> None:
    """Raises Stop where two topics share a surrogate key: their facts could not be told apart."""
    seen: dict[int, str] = {}
    for key, topic in pairs:
        if seen.setdefault(key, topic) != topic:
            raise Stop(f"tag_key {key}: topics {seen[key]} and {topic} share it; rename one of them in the registry")


def frame(lake: Lakehouse, table: str, rows: list[Row]) -> DataFrame:
    """Rows of a dimension as a DataFrame with its surrogate keys."""
    keys = keys_of(table)
    names = [f"`{f.name}` {f.dataType.simpleString()}" for f in schema(table) if f.name not in keys]
    if rows and "equipment_id" in rows[0] and "equipment_id" not in schema(table).names:
        names.append("equipment_id string")
    return local_rows(lake.spark, rows, ", ".join(names)).withColumns(keys)


def known_rows(lake: Lakehouse, table: str) -> list[Row]:
    """The table's rows with aware times, without its keys; none where it was never written."""
    if not lake.exists(table):
        return []
    drop = set(keys_of(table))
    found = []
    for row in lake.read(table).collect():
        values = {k: v.astimezone(UTC) if isinstance(v, datetime) else v for k, v in row.asDict().items()}
        found.append({k: v for k, v in values.items() if k not in drop})
    return found


def _same(old: list[Row], new: list[Row]) -> bool:
    def shown(rows: list[Row]) -> list[str]:
        return sorted(repr(sorted((k, v) for k, v in r.items() if k in old[0])) for r in rows)

    return len(old) == len(new) and (not old or shown(old) == shown(new))


@dataclass(frozen=True)
class Dimensions:
    """Every dimension as it must be, and the frames of those that are not yet so."""

    tags: list[Row]
    changed: dict[str, DataFrame]


def dimensions(
    lake: Lakehouse, registry: Registry, topics: Iterable[str], days: set[date], now: datetime
) -> Dimensions:
    """Site, tag, equipment and date brought up to the contracts, the topics seen and the days; compared on the driver."""
    tags = known_rows(lake, "gold_dim_tag")
    all_topics = {r["topic"] for r in tags} | set(topics)
    paths = {t.split("/", 1)[1].rpartition("/")[0] for t in all_topics}
    equipment = known_rows(lake, "gold_dim_equipment")
    sites, dates = known_rows(lake, "gold_dim_site"), known_rows(lake, "gold_dim_date")
    all_days = days | {r["date"] for r in dates}
    history = equipment_rows(registry, paths, [dict(r) for r in equipment], now.astimezone(UTC))
    wanted = {
        "gold_dim_site": (sites, site_rows(registry, {p.split("/")[0] for p in paths})),
        "gold_dim_tag": (tags, tag_rows(registry, all_topics)),
        "gold_dim_equipment": (equipment, history),
        "gold_dim_date": (dates, date_rows(all_days) if all_days else []),
    }
    changed = {name: frame(lake, name, new) for name, (old, new) in wanted.items() if not _same(old, new)}
    return Dimensions(wanted["gold_dim_tag"][1], changed)
