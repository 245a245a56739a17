"""What goes wrong between a gateway and the broker: messages sent twice, used ids, malformed ones in between."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import cycle

import orjson
from msgspec.structs import replace

from acme_lib.contracts import Contracts
from acme_lib.plant.message import Outgoing
from acme_lib.plant.simulation.config import Config
from acme_lib.plant.simulation.draws import Draws
from acme_lib.plant.simulation.malformed import broken, details

__all__ = ["disturbed"]

RESEND_WITHIN_MS = 20_000.0


class Every:
    """True once in every 1/share calls, at a drawn place in each such stretch: the share is exact, the place is not."""

    def __init__(self, share: float, draws: Draws) -> None:
        self._length, self._draws = (1 / share if share else 0.0), draws
        self._begin, self._calls = 0.0, 0
        self._at = draws.uniform(0, self._length)

    def __call__(self) -> bool:
        if not self._length:
            return False
        hit = self._calls <= self._at < self._calls + 1
        self._calls += 1
        if self._calls >= self._begin + self._length:
            self._begin += self._length
            self._at = max(self._begin + self._draws.uniform(0, self._length), self._calls)
        return hit


def disturbed(messages: Iterator[Outgoing], config: Config, facts: Contracts) -> Iterator[Outgoing]:
    """`messages` with the configured shares of duplicates, malformed messages and id conflicts among them.

    Shares are of everything published; an extra message follows the one it is made from, in event-time order.
    """
    draws = Draws(config.seed, "disturbances")
    valid_share = 1 - config.malformed_share - config.duplicate_share
    malforms = Every(config.malformed_share / valid_share, draws)
    doubles = Every(config.duplicate_share / valid_share, draws)
    conflicts = _conflict_times(config)
    ways = cycle(details(facts))
    used: dict[str, int] = {}
    later: list[tuple[int, int, Outgoing]] = []
    for n, message in enumerate(messages):
        while later and later[0][0] <= message.at_ms:
            yield heappop(later)[2]
        yield message
        if malforms():
            reason, detail = next(ways)
            yield broken(message, reason, detail, used.get(detail, 0))
            used[detail] = used.get(detail, 0) + 1
        if doubles():
            _hold(later, n, message, "duplicate", draws)
        if conflicts and message.at_ms >= conflicts[0] and _is_number(message):
            conflicts.pop(0)
            _hold(later, n, conflicting(message), "conflict", draws)
    for _, _, message in sorted(later):
        yield message


def conflicting(message: Outgoing) -> Outgoing:
    """The same message id, epoch and seq with another value: Silver keeps both and flags the later one."""
    body = orjson.loads(message.payload)
    body["value"] += 1
    expected = replace(message.expectation, violation="ID_CONFLICT")
    return replace(message, payload=orjson.dumps(body), expectation=expected)


def _hold(later: list[tuple[int, int, Outgoing]], n: int, message: Outgoing, kind: str, draws: Draws) -> None:
    at_ms = message.at_ms + 1 + int(draws.uniform(0, RESEND_WITHIN_MS))
    expected = replace(message.expectation, kind=kind)
    heappush(later, (at_ms, n, replace(message, at_ms=at_ms, expectation=expected)))


def _conflict_times(config: Config) -> list[int]:
    count = config.conflicts
    return [config.start_ms + config.span_ms * (i + 1) // (count + 1) for i in range(count)]


def _is_number(message: Outgoing) -> bool:
    return type(orjson.loads(message.payload)["value"]) in (int, float)
