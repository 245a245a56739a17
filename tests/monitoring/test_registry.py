"""Metrics: what the contract declares can be counted, nothing else."""

from __future__ import annotations

import socket

import pytest

from acme_lib.errors import Stop, WrongUse
from acme_lib.monitoring import Registry


def test_counts_and_shows_what_the_contract_declares() -> None:
    found = Registry()
    found.inc("acme_bridge_delivered_total", 3, hub="telemetry")
    found.inc("acme_bridge_delivered_total", 2, hub="telemetry")
    found.set("acme_bridge_buffered", 7)
    assert found.value("acme_bridge_delivered_total", hub="telemetry") == 5
    assert found.value("acme_bridge_delivered_total", hub="telemetry-dlq") == 0
    assert 'acme_bridge_delivered_total{hub="telemetry"} 5.0' in found.text()
    assert "# HELP acme_bridge_accepted_total" in found.text()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: r.inc("acme_lake_typo_total"), "not declared; add it to"),
        (lambda r: r.inc("acme_bridge_delivered_total", topic="x"), r"declared are \['hub'\]"),
        (lambda r: r.set("acme_bridge_delivered_total", 1, hub="t"), "a counter, not a gauge"),
    ],
)
def test_what_it_does_not_declare_is_refused(call: object, message: str) -> None:
    with pytest.raises(WrongUse, match=message):
        call(Registry())  # type: ignore[operator]


def test_a_taken_port_is_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(Stop, match="choose another"):
            Registry().serve(taken.getsockname()[1])
