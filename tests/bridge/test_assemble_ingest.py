"""Ingest as the process runs it: what it is told to tell reaches the bridge's alerts."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from acme_lib.bridge import assemble
from acme_lib.bridge.files import BridgeFiles
from acme_lib.bridge.stream import Batch, Stream
from acme_lib.journal import Entry, SqliteJournal
from acme_lib.settings import settings


class NewSession:
    """A subscriber whose broker knows no session; ingest is told to end once that was read."""

    def __init__(self, told: threading.Event, stream: Stream) -> None:
        self._told, self._found = told, [Batch(stream, [], new_session=True)]

    def poll(self, wait_s: float, most: int) -> Batch | None:
        if self._found:
            return self._found.pop()
        self._told.set()
        return None

    def close(self) -> None: ...


def test_a_session_that_the_broker_lost_is_an_open_alert(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, told = settings(), threading.Event()
    journal = SqliteJournal(BridgeFiles.of(found).journal_path, writer=True)
    journal.append([Entry("telemetry", "k", b"{}")] * 3, 1)
    journal.close()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        monkeypatch.setattr(assemble, "Subscriber", lambda *_: NewSession(told, Stream(ours)))
        assemble.ingest(found, told)
    open_now = [(a.rule, a.key) for a in assemble.alerts(found).rows()]
    assert ("broker_session_lost", f"{found.bridge.id}/3") in open_now
