"""The ledger as Prometheus metrics: read at each scrape from the files, so counters survive every restart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector, CollectorRegistry

from acme_lib.bridge.ledger import Status
from acme_lib.contracts import Metric, contracts
from acme_lib.errors import Stop
from acme_lib.settings import Settings

__all__ = ["LedgerCollector", "samples", "serve"]

Sample = tuple[list[str], float]


def samples(status: Status) -> dict[str, list[Sample]]:
    """Values by metric name, each with its labels' values in the contract's order."""
    hubs = status.by_hub
    return {
        "acme_bridge_accepted_total": [([], status.accepted)],
        "acme_bridge_dead_lettered_total": [(name.split("/"), n) for name, n in status.dead_lettered_by_detail.items()],
        "acme_bridge_unknown_flag_warnings_total": [([], status.unknown_flag_warnings)],
        "acme_bridge_delivered_total": [([hub], h["delivered"]) for hub, h in hubs.items()],
        "acme_bridge_redelivered_total": [([hub], h["redelivered"]) for hub, h in hubs.items()],
        "acme_bridge_retries_total": [([hub], h["retries"]) for hub, h in hubs.items()],
        "acme_bridge_buffered": [([], status.buffered + status.dead_letters_buffered)],
        "acme_bridge_oldest_unsent_seconds": [([], status.oldest_unsent_s)],
        "acme_bridge_journal_bytes": [([], status.disk_bytes)],
    }


class LedgerCollector(Collector):
    """Exposes what contracts/metrics.yaml declares for the bridge; before its first start, nothing."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._declared = {m.name: m for m in contracts().metrics.metrics}

    def describe(self) -> Iterable[CounterMetricFamily | GaugeMetricFamily]:
        return []  # registering must not read files

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        from acme_lib.bridge.assemble import status

        try:
            found = samples(status(self._settings))
        except Stop:
            return
        for name, values in found.items():
            yield _family(self._declared[name], values)


def _family(metric: Metric, values: list[Sample]) -> CounterMetricFamily | GaugeMetricFamily:
    kind = CounterMetricFamily if metric.type == "counter" else GaugeMetricFamily
    family = kind(metric.name, metric.description, labels=metric.labels)
    for labels, value in values:
        family.add_metric(labels, value)
    return family


def serve(settings: Settings) -> None:
    """Answers Prometheus on bridge.metrics_port; 0 for none. Raises Stop where the port is taken."""
    if not settings.bridge.metrics_port:
        return
    from prometheus_client import start_http_server

    registry = CollectorRegistry()
    registry.register(LedgerCollector(settings))
    try:
        start_http_server(settings.bridge.metrics_port, "127.0.0.1", registry)
    except OSError as e:
        raise Stop(f"metrics port {settings.bridge.metrics_port} is taken: change bridge.metrics_port ({e})") from e
