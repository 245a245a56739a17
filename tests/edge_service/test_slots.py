"""A model serves only when its bundle is genuine and its golden rows come out; what is refused changes nothing."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import numpy as np
import pytest

from acme_lib.errors import Stop, WrongUse
from acme_lib.models.bundle import counters, generate_key


def version(slots: Any) -> str:
    return str(slots.serving["rul"].current.manifest.model_version)


def test_a_genuine_bundle_serves_what_it_was_released_with(shop: Any) -> None:
    shop.make(1)
    slots = shop.slots()
    assert slots.look() == 1
    vectors = shop.vectors(30, seed=4)
    found, wanted = slots.slot(None).current.predict(vectors), shop.values(vectors)
    np.testing.assert_allclose(found.value, wanted.value, rtol=1e-5)
    np.testing.assert_allclose(found.low, wanted.low, rtol=1e-5)
    assert slots.look() == 0


def test_a_newer_bundle_is_swapped_in_and_the_one_before_stays_for_rollback(shop: Any) -> None:
    shop.make(1)
    slots = shop.slots()
    slots.look()
    first = slots.serving["rul"].current
    shop.make(2, scale=-3.0)
    assert slots.look() == 1
    assert version(slots) == "2"
    assert slots.serving["rul"].previous is first
    assert slots.rollback() == ["rul"]
    assert slots.serving["rul"].current is first
    assert slots.look() == 0, "a look does not undo the rollback"
    shop.make(3)
    slots.look()
    assert version(slots) == "3"


CASES = {
    "tampered": ("TAMPERED", lambda shop: flip(shop.make(2) / "model.onnx")),
    "unknown key": ("UNTRUSTED", lambda shop: shop.make(2, key=generate_key())),
    "other answers": ("GOLDEN", lambda shop: shop.make(2, golden__json=shop.parts(scale=11.0)["golden.json"])),
    "no model": ("UNUSABLE", lambda shop: shop.make(2, model__onnx=b"\x00")),
    "other features": ("UNUSABLE", lambda shop: shop.make(2, input_schema__json=b'{"features": [{"name": "x"}]}')),
    "few golden rows": ("UNUSABLE", lambda shop: shop.make(2, golden__json=few(shop))),
    "no bands": ("UNUSABLE", lambda shop: shop.make(2, bands__json=b"{")),
}


def flip(path: Any) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:9] + bytes([data[9] ^ 1]) + data[10:])


def few(shop: Any) -> bytes:
    golden = msgspec.json.decode(shop.parts()["golden.json"])
    return msgspec.json.encode({"rows": golden["rows"][:19]})


@pytest.mark.parametrize("name", CASES)
def test_a_refused_bundle_is_named_with_its_reason_and_the_old_model_goes_on(shop: Any, name: str) -> None:
    code, harm = CASES[name]
    shop.make(1)
    slots = shop.slots()
    slots.look()
    serving = slots.serving
    harm(shop)
    assert slots.look() == 0
    assert slots.serving is serving
    assert {r.bundle: r.code for r in slots.refused.values()} == {"rul-2": code}
    assert slots.refused["rul-2"].reason
    assert shop.counters.highest("rul") == 1, "what was refused does not raise the counter"
    shutil.rmtree(shop.bundles / "rul-2")
    shop.make(2)
    assert slots.look() == 1
    assert slots.refused == {}


def test_an_older_counter_is_refused_also_after_a_restart(shop: Any) -> None:
    shop.make(5)
    shop.slots().look()
    shutil.rmtree(shop.bundles / "rul-5")
    shop.make(4)
    slots = shop.slots()
    assert slots.look() == 0
    assert slots.serving == {}
    assert slots.refused["rul-4"].code == "DOWNGRADE"


def test_of_several_at_start_the_newest_serves(shop: Any) -> None:
    for number in (1, 3, 2):
        shop.make(number)
    slots = shop.slots()
    slots.look()
    assert version(slots) == "3"


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """The state folder's disk is full until the fixture is called."""
    with monkeypatch.context() as m:

        def no_space(_: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        m.setattr(counters.os, "fsync", no_space)
        yield m.undo


def test_a_counter_that_cant_be_recorded_refuses_its_bundle_for_now_and_no_other(
    shop: Any, request: pytest.FixtureRequest
) -> None:
    shop.make(3)
    slots = shop.slots()
    slots.look()
    shop.make(4, scale=12.0)
    space = request.getfixturevalue("full")
    for _ in range(2):
        assert slots.look() == 0
        assert (version(slots), [r.code for r in slots.refused.values()]) == ("3", ["UNRECORDED"])
    os.utime(shop.bundles / "rul-3" / "manifest.json")
    slots.look()
    assert "rul-3" not in slots.refused, "what serves is no downgrade of what was never taken"
    space()
    assert slots.look() == 1
    assert (version(slots), shop.counters.highest("rul"), slots.refused) == ("4", 4, {})
    assert slots.look() == 0


def test_a_counter_that_reached_the_disk_though_its_folder_was_not_synced_is_taken_at_the_next_look(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.make(3)
    slots = shop.slots()
    slots.look()
    shop.make(4, scale=12.0)
    sync = os.fsync

    def no_folder(number: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{number}"):
            raise OSError(5, "Input/output error")
        sync(number)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", no_folder)
        assert slots.look() == 0
    assert (version(slots), shop.counters.highest("rul"), slots.refused["rul-4"].code) == ("3", 4, "UNRECORDED")
    assert slots.look() == 1
    assert (version(slots), slots.refused) == ("4", {})


def test_at_a_start_on_a_full_disk_the_older_genuine_bundle_serves(shop: Any, request: pytest.FixtureRequest) -> None:
    shop.make(3)
    shop.slots().look()
    shop.make(4)
    space = request.getfixturevalue("full")
    slots = shop.slots()
    assert slots.look() == 1
    assert (version(slots), slots.refused["rul-4"].code) == ("3", "UNRECORDED")
    space()
    assert slots.look() == 1
    assert version(slots) == "4"


def test_bundles_are_judged_once_damaged_counters_are_mended(shop: Any) -> None:
    shop.make(1)
    slots = shop.slots()
    slots.look()
    good = shop.counters.path.read_bytes()
    shop.counters.path.write_bytes(b"{")
    shop.make(2)
    with pytest.raises(Stop, match="restore the file"):
        slots.look()
    assert version(slots) == "1"
    shop.counters.path.write_bytes(good)
    assert slots.look() == 1
    assert version(slots) == "2"


def test_half_a_bundle_is_not_looked_at(shop: Any) -> None:
    shop.make(1).rename(shop.bundles / ".new-rul-1")
    slots = shop.slots()
    assert (slots.look(), slots.refused) == (0, {})


def test_without_a_trust_root_nothing_is_judged(shop: Any) -> None:
    shutil.rmtree(shop.trust)
    with pytest.raises(WrongUse, match="no trust root"):
        shop.slots().look()


def test_a_use_case_that_is_not_served_names_those_that_are(shop: Any) -> None:
    shop.make(1)
    slots = shop.slots()
    slots.look()
    with pytest.raises(WrongUse, match="served here are rul"):
        slots.slot("failure_24h")
