"""The publish log: whole parts only, whatever kills the publisher; never a row that was not acknowledged."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from acme_lib.errors import Stop, WrongUse
from acme_lib.plant import Expectation, Outgoing, publish, publish_log, read_publish_log
from acme_lib.plant.publish_log import PublishLog
from acme_lib.settings import BrokerSettings

BrokerMaker = Callable[..., Any]  # conftest.SmallBroker
MESSAGE = Outgoing(
    0, "acme/a/b/c/d/e/t", b"{}", Expectation("malformed", "s", reason="FIELD_MISSING", detail="VALUE_MISSING")
)


def start_publisher(port: int, folder: Path) -> subprocess.Popen[bytes]:
    command = ["plant", "simulate", "--minutes", "600", "--speed", "max", "--malformed-share", "0", "--publish-log"]
    environment = {**os.environ, "ACME_BROKER__PORT": str(port), "ACME_HOME": str(folder / "home")}
    argv = [sys.executable, "-m", "acme_lib.cli", *command, str(folder / "log")]
    return subprocess.Popen(argv, env=environment, stderr=subprocess.DEVNULL)


@pytest.mark.real  # a process of its own
def test_kill_9_leaves_a_readable_log_of_acknowledged_messages(small_broker: BrokerMaker, tmp_path: Path) -> None:
    small = small_broker()
    child = start_publisher(small.port, tmp_path)
    try:
        until = time.monotonic() + 30
        while not list((tmp_path / "log").glob("part-*.parquet")) and time.monotonic() < until:
            time.sleep(0.02)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    log = read_publish_log(tmp_path / "log")
    assert log.num_rows > 0
    assert log["n"].to_pylist() == list(range(log.num_rows))
    arrived = {orjson.loads(body)["messageId"] for _, body in small.received}
    assert set(log["message_id"].to_pylist()) <= arrived
    publish([MESSAGE], BrokerSettings(port=small.port), tmp_path / "log")
    assert read_publish_log(tmp_path / "log")["n"].to_pylist()[-1] == log.num_rows


def test_columns_are_the_agreed_ones(tmp_path: Path) -> None:
    with PublishLog(tmp_path) as log:
        log.add((0, MESSAGE, 1_764_000_000_123), now_s=0.0)
    (row,) = read_publish_log(tmp_path).to_pylist()
    assert list(row) == ["n", "topic", "source_system", "epoch", "seq", "message_id", "kind", "reason", "detail", "violation", "sent_utc"]  # fmt: skip
    assert (row["kind"], row["reason"], row["detail"]) == ("malformed", "FIELD_MISSING", "VALUE_MISSING")
    assert (row["seq"], row["message_id"]) == (None, None)
    assert row["sent_utc"].isoformat() == "2025-11-24T16:00:00.123000+00:00"


def test_a_part_is_written_a_second_after_its_first_row(tmp_path: Path) -> None:
    log = PublishLog(tmp_path)
    log.add((0, MESSAGE, 0), now_s=10.0)
    log.add((1, MESSAGE, 0), now_s=10.9)
    assert not list(tmp_path.glob("*part*"))
    log.add((2, MESSAGE, 0), now_s=11.0)
    assert read_publish_log(tmp_path).num_rows == 3


def test_a_folder_takes_one_publisher_at_a_time(tmp_path: Path) -> None:
    with PublishLog(tmp_path) as log:
        with pytest.raises(Stop, match=r"--publish-log .*another process holds"):
            PublishLog(tmp_path)
        log.add((log.next_n, MESSAGE, 0), now_s=0.0)
    with PublishLog(tmp_path) as log:
        assert log.next_n == 1


def test_an_unfinished_part_is_no_part(tmp_path: Path) -> None:
    with PublishLog(tmp_path) as log:
        log.add((0, MESSAGE, 0), now_s=0.0)
    (tmp_path / ".part-000002.tmp").write_bytes(b"half")
    assert read_publish_log(tmp_path).num_rows == 1


def test_a_full_disk_stops_and_is_not_taken_for_a_lost_connection(
    small_broker: BrokerMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(publish_log.os, "replace", full)
    with pytest.raises(Stop, match=r"No space left.*free the disk"):
        publish([MESSAGE], BrokerSettings(port=small_broker().port), tmp_path / "log")


def test_a_folder_that_can_t_be_made_is_wrong_use(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WrongUse, match="--publish-log"):
        PublishLog(tmp_path / "file" / "log")


def test_a_broken_part_is_named(tmp_path: Path) -> None:
    (tmp_path / "part-000001.parquet").write_bytes(b"PAR1 rubbish")
    with pytest.raises(WrongUse, match="a part can't be read"):
        read_publish_log(tmp_path)
