"""What would fail later fails before anything starts, in one sentence."""

from __future__ import annotations

import os
import shutil
import socket
from collections import namedtuple
from pathlib import Path

import pytest

from acme_lib.errors import AcmeError, Stop, WrongUse
from acme_lib.journal import hold
from acme_lib.processes import free_port
from acme_lib.run.checks import before_start
from acme_lib.run.options import RunOptions
from acme_lib.settings import EventHubsSettings, Settings


def quiet(tmp_path: Path, **over: object) -> Settings:
    ports = {"kafka_port": free_port(), "amqp_port": free_port(), "control_port": free_port()}
    return Settings(home=tmp_path, broker={"port": free_port()}, eventhubs=EventHubsSettings(**ports), **over)  # type: ignore[arg-type]


def test_a_free_machine_passes(tmp_path: Path) -> None:
    before_start(RunOptions(), quiet(tmp_path / "home"))
    assert (tmp_path / "home").is_dir()  # all the checks were reached: the last one makes the home


def test_a_taken_port_names_its_setting(tmp_path: Path) -> None:
    found = quiet(tmp_path)
    with socket.socket() as s:
        s.bind(("127.0.0.1", found.eventhubs.kafka_port))
        s.listen()
        with pytest.raises(
            Stop,
            match=rf"port {found.eventhubs.kafka_port} is taken.*eventhubs.kafka_port in acme.toml or ACME_EVENTHUBS__KAFKA_PORT",
        ):
            before_start(RunOptions(), found)


def test_a_full_disk_says_how_much_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: namedtuple("Usage", "total used free")(1, 1, 500_000_000))
    with pytest.raises(Stop, match=r"has 0\.5 GB free and 3 are needed"):
        before_start(RunOptions(), quiet(tmp_path))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (RunOptions(source="cmapss"), "--source cmapss needs --data DIR"),
        (RunOptions(source="cmapss", data=Path("/no/such")), "--data /no/such: no such folder"),
        (RunOptions(path="backfill"), "--path backfill needs historian files"),
    ],
)
def test_a_wrong_source_is_wrong_use(tmp_path: Path, options: RunOptions, sentence: str) -> None:
    with pytest.raises(WrongUse, match=sentence):
        before_start(options, quiet(tmp_path))


def test_all_of_these_are_errors_the_cli_prints_as_one_sentence() -> None:
    assert issubclass(Stop, AcmeError)
    assert issubclass(WrongUse, AcmeError)


def test_a_use_case_must_be_known_and_asked_for_with_the_models(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="--use-case rull: there are rul, failure_24h"):
        before_start(RunOptions(ml=True, use_cases=("rull",)), quiet(tmp_path))
    with pytest.raises(WrongUse, match="add --ml"):
        before_start(RunOptions(use_cases=("rul",)), quiet(tmp_path))


def engines(folder: Path, **files: str) -> Path:
    """A folder of C-MAPSS files of two engines; `files` by name, with __ for the dot."""
    row = "{} {} 0.0 0.0 100.0 " + " ".join("1.0" for _ in range(21))
    whole = "\n".join(row.format(unit, cycle) for unit in (1, 2) for cycle in (1, 2)) + "\n"
    for name in ("train_FD003.txt", "test_FD003.txt"):
        (folder / name).write_text(whole)
    (folder / "RUL_FD003.txt").write_text("5\n9\n")
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


def test_files_are_read_before_the_state_of_the_last_run_is_put_aside(tmp_path: Path) -> None:
    folder = engines(tmp_path)
    known = {"source": "cmapss", "subset": "FD003", "path": "backfill", "data": folder}
    before_start(RunOptions(**known, ml=True), quiet(tmp_path))
    with pytest.raises(WrongUse, match=r"train_FD001\.txt: no such file"):
        before_start(RunOptions(**known | {"subset": "FD001"}), quiet(tmp_path))
    engines(tmp_path, RUL_FD003__txt="5\nnine\n")
    before_start(RunOptions(**known), quiet(tmp_path))  # without models nobody asks for answers
    with pytest.raises(WrongUse, match=r"RUL_FD003\.txt:2: 'nine'"):
        before_start(RunOptions(**known, ml=True), quiet(tmp_path))
    (folder / "RUL_FD003.txt").unlink()
    with pytest.raises(WrongUse, match="must hold the answers"):
        before_start(RunOptions(**known, ml=True), quiet(tmp_path))
    with pytest.raises(WrongUse, match="name the folder"):
        before_start(RunOptions(**known | {"data": folder / "train_FD003.txt"}, ml=True), quiet(tmp_path))


def test_a_bridge_at_work_on_this_home_is_not_moved_away(tmp_path: Path) -> None:
    lock = hold(tmp_path / "journal" / "journal.lock", "ingest")
    with pytest.raises(Stop, match=r"acme run: another process holds .*journal\.lock; stop it first"):
        before_start(RunOptions(), quiet(tmp_path))
    kept = RunOptions(source="cmapss", subset="FD003", path="backfill", data=engines(tmp_path), fresh=False)
    before_start(kept, quiet(tmp_path))  # moves nothing and starts no bridge
    os.close(lock)
    before_start(RunOptions(), quiet(tmp_path))
