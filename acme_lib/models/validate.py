"""The validation job: every gate of a candidate, its report and checklist, and alias `staging` where all hold."""

from __future__ import annotations

from datetime import datetime
from getpass import getuser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from acme_lib.errors import Stop
from acme_lib.models import checks, evaluate, rechecks, tracking
from acme_lib.models.candidate import Candidate
from acme_lib.models.card import checklist, model_card, report
from acme_lib.models.drifted import drift
from acme_lib.models.gates import Verdict, bounded, passed
from acme_lib.models.inputs import Inputs, inputs
from acme_lib.models.promotion import export, promote
from acme_lib.models.registry import Registry, Version
from acme_lib.models.slices import Slice
from acme_lib.models.snapshots import kept
from acme_lib.models.splits import TRAIN
from acme_lib.models.store import Store, store_at
from acme_lib.monitoring import Audit, RunRecord, audit_at, recording

if TYPE_CHECKING:
    from acme_lib.lake import Lakehouse

__all__ = ["NEEDED", "Config", "run"]

NEEDED = (
    "data coverage", "calibration", "drift", "slices", "leakage: planted future", "leakage: identifiers",
    "leakage: groups", "reproducibility", "latency", "ONNX parity", "against production",
)  # fmt: skip


class Config(BaseModel):
    """Parameters of the notebook validate_register. `threads` must not matter; reproducibility is checked with as many."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run_id: str
    use_case: str = "rul"
    version: str | None = None
    actor: str | None = None
    threads: int = 2


def run(config: Config, lake: Lakehouse | Store, now: datetime, registry: Registry | None = None, audit: Audit | None = None) -> RunRecord:  # fmt: skip
    """Counters say `passed` and which gates failed; a failing candidate, or one that is only reported, moves nothing. Raises
    Stop before the evaluation."""
    store, registry = store_at(lake), registry or tracking.registry()
    with recording(config.run_id, "validate_register", now) as record:
        version = evaluate.chosen(registry, config.use_case, config.version)
        figures = evaluate.opened(store, version)
        if figures is None:
            raise Stop(f"{version.model} version {version.version}: not evaluated yet; run the evaluation job first")
        with TemporaryDirectory() as scratch:
            folder = registry.fetch(version.model, version.version, Path(scratch) / "model")
            candidate = Candidate.load(folder)
            found = inputs(store, config.use_case, candidate.facts.feature_table_version)
            holder = registry.holder(version.model, "production")
            verdicts, log = judged(found, candidate, folder, figures, holder, store, registry, config.threads)
        good = passed(verdicts, NEEDED)
        facts = candidate.facts
        texts = {
            "report.md": report(version, facts, figures, verdicts, log, good, now),
            "checklist.md": checklist(version, facts, verdicts, good),
            "MODEL_CARD.md": model_card(found.case, facts, figures, len(found.names), version.version),
        }
        said = "reported" if not found.case.gate else "passed" if good else "failed"
        _keep(texts, version, said, registry, now)
        if said == "passed":
            trail = audit or audit_at(lake)  # type: ignore[arg-type]
            promote(registry, trail, config.actor or getuser(), version.model, version.version, "staging", "all gates hold", now)  # fmt: skip
        export(registry, store, now)
        record.counters = {"model": version.model, "model_version": version.version, "passed": said == "passed", "verdict": said, "failed": [v.name for v in verdicts if v.binding and not v.ok]}  # fmt: skip
    return record


def judged(found: Inputs, candidate: Candidate, folder: Path, figures: dict[str, float], holder: Version | None, store: Store, registry: Registry, threads: int) -> tuple[list[Verdict], list[Slice]]:  # fmt: skip
    """Every gate and the bias log. For a use case that is only reported none is binding."""
    case, test, snapshot = found.case, evaluate.test_rows(store, found), kept(store, candidate.facts.snapshot_id)
    taught = snapshot.labelled(TRAIN) if snapshot else None
    rows = taught or found.data.labelled(TRAIN)
    bias, log = checks.slice_check(found, test, candidate.predictor().predict(test.vectors))
    verdicts = [
        *bounded(case.gates, figures),
        checks.data_coverage(found),
        checks.calibration(case, figures),
        drift(found, rows, test),
        bias,
        rechecks.planted_future(found, rows),
        checks.identifiers(found),
        checks.attributes(found),
        checks.groups(found),
        *rechecks.reproducible(found, taught, candidate, folder, test, threads),
        checks.latency(candidate, test),
        rechecks.against_production(case, test, figures, registry, holder, found, store),
    ]
    return (verdicts if case.gate else [checks.unbound(v) for v in verdicts]), log


def _keep(texts: dict[str, str], version: Version, said: str, registry: Registry, now: datetime) -> None:
    """Report, checklist and card as artefacts of the version's run; the verdict (passed, failed, reported) as a tag."""
    tags = {"validation": said, "validatedUtc": f"{now:%Y-%m-%dT%H:%M:%SZ}"}
    registry.tag(version.model, version.version, tags)
    for name, text in texts.items():
        tracking.client().log_text(version.run_id, text, f"validation/{name}")
