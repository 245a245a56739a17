"""What a training run leaves in the tracking store: figures, origin, latency, pictures, and the model's folder."""

from __future__ import annotations

from pathlib import Path
from tempfile import mkdtemp
from time import perf_counter
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from acme_lib.models import card, pictures, tracking
from acme_lib.models.candidate import Candidate, Predictor
from acme_lib.models.dataset import Dataset
from acme_lib.models.export import onnx_model
from acme_lib.models.inputs import Inputs
from acme_lib.models.judging import Judged
from acme_lib.models.learner import Fit

__all__ = ["latency_us", "log_training"]

REPEATS = 200


def log_training(active: Any, found: Inputs, rows: Dataset, judged: Judged, candidate: Candidate, examples: npt.NDArray[np.float32], fits: list[Fit]) -> Path:  # fmt: skip
    """Logs everything to the open run `active`; returns the model's folder, in a scratch place, for the registry to take."""
    client, run_id, facts = tracking.client(), active.info.run_id, candidate.facts
    one, batch = latency_us(candidate.predictor(), examples)
    for name, value in {**judged.figures, "latency_row_us": one, "latency_row_in_batch_us": batch}.items():
        client.log_metric(run_id, f"cv_{name}" if name in judged.figures else name, value)
    for name, value in _params(candidate).items():
        client.log_param(run_id, name, value)
    tags = {"featureTableVersion": facts.feature_table_version, "trainingDataVersion": facts.snapshot_id, "gitSHA": facts.git_sha}  # fmt: skip
    for name, text in tags.items():
        client.set_tag(run_id, name, text)
    client.log_dict(run_id, facts.environment, "environment.json")
    client.log_dict(run_id, {"snapshot_id": facts.snapshot_id, "rows": len(found.data), "training_rows": len(rows), "equipment": len(np.unique(rows.equipment))}, "training_snapshot.json")  # fmt: skip
    for name, picture in pictures.training(found, rows, judged, fits).items():
        client.log_text(run_id, picture, f"plots/{name}.html")
    folder = Path(mkdtemp(prefix="acme-model-")) / "model"
    extra = {f"member_{seed}.onnx": onnx_model(one) for seed, one in zip(facts.seeds, fits, strict=True)}
    extra["MODEL_CARD.md"] = card.model_card(found.case, facts, {}, len(found.names)).encode()
    candidate.save(folder, examples, found.names, extra)
    return folder


def latency_us(predictor: Predictor, rows: npt.NDArray[np.float32]) -> tuple[float, float]:
    """(microseconds for one row alone, median; a row within a batch of all)."""
    taken = []
    for n in range(REPEATS):
        one = rows[n % len(rows)][None]
        start = perf_counter()
        predictor.predict(one)
        taken.append(perf_counter() - start)
    start = perf_counter()
    predictor.predict(rows)
    return float(np.median(taken) * 1e6), (perf_counter() - start) / len(rows) * 1e6


def _params(candidate: Candidate) -> dict[str, Any]:
    flat = msgspec.to_builtins(candidate.facts.recipe)
    own = {f"trees.{k}": v for k, v in flat.pop("trees").items()} | {f"net.{k}": v for k, v in flat.pop("net").items()}
    return {**own, **flat, "feature_table_version": candidate.facts.feature_table_version, "threshold": candidate.facts.threshold}  # fmt: skip
