"""The model both services of the edge measurement serve: learned as production learns, on engines made up for the purpose."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from acme_lib.contracts import contracts
from acme_lib.features import Fitted, Frames, compute, fit, names, version
from acme_lib.models.bundle import Counters, generate_key, write_pair
from acme_lib.models.bundle.assemble import assemble
from acme_lib.settings import Settings

__all__ = ["bundled", "engines", "model_folder"]

HOUR_US = 3_600_000_000
CYCLES = 80


def engines(count: int) -> list[Frames]:
    """Engines whose sensors drift towards their end, in the ranges of FD001."""
    spec, rng = contracts().feature_specs["turbofan"], np.random.default_rng(1)
    times = np.arange(480_000, 480_000 + CYCLES) * HOUR_US
    worn = np.linspace(0, 1, CYCLES)[:, None] ** 2
    width = len(spec.frame.tags)
    return [
        Frames(
            f"testbed/turbofan/fd001/train/engine-{n:03d}", times, 50 + rng.normal(0, 1, (CYCLES, width)) + worn * np.linspace(-3, 3, width)
        )
        for n in range(1, count + 1)
    ]  # fmt: skip


def model_folder(folder: Path, quick: bool) -> tuple[Fitted, npt.NDArray[np.float32]]:
    """Writes an MLflow model with the ONNX flavour; returns its features and one engine's vectors (float32[n, names])."""
    from acme_lib.models.bands import Bands
    from acme_lib.models.candidate import Candidate, Facts
    from acme_lib.models.export import onnx_model
    from acme_lib.models.learner import fit as learn
    from acme_lib.models.learner import members
    from acme_lib.models.recipes import recipe_of
    from acme_lib.models.tracking import environment

    case, history = contracts().use_cases["rul"], engines(5 if quick else 20)
    fitted = fit(contracts().feature_specs["turbofan"], history)
    vectors = [compute(fitted, frames) for frames in history]
    label = np.tile(np.minimum(np.arange(CYCLES, 0, -1), 125.0), len(history))
    recipe = recipe_of(case, rounds=40 if quick else None)
    seeds = list(range(1, recipe.members + 1))
    learned = members([learn(recipe, case.kind, np.concatenate(vectors), label, names(fitted), s) for s in seeds])
    facts = Facts(
        use_case="rul", feature_table_version=version(fitted), snapshot_id="made up", git_sha="", recipe=recipe, seeds=seeds,
        threshold=0.5, trained_utc="2026-11-25T00:00:00Z", cross_validation={}, environment=environment(),
    )  # fmt: skip
    bands = Bands(edges=(40.0, 80.0), below=(8.0, 15.0, 20.0), above=(8.0, 15.0, 20.0), least=0.0, most=125.0)
    candidate = Candidate(onnx_model(learned), fitted, bands, facts)
    candidate.save(folder, vectors[0][-30:], names(fitted), {"MODEL_CARD.md": b"# rul, for measuring only\n"})
    return fitted, vectors[0][-30:]


def bundled(folder: Path, fitted: Fitted, found: Settings) -> Path:
    """The folder as a signed bundle where the service of these settings looks for it."""
    key = generate_key()
    _, public = write_pair(found.folder("keys"), key)
    found.trust_dir.mkdir(parents=True, exist_ok=True)
    (found.trust_dir / public.name).write_bytes(public.read_bytes())
    files = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    counter = Counters(found.bundles_dir / "counters.json").highest("rul") + 1
    return assemble(
        files, found.bundles_dir, key, use_case="rul", model_version="1", feature_table_version=version(fitted),
        counter=counter, created=datetime(2026, 11, 25, tzinfo=UTC),
    )  # fmt: skip
