"""Model figures of a lakehouse: what each judged version reached on its test set, worked out anew from gold_predictions."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from acme_lib.bench.published import beside_published
from acme_lib.bench.report import Report
from acme_lib.contracts import UseCase, contracts
from acme_lib.errors import Stop
from acme_lib.models.crossval import choice_name
from acme_lib.models.recipes import recipe_of
from acme_lib.run.evidence import Evidence
from acme_lib.settings import settings

__all__ = ["reported", "run"]

JUDGED = "SELECT use_case, model_version, metrics_json FROM ml_evaluations ORDER BY use_case, model_version::INT"
TRAINED = "SELECT counters FROM ops_runs WHERE job = 'train' AND status = 'succeeded'"
TUNED = "SELECT counters FROM ops_runs WHERE job = 'tune' AND status = 'succeeded'"
TEST = """SELECT equipment_id, ts_utc, prediction, low, high, label FROM gold_predictions
WHERE use_case = ? AND model_version = ? AND split = 'test' AND origin = 'batch' AND label IS NOT NULL ORDER BY equipment_id, ts_utc"""
UNSEEN = """SELECT equipment_id, prediction, label FROM gold_predictions
WHERE use_case = ? AND model_version = ? AND split IN ('validation', 'test') AND origin = 'batch' AND label IS NOT NULL ORDER BY equipment_id, ts_utc"""
UNSEEN_F1 = "f1 of every row, each judged by a fit that had not seen it"
DRAWS, SEED = 1_000, 20261128
Trained = dict[tuple[str, str], dict[str, Any]]  # by registered name and version
COVERAGE = (
    "Coverage is the share of truths inside the interval: `coverage` of each equipment's last row, as published figures are, `coverage_rows` of every "
    "test row, `coverage_phase_from_0`, `_30` and `_75` of every row by phase of life, with fewer than 30 cycles left, 30 to 75, and 75 or more."
)
MADE = (
    "The lakehouse is made by `acme run --source cmapss --data DIR --path backfill --ml`, then for each further use case "
    "`acme run --source azure-pdm --data DIR --path backfill --ml --keep --use-case failure_24h` (likewise ai4i, and simulate "
    "by MQTT with `--minutes 3 --speed 2880`); a version without some features by the notebooks train_baseline, with "
    "`recipe: {without: [device_error]}`, and validate_register."
)


def run(quick: bool = False) -> Report:
    """The report of the present lakehouse (ACME_HOME). Raises Stop where no model was judged there."""
    return reported(Evidence(settings().lakehouse_dir, None))


def reported(evidence: Evidence) -> Report:
    """The report of what the tables hold."""
    judged = evidence.rows(JUDGED)
    if not judged:
        raise Stop(f"{evidence.lakehouse}: no model was judged; run acme run --source cmapss --data DIR --path backfill --ml first")  # fmt: skip
    tuned = _counters(evidence, TUNED)
    trained = {(c["model"], c["model_version"]): c for c in (*_counters(evidence, TRAINED), *tuned) if "model" in c}
    report = Report("models", "Model figures", "acme bench models", ("use case, version", "figure", "test set", "mean of seeds (spread)", "from gold_predictions"))  # fmt: skip
    for row in judged:
        facts = _facts(row, trained)
        report.rows += _figures(evidence, row, facts)
        report.notes += _said(row, facts)
    report.notes += [f"Tuning {c.get('use_case', '')}, {c['trials']} trials: {c['verdict']}; the tuned recipe {'replaced' if c['replaced'] else 'did not replace'} the baseline." for c in tuned]  # fmt: skip
    report.notes += [*_compared(evidence, judged, trained), MADE]
    return report


def _counters(evidence: Evidence, sql: str) -> list[dict[str, Any]]:
    return [json.loads(row["counters"]) for row in evidence.rows(sql)]


def _figures(evidence: Evidence, row: dict[str, Any], facts: dict[str, Any]) -> list[tuple[str, ...]]:
    case, found = contracts().use_cases[row["use_case"]], json.loads(row["metrics_json"])
    own = _recomputed(case.kind, evidence.rows(TEST, row["use_case"], row["model_version"]))
    without = f" without {', '.join(facts['recipe']['without'])}" if facts.get("recipe", {}).get("without") else ""
    name = f"{case.id} {row['model_version']}{without}"
    rows: list[tuple[str, ...]] = []
    for figure in case.metrics:
        if figure in found:
            seeds = f"{found[f'{figure}_seeds_mean']:.4g} ({found[f'{figure}_seeds_spread']:.2g})" if f"{figure}_seeds_mean" in found else ""  # fmt: skip
            between = f" ({found['event_recall_low']:.3g} to {found['event_recall_high']:.3g})" if figure == "event_recall" else ""  # fmt: skip
            again = f"{own[figure]:.4g}" if figure in own else ""
            rows.append((name, figure, f"{found[figure]:.4g}{between}", seeds, again))
    if case.kind == "classification":
        unseen = evidence.rows(UNSEEN, row["use_case"], row["model_version"])
        rows += [(name, UNSEEN_F1, "", "", _f1(unseen, found["threshold"]))] if unseen else []
    return rows


def _f1(rows: list[dict[str, Any]], threshold: float) -> str:
    """F1 at the threshold, and between what bounds 90 % of draws by equipment lie."""
    names, place = np.unique([r["equipment_id"] for r in rows], return_inverse=True)
    truth = np.array([r["label"] for r in rows]) > 0.5
    alarm = np.array([r["prediction"] for r in rows]) >= threshold
    hit, said, meant = (np.bincount(place[w], minlength=len(names)) for w in (truth & alarm, alarm, truth))
    weight = np.random.default_rng(SEED).multinomial(len(names), np.full(len(names), 1 / len(names)), DRAWS)
    drawn = 2 * (weight @ hit) / np.maximum(weight @ (said + meant), 1)
    low, high = np.quantile(drawn, (0.05, 0.95))
    return f"{2 * hit.sum() / max(1, (said + meant).sum()):.4g} ({low:.3g} to {high:.3g})"


def _recomputed(kind: str, rows: list[dict[str, Any]]) -> dict[str, float]:
    """Plainly, by the figures' definitions, from nothing but the table."""
    if not rows:
        return {}
    if kind == "classification":
        from sklearn.metrics import average_precision_score

        truth, value = ([r[name] for r in rows] for name in ("label", "prediction"))
        return {"average_precision": float(average_precision_score(truth, value))}
    last = list({r["equipment_id"]: r for r in rows}.values())
    off = np.array([r["prediction"] - r["label"] for r in last])
    inside = [r["low"] <= r["label"] <= r["high"] for r in last]
    score = np.where(off < 0, np.exp(-off / 13), np.exp(off / 10)) - 1
    return {"rmse": float(np.sqrt(np.mean(off**2))), "cmapss_score": float(score.sum()), "coverage": float(np.mean(inside))}  # fmt: skip


