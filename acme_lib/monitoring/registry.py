"""Metrics of this process, built from contracts/metrics.yaml: a name or label the contract lacks is an error."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, start_http_server

from acme_lib.contracts import Metric, contracts
from acme_lib.errors import Stop, WrongUse

__all__ = ["Registry", "metrics"]

KINDS: dict[str, Any] = {"counter": Counter, "gauge": Gauge, "histogram": Histogram}


class Registry:
    """Every declared metric by name. `inc` and `set` are cheap enough for once a batch, not once a message."""

    def __init__(self, declared: list[Metric] | None = None) -> None:
        self._given = declared

    @cached_property
    def declared(self) -> dict[str, Metric]:
        found = contracts().metrics.metrics if self._given is None else self._given
        return {m.name: m for m in found}

    @cached_property
    def collector(self) -> CollectorRegistry:
        return CollectorRegistry()

    @cached_property
    def _made(self) -> dict[str, Any]:
        return {
            m.name: KINDS[m.type](m.name, m.description, m.labels, registry=self.collector)
            for m in self.declared.values()
        }

    def inc(self, name: str, by: float = 1, **labels: str) -> None:
        """Raises a counter or a gauge. Raises WrongUse for what the contract does not declare."""
        self._child(name, ("counter", "gauge"), labels).inc(by)

    def set(self, name: str, value: float, **labels: str) -> None:
        """Sets a gauge."""
        self._child(name, ("gauge",), labels).set(value)

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Adds one observation to a histogram."""
        self._child(name, ("histogram",), labels).observe(value)

    def value(self, name: str, **labels: str) -> float:
        """The present value of a counter or gauge; 0 where nothing was counted yet."""
        self._child(name, ("counter", "gauge"), labels)
        return float(self.collector.get_sample_value(name, labels) or 0.0)

    def text(self) -> str:
        """The exposition Prometheus scrapes."""
        _ = self._made
        return generate_latest(self.collector).decode()

    def serve(self, port: int, host: str = "127.0.0.1") -> None:
        """Answers Prometheus on a port of its own thread. Raises Stop where the port is taken."""
        _ = self._made
        try:
            start_http_server(port, host, self.collector)
        except OSError as e:
            raise Stop(f"metrics port {port}: {e.strerror}; choose another (metrics_port in acme.toml)") from e

    def _child(self, name: str, types: tuple[str, ...], labels: dict[str, str]) -> Any:
        metric = self.declared.get(name)
        if metric is None:
            raise WrongUse(f"metric {name}: not declared; add it to acme_lib/contracts/metrics.yaml")
        if metric.type not in types:
            raise WrongUse(f"metric {name}: a {metric.type}, not a {' or '.join(types)}; see contracts/metrics.yaml")
        if set(labels) != set(metric.labels):
            raise WrongUse(
                f"metric {name}: labels {sorted(labels)}, declared are {sorted(metric.labels)} (contracts/metrics.yaml)"
            )
        made = self._made[name]
        return made.labels(**labels) if labels else made


metrics = Registry()
