"""Random small plants for Gold's laws: every tag kind, clocks that cut hours and days that change them, one frame of rows."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from gold_oracle import Clock, Tag
from gold_rows import reading

SITES = {
    # the day begins at 05:30 on the wall: inside an hour; the clocks go back on 1 November at 07:00Z
    "austin": ("America/Chicago", "05:30", datetime(2026, 11, 1, 5, tzinfo=UTC)),
    # a zone of half hours: 06:00 on the wall is 00:30Z
    "pune": ("Asia/Kolkata", "06:00", datetime(2026, 11, 1, 23, tzinfo=UTC)),
    # the clocks go forward by one hour on 4 October at 16:30Z the day before; 06:00 is 20:30Z, then 19:30Z
    "adelaide": ("Australia/Adelaide", "06:00", datetime(2026, 10, 3, 15, tzinfo=UTC)),
    "leipzig": ("Europe/Berlin", "05:00", datetime(2026, 10, 25, 0, tzinfo=UTC)),
}
TAGS = {
    "current": Tag("gauge", 900),
    "state": Tag("state", 900),
    "running": Tag("state", 900),
    "state_reason": Tag("label", 900),
    "failure": Tag("event", 0),
    "total_count": Tag("counter", 3600),
}
STATES = ("EXECUTE", "EXECUTE", "IDLE", "HELD", "ABORTED")
CLOCKS = {s: Clock(ZoneInfo(zone), time.fromisoformat(start)) for s, (zone, start, _) in SITES.items()}


def contracts_of_plants() -> Any:
    """The release's contracts with the plants' sites and a family of dryers."""
    from msgspec.structs import replace

    from acme_lib.contracts import Contracts, contracts

    assets = contracts().assets
    made = Contracts()
    known = {s.id: s for s in assets.sites}
    sites = [
        replace(known.get(s, assets.sites[0]), id=s, time_zone=zone, production_day_start=start)
        for s, (zone, start, _) in SITES.items()
    ]
    dryer = next(e for e in assets.equipment if e.equipment_class == "dryer")
    families = [replace(dryer, path=f"{s}/*/*/*/plant-[0-9]{{3}}") for s in SITES]
    others = [s for s in assets.sites if s.id not in SITES]
    made.__dict__["assets"] = replace(assets, sites=others + sites, families=[*assets.families, *families])
    return made


def value(rand: Random, tag: str, before: list[float]) -> Any:
    if tag == "current":
        return rand.choice([rand.uniform(-1e3, 1e3), 1e6 + rand.random(), 5.0])
    if tag == "total_count":
        before.append(before[-1] + rand.randrange(50) if rand.random() < 0.8 else float(rand.randrange(20)))
        return before[-1]
    if tag == "state":
        return rand.choice(STATES)
    if tag == "running":
        return rand.random() < 0.5
    return rand.choice(["belt", "heat", ""])


def plant(n: int, rand: Random) -> list[dict[str, Any]]:
    """Readings of one equipment: bursts and silences around its site's cut and clock change, flags and ties included."""
    site = list(SITES)[n % len(SITES)]
    start = SITES[site][2]
    rows = []
    for tag in TAGS:
        topic = f"acme/{site}/area-{n % 2}/line-{n % 3}/cell/plant-{n:03d}/{tag}"
        ts, before = start + timedelta(minutes=rand.randrange(600)), [0.0]
        for k in range(rand.randrange(1, 14)):
            ts += timedelta(milliseconds=rand.choice([0, 1, 40_000, 300_000, 900_000, 901_000, 2_700_000, 8_000_000]))
            quality = rand.choices(["GOOD", "STALE", "SIMULATED", "ERROR"], [12, 1, 1, 1])[0]
            kept_out = quality == "GOOD" and rand.random() < 0.1
            over = {"quality": quality, "dq_flags": ["RANGE"] if kept_out else [], "seq": rand.choice([None, k])}
            rows.append(reading(topic, ts, value(rand, tag, before), 0, message_id=f"{topic}-{k}", **over))
    return rows


def plants(count: int, seed: int) -> list[dict[str, Any]]:
    rand = Random(seed)
    rows = [row for n in range(count) for row in plant(n, rand)]
    return [row | {"source_offset": n} for n, row in enumerate(rows)]
