"""Alerts and audit in JSON lines files: on-premises, where no lakehouse is. One line a fact, synced to disk."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from acme_lib.errors import Stop
from acme_lib.monitoring.alerts import Alert, Alerts
from acme_lib.monitoring.audit import Audit, AuditRow, BrokenChain

__all__ = ["JsonlAlerts", "JsonlAudit"]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds the file's lock, so that two processes never decide on the same past. Raises Stop where there is no file to hold."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.with_name(path.name + ".lock").open("w")
    except OSError as e:
        raise Stop(f"{path}: can't write ({e.strerror}); free or replace the disk") from e
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write_lines(path: Path, items: Iterable[Any]) -> None:
    """Appends and syncs. A torn last line (power loss) is ended first, so that it stays one broken line."""
    data = b"".join(msgspec.json.encode(i) + b"\n" for i in items)
    try:
        with path.open("ab+") as f:
            if f.tell() and _last_byte(path) != b"\n":
                data = b"\n" + data
            f.write(data)
            f.flush()
            os.fsync(f.fileno())
    except OSError as e:
        raise Stop(f"{path}: can't write ({e.strerror}); free or replace the disk") from e


def _last_byte(path: Path) -> bytes:
    with path.open("rb") as f:
        f.seek(-1, os.SEEK_END)
        return f.read(1)


def lines(path: Path) -> list[bytes]:
    return [line for line in path.read_bytes().splitlines() if line] if path.exists() else []


class JsonlAlerts(Alerts):
    """Alerts in a file; a line that closes repeats the alert's row with its closing time."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def rows(self) -> list[Alert]:
        found: dict[str, Alert] = {}
        for line in lines(self.path):
            try:
                alert = msgspec.json.decode(line, type=Alert)
            except msgspec.MsgspecError:  # torn by a power loss: the alert will be raised again
                continue
            found[alert.alert_id] = alert
        return list(found.values())

    def _exclusive(self) -> Any:
        return locked(self.path)

    def _add(self, alerts: Iterable[Alert]) -> None:
        write_lines(self.path, alerts)

    def _close(self, alerts: Iterable[Alert]) -> None:
        write_lines(self.path, alerts)


class JsonlAudit(Audit):
    """Audit in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def rows(self) -> list[AuditRow]:
        found = []
        for number, line in enumerate(lines(self.path), start=1):
            try:
                found.append(msgspec.json.decode(line, type=AuditRow))
            except msgspec.MsgspecError:
                raise BrokenChain(
                    f"audit row {number}: not a row ({self.path}); compare it with a backup", number
                ) from None
        return found

    def _exclusive(self) -> Any:
        return locked(self.path)

    def _last(self) -> AuditRow | None:
        rows = self.rows()
        return rows[-1] if rows else None

    def _add(self, row: AuditRow) -> bool:
        write_lines(self.path, [row])
        return True
