"""The journal against a plain list, under kill -9 and under any order of calls and reopenings."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from acme_lib.journal import Entry, Frame, SqliteJournal

ALL = 1 << 30
WRITER = """
import sys
from pathlib import Path
from acme_lib.journal import Entry, SqliteJournal
journal = SqliteJournal(Path(sys.argv[1]), writer=True)
print("ready", flush=True)
while True:
    first = journal.next_seq
    count = first % 9 + 1
    last = journal.append([Entry("telemetry", "k", b"%d" % n) for n in range(first, first + count)], 1, {"commits": 1})
    print(last, flush=True)
    if last % 5 == 0:
        journal.prune(last - 200)
"""


def _kill_once(path: Path, moment: float) -> int:
    """Runs a writer, kills it -9 after `moment` seconds; the last number it said was committed."""
    child = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    time.sleep(moment)
    child.kill()
    said = child.stdout.read().split(b"\n")
    child.wait()
    whole = [int(line) for line in said[:-1] if line]
    return whole[-1] if whole else 0


def _check(path: Path, said: int) -> None:
    journal = SqliteJournal(path, writer=True)
    frames = journal.frames(0, ALL)
    numbers = [int(e.body) for f in frames if isinstance(f, Frame) for e in f.entries]
    assert all(isinstance(f, Frame) for f in frames)
    assert numbers == list(range(numbers[0], journal.next_seq))  # no gap, no double, no half frame
    assert journal.next_seq - 1 >= said  # what was said to be committed is there
    assert numbers[0] <= max(1, journal.next_seq - 200)  # nothing above the pruning mark was deleted
    assert journal.counters()["accepted/telemetry"] == journal.next_seq - 1
    journal.close()


def _kills(path: Path, seed: int, times: int) -> None:
    moments, said = random.Random(seed), 0
    for _ in range(times):
        said = max(said, _kill_once(path, moments.uniform(0.0, 0.15)))  # killed at once, a writer says nothing
        _check(path, said)


def test_kill_9_loses_nothing_committed(tmp_path: Path) -> None:
    _kills(tmp_path / "journal.db", seed=1, times=3)


@pytest.mark.drill
@pytest.mark.parametrize("seed", range(10))
def test_kill_9_at_many_moments(tmp_path: Path, seed: int) -> None:
    _kills(tmp_path / "journal.db", seed, times=20)


class JournalAgainstList(RuleBasedStateMachine):
    """The model is a list of (number, body) and the number below which deletion was asked for."""

    def __init__(self) -> None:
        super().__init__()
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "journal.db"
        self.journal = SqliteJournal(self.path, writer=True)
        self.model: list[bytes] = []
        self.ends: list[int] = []
        self.pruned = 0

    @rule(bodies=st.lists(st.binary(max_size=20), min_size=1, max_size=6))
    def append(self, bodies: list[bytes]) -> None:
        self.journal.append([Entry("telemetry", "k", b) for b in bodies], 1)
        self.model += bodies
        self.ends.append(len(self.model))

    @rule(data=st.data())
    def prune(self, data: st.DataObject) -> None:
        through = data.draw(st.integers(0, len(self.model)))
        self.journal.prune(through)
        self.pruned = max([self.pruned, *(end for end in self.ends if end <= through)])

    @rule()
    def reopen(self) -> None:
        self.journal.close()
        self.journal = SqliteJournal(self.path, writer=True)

    @rule()
    def fail_half_way(self) -> None:
        """A transaction that breaks off leaves no trace."""
        try:
            self.journal.append([Entry("telemetry", "k", b"lost")], 1, {"bad": object()})  # type: ignore[dict-item]
        except Exception:
            return
        raise AssertionError("the append should have failed")

    @invariant()
    def agrees(self) -> None:
        found = [e.body for f in self.journal.frames(0, ALL) if isinstance(f, Frame) for e in f.entries]
        assert found == self.model[self.pruned :]
        assert self.journal.next_seq == len(self.model) + 1

    def teardown(self) -> None:
        self.journal.close()
        self.folder.cleanup()


JournalAgainstList.TestCase.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
TestJournalAgainstList = JournalAgainstList.TestCase
