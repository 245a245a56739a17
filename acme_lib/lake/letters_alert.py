"""The alert on dead letters: open from the batch that brings some until a run brings telemetry and none of them.

Whether it is open stands in the note of bronze_dead_letters' own commit, so that a run without dead letters asks Spark nothing.
"""

from __future__ import annotations

from datetime import datetime

from acme_lib.lake.lakehouse import Lakehouse
from acme_lib.monitoring import Alerts

__all__ = ["ALERTED", "RULE", "none_came", "taken"]

RULE = "dead_letters_seen"
TABLE = "bronze_dead_letters"
ALERTED = {"alerted": True}


def taken(lake: Lakehouse, alerts: Alerts, count: int | None, now: datetime) -> dict[str, bool]:
    """Before the commit that takes `count` dead letters (None: not counted yet): what its note says of the alert.

    The alert comes first, since a repeated one is suppressed, a lost one lost.
    """
    if count != 0 and not lake.note(TABLE).get("alerted"):
        alerts.open(RULE, TABLE, "dead letters" if count is None else f"{count} in the first batch", now)
    return ALERTED


def none_came(lake: Lakehouse, alerts: Alerts, run_id: str, now: datetime) -> None:
    """After a run that took telemetry and no dead letter: closes what an earlier one opened."""
    note = lake.note(TABLE)
    if note.get("alerted"):
        alerts.close(RULE, TABLE, now)
        _note(lake, {**note, "run_id": run_id, "alerted": False})


def _note(lake: Lakehouse, note: dict[str, object]) -> None:
    """A commit without rows, which Delta would leave out by itself."""
    conf, key = lake.spark.conf, "spark.databricks.delta.skipRecordingEmptyCommits"
    before = conf.get(key, None)
    conf.set(key, "false")
    try:
        lake.append(TABLE, lake.read(TABLE).where("false"), note)
    finally:
        conf.unset(key) if before is None else conf.set(key, before)
