"""Evidence of what was published and acknowledged: Parquet parts, each whole or absent, whatever kills the publisher."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from acme_lib.errors import Stop, WrongUse
from acme_lib.journal import hold
from acme_lib.plant.message import Outgoing

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["PublishLog", "read_publish_log", "schema"]

PART_ROWS = 20_000
PART_SECONDS = 1.0
Row = tuple[int, Outgoing, int]  # n, message, ms since 1970 when it was sent


def schema() -> pa.Schema:
    """Columns of the log. `n` is the order of publishing; epoch, seq and message_id are null in a malformed message."""
    import pyarrow as pa

    text = ("topic", "source_system", "epoch")
    return pa.schema(
        [("n", pa.int64()), *((name, pa.string()) for name in text), ("seq", pa.int64())]
        + [(name, pa.string()) for name in ("message_id", "kind", "reason", "detail", "violation")]
        + [("sent_utc", pa.timestamp("ms", tz="UTC"))]
    )


def read_publish_log(folder: Path | str) -> pa.Table:
    """All rows in order of publishing. Raises WrongUse where the folder holds no log."""
    import pyarrow.parquet as pq

    parts = sorted(Path(folder).glob("part-*.parquet"))
    if not parts:
        raise WrongUse(f"{folder}: no publish log there; name the folder given to --publish-log")
    import pyarrow as pa

    try:
        return pa.concat_tables([pq.read_table(p, schema=schema()) for p in parts]).sort_by("n")
    except (OSError, pa.ArrowInvalid) as e:
        raise WrongUse(f"{folder}: a part can't be read ({e}); delete that part, its rows are lost evidence") from e


class PublishLog:
    """Appends rows of acknowledged messages; a part is written aside and renamed, so a kill leaves whole parts only.

    A folder that holds parts already is continued: `next_n` goes on where it ended. Raises Stop where another publisher has it:
    their parts would replace one another's.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as e:
            raise WrongUse(f"--publish-log {folder}: {e.strerror}; name a folder that can be written") from e
        self._lock = hold(self.folder / ".lock", f"--publish-log {folder}")
        held = sorted(self.folder.glob("part-*.parquet"))
        self._part = int(held[-1].stem.split("-")[1]) + 1 if held else 1
        self.next_n = _last_n(held) + 1
        self._rows: list[Row] = []
        self._since: float | None = None

    def add(self, row: Row, now_s: float) -> None:
        """One acknowledged message. `now_s`: any steady clock; a part is written at most PART_SECONDS after its first row."""
        self._rows.append(row)
        if self._since is None:
            self._since = now_s
        if len(self._rows) >= PART_ROWS or now_s - self._since >= PART_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Writes what is held as one part."""
        if not self._rows:
            return
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.Table.from_pydict(_columns(self._rows), schema=schema())
        aside = self.folder / f".part-{self._part:06d}.tmp"
        try:
            pq.write_table(table, aside, compression="zstd")
            os.replace(aside, self.folder / f"part-{self._part:06d}.parquet")
        except OSError as e:  # not to be taken for a lost connection
            raise Stop(f"publish log {self.folder}: {e}; free the disk, then publish again") from e
        self._part += 1
        self._rows, self._since = [], None

    def close(self) -> None:
        """Writes what is held and gives the folder free."""
        try:
            self.flush()
        finally:
            os.close(self._lock)

    def __enter__(self) -> PublishLog:
        return self

    def __exit__(self, _t: type[BaseException] | None, _e: BaseException | None, _tb: TracebackType | None) -> None:
        self.close()


def _last_n(parts: list[Path]) -> int:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    return max((pc.max(pq.read_table(p, columns=["n"])["n"]).as_py() for p in parts), default=-1)


def _columns(rows: list[Row]) -> dict[str, list[Any]]:
    found = [message.expectation for _, message, _ in rows]
    names = ("source_system", "epoch", "seq", "message_id", "kind", "reason", "detail", "violation")
    return {
        "n": [n for n, _, _ in rows],
        "topic": [message.topic for _, message, _ in rows],
        **{name: [getattr(e, name) for e in found] for name in names},
        "sent_utc": [sent for _, _, sent in rows],
    }
