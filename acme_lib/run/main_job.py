"""The main job, stage by stage: start, publish, drain, notebooks, reconcile, report."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from acme_lib import runtime
from acme_lib.pipeline import MODEL_STEPS, STEPS, Step, chosen
from acme_lib.pipeline.local import NotebookRun, one_kernel, run_locally, warm
from acme_lib.run import models
from acme_lib.run.checks import before_start
from acme_lib.run.evidence import Evidence
from acme_lib.run.options import RunOptions
from acme_lib.run.publish import backfill, held, publish
from acme_lib.run.reconcile import reconcile
from acme_lib.run.report import write_report
from acme_lib.run.stack import Stack, bridge_status
from acme_lib.settings import Settings

__all__ = ["MainJob"]

STATE = ("lakehouse", "checkpoints", "journal", "kafka", "broker", "published", "ops")  # what a clean start puts aside
UNFINISHED = "unfinished"
WATCHING = ("drift_detection",)  # of a model that serves
LEARNING = tuple(s.name for s in MODEL_STEPS if s.name not in WATCHING)


class MainJob:
    """One run. `say` is told each stage's name as it starts; `folder` ends with summary.json and report.html."""

    def __init__(self, options: RunOptions, found: Settings, say: Callable[[str], None] = lambda text: None) -> None:
        self.options, self.settings, self.say = options, found, say
        self.started = runtime.now()
        self.run_id = self.started.strftime("%Y%m%dT%H%M%SZ")
        self.seconds: dict[str, float] = {}
        self.use_cases: list[str] = []

    def run(self) -> dict[str, Any]:
        """The summary. Raises WrongUse or Stop with one sentence; whatever was acknowledged stays for the next run."""
        before_start(self.options, self.settings)
        if self.options.source != "simulate" and self.settings.lake.work is None:
            os.environ["ACME_LAKE__WORK"] = "long"  # of every child
        runs = self.settings.folder("runs")
        marker = runs / UNFINISHED
        if self.options.fresh or (self.options.fresh is None and not marker.exists()):
            self._put_aside()
        self.folder = self.settings.folder(f"runs/{self.run_id}")
        marker.write_text(self.run_id)
        summary = self._stages()
        self._publish_results(summary)
        marker.unlink(missing_ok=True)
        return summary

    def _put_aside(self) -> None:
        """A clean start keeps the state before it, one back, under ACME_HOME/previous."""
        home = self.settings.home.resolve()
        present = [home / name for name in STATE if (home / name).exists()]
        if not present:
            return
        shutil.rmtree(home / "previous", ignore_errors=True)
        (home / "previous").mkdir()
        for path in present:
            path.rename(home / "previous" / path.name)

    def _stages(self) -> dict[str, Any]:
        with one_kernel(self.folder / "notebooks" / "kernel.log") as kernel:
            published, bridge = self._backfilled(kernel) if self.options.path == "backfill" else self._carried(kernel)
            self._models(kernel)
        with self._stage("reconcile"):
            return self._summary(published, bridge)

    def _backfilled(self, kernel: Any) -> tuple[dict[str, int], None]:
        with self._stage("backfill"):
            published = held(self.options)
            backfill(self.options, self.folder / "backfill.log")
        self._notebooks(kernel, STEPS[1:])  # Bronze is filled
        return published, None

    def _carried(self, kernel: Any) -> tuple[dict[str, int], dict[str, Any]]:
        with self._timed_stack():
            warm(kernel)  # Spark starts while the plant publishes
            with self._stage("publish"):
                publish(self.options, self._evidence_folder() / self.run_id, self.folder / "publish.log")
            with self._stage("drain"):
                published = self._counts()
                self.stack.drain(sum(published.values()))
            self._notebooks(kernel, STEPS)
            return published, bridge_status()

    @contextmanager
    def _timed_stack(self) -> Iterator[None]:
        self.stack = Stack(self.settings, self.say)
        with self._stage("start"):
            self.stack.__enter__()
        try:
            yield
        finally:
            with self._stage("stop"):
                self.stack.__exit__(None, None, None)

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        self.say(name)
        start = monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(monotonic() - start, 2)

    def _notebooks(
        self, kernel: Any, steps: tuple[Step, ...], label: str = "", only: dict[str, Any] | None = None, **common: Any
    ) -> None:
        """`common` parameters go to every notebook, `only` names further ones of some."""

        def note(done: NotebookRun) -> None:
            self.seconds[label + done.name] = done.seconds

        run_locally(
            steps,
            {s.name: {"run_id": self.run_id, **common, **(only or {}).get(s.name, {})} for s in steps},
            self.folder / "notebooks" / label,
            kernel=kernel,
            on_start=lambda step: self.say(f"notebook {label}{step.name}"),
            on_end=note,
        )

    def _models(self, kernel: Any) -> None:
        """The model's life, once for each use case that the data answers."""
        if not self.options.ml:
            return
        self.use_cases = models.answerable(Evidence(self.settings.lakehouse_dir, None), self.options.use_cases)
        for use_case in self.use_cases:
            label = f"{use_case}/" if len(self.use_cases) > 1 else ""
            only = {"validate_register": models.answers(self.options)}
            self._notebooks(kernel, chosen(LEARNING, MODEL_STEPS), label, only, use_case=use_case)
            if models.serves(Evidence(self.settings.lakehouse_dir, None), use_case):
                self._notebooks(kernel, chosen(WATCHING, MODEL_STEPS), label, use_case=use_case)
            else:
                self.say(f"no version of acme-{use_case} passed its gates: nothing serves, so no drift is watched")

    def _evidence_folder(self) -> Path:
        return self.settings.folder("published")

    def _counts(self) -> dict[str, int]:
        """Messages published since the last clean start, by kind."""
        evidence = Evidence(self.settings.lakehouse_dir, self._evidence_folder())
        return {r["kind"]: r["n"] for r in evidence.rows("SELECT kind, count(*) AS n FROM published GROUP BY kind")}

    def _summary(self, published: dict[str, int], bridge: dict[str, Any] | None) -> dict[str, Any]:
        self.evidence = Evidence(self.settings.lakehouse_dir, self._evidence_folder())
        dead = dict(bridge["dead_lettered"]) if bridge else {}
        total = sum(published.values())
        return {
            "run_id": self.run_id,
            "source": self.options.source,
            "path": self.options.path,
            "started_utc": self.started.isoformat(timespec="seconds"),
            "published": total,
            "published_by_kind": published if bridge else {"valid": total},
            "accepted": bridge["accepted"] if bridge else 0,
            "dead_lettered": dead,
            "dead_lettered_total": sum(dead.values()),
            "delivered": bridge["delivered"] if bridge else 0,
            "redelivered": bridge["redelivered"] if bridge else 0,
            **reconcile(self.evidence, bridge, published),
            **({"models": {c: models.results(self.evidence, c) for c in self.use_cases}} if self.options.ml else {}),
        }

    def _publish_results(self, summary: dict[str, Any]) -> None:
        summary["seconds"] = self.seconds
        summary["seconds_total"] = round(sum(self.seconds.values()), 1)
        write_report(self.folder / "report.html", summary, self.evidence)
        (self.folder / "summary.json").write_text(json.dumps(summary, indent=2, default=str) + "\n")
        latest = self.folder.parent / "latest"
        latest.unlink(missing_ok=True)
        latest.symlink_to(self.folder.name)
