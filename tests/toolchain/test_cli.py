"""`acme setup` as a person or a pipeline meets it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from acme_lib.cli import main
from acme_lib.settings import load
from acme_lib.toolchain import java
from acme_lib.toolchain.jars import locked


def acme_setup(home: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "acme_lib.cli", "setup", *words],
        env={**os.environ, "ACME_HOME": str(home), **env},
        capture_output=True,
        text=True,
    )


def test_check_names_every_missing_set_and_changes_nothing(tmp_path):
    done = acme_setup(tmp_path, "--check", "--json", ACME_JARS=str(tmp_path / "jars"))
    facts = json.loads(done.stdout)
    assert (done.returncode, facts["ready"]) == (1, False)
    assert "broker-access is not compiled; run make setup" in facts["problems"]
    assert [p.split(" jars: ")[0] for p in facts["problems"]][:4] == ["hivemq", "kafka", "spark", "ecj"]
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_set_is_wrong_use(tmp_path):
    done = acme_setup(tmp_path, "--with", "hadoop")
    assert (done.returncode, done.stderr) == (
        2,
        "acme setup: no jar set 'hadoop'; there are hivemq, kafka, spark, ecj, test\n",
    )


def test_a_folder_that_can_t_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = acme_setup(tmp_path, ACME_JARS=str(tmp_path / "file" / "jars"))
    assert done.returncode == 1
    assert "Not a directory; free the disk or mend the rights" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_java_is_one_sentence_and_a_failed_exit(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(java.find_java, "__defaults__", ({"PATH": str(tmp_path)}, tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(sys, "argv", ["acme", "setup"])
    with pytest.raises(SystemExit) as left:
        main()
    told = capsys.readouterr().err
    assert left.value.code == 1
    assert told.startswith("acme setup: no Java 17 or 21 found")
    assert told.count("\n") == 1


@pytest.mark.real
def test_a_corrupt_jar_in_place_fails_the_check_by_name(tmp_path):
    ready = load(home=tmp_path).jars_dir
    for name in ("hivemq", "kafka", "spark", "ecj"):
        (tmp_path / "jars" / name).mkdir(parents=True)
        for jar in locked(name):
            os.link(ready / name / jar, tmp_path / "jars" / name / jar)
    target = tmp_path / "jars" / "ecj" / next(iter(locked("ecj")))
    content = bytearray(target.read_bytes())
    content[1000] ^= 1
    target.unlink()
    target.write_bytes(content)
    done = acme_setup(tmp_path, "--check", ACME_JARS=str(tmp_path / "jars"))
    assert done.returncode == 1
    assert f"ecj jars: 1 corrupt ({target.name}); run make setup" in done.stdout


@pytest.mark.real
def test_a_second_set_up_has_nothing_to_do(tmp_path):
    assert acme_setup(tmp_path).returncode == 0
    facts = json.loads(acme_setup(tmp_path, "--json").stdout)
    assert set(facts["jars"].values()) == {"ready"}
    assert facts["seconds"] < 1


@pytest.mark.real
def test_killed_in_the_middle_nothing_half_is_left(tmp_path):
    """The real Ivy, ended as Ctrl-C and as kill -9 would, then a set-up that succeeds."""
    shutil.copytree(load(home=tmp_path).jars_dir, tmp_path / "jars", copy_function=os.link, ignore=shutil.ignore_patterns(".*", "ecj"))  # fmt: skip
    env = {**os.environ, "ACME_HOME": str(tmp_path), "ACME_JARS": str(tmp_path / "jars")}
    for number in (signal.SIGINT, signal.SIGKILL):
        child = subprocess.Popen(  # SIGINT as a terminal gives it, also where the tests run in the background
            [sys.executable, "-m", "acme_lib.cli", "setup"], env=env, stderr=subprocess.DEVNULL,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip
        working = Path(f"/proc/{child.pid}/task/{child.pid}/children")
        deadline = time.monotonic() + 120
        while not (list((tmp_path / "jars").glob(".new-*")) and working.read_text()) and time.monotonic() < deadline:
            time.sleep(0.01)  # until Ivy's Java is there: it needs a second or more, what comes after it an instant
        below = [Path(f"/proc/{pid}") for pid in working.read_text().split()]
        child.send_signal(number)
        assert child.wait(120) != 0  # a guard against a hang, not a bound
        while any(path.exists() for path in below) and time.monotonic() < deadline:
            time.sleep(0.01)  # an Ivy that outlives its killed parent may still write
        assert not (tmp_path / "jars" / "ecj").exists()
    assert acme_setup(tmp_path, ACME_JARS=str(tmp_path / "jars")).returncode == 0
    assert list((tmp_path / "jars").glob(".new-*")) == []
