"""What malformed messages cost the main stream: the same live load with and without them, in turns."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from acme_lib.bench.bridge_stage import publish, settled, status
from acme_lib.bench.report import Report, spread
from acme_lib.errors import Stop
from acme_lib.settings import Settings

__all__ = ["BAD_EVERY", "beside", "order"]

BAD_EVERY = 20  # 5 %, fifty times the share that alerts (US-F2.3.3)
WARM = 2_000
NOTE = (
    "Malformed messages: three kinds in turn, each of about a valid message's size. A turn is as many messages either way, as fast as they go, "
    "from the first accepted to the last of telemetry delivered; pairs begin with either in turn, after a turn that opens the way to the dead letters' hub."
)


def beside(report: Report, found: Settings, count: int, pairs: int) -> None:
    """`pairs` times a turn of `count` messages with and one without malformed ones, as a ratio pair by pair."""
    rates: dict[int, list[float]] = {0: [], BAD_EVERY: []}
    turn(found, WARM, BAD_EVERY)
    for n in range(pairs):
        for bad_every in order(n):
            rates[bad_every].append(turn(found, count, bad_every))
    clean, mixed, share = rates[0], rates[BAD_EVERY], f"{1 / BAD_EVERY:.0%}".replace("%", " %")
    report.rows.append([f"live, turns of {count:,}, none malformed, msg/s", spread(clean, 0), "", ""])
    report.rows.append([f"live, turns of {count:,}, {share} malformed, msg/s", spread(mixed, 0), "", ""])
    ratios = [with_them / without for with_them, without in zip(mixed, clean, strict=True)]
    report.rows.append([f"{share} malformed / none, {pairs} pairs", spread(ratios), "", "1.00"])
    report.notes.append(NOTE)


def order(n: int) -> tuple[int, int]:
    """Either begins in turn, or a machine that warms up or tires would favour one."""
    return (0, BAD_EVERY) if n % 2 == 0 else (BAD_EVERY, 0)


def turn(found: Settings, count: int, bad_every: int) -> float:
    """Messages a second from the first accepted to the last of telemetry delivered. Raises Stop where dead letters are not those sent."""
    before = status(found)
    with ThreadPoolExecutor(1) as aside:
        publishing = aside.submit(publish, found, count, 0.0, bad_every)
        while (now := status(found)).accepted == before.accepted and not publishing.done():
            time.sleep(0.01)  # starting a publisher is not carrying
        begun, first = time.monotonic(), now.accepted
        after = settled(found, before.accepted + publishing.result()[0])
    rate = float(after.accepted - first) / (time.monotonic() - begun)
    found_letters = lettered(found) - before.dead_letters_delivered
    wanted = count // bad_every if bad_every else 0
    if found_letters != wanted:
        raise Stop(f"bench: {found_letters} dead letters of {wanted} malformed messages; see logs/bench-bridge.log")
    return rate


def lettered(found: Settings, within_s: float = 60.0) -> int:
    """Dead letters on their hub, once none waits."""
    until = time.monotonic() + within_s
    while (now := status(found)).dead_letters_buffered and time.monotonic() < until:
        time.sleep(0.05)
    return int(now.dead_letters_delivered)
