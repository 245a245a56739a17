"""One verified model in memory: from a bundle's bytes to predictions, proven on its golden rows before it serves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from acme_lib.features import Fitted, names, version
from acme_lib.models.bands import Answers, Bands, answer
from acme_lib.models.bundle.manifest import Bundle, Manifest, Refused
from acme_lib.models.bundle.parts import GOLDEN_ROWS, TOLERANCE, Golden, Input, InputSchema, difference

__all__ = ["Mismatch", "Model", "Unusable"]

ORT_ERROR = Exception  # onnxruntime's errors share no base of their own
Rows = npt.NDArray[np.float32]


class Unusable(Refused):
    """Genuine, but not a model this service can run."""

    code = "UNUSABLE"


class Mismatch(Refused):
    """Genuine, but this machine's arithmetic gives other answers than those the model was released with."""

    code = "GOLDEN"


@dataclass(frozen=True)
class Model:
    """What serves. `predict` may be called from several threads."""

    manifest: Manifest
    fitted: Fitted
    inputs: tuple[Input, ...]
    bands: Bands
    session: ort.InferenceSession
    output: str

    @classmethod
    def load(cls, bundle: Bundle) -> Model:
        """Raises Unusable where the bundle holds no such model, Mismatch where its golden rows come out otherwise."""
        files, name = bundle.files, f"{bundle.manifest.use_case} version {bundle.manifest.model_version}"
        try:
            fitted = Fitted.from_json(_needed(files, "features.json"))
            inputs = tuple(msgspec.json.decode(_needed(files, "input_schema.json"), type=InputSchema).features)
            golden = msgspec.json.decode(_needed(files, "golden.json"), type=Golden)
            bands = Bands.from_json(_needed(files, "bands.json"))
            session = _session(_needed(files, "model.onnx"))
        except Refused:
            raise
        except ORT_ERROR as e:
            raise Unusable(f"{name}: {str(e).splitlines()[0]}; build the bundle anew") from e
        model = cls(bundle.manifest, fitted, inputs, bands, session, _output(session))
        model._agree(name)
        model._replay(golden, name)
        return model

    def predict(self, rows: Rows) -> Answers:
        """float32[n, inputs] -> value, low, high, each float64[n]; NaN stands for not known."""
        raw = self.session.run([self.output], {"features": rows})[0]
        return answer(self.bands, np.asarray(raw[:, -1] if raw.ndim == 2 else raw, dtype=np.float64))

    def _agree(self, name: str) -> None:
        """The names a caller sends, the vector the online features make and the model's input are one list."""
        if [i.name for i in self.inputs] != list(names(self.fitted)):
            raise Unusable(
                f"{name}: input_schema.json and features.json name different features; build the bundle anew"
            )
        if version(self.fitted) != self.manifest.feature_table_version:
            raise Unusable(
                f"{name}: features.json is {version(self.fitted)}, the manifest says otherwise; build it anew"
            )
        found = self.session.get_inputs()
        if len(found) != 1 or found[0].name != "features" or found[0].shape[-1] not in (len(self.inputs), None):
            raise Unusable(
                f"{name}: the model wants not one input `features` of {len(self.inputs)} columns; build it anew"
            )

    def _replay(self, golden: Golden, name: str) -> None:
        if len(golden.rows) < GOLDEN_ROWS:
            raise Unusable(f"{name}: {len(golden.rows)} golden rows, at least {GOLDEN_ROWS} are wanted; build it anew")
        try:
            rows = np.array([r.features for r in golden.rows], dtype=np.float32).reshape(
                len(golden.rows), len(self.inputs)
            )
            found = self.predict(rows)
        except ORT_ERROR as e:
            raise Unusable(f"{name}: golden rows can't be run ({str(e).splitlines()[0]}); build the bundle anew") from e
        off = difference(golden, found)
        if off > TOLERANCE:
            raise Mismatch(
                f"{name}: golden rows differ by up to {off:.3g}, {TOLERANCE:g} is allowed; "
                "install the onnxruntime this release was tested with"
            )


def _needed(files: Mapping[str, bytes], name: str) -> bytes:
    if name not in files:
        raise Unusable(f"{name} is not in the bundle; build it anew with acme bundle build")
    return files[name]


def _session(model: bytes) -> Any:
    """One thread: a row takes some microseconds, handing it to others takes more."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _output(session: Any) -> str:
    """The value, or the probabilities of a classifier that also gives its label."""
    found: list[str] = [o.name for o in session.get_outputs()]
    return next((n for n in found if n == "probabilities"), found[-1])
