"""Backoff and disk budget: the numbers that decide when to wait and when to stop."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from acme_lib.bridge import Backoff, delay
from acme_lib.bridge.budget import Budget, Gauge
from acme_lib.errors import Stop

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@given(st.integers(1, 10_000), st.integers(0, 9))
def test_a_wait_is_never_shorter_than_asked_and_never_without_bound(attempt: int, seed: int) -> None:
    policy = Backoff()
    assert delay(policy, attempt, Random(seed), throttled_s=1.0) >= 4.0
    assert 0.5 <= delay(policy, attempt, Random(seed)) <= 60.0 * 1.25


def test_waits_double_from_half_a_second() -> None:
    plain = Backoff(jitter=0.0)
    assert [delay(plain, n, Random(0)) for n in (1, 2, 3, 4, 9)] == [0.5, 1.0, 2.0, 4.0, 60.0]


class Bell:
    def __init__(self) -> None:
        self.rung: list[tuple[str, str]] = []

    def open(self, rule: str, key: str, value: object, now: datetime) -> bool:
        self.rung.append(("open", rule))
        return True

    def close(self, rule: str, key: str, now: datetime) -> int:
        self.rung.append(("close", rule))
        return 1


def test_alert_at_80_stop_at_95_and_go_on_a_little_lower() -> None:
    bell = Bell()
    gauge = Gauge(Budget(1_000), bell, "bridge-1", free=lambda: 10_000)
    gauge.look(0, NOW)
    bell.rung.clear()
    states = []
    for used in (799, 800, 949, 950, 930, 919, 780, 760):
        gauge.look(used, NOW)
        states.append(gauge.full)
    assert states == [False, False, False, True, True, False, False, False]
    assert bell.rung == [
        ("open", "journal_disk_high"), ("open", "journal_disk_full"),
        ("close", "journal_disk_full"), ("close", "journal_disk_high"),
    ]  # fmt: skip


def test_a_volume_smaller_than_the_budget_counts() -> None:
    assert Budget(1_000_000).share(900, 100) == 0.9


def test_what_an_earlier_process_left_open_is_closed_at_the_first_look() -> None:
    bell = Bell()
    Gauge(Budget(1_000), bell, "bridge-1", free=lambda: 10_000).look(10, NOW)
    assert bell.rung == [("close", "journal_disk_high"), ("close", "journal_disk_full")]


def test_an_alert_that_could_not_be_written_is_written_later_and_acknowledging_stops_at_once() -> None:
    class Mute(Bell):
        mute = True

        def open(self, rule: str, key: str, value: object, now: datetime) -> bool:
            if self.mute:
                raise Stop("no space for alerts; free some")
            return super().open(rule, key, value, now)

    bell = Mute()
    gauge = Gauge(Budget(1_000), bell, "bridge-1", free=lambda: 10_000)
    gauge.no_space(NOW)
    assert gauge.full
    bell.mute = False
    gauge.look(960, NOW)
    assert {rule for what, rule in bell.rung if what == "open"} == {"journal_disk_high", "journal_disk_full"}
