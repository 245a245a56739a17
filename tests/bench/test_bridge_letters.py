"""The pair that shows what malformed messages cost: what is sent, and that a figure stands for what it says."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from acme_lib.bench import bridge_letters
from acme_lib.bench.bare import messages
from acme_lib.bench.bridge_letters import BAD_EVERY, beside, order, turn
from acme_lib.bench.report import Report
from acme_lib.errors import Stop
from acme_lib.settings import load
from acme_lib.uns import Rejected, judge

SETTINGS = load(home=Path("nowhere"))


def test_one_in_twenty_is_malformed_in_three_ways_and_hardly_smaller() -> None:
    sent = list(messages(1_200, BAD_EVERY))
    judged = [judge(topic, body) for topic, body in sent]
    refused = [j for j in judged if isinstance(j, Rejected)]
    assert Counter(r.reason for r in refused) == {"UNKNOWN_FLAG": 20, "SCHEMA_INVALID": 20, "FIELD_MISSING": 20}
    assert [n for n, j in enumerate(judged) if isinstance(j, Rejected)] == list(range(19, 1_200, 20))
    assert max(len(b) for _, b in sent) - min(len(b) for _, b in sent) < 30


def test_without_a_share_all_are_valid() -> None:
    assert not any(isinstance(judge(topic, body), Rejected) for topic, body in messages(300))


def test_either_begins_in_turn() -> None:
    assert [order(n) for n in range(3)] == [(0, 20), (20, 0), (0, 20)]


def test_the_ratio_is_pair_by_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    warm = 1.0  # the first turn only opens the way to the dead letters' hub
    rates = {0: iter([1000.0, 2000.0, 4000.0]), BAD_EVERY: iter([warm, 900.0, 2000.0, 4400.0])}
    monkeypatch.setattr(bridge_letters, "turn", lambda _found, _count, bad_every: next(rates[bad_every]))
    report = Report("x", "x", "x", ["figure", "measured", "floor", "aim"])
    beside(report, SETTINGS, 100, 3)
    assert [row[1] for row in report.rows] == [
        "2,000 (1,000 to 4,000)", "2,000 (900 to 4,400)", "1.00 (0.90 to 1.10)",
    ]  # fmt: skip


class Bridge:
    """Accepts and delivers at once what is published; `lost` dead letters are not there."""

    def __init__(self, lost: int = 0) -> None:
        self.accepted, self.letters, self.lost = 0, 0, lost

    def publish(self, _found: object, count: int, _seconds: float, bad_every: int) -> tuple[int, float]:
        self.accepted += count
        self.letters += count // bad_every - self.lost if bad_every else 0
        return count, 1.0

    def status(self, *_: object) -> SimpleNamespace:
        return SimpleNamespace(accepted=self.accepted, dead_letters_delivered=self.letters, dead_letters_buffered=0)


@pytest.mark.parametrize(("lost", "bad_every"), [(0, 0), (0, BAD_EVERY), (1, BAD_EVERY)])
def test_a_turn_whose_dead_letters_are_missing_gives_no_figure(
    monkeypatch: pytest.MonkeyPatch, lost: int, bad_every: int
) -> None:
    fake = Bridge(lost)
    for name, part in {"publish": fake.publish, "status": fake.status, "settled": fake.status}.items():
        monkeypatch.setattr(bridge_letters, name, part)
    if lost:
        with pytest.raises(Stop, match="49 dead letters of 50 malformed messages"):
            turn(SETTINGS, 1_000, bad_every)
    else:
        assert turn(SETTINGS, 1_000, bad_every) >= 0
