"""acme-edge as a process: what it loads, how it starts, swaps, rolls back and ends."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from acme_lib.processes import Process, free_port
from edge_service import serve

LOADED = """
import sys, json
from pathlib import Path
from edge_service.serve import serve, slots_of
from edge_service.service import answered
from edge_service.live import Live
from acme_lib.settings import settings
from acme_lib.inference.messages import decoder
import os
slots = slots_of(settings())
slots.look()
answered(decoder().decode(Path(sys.argv[1]).read_bytes()), slots, "c")
print(json.dumps([sorted({m.split(".")[0] for m in sys.modules}), os.environ["ORT_DISABLE_TELEMETRY"]]))
"""


def environment(shop: Any, tmp_path: Path, **more: str) -> dict[str, str]:
    own = {
        "ACME_HOME": str(tmp_path / "home"), "ACME_EDGE__BUNDLES": str(shop.bundles), "ACME_EDGE__TRUST": str(shop.trust),
        "ACME_EDGE__STATE": str(tmp_path / "edge"), "ACME_EDGE__LIVE": "false", "ACME_EDGE__PORT": str(free_port()),
    }  # fmt: skip
    return {**os.environ, **own, **more}


def edge(env: dict[str, str], *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edge_service", *args]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


def get(env: dict[str, str], path: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{env['ACME_EDGE__PORT']}{path}", timeout=2) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as e:
        return e.code, json.load(e)
    except OSError:
        return 0, None


def until(wanted: Callable[[], bool], within_s: float = 60.0) -> None:
    deadline = time.monotonic() + within_s
    while not wanted():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_neither_spark_nor_mlflow_nor_pandas_is_ever_loaded(shop: Any, tmp_path: Path, row: Any) -> None:
    shop.make(1)
    request = tmp_path / "request.json"
    request.write_text(json.dumps({"rows": [row(shop, shop.vectors()[0])]}))
    done = subprocess.run(
        [sys.executable, "-c", LOADED, str(request)], env=environment(shop, tmp_path), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    loaded, telemetry_off = json.loads(done.stdout.splitlines()[-1])
    assert "onnxruntime" in loaded
    assert telemetry_off == "1"
    assert not set(loaded) & {"mlflow", "pyspark", "delta", "pandas", "sklearn", "lightgbm", "onnx", "azure", "pyarrow"}


@pytest.fixture
def served(shop: Any, tmp_path: Path) -> Iterator[tuple[Process, dict[str, str]]]:
    shop.make(1)
    env = environment(shop, tmp_path, ACME_EDGE__LOOK_S="0.1")
    argv = [sys.executable, "-m", "edge_service", "serve"]
    with Process("edge", argv, tmp_path / "edge.log", env=env, ready=lambda: get(env, "/health")[0] == 200) as found:
        yield found, env


@pytest.mark.real
def test_a_service_swaps_refuses_rolls_back_and_ends_with_0(
    served: tuple[Process, dict[str, str]], shop: Any, tmp_path: Path
) -> None:
    process, env = served

    def version() -> str:
        return str(get(env, "/health")[1]["models"][0]["modelVersion"])

    assert version() == "1"
    shop.make(2)
    until(lambda: version() == "2")
    bad = shop.make(3, out=tmp_path / "aside")
    (bad / "bands.json").write_bytes(b"{}")
    bad.rename(shop.bundles / bad.name)
    until(lambda: bool(get(env, "/health")[1]["refused"]))
    status, health = get(env, "/health")
    assert (status, health["models"][0]["modelVersion"], health["refused"][0]["code"]) == (200, "2", "TAMPERED")
    assert edge(env, "rollback").returncode == 0
    until(lambda: version() == "1")
    process.stop()
    assert process.exit_code == 0
    lines = [json.loads(line) for line in (tmp_path / "edge.log").read_text().splitlines()]
    assert {"bundle refused", "rolled back", "ended"} <= {line["event"] for line in lines}
    after = edge(env, "rollback")
    assert (after.returncode, "no service runs" in after.stderr) == (1, True)


@pytest.mark.real
def test_a_taken_port_is_one_sentence(served: tuple[Process, dict[str, str]], tmp_path: Path) -> None:
    _, env = served
    done = edge({**env, "ACME_EDGE__STATE": str(tmp_path / "other")}, "serve")
    assert done.returncode == 1
    assert "ACME_EDGE__PORT" in done.stderr
    assert done.stderr.count("\n") == 1


def test_on_a_full_disk_the_service_starts_and_names_no_other_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "service.lock"
    path.write_text("4194304")
    with path.open("r+") as lock:
        serve._name(lock.fileno())
        assert int(path.read_text()) == os.getpid()
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        monkeypatch.setattr(serve.os, "pwrite", Mock(side_effect=full))
        serve._name(lock.fileno())
    assert path.read_text() == ""
