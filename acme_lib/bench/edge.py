"""The edge service beside `mlflow models serve` of the same model: cold start, latency under load, one row in process."""

from __future__ import annotations

import http.client
import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import local
from typing import Any

import numpy as np
import numpy.typing as npt

from acme_lib.bench.edge_model import bundled, model_folder
from acme_lib.bench.home import own_home
from acme_lib.bench.report import Report, spread
from acme_lib.errors import Stop
from acme_lib.features import names
from acme_lib.processes import Process, free_port, port_taken
from acme_lib.settings import Settings

__all__ = ["run"]

RATE, CLIENTS = 50, 8
START_WITHIN_S = 180.0


class Target:
    """A service under measurement: how it starts, and the request that asks it for one row."""

    def __init__(self, argv: list[str], port: int, path: str, body: bytes, log: Path) -> None:
        self.port, self._path, self._body, self._argv, self._log = port, path, body, argv, log
        self._mine = local()

    def start(self) -> tuple[Process, float]:
        """The running process, and the seconds from its start to its first prediction."""
        process, begun = Process("service", self._argv, self._log), time.perf_counter()
        process.start()
        while True:
            try:
                self.ask()
                return process, time.perf_counter() - begun
            except (OSError, http.client.HTTPException):
                self._mine.connection = None
            if not process.alive() or time.perf_counter() - begun > START_WITHIN_S:
                process.stop()
                raise Stop(f"the service gave no prediction: {process.tail()}; see {self._log}")
            time.sleep(0.005)

    def ask(self) -> Any:
        """One prediction over a connection that this thread keeps."""
        connection = getattr(self._mine, "connection", None)
        if connection is None:
            connection = self._mine.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("POST", self._path, self._body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        found = answer.read()
        if answer.status != 200:
            raise Stop(f"{self._path} answered {answer.status}: {found[:300].decode(errors='replace')}")
        return json.loads(found)


def run(quick: bool = False) -> Report:
    """Raises Stop where a service does not start."""
    with own_home() as found:
        folder = found.home.resolve() / "model"
        fitted, vectors = model_folder(folder, quick)
        bundle = bundled(folder, fitted, found)
        ours, theirs = _targets(found, folder, names(fitted), vectors[-1])
        report = Report(
            "edge", "Edge service beside mlflow models serve", "acme bench edge", ["measurement", "edge service", "mlflow models serve", "aim, limit"]
        )  # fmt: skip
        starts, loads = _served(ours, 2 if quick else 5, 3 if quick else 12)
        other_starts, other_loads = _served(theirs, 1 if quick else 2, 3 if quick else 12)
        report.rows += [
            [
                "start of the process to its first prediction, s",
                spread(starts),
                spread(other_starts),
                "<= 1.2, limit 5",
            ],
            *_latency(loads, other_loads),
            ["one row in process, us", *_in_process(bundle, found, folder, vectors, 200 if quick else 2_000), "<= 100"],
        ]
        size = (folder / "model.onnx").stat().st_size
        report.notes += [
            f"The model: the recipe of use case rul ({len(names(fitted))} features, {size / 1e6:.1f} MB of ONNX), learned on made-up engines.",
            f"Load: one row a request, {RATE} requests a second for {len(loads) // RATE} s, open loop: latency counts from the moment a request was due. Client and service share the machine.",
            "mlflow models serve: its scoring server in this environment, without the command that wraps it; it verifies no signature, names no feature and gives no interval.",
            "The edge service starts with signature check and golden rows, without the live path (ACME_EDGE__LIVE=false).",
        ]
    return report


def _targets(found: Settings, folder: Path, features: tuple[str, ...], vector: npt.NDArray[np.float32]) -> tuple[Target, Target]:  # fmt: skip
    ports, logs, row = (free_port(), free_port()), found.folder("logs"), vector.astype(float).tolist()
    ask = {
        "equipmentId": "testbed/turbofan/fd001/test/engine-001", "tsUtc": "2026-11-25T03:00:00Z",
        "features": dict(zip(features, row, strict=True)),
    }  # fmt: skip
    serve = [sys.executable, "-m", "edge_service", "serve", "--no-live", "--port", str(ports[0])]
    ours = Target(serve, ports[0], "/predict", json.dumps({"rows": [ask]}).encode(), logs / "edge.log")
    command = [sys.executable, "-m", "acme_lib.bench.mlflow_serve", str(folder), str(ports[1])]
    theirs = Target(command, ports[1], "/invocations", json.dumps({"inputs": [row]}).encode(), logs / "mlflow.log")
    return ours, theirs


def _served(target: Target, starts: int, seconds: int) -> tuple[list[float], list[float]]:
    """Seconds of each start, and the latencies (s) of the load put on the last."""
    took: list[float] = []
    for n in range(starts):
        process, cold = target.start()
        took.append(cold)
        try:
            if n == starts - 1:
                return took, _load(target.ask, seconds)
        finally:
            process.stop()
            while port_taken(target.port):  # mlflow's own child ends a little later
                time.sleep(0.1)
    raise AssertionError("no start")


def _load(ask: Callable[[], Any], seconds: int) -> list[float]:
    """Open loop: a slow answer does not hold back the requests after it."""
    for _ in range(20):
        ask()
    begun = time.perf_counter() + 0.1

    def one(n: int) -> float:
        due = begun + n / RATE
        time.sleep(max(0.0, due - time.perf_counter()))
        ask()
        return time.perf_counter() - due

    with ThreadPoolExecutor(CLIENTS) as pool:
        return list(pool.map(one, range(RATE * seconds)))


def _latency(ours: list[float], theirs: list[float]) -> list[list[str]]:
    rows = []
    for share, aim in ((50, ""), (95, "<= 5, limit 200"), (99, "")):
        figures = [f"{np.percentile(found, share) * 1e3:.2f}" for found in (ours, theirs)]
        rows.append([f"answer at {RATE} requests a second, p{share}, ms", *figures, aim])
    return rows


def _in_process(
    bundle: Path, found: Settings, folder: Path, vectors: npt.NDArray[np.float32], count: int
) -> tuple[str, str]:
    """Microseconds a row: our model with its interval, and the same through MLflow's pyfunc without one."""
    import mlflow.pyfunc

    from acme_lib.models.bundle import load_trust, read
    from edge_service.model import Model

    ours, theirs = Model.load(read(bundle, load_trust(found.trust_dir))), mlflow.pyfunc.load_model(str(folder))
    return spread(_each(ours.predict, vectors, count), 1), spread(_each(theirs.predict, vectors, count // 10), 1)


def _each(predict: Callable[[Any], Any], vectors: npt.NDArray[np.float32], count: int) -> list[float]:
    """Mean of five rounds each, after a warm-up."""
    rows = [vectors[n : n + 1] for n in range(len(vectors))]
    found = []
    for n in range(6):
        begun = time.perf_counter()
        for at in range(count):
            predict(rows[at % len(rows)])
        if n:
            found.append((time.perf_counter() - begun) / count * 1e6)
    return found
