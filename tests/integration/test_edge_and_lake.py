"""FD001 through both ways: engines learned in the lake, the model signed, test engines replayed through broker and bridge
into the lake and through the broker to the edge; both predict the same, and the figures follow from gold_predictions."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from chain import Chain

from acme_lib.models.metrics import rmse
from acme_lib.pipeline import MODEL_STEPS, STEPS, chosen
from acme_lib.pipeline.local import run_locally
from acme_lib.processes import Process, free_port
from acme_lib.run.stack import acme

DATA = Path(os.environ.get("ACME_PUBLIC_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")) / "cmapss"
BOTH = """SELECT b.equipment_id, b.prediction AS batch, e.prediction AS edge, b.low AS batch_low, e.low AS edge_low
FROM gold_predictions b JOIN gold_predictions e USING (use_case, equipment_id, ts_utc, model_version)
WHERE b.origin = 'batch' AND e.origin = 'edge' AND e.complete AND b.split = 'test'"""
LAST = """SELECT equipment_id, arg_max(prediction, ts_utc) AS prediction FROM gold_predictions
WHERE origin = ? AND split = 'test' GROUP BY equipment_id ORDER BY equipment_id"""


@dataclass(frozen=True)
class Size:
    """How many engines teach and are judged (None: all), and how the model is made."""

    train: int | None
    test: int | None
    recipe: dict[str, Any] | None

    def limit(self, engines: int | None) -> list[str]:
        return [] if engines is None else ["--limit-equipment", str(engines)]


SMALL = Size(12, 4, {"members": 1, "trees": {"rounds": 30}, "net": {"copies": 1, "epochs": 2, "weight": 0.2}})


@pytest.fixture
def edge(chain: Chain) -> Iterator[Process]:
    """The edge service of the chain's home, not started."""
    port = free_port()

    def subscribed() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as answer:
                return {d["name"]: d["state"] for d in orjson.loads(answer.read())["dependencies"]}["broker"] == "ok"
        except OSError:
            return False

    env = {**os.environ, "ACME_EDGE__PORT": str(port)}
    found = Process("edge", [sys.executable, "-m", "edge_service", "serve"], chain.home / "logs" / "edge.log", env=env, ready=subscribed)  # fmt: skip
    try:
        yield found
    finally:
        found.stop()


def command(*words: str) -> dict[str, Any]:
    done = subprocess.run(acme(*words, "--json"), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(orjson.loads(done.stdout.splitlines()[-1]))


def notebooks(chain: Chain, names: list[str], **parameters: dict[str, Any]) -> None:
    steps = chosen(names, (*STEPS, *MODEL_STEPS))
    given = {s.name: {"run_id": "both", **parameters.get(s.name, {})} for s in steps}
    run_locally(steps, given, chain.home / "runs" / "notebooks")


def both_ways(chain: Chain, edge: Process, size: Size) -> None:
    if not DATA.is_dir():
        pytest.skip(f"no public data at {DATA}; put it there or name its parent in ACME_PUBLIC_DATA")
    source = ["--format", "cmapss", "--subset", "FD001", str(DATA)]
    command("plant", "backfill", *source, *size.limit(size.train))
    notebooks(chain, ["silver_transform", "feature_build", "train_baseline"], train_baseline={"recipe": size.recipe})
    command("bundle", "keys")
    command("bundle", "build", "acme-rul", "1")
    edge.start()
    sent = command("plant", "replay", "--split", "test", *source, *size.limit(size.test))["published"]
    frames = sent // 24
    chain.stack.drain(
        sent + 3 * frames, within_s=600
    )  # prediction, low and high of each frame come back over the bridge
    notebooks(
        chain,
        ["bronze_ingest", "silver_transform", "feature_build", "validate_register", "drift_detection"],
        validate_register={"answers": str(DATA)},
        drift_detection={"model_version": "1"},  # a model this small passes no gate
    )
    proven(chain, frames)


def proven(chain: Chain, frames: int) -> None:
    evidence = chain.evidence()
    pairs = evidence.rows(BOTH)
    assert len(pairs) == frames
    off = [max(abs(p["batch"] - p["edge"]), abs(p["batch_low"] - p["edge_low"])) for p in pairs]
    assert max(off) <= 0.01
    (noted,) = evidence.rows("SELECT metrics_json FROM ml_evaluations")
    for origin in ("batch", "edge"):
        last = evidence.rows(LAST, origin)
        truth = np.minimum(np.loadtxt(DATA / "RUL_FD001.txt")[: len(last)], 125)  # engines in the order of the file
        found = rmse(truth, np.array([row["prediction"] for row in last]))
        assert found == pytest.approx(orjson.loads(noted["metrics_json"])["rmse"], abs=0.01)


@pytest.mark.drill
@pytest.mark.timeout(900)
def test_edge_and_lake_predict_the_same(chain: Chain, edge: Process) -> None:
    both_ways(chain, edge, SMALL)


@pytest.mark.drill
@pytest.mark.timeout(3600)
def test_edge_and_lake_predict_the_same_over_the_whole_of_fd001(chain: Chain, edge: Process) -> None:
    both_ways(chain, edge, Size(None, None, None))
