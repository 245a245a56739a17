"""A registered version as a signed bundle: fetched from the registry, proven on its golden rows, signed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from acme_lib.errors import Stop, WrongUse
from acme_lib.features import version as feature_version
from acme_lib.models.bundle.assemble import assemble
from acme_lib.models.bundle.counters import Counters
from acme_lib.models.bundle.keys import load_key
from acme_lib.models.bundle.parts import GOLDEN_ROWS, TOLERANCE, Golden, difference
from acme_lib.models.candidate import Candidate
from acme_lib.models.registry import ALIASES, Registry, Version, name_of

__all__ = ["build"]

NEEDED = ("MLmodel", "model.onnx", "features.json", "bands.json", "input_schema.json", "golden.json", "MODEL_CARD.md")


def build(registry: Registry, model: str, version: str, out: Path, key: Path, now: datetime) -> Path:
    """Writes out/<use case>-<version> and returns it. `model`: registered name or use case; `version`: number or alias.

    Raises WrongUse where there is no such version, key or file, Stop where the model does not give its golden answers.
    """
    found = _version(registry, model, version)
    signing = load_key(key)
    with TemporaryDirectory() as scratch:
        folder = registry.fetch(found.model, found.version, Path(scratch) / "model")
        files = {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
        candidate = Candidate.load(folder)
    if (card := registry.finished_card(found.model, found.version)) is not None:
        files["MODEL_CARD.md"] = card  # the folder's own was written before the test set was opened
    if missing := [name for name in NEEDED if name not in files]:
        raise WrongUse(f"{found.model} version {found.version} lacks {', '.join(missing)}; register it anew")
    _replay(candidate, files["golden.json"], f"{found.model} version {found.version}")
    counters = Counters(out / "counters.json")
    use_case = candidate.facts.use_case
    counter = counters.highest(use_case) + 1
    counters.rise(use_case, counter)  # first: a number is never used twice, even where the build then fails
    return assemble(
        files, out, signing, use_case=use_case, model_version=found.version,
        feature_table_version=feature_version(candidate.fitted), counter=counter, created=now,
    )  # fmt: skip


def _version(registry: Registry, model: str, version: str) -> Version:
    name = model if model.startswith("acme-") else name_of(model)
    if version not in ALIASES:
        return registry.get(name, version)
    holder = registry.holder(name, version)
    if holder is None:
        raise WrongUse(f"{name}: no version is {version}; acme model list shows what there is")
    return holder


def _replay(candidate: Candidate, text: bytes, name: str) -> None:
    golden = msgspec.json.decode(text, type=Golden)
    if len(golden.rows) < GOLDEN_ROWS:
        raise Stop(f"{name}: {len(golden.rows)} golden rows, at least {GOLDEN_ROWS} are wanted; register it anew")
    off = difference(golden, candidate.predictor().predict(golden.vectors()))
    if off > TOLERANCE:
        raise Stop(f"{name}: golden rows differ by up to {off:.3g}, {TOLERANCE:g} is allowed; register it anew")
