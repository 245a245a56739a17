"""Alerts: one port where drift, dead letters, ledger and buffer tell people; rules stand in contracts/alerts.yaml."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from acme_lib.contracts import AlertRule, contracts
from acme_lib.errors import WrongUse

if TYPE_CHECKING:
    from acme_lib.lake import Lakehouse

__all__ = ["Alert", "Alerts", "alerts_at", "open_alert"]


@dataclass(frozen=True, slots=True)
class Alert:
    """One row of ops_alerts; open while `closed_utc` is None."""

    alert_id: str
    rule: str
    severity: str
    key: str
    value: str | None
    runbook: str
    opened_utc: datetime
    closed_utc: datetime | None = None


def rule_of(name: str) -> AlertRule:
    """The rule by name. Raises WrongUse naming the mend."""
    for rule in contracts().alerts.rules:
        if rule.name == name:
            return rule
    raise WrongUse(f"alert rule {name}: no such rule; declare it in acme_lib/contracts/alerts.yaml")


def due(rule: AlertRule, newest: Alert | None, now: datetime) -> bool:
    """Whether a new alert is raised after the `newest` of the same rule and key.

    With once_per_h: when that long has passed since it was opened. Without: when it is closed.
    """
    if newest is None:
        return True
    if rule.once_per_h is not None:
        return now - newest.opened_utc >= timedelta(hours=rule.once_per_h)
    return newest.closed_utc is not None


def new_alert(rule: AlertRule, key: str, value: object, now: datetime) -> Alert:
    text = None if value is None else str(value)
    return Alert(f"{rule.name}/{key}/{now.isoformat()}", rule.name, rule.severity, key, text, rule.runbook, now)


class Alerts(ABC):
    """The port. Adapters store; whether an alert is due is decided here, once for all of them."""

    def open(self, rule: str, key: str, value: object, now: datetime) -> bool:
        """Raises an alert; False where one is still due to be seen. Raises WrongUse for an unknown rule."""
        return self.open_many(rule, {key: value}, now) == 1

    def open_many(self, rule: str, values: Mapping[str, object], now: datetime) -> int:
        """The same for several keys in one write; returns how many were raised."""
        declared = rule_of(rule)
        with self._exclusive():
            newest = {a.key: a for a in sorted(self.rows(), key=lambda a: a.opened_utc) if a.rule == rule}
            fresh = [new_alert(declared, k, v, now) for k, v in values.items() if due(declared, newest.get(k), now)]
            if fresh:
                self._add(fresh)
        return len(fresh)

    def close(self, rule: str, key: str, now: datetime) -> int:
        """Closes every open alert of the rule and key; returns how many there were."""
        rule_of(rule)
        with self._exclusive():
            found = [a for a in self.rows() if (a.rule, a.key) == (rule, key) and a.closed_utc is None]
            if found:
                self._close([replace(a, closed_utc=now) for a in found])
        return len(found)

    @abstractmethod
    def rows(self) -> list[Alert]:
        """Every alert, as ops_alerts has it."""

    @abstractmethod
    def _exclusive(self) -> AbstractContextManager[object]:
        """A context in which no other writer of the same store decides."""

    @abstractmethod
    def _add(self, alerts: Iterable[Alert]) -> None: ...

    @abstractmethod
    def _close(self, alerts: Iterable[Alert]) -> None: ...


def alerts_at(where: Alerts | Lakehouse | Path) -> Alerts:
    """The adapter for a place: a JSONL file, a lakehouse, or the port itself."""
    if isinstance(where, Alerts):
        return where
    if isinstance(where, Path):
        from acme_lib.monitoring.jsonl import JsonlAlerts

        return JsonlAlerts(where)
    from acme_lib.monitoring.lake_store import LakeAlerts

    return LakeAlerts(where)


def open_alert(where: Alerts | Lakehouse | Path, rule: str, key: str, value: object, now: datetime) -> bool:
    """Raises one alert at a place; False where it is suppressed."""
    return alerts_at(where).open(rule, key, value, now)
