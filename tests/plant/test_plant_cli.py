"""`acme plant`: results for machines, one sentence and exit 2 for wrong use."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from acme_lib import cli
from acme_lib.plant import read_publish_log
from acme_lib.plant.simulation import Config, simulate

BrokerMaker = Callable[..., Any]  # conftest.SmallBroker


def run(monkeypatch: pytest.MonkeyPatch, *args: str) -> int:
    monkeypatch.setattr(sys, "argv", ["acme", "plant", *args])
    with pytest.raises(SystemExit) as left:
        cli.main()
    return int(left.value.code or 0)


@pytest.fixture
def port(small_broker: BrokerMaker, home: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    small = small_broker()
    monkeypatch.setenv("ACME_BROKER__PORT", str(small.port))
    return small


def test_simulate_publishes_the_config_and_reports_it(
    port: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    start = "2026-11-24T06:00:00Z"
    log = str(tmp_path / "log")
    args = ["--minutes", "2", "--speed", "max", "--seed", "7", "--start", start, "--publish-log", log, "--json"]
    assert run(monkeypatch, "simulate", *args) == 0
    found = json.loads(capsys.readouterr().out)
    replayed = bool(found["replayed"])  # depends on how far the start is from today
    config = Config(1_795_500_000_000, 2, 7, replayed=replayed)
    assert [body for _, body in port.received] == [m.payload for m in simulate(config)]
    assert found["published"] == sum(found["kinds"].values()) == read_publish_log(log).num_rows
    assert found["first_event_utc"] == "2026-11-24T06:00:00.000Z"


def test_speed_paces_the_wall_and_messages_ends_early(
    port: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # 0.01 min on the wall at 600 times: 6 minutes of event time in 0.6 s
    assert run(monkeypatch, "simulate", "--minutes", "0.01", "--speed", "600", "--json") == 0
    assert 0.5 < json.loads(capsys.readouterr().out)["seconds"] < 3
    assert run(monkeypatch, "simulate", "--minutes", "60", "--speed", "max", "--messages", "10", "--json") == 0
    assert json.loads(capsys.readouterr().out)["published"] == 10


def test_replay_publishes_a_file(
    port: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "train_FD001.txt").write_text(f"1 1 {' '.join(map(str, range(24)))}\n")
    assert run(monkeypatch, "replay", "--format", "cmapss", str(tmp_path), "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["published"] == len(port.received) == 25
    assert found["histories"] == {"cmapss/fd001/train": 25}


def test_what_a_person_should_know_of_the_files_is_said_on_stderr(
    port: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "FD004.csv").write_text("unit,cycle,setting_1,RUL\n1,1,0.5,9\n")
    assert run(monkeypatch, "replay", "--format", "cmapss", str(tmp_path / "FD004.csv"), "--json") == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["histories"] == {"cmapss/fd004/train": 2}
    assert "not read: RUL" in told.err
    assert told.err.count("\n") == 1


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["simulate", "--speed", "fast"], "--speed fast"),
        (["simulate", "--minutes", "0"], "--minutes 0.0"),
        (["simulate", "--rate", "-5"], "--rate -5"),
        (["simulate", "--messages", "0"], "--messages 0"),
        (["simulate", "--start", "yesterday"], "--start yesterday"),
        (["simulate", "--malformed-share", "2"], "malformed_share 2.0"),
        (["replay", "--format", "cmapss", "nowhere"], "no such file"),
        (["replay", "--format", "cmapss", "--split", "all", "."], "--split all"),
        (["replay", "--format", "cmapss", "--limit-equipment", "0", "."], "--limit-equipment 0"),
        (["backfill", "--format", "excel", "."], "--format excel"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_2(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], args: list[str], said: str
) -> None:
    assert run(monkeypatch, *args) == 2
    err = capsys.readouterr().err
    assert said in err
    assert "Traceback" not in err


@pytest.mark.parametrize("command", [[], ["simulate"], ["replay"], ["backfill"]])
def test_help_opens_with_an_example(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    assert run(monkeypatch, *command, "--help") == 0
    assert f"Example: acme plant {' '.join(command)}".strip() in capsys.readouterr().out
