"""Equipment and tags that telemetry names and the registry lacks: told once each, until it knows them or they are gone.

What is open stands in the notes of silver_events' commits: a slice that brings nothing new asks Spark nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from acme_lib.contracts import contracts
from acme_lib.lake.dims_registry import Registry
from acme_lib.monitoring import Alerts

__all__ = ["QUIET", "RULE", "Gaps", "gaps", "told"]

RULE = "contract_out_of_date"
QUIET = timedelta(days=1)  # a mistyped tag that its publisher mended never enters the registry: it is just seen no more
Gaps = Mapping[str, Mapping[str, str]]
"""The line of unknown equipment, or the class that lacks a tag -> the newest such `topic`, and `seen`, when it came.

So that a site nobody registered, or tags made up by the thousand, are a few alerts; each row stands in silver_violations.
"""


def gaps(topics: Iterable[str], now: datetime) -> dict[str, dict[str, str]]:
    """What of `topics` (all of the grammar) breaks EQUIPMENT_UNKNOWN or TAG_UNKNOWN."""
    registry, found = Registry(contracts()), dict[str, dict[str, str]]()
    for topic in sorted(topics):
        if registry.tag(topic) is None:
            found.setdefault(_missing(topic, registry), {"topic": topic, "seen": now.isoformat()})
    return found


def _missing(topic: str, registry: Registry) -> str:
    path = topic.partition("/")[2].rpartition("/")[0]
    equipment = registry.equipment(path)
    return path.rsplit("/", 2)[0] if equipment is None else equipment.equipment_class


def told(topics: Iterable[str], noted: Gaps, alerts: Alerts, now: datetime) -> dict[str, Mapping[str, str]]:
    """Opens an alert for each gap that `noted` lacks, closes those that are no longer one; what to note with the slice."""
    found = gaps(topics, now)
    if fresh := {key: gap["topic"] for key, gap in found.items() if key not in noted}:
        alerts.open_many(RULE, fresh, now)
    still = gaps((gap["topic"] for gap in noted.values()), now).keys()
    gone = [key for key in noted.keys() - found.keys() if key not in still or _quiet(noted[key], now)]
    for key in sorted(gone):
        alerts.close(RULE, key, now)
    return {key: gap for key, gap in (*noted.items(), *found.items()) if key not in gone}


def _quiet(gap: Mapping[str, str], now: datetime) -> bool:
    return now - datetime.fromisoformat(gap["seen"]) > QUIET
