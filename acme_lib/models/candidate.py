"""A candidate: what training leaves for all that follows, as one folder in MLflow's model format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from acme_lib.errors import WrongUse
from acme_lib.features import Fitted
from acme_lib.models.bands import Answers, Bands, answer
from acme_lib.models.recipe import Recipe

__all__ = ["Candidate", "Facts", "Predictor"]


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """training.json: from what and how the model was made, and what cross-validation said: defined figures
    only, as an undefined one could not be read again. `threshold`: of a classifier."""

    use_case: str
    feature_table_version: str
    snapshot_id: str
    git_sha: str
    recipe: Recipe
    seeds: list[int]
    threshold: float
    trained_utc: str
    cross_validation: dict[str, float]
    environment: dict[str, str]


class Predictor:
    """The ONNX model and its bands: what the edge runs, run here."""

    def __init__(self, model: bytes, bands: Bands) -> None:
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.bands = bands

    def raw(self, vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """float32[n, features] -> float64[n]."""
        return np.asarray(self._session.run(["value"], {"features": vectors})[0][:, 0], dtype=np.float64)

    def predict(self, vectors: npt.NDArray[np.float32]) -> Answers:
        return answer(self.bands, self.raw(vectors))


@dataclass(frozen=True)
class Candidate:
    """A model folder in memory."""

    model: bytes
    fitted: Fitted
    bands: Bands
    facts: Facts

    def predictor(self) -> Predictor:
        return Predictor(self.model, self.bands)

    @classmethod
    def load(cls, folder: Path) -> Candidate:
        """Raises WrongUse where a file is missing or is not what it should be."""
        try:
            facts = msgspec.json.decode((folder / "training.json").read_bytes(), type=Facts)
            parts = [(folder / name).read_bytes() for name in ("model.onnx", "features.json", "bands.json")]
        except (OSError, msgspec.MsgspecError) as e:
            raise WrongUse(f"{folder}: {e}; train the model anew") from e
        return cls(parts[0], Fitted.from_json(parts[1]), Bands.from_json(parts[2]), facts)

    def save(
        self, folder: Path, examples: npt.NDArray[np.float32], names: Sequence[str], extra: dict[str, bytes]
    ) -> None:
        """Writes the folder; `examples` (20 rows or more) become the golden rows."""
        import mlflow.onnx
        import onnx
        from mlflow.models import infer_signature

        from acme_lib.contracts import contracts
        from acme_lib.models.bundle.parts import golden, input_schema

        answers = self.predictor().predict(examples)
        signature: Any = infer_signature(examples, answers.value.astype(np.float32)[:, None])
        mlflow.onnx.save_model(onnx.load_model_from_string(self.model), str(folder), signature=signature, pip_requirements=[f"onnxruntime=={self.facts.environment['onnxruntime']}", f"numpy=={self.facts.environment['numpy']}"])  # fmt: skip
        files = {
            "model.onnx": self.model,
            "features.json": self.fitted.to_json(),
            "bands.json": self.bands.to_json(),
            "training.json": msgspec.json.encode(self.facts),
            "input_schema.json": msgspec.json.encode(input_schema(self.fitted, contracts())),
            "golden.json": msgspec.json.encode(golden(examples, answers)),
            **extra,
        }
        for name, data in files.items():
            (folder / name).write_bytes(data)
