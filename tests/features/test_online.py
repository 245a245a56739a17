"""Online equals batch: out of order, late, missing, doubled, restarted anywhere; and over the whole of FD001."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest
from feature_rows import MINUTE, START, frames, noise, readings, spec
from hypothesis import given, settings
from hypothesis import strategies as st

from acme_lib.contracts import contracts
from acme_lib.errors import WrongUse
from acme_lib.features import Frames, FrameVector, Online, assemble, compute, fit
from acme_lib.plant.historian import histories

KNOWN = ["a", "b", "c"]
HAPPENED = {"events": {("alarm", "x"): np.array([START])}, "attributes": {"kind": [(START, "k")]}}
FITTED = fit(spec(normalise=True, components={"count": 2, "over": 3}), [frames(noise(30), **HAPPENED)])


def unruly(rows: list, random: Random) -> list:
    """Readings as a bad network brings them: some lost, doubled, a little or far too late."""
    found = [
        (at + random.choice([0, 0, 0, 1, 2, 9]) * MINUTE, n, (tag, at, v))
        for n, (tag, at, v) in enumerate(rows)
        if random.random() > 0.1
    ]
    found += random.sample(found, len(found) // 10)
    return [row for _, _, row in sorted(found, key=lambda entry: entry[:2])]


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(5, 30))
def test_online_is_batch_whatever_the_network_does(random: Random, rows: int) -> None:
    told = readings(frames(noise(rows, seed=random.randrange(100))), KNOWN)
    told += [("alarm", START + random.randrange(rows) * MINUTE, random.choice("xy")) for _ in range(5)]
    told += [
        ("kind", START + random.randrange(rows) * MINUTE, random.choice("kl")),
        ("years", START, 4.0),
        ("other", START, 1.0),
    ]
    told = unruly(sorted(told, key=lambda row: row[1]), random)
    online, found = Online(FITTED, "p-1"), list[FrameVector]()
    for reading in told:
        found += online.add(*reading)
        if random.random() < 0.1:
            online = Online.restore(FITTED, online.state())
    found += online.flush()
    whole = assemble(FITTED.spec, told, known=FITTED.known)
    assert [v.ts_us for v in found] == whole.times.tolist()
    assert [v.frame for v in found] == list(range(1, len(found) + 1))
    if found:
        np.testing.assert_array_equal(np.stack([v.vector for v in found]), compute(FITTED, whole))
    assert [v.missing for v in found] == [
        tuple(t for t, v in zip(KNOWN, row, strict=True) if v != v) for row in whole.values
    ]
    assert all(v.complete == (not {"a", "b"} & set(v.missing)) for v in found)


def test_deadlines_pass_without_readings() -> None:
    online = Online(FITTED, "p-1")
    online.add("a", START, 1.0)
    (found,) = online.advance(START + 2 * MINUTE)
    assert (found.complete, found.missing) == (False, ("b", "c"))


def test_memory_is_bounded() -> None:
    online, sizes = Online(FITTED, "p-1"), []
    for n in range(400):
        online.add("alarm", START + n * MINUTE, "x")
        for tag in KNOWN:
            online.add(tag, START + n * MINUTE, float(n))
        sizes.append(len(online.state()))
    assert max(sizes[100:]) <= max(sizes[:100]) + 32


def test_a_state_of_other_features_is_refused() -> None:
    state = Online(FITTED, "p-1").state()
    with pytest.raises(WrongUse, match="feature state is of press-"):
        Online.restore(fit(spec(), [frames(noise(30))]), state)
    with pytest.raises(WrongUse, match="can't be read"):
        Online.restore(FITTED, b"\x00")


def test_some_engines_of_fd001_agree(public_data: Path) -> None:
    assert _worst(public_data, split="train", limit=2) <= 1e-5


@pytest.mark.drill
def test_the_whole_of_fd001_agrees(public_data: Path) -> None:
    assert _worst(public_data, split="both", limit=None) <= 1e-5


def _worst(public_data: Path, split: str, limit: int | None) -> float:
    """The largest relative difference over every engine, replayed reading by reading."""
    turbofan = contracts().feature_specs["turbofan"]
    told: dict[str, list] = {}
    for history in histories("cmapss", public_data / "cmapss", split=split, limit=limit):
        for reading in history.readings():
            told.setdefault(reading.equipment, []).append((reading.tag, reading.at_ms * 1000, reading.value))
    whole: dict[str, Frames] = {e: assemble(turbofan, rows, e) for e, rows in told.items()}
    fitted = fit(turbofan, whole.values())
    return max(_apart(fitted, equipment, told[equipment], whole[equipment]) for equipment in told)


def _apart(fitted, equipment: str, told: list, whole: Frames) -> float:  # type: ignore[no-untyped-def]
    online = Online(fitted, equipment)
    found = np.stack([v.vector for reading in told for v in online.add(*reading)])
    wanted = compute(fitted, whole)
    assert found.shape == wanted.shape
    assert np.array_equal(np.isnan(found), np.isnan(wanted))
    scale = np.maximum(np.maximum(np.abs(found), np.abs(wanted)), 1e-6)
    return float(np.nanmax(np.abs(found - wanted) / scale))
