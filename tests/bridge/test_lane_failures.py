"""Nothing ends a lane unseen, and neither a full log volume nor a full disk ends it at all."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import structlog

from acme_lib.bridge import attempts
from acme_lib.bridge.unfailing import log_unfailing
from acme_lib.errors import Stop
from tests.bridge.egress_rig import Gated, Rig


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def full(*_: object) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_whatever_ends_a_lane_is_raised_by_the_next_step(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(self: Gated, partition: int, bodies: Sequence[bytes]) -> None:
        raise RuntimeError("a fault of ours")

    rig.accept(50)
    rig.begin()
    with monkeypatch.context() as patch:
        patch.setattr(Gated, "send", breaks)
        with pytest.raises(Stop, match=r"lane telemetry.*/\d: RuntimeError: a fault of ours; start egress again"):
            rig.drain()
        rig.end()
    rig.begin()
    rig.drain()
    rig.end()
    assert (rig.missing(), rig.inversions()) == (set(), 0)


def test_a_full_disk_that_takes_no_mark_of_attempts_stops_no_lane(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.begin()
    rig.accept(200)
    monkeypatch.setattr(attempts.os, "pwrite", full)
    found = rig.drain()
    assert all(lane.is_alive() for _, lane in rig.lanes.items())
    rig.end()
    assert found.delivered + found.dead_letters_delivered == 200


class FullVolume:
    """A file whose every write finds no space."""

    def __init__(self) -> None:
        self.tried: list[str] = []

    def write(self, text: str) -> int:
        self.tried.append(text)
        return full()

    def flush(self) -> None:
        full()


def test_a_full_log_volume_stops_no_lane(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.begin()
    rig.hubs.down = True
    rig.accept(200)
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout", FullVolume())
        until = time.monotonic() + 0.1
        while time.monotonic() < until:
            rig.egress.step()
    assert sum(lane.is_alive() for _, lane in rig.lanes.items()) == 8
    rig.hubs.down = False
    rig.drain()
    rig.end()
    assert (rig.missing(), rig.inversions()) == (set(), 0)


def test_a_log_line_without_room_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    log_unfailing()
    volume = FullVolume()
    monkeypatch.setattr("sys.stdout", volume)
    log = structlog.get_logger("bridge")
    for say in (log.info, log.warning, log.error):
        say("no one will read this")
    assert len([text for text in volume.tried if "no one will read this" in text]) == 3


def test_a_log_line_with_room_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    log_unfailing()
    structlog.get_logger("bridge").error("frame quarantined", first=os.getpid())
    assert f"first={os.getpid()}" in capsys.readouterr().out