def _said(row: dict[str, Any], facts: dict[str, Any]) -> list[str]:
    case, found = contracts().use_cases[row["use_case"]], json.loads(row["metrics_json"])
    base = f"{case.id} {row['model_version']}: {found['rows']:,.0f} test rows"
    base += f" of {found['equipment']:.0f} equipment, figures of each one's last row, label capped at {case.label.cap:g} on both sides" if case.kind == "regression" else f", {found['positives']:.0f} positive, threshold {found['threshold']:.3g}"  # fmt: skip
    if "events" in found:
        base += f", {found['events']:.0f} failures, false alarms between {found['false_alarms_low']:.3g} and {found['false_alarms_high']:.3g}"
    base += f", seeds {', '.join(map(str, _seeds(case, facts)))}"
    if "choice_leaky_random_rows" in facts:
        base += f". Cross-validation by equipment gave {facts['choice']:.4g} ({choice_name(case)}); rows dealt at random, neighbours teaching, would have said {facts['choice_leaky_random_rows']:.4g}"  # fmt: skip
    return [f"{base}."]


def _compared(evidence: Evidence, judged: list[dict[str, Any]], trained: Trained) -> list[str]:
    """What coverage means, and published results beside the newest version that was judged on the same engines."""
    rul = [row for row in judged if row["use_case"] == "rul"]
    same = [row for row in rul if _of_fd001(evidence, row)]
    if not same:
        return [COVERAGE] if rul else []
    case, row = contracts().use_cases["rul"], same[-1]
    table = beside_published(case, row["model_version"], json.loads(row["metrics_json"]), _seeds(case, _facts(row, trained)))  # fmt: skip
    return [COVERAGE, table]


def _of_fd001(evidence: Evidence, row: dict[str, Any]) -> bool:
    tested = evidence.rows(TEST, "rul", row["model_version"])
    return bool(tested) and all("/fd001/" in r["equipment_id"] for r in tested)


def _facts(row: dict[str, Any], trained: Trained) -> dict[str, Any]:
    """What the training of a judged version left in its run record, or that of the tuning which trained it."""
    return trained.get((f"acme-{row['use_case']}", row["model_version"]), {})


def _seeds(case: UseCase, facts: dict[str, Any]) -> tuple[int, ...]:
    return case.seeds[: recipe_of(case, facts.get("recipe")).members]
