"""What the contracts say of one topic: equipment class and attributes, tag kind, hold time. Pure lookups, no Spark."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from acme_lib.contracts import Contracts, Equipment, Site, Tag

__all__ = ["UNCATALOGUED", "UNREGISTERED", "Registry", "start_seconds"]

UNREGISTERED, UNCATALOGUED = "(unregistered)", "(uncatalogued)"


def start_seconds(site: Site) -> int:
    """Local start of the production day, in seconds after midnight."""
    hour, minute = site.production_day_start.split(":")
    return int(hour) * 3600 + int(minute) * 60


def cuts_hours(site: Site) -> bool:
    """True where a production day may start inside a UTC hour (a zone or a start off the full hour)."""
    zone = ZoneInfo(site.time_zone)
    offsets = [datetime(2026, month, 15, 12, tzinfo=zone).utcoffset() for month in (1, 7)]
    return any((start_seconds(site) - int(o.total_seconds() if o else 0)) % 3600 for o in offsets)


def _family(path: str) -> re.Pattern[str]:
    *levels, last = path.split("/")
    return re.compile("/".join("[^/]+" if level == "*" else re.escape(level) for level in levels) + "/" + last)


@dataclass(frozen=True)
class Registry:
    """Asset registry and tag catalogue of one set of contracts."""

    contracts: Contracts

    @cached_property
    def sites(self) -> dict[str, Site]:
        return {s.id: s for s in self.contracts.assets.sites}

    @cached_property
    def _exact(self) -> dict[str, Equipment]:
        return {e.path: e for e in self.contracts.assets.equipment}

    @cached_property
    def _families(self) -> list[tuple[re.Pattern[str], Equipment]]:
        return [(_family(e.path), e) for e in self.contracts.assets.families]

    @cached_property
    def _tags(self) -> dict[tuple[str, str], Tag]:
        return {(name, tag.name): tag for name, c in self.contracts.tags.classes.items() for tag in c.tags}

    def equipment(self, path: str) -> Equipment | None:
        """The registered equipment of a path, by name or by family."""
        found = self._exact.get(path)
        return found or next((e for pattern, e in self._families if pattern.fullmatch(path)), None)

    def tag(self, topic: str) -> Tag | None:
        """The catalogue's entry of a topic; None where class or tag is unknown."""
        _, path, name = topic.split("/", 1)[0], topic.split("/", 1)[1].rpartition("/")[0], topic.rpartition("/")[2]
        equipment = self.equipment(path)
        return self._tags.get((equipment.equipment_class, name)) if equipment else None

    def registered(self) -> list[str]:
        return sorted(self._exact)

    def attributes(self, path: str) -> tuple[str, str | None, date | None, float | None, str | None]:
        """Class, model, commissioned, ideal rate and criticality of an equipment."""
        found = self.equipment(path)
        if found is None:
            return UNREGISTERED, None, None, None, None
        return (
            found.equipment_class,
            found.model,
            found.commissioned,
            float(found.ideal_rate_per_h),
            found.criticality,
        )
