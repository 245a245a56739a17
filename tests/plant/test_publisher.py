"""The publisher: every message acknowledged, in order per topic, through cut connections; refusals in plain words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from acme_lib.errors import Stop, WrongUse
from acme_lib.plant import Expectation, Outgoing, Pace, publish, read_publish_log
from acme_lib.processes import free_port
from acme_lib.settings import BrokerSettings

BrokerMaker = Callable[..., Any]  # conftest.SmallBroker


def messages(count: int) -> list[Outgoing]:
    return [
        Outgoing(n, f"acme/a/b/c/d/e/tag_{n % 3}", str(n).encode(), Expectation("valid", "s", "e", n // 3, f"id-{n}"))
        for n in range(count)
    ]


def test_publishes_everything_once_and_logs_after_the_acknowledgement(
    small_broker: BrokerMaker, tmp_path: Path
) -> None:
    small = small_broker()
    found = publish(messages(500), BrokerSettings(port=small.port), tmp_path / "log")
    assert [body for _, body in small.received] == [str(n).encode() for n in range(500)]
    log = read_publish_log(tmp_path / "log")
    assert found.published == log.num_rows == 500
    assert log["n"].to_pylist() == list(range(500))
    assert log["message_id"].to_pylist() == [f"id-{n}" for n in range(500)]


def test_cut_connections_resend_in_order_and_lose_nothing(small_broker: BrokerMaker, tmp_path: Path) -> None:
    small = small_broker(cut_after=[100, 37, 60])
    found = publish(messages(400), BrokerSettings(port=small.port), tmp_path / "log")
    assert small.connections == 4
    assert found.reconnects == 3
    assert first_arrivals(small) == [str(n).encode() for n in range(400)]
    assert read_publish_log(tmp_path / "log").num_rows == 400


def first_arrivals(small: Any) -> list[bytes]:
    return list(dict.fromkeys(body for _, body in small.received))


def test_a_second_run_goes_on_counting_in_the_same_log(small_broker: BrokerMaker, tmp_path: Path) -> None:
    small = small_broker()
    for _ in range(2):
        publish(messages(10), BrokerSettings(port=small.port), tmp_path / "log")
    assert read_publish_log(tmp_path / "log")["n"].to_pylist() == list(range(20))


def test_a_denied_topic_stops_with_the_mend_and_is_not_logged(small_broker: BrokerMaker, tmp_path: Path) -> None:
    small = small_broker(deny="acme/a/b/c/d/e/tag_1")
    with pytest.raises(Stop, match=r"denied 'plant-simulator' publishing on acme/a/b/c/d/e/tag_1 \(0x87"):
        publish(messages(3), BrokerSettings(port=small.port), tmp_path / "log")
    assert "acme/a/b/c/d/e/tag_1" not in read_publish_log(tmp_path / "log")["topic"].to_pylist()


def test_a_refused_identity_stops_with_the_mend(small_broker: BrokerMaker) -> None:
    small = small_broker(refuse_connect=0x87)
    with pytest.raises(Stop, match="refuses identity 'stranger'"):
        publish(messages(1), BrokerSettings(port=small.port), identity="stranger")


def test_an_absent_broker_stops_with_the_mend() -> None:
    with pytest.raises(Stop, match=r"does not answer.*acme broker start"):
        publish(messages(1), BrokerSettings(port=free_port()), patience_s=0.2)


@pytest.mark.parametrize("speed", ["0", "-1", "fast", "nan", "inf"])
def test_a_speed_that_is_none_is_wrong_use(speed: str) -> None:
    with pytest.raises(WrongUse, match="--speed"):
        Pace.parse(speed)


def test_speed_divides_event_time_and_rate_counts_messages() -> None:
    assert Pace.parse("60").due_s(at_ms=120_000, first_ms=0, n=5) == 2.0
    assert Pace.parse("max").due_s(120_000, 0, 5) == 0.0
    assert Pace.parse("60", rate=10).due_s(120_000, 0, 5) == 0.5


def test_no_log_there_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="no publish log"):
        read_publish_log(tmp_path)
