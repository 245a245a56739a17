"""What the next run finds: a clean start puts the state before it aside, an unfinished run is gone on with."""

from __future__ import annotations

from pathlib import Path

import pytest

from acme_lib.errors import Stop
from acme_lib.run import state

STAYS = ("jars", "runs", "logs", "mlflow")  # what no clean start touches: tools, reports, logs, models


def left_by_a_run(home: Path, run_id: str) -> None:
    for name in (*state.STATE, *STAYS):
        (home / name).mkdir(parents=True, exist_ok=True)
        (home / name / "mark").write_text(run_id)


def marks(folder: Path) -> dict[str, str]:
    return {path.parent.name: path.read_text() for path in sorted(folder.glob("*/mark"))}


def finished(home: Path, run_id: str, fresh: bool | None = None) -> None:
    state.begin(home, run_id, fresh)
    left_by_a_run(home, run_id)
    state.finish(home)


def test_a_finished_run_s_state_is_put_aside_one_back(tmp_path: Path) -> None:
    finished(tmp_path, "one")
    finished(tmp_path, "two")
    assert marks(tmp_path / "previous") == dict.fromkeys(state.STATE, "one")
    state.begin(tmp_path, "three", None)
    assert marks(tmp_path / "previous") == dict.fromkeys(state.STATE, "two")
    assert marks(tmp_path) == dict.fromkeys(STAYS, "two")
    assert set(state.STATE) == {"lakehouse", "checkpoints", "journal", "kafka", "broker", "published", "ops"}


@pytest.mark.parametrize(("fresh", "goes_on"), [(None, True), (False, True), (True, False)])
def test_after_an_interrupted_run_only_fresh_starts_clean(tmp_path: Path, fresh: bool | None, goes_on: bool) -> None:
    state.begin(tmp_path, "one", None)
    left_by_a_run(tmp_path, "one")
    state.begin(tmp_path, "two", fresh)
    assert (tmp_path / "lakehouse" / "mark").exists() is goes_on
    assert (tmp_path / "previous" / "lakehouse" / "mark").exists() is not goes_on
    assert (tmp_path / "runs" / "unfinished").read_text() == "two"


def test_keep_goes_on_with_a_finished_run_too(tmp_path: Path) -> None:
    finished(tmp_path, "one")
    state.begin(tmp_path, "two", False)
    assert marks(tmp_path)["lakehouse"] == "one"
    assert not (tmp_path / "previous").exists()


def test_a_first_run_has_nothing_to_put_aside(tmp_path: Path) -> None:
    state.begin(tmp_path, "one", True)
    assert not (tmp_path / "previous").exists()


class Killed(BaseException):
    """As SIGKILL between two system calls."""


@pytest.mark.parametrize("moves", range(len(state.STATE) + 1))
@pytest.mark.parametrize("fresh", [None, False])
def test_a_clean_start_killed_at_any_move_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moves: int, fresh: bool | None
) -> None:
    finished(tmp_path, "one")
    finished(tmp_path, "two")
    rename, left = Path.rename, [moves]

    def killed(path: Path, target: Path) -> Path:
        if not left[0]:
            raise Killed
        left[0] -= 1
        return rename(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", killed)
        with pytest.raises(Killed):
            state.begin(tmp_path, "three", None)
    state.begin(tmp_path, "four", fresh)
    kept = tmp_path if fresh is False else tmp_path / "previous"
    assert {name: marks(kept)[name] for name in state.STATE} == dict.fromkeys(state.STATE, "two")


def test_a_home_takes_one_run_at_a_time(tmp_path: Path) -> None:
    with state.sole(tmp_path):
        with pytest.raises(Stop, match=r"acme run: another process holds .*run\.lock"), state.sole(tmp_path):
            pass
    with state.sole(tmp_path):
        pass


def test_what_was_made_anew_after_a_killed_clean_start_goes_aside_with_it(tmp_path: Path) -> None:
    finished(tmp_path, "one")
    (tmp_path / "journal").rename(tmp_path / "journal.old")
    (tmp_path / "previous.moving").mkdir()
    (tmp_path / "journal.old").rename(tmp_path / "previous.moving" / "journal")  # killed after this move
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "mark").write_text("bridge")
    state.begin(tmp_path, "two", None)
    found = marks(tmp_path / "previous")
    assert (found["journal"], found["journal-two"], found["lakehouse"]) == ("one", "bridge", "one")
