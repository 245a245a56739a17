"""A disk that is really full: ingest waits, says so once, holds a bounded part in memory, and goes on by itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from acme_lib.journal import Frame, JournalFull
from tests.bridge.test_ingest import Rig

FULL = "journal_disk_full"


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_the_alert_stays_open_until_a_write_succeeded_whatever_the_gauge_sees(rig: Rig) -> None:
    rig.ingest.step()
    rig.bell.closed.clear()  # what an earlier process may have left open
    rig.journal.full = True
    rig.broker.send(1)
    for _ in range(20):
        rig.ingest.step()
    assert (rig.bell.opened, rig.bell.closed, rig.broker.stream.acked) == ([FULL], [], [])
    rig.journal.full = False
    for _ in range(3):
        rig.ingest.step()
    assert (rig.bell.opened, rig.bell.closed, rig.broker.stream.acked) == ([FULL], [FULL], [1])


def test_after_a_lost_connection_any_message_tries_the_disk_and_the_first_write_closes_the_alert(rig: Rig) -> None:
    rig.journal.full = True
    rig.broker.send(1)
    rig.ingest.step()
    rig.ingest._held.clear()  # as after the end of the connection
    rig.bell.closed.clear()
    rig.broker.send(2, qos=0)
    for _ in range(5):
        rig.ingest.step()
    assert rig.bell.closed == []
    rig.journal.full = False
    rig.broker.send(3, qos=0)
    for _ in range(3):
        rig.ingest.step()
    assert rig.bell.closed == [FULL]
    assert rig.journal.next_seq > 1


def test_an_alert_that_finds_no_space_either_ends_nothing_and_comes_later(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> bool:
        raise OSError(28, "No space left on device")

    rig.journal.full = True
    with monkeypatch.context() as patch:
        patch.setattr(rig.bell, "open", full)
        patch.setattr(rig.bell, "close", full)
        for n in (1, 2, 3):
            rig.broker.send(n)
            rig.ingest.step()
    rig.ingest.step()
    assert rig.bell.opened == [FULL]
    rig.journal.full = False
    rig.ingest.step()
    assert rig.broker.stream.acked == [1, 2, 3]


def test_a_cursor_that_cannot_be_read_for_want_of_space_is_read_later(rig: Rig) -> None:
    def full() -> int:
        raise JournalFull("cursors: no space; free some")

    rig.ingest._lowest = full
    rig.broker.send(1)
    assert rig.ingest.step() == 1


def test_what_waited_is_committed_in_frames_of_bounded_bytes(tmp_path: Path) -> None:
    rig = Rig(tmp_path, most_bytes=1_000)
    rig.journal.full = True
    for n in range(1, 8):
        rig.broker.send(n, raw=b"x" * (3_000 if n == 4 else 400))
        rig.ingest.step()
    rig.journal.full = False
    rig.ingest.step()
    frames = [(f.first, f.last) for f in rig.journal.frames(0, 1 << 30) if isinstance(f, Frame)]
    assert frames == [(1, 2), (3, 3), (4, 4), (5, 6), (7, 7)]
    assert rig.broker.stream.acked == [1, 2, 3, 4, 5, 6, 7]


def test_over_its_memory_it_leaves_messages_with_the_broker_and_keeps_the_session(tmp_path: Path) -> None:
    rig = Rig(tmp_path, hold_bytes=1_000)
    rig.journal.full = True
    for n in range(1, 10):
        rig.broker.send(n, raw=b"x" * 400)
    for _ in range(20):
        rig.ingest.step()
    assert sum(batch.size for batch in rig.ingest._held) == 1_200
    assert rig.broker.asked_for[-5:] == [0] * 5  # pings still go out there
    rig.journal.full = False
    while rig.broker.waiting or rig.ingest._held:
        rig.ingest.step()
    assert rig.broker.stream.acked == list(range(1, 10))


REALLY_FULL = """
import os, shutil, socket, sys
from pathlib import Path
from acme_lib.bridge.budget import Budget, Gauge
from acme_lib.bridge.files import BridgeFiles
from acme_lib.bridge.ingest import Ingest, Pace
from acme_lib.bridge.intake import Intake
from acme_lib.bridge.mapping import Mapping
from acme_lib.bridge.presence import announce
from acme_lib.bridge.stream import Batch, Publish, Stream
from acme_lib.bridge.unfailing import log_unfailing
from acme_lib.contracts import contracts
from acme_lib.journal import JournalFull
from acme_lib.monitoring import JsonlAlerts

volume = Path(sys.argv[1])
os.dup2(os.open(volume / "bridge-ingest.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND), 1)
log_unfailing()  # as assemble.ingest begins
files, stream = BridgeFiles(volume / "journal"), Stream(socket.socketpair()[0])
stream.ack = acked = lambda ids, all=[]: all.extend(ids) or all


class Source:
    n = 0

    def poll(self, wait_s, most):
        self.n += 1
        topic = "acme/plant-a/press/line-1/cell-1/pump-001/vibration"
        return Batch(stream, [Publish(topic, os.urandom(4000), self.n)]) if self.n <= 40 else None


def fill():
    with (volume / "filler").open("ab", buffering=0) as out:
        for size in (4096, 1):
            try:
                while True:
                    out.write(bytes(size))
            except OSError:
                pass


def opened():
    journal, cursors, found = files.writer("telemetry-dlq"), files.cursors(), contracts().bridge
    gauge = Gauge(
        Budget(1 << 40), JsonlAlerts(volume / "ops" / "alerts.jsonl"), "b", lambda: shutil.disk_usage(volume).free
    )
    pace = Pace(wait_s=0, linger_s=0, look_s=0, full_retry_s=0)
    return journal, Ingest(Source(), journal, Intake(Mapping(found), "b"), gauge, volume / "dlq", cursors.lowest, pace)


journal, ingest = opened()
announce(files, True)
for _ in range(3):
    ingest.step()
fill()
for _ in range(30):
    ingest.step()
    announce(files, False)
    announce(files, True)
assert journal.next_seq - 1 == len(acked([])), "acknowledged what is not on disk, or the other way round"
assert journal.next_seq < 40, "the volume was not full"
(volume / "filler").unlink()
for _ in range(30):
    ingest.step()
assert acked([]) == list(range(1, 41)), acked([])
journal.close()
del ingest
for shm in files.folder.glob("*-shm"):  # as after the end of every process
    shm.unlink()
fill()
try:
    opened()
except JournalFull as e:
    assert "free some" in str(e)
else:
    raise AssertionError("there was room to start")
"""
MOUNT = 'mount -t tmpfs -o size=3m tmpfs "$1"'  # in a namespace of its own: gone with its process
PRIVATE = ["unshare", "--map-root-user", "--mount", "sh", "-ec"]


@pytest.fixture
def mounts(tmp_path: Path) -> None:
    tried = subprocess.run([*PRIVATE, MOUNT, "sh", str(tmp_path)], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("this machine lets us mount no volume of our own")


def test_on_a_volume_with_no_byte_left_it_waits_and_goes_on(tmp_path: Path, mounts: None) -> None:
    (tmp_path / "rig.py").write_text(REALLY_FULL)
    (tmp_path / "volume").mkdir()
    run = [*PRIVATE, f'{MOUNT}; exec "$2" "$3" "$1"', "sh", str(tmp_path / "volume"), sys.executable]
    ended = subprocess.run([*run, str(tmp_path / "rig.py")], capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr
