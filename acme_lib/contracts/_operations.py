"""Who watches and who may: metrics, alert rules, roles, environments."""

from __future__ import annotations

from typing import Literal

from acme_lib.contracts._record import Record


# ---- metrics.yaml, alerts.yaml, roles.yaml, environments.yaml
class Metric(Record, frozen=True):
    name: str
    type: Literal["counter", "gauge", "histogram"]
    unit: str
    owner: str
    labels: list[str]
    description: str
    threshold: float | None = None


class Metrics(Record, frozen=True):
    version: str
    metrics: list[Metric]

    def threshold(self, name: str) -> float:
        """The value of a metric above which something is wrong. KeyError where none is declared."""
        return {m.name: m.threshold for m in self.metrics if m.threshold is not None}[name]


class AlertRule(Record, frozen=True):
    name: str
    severity: Literal["warning", "critical"]
    owner: str
    runbook: str
    description: str
    metric: str | None = None
    once_per_h: float | None = None


class Alerts(Record, frozen=True):
    version: str
    rules: list[AlertRule]


class TopicGrant(Record, frozen=True):
    filter: str
    activity: Literal["publish", "subscribe", "all"]


class Role(Record, frozen=True):
    name: str
    description: str
    topics: list[TopicGrant]


class Principal(Record, frozen=True):
    identity: str
    role: str
    description: str


class ApprovalRole(Record, frozen=True):
    name: str
    approves: str


class Roles(Record, frozen=True):
    version: str
    roles: list[Role]
    principals: list[Principal]
    approval_roles: list[ApprovalRole]


class Environment(Record, frozen=True):
    name: str
    description: str
    identity: str


class Environments(Record, frozen=True):
    version: str
    environments: list[Environment]
