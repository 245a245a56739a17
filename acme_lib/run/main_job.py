"""The main job, stage by stage: start, publish, drain, notebooks, reconcile, report."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from acme_lib import runtime
from acme_lib.pipeline import MODEL_STEPS, STEPS, Step, chosen
from acme_lib.pipeline.local import NotebookRun, one_kernel, run_locally, warm
from acme_lib.run import models, results, state
from acme_lib.run.checks import before_start
from acme_lib.run.evidence import Evidence
from acme_lib.run.options import RunOptions
from acme_lib.run.progress import Progress
from acme_lib.run.publish import backfill, held, publish
from acme_lib.run.stack import Stack, bridge_status
from acme_lib.settings import Settings

__all__ = ["MainJob"]

WATCHING = ("drift_detection",)  # of a model that serves
LEARNING = tuple(s.name for s in MODEL_STEPS if s.name not in WATCHING)


class MainJob:
    """One run. `say` is told each stage's name as it starts; `folder` ends with summary.json and report.html, also where it fails."""

    def __init__(self, options: RunOptions, found: Settings, say: Callable[[str], None] = lambda text: None) -> None:
        self.options, self.settings, self.say = options, found, say
        self.started = runtime.now()
        self.run_id = self.started.strftime("%Y%m%dT%H%M%SZ")
        self.progress = Progress(say)
        self.published: dict[str, int] = {}
        self.bridge: dict[str, Any] | None = None
        self.use_cases: list[str] = []

    def run(self) -> dict[str, Any]:
        """The summary. Raises WrongUse or Stop with one sentence; whatever was acknowledged stays for the next run.

        What is refused before the start changes nothing, `latest` neither: the state there is still that of the run it shows.
        """
        home = self.settings.home.resolve()
        with state.sole(home):
            before_start(self.options, self.settings)
            state.begin(home, self.run_id, self.options.fresh)
            self.folder = self.settings.folder(f"runs/{self.run_id}")
            try:
                with self._work():
                    summary = self._stages()
            except Exception as e:
                self._tell_failure(e)
                raise
            state.finish(home)
        return summary

    @contextmanager
    def _work(self) -> Iterator[None]:
        """A file's history is long work for every child, unless the settings say otherwise."""
        if self.options.source == "simulate" or self.settings.lake.work is not None:
            yield
            return
        os.environ["ACME_LAKE__WORK"] = "long"
        try:
            yield
        finally:
            del os.environ["ACME_LAKE__WORK"]

    def _stages(self) -> dict[str, Any]:
        with one_kernel(self.folder / "notebooks" / "kernel.log") as kernel:
            if self.options.path == "backfill":
                self._backfilled(kernel)
            else:
                self._carried(kernel)
            self._models(kernel)
        with self.progress.stage("reconcile"):
            known = self._known(Evidence(self.settings.lakehouse_dir, self._evidence_folder()))
            summary = results.summary(known)
        with self.progress.stage("report"):
            results.leave(self.folder, self._timed(summary), known.evidence)
        return summary

    def _backfilled(self, kernel: Any) -> None:
        with self.progress.stage("backfill"):
            backfill(self.options, self.folder / "backfill.log")
            self.published = held(self.options)
        self._notebooks(kernel, STEPS[1:])  # Bronze is filled

    def _carried(self, kernel: Any) -> None:
        with self._timed_stack():
            warm(kernel)  # Spark starts while the plant publishes
            with self.progress.stage("publish"):
                publish(self.options, self._evidence_folder() / self.run_id, self.folder / "publish.log")
            with self.progress.stage("drain"):
                self.published = self._counts(Evidence(self.settings.lakehouse_dir, self._evidence_folder()))
                self.stack.drain(sum(self.published.values()))
            self._notebooks(kernel, STEPS)
            with self.progress.stage("ledger"):
                self.bridge = bridge_status()

    @contextmanager
    def _timed_stack(self) -> Iterator[None]:
        self.stack = Stack(self.settings, self.say)
        with self.progress.stage("start"):
            self.stack.__enter__()
        try:
            yield
        finally:
            with self.progress.stage("stop"):
                self.stack.__exit__(None, None, None)

    def _notebooks(
        self, kernel: Any, steps: tuple[Step, ...], label: str = "", only: dict[str, Any] | None = None, **common: Any
    ) -> None:
        """`common` parameters go to every notebook, `only` names further ones of some."""

        def note(done: NotebookRun) -> None:
            self.progress.end(label + done.name, done.seconds)

        run_locally(
            steps,
            {s.name: {"run_id": self.run_id, **common, **(only or {}).get(s.name, {})} for s in steps},
            self.folder / "notebooks" / label,
            kernel=kernel,
            on_start=lambda step: self.progress.begin(f"notebook {label}{step.name}"),
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

    def _counts(self, evidence: Evidence) -> dict[str, int]:
        """Messages published since the last clean start, by kind."""
        return {r["kind"]: r["n"] for r in evidence.rows("SELECT kind, count(*) AS n FROM published GROUP BY kind")}

    def _known(self, evidence: Evidence) -> results.Known:
        about = {
            "run_id": self.run_id,
            "source": self.options.source,
            "path": self.options.path,
            "started_utc": self.started.isoformat(timespec="seconds"),
        }
        use_cases = self.use_cases if self.options.ml else None
        return results.Known(about, self.published, self.bridge, evidence, self.settings.folder("ops"), use_cases)

    def _timed(self, summary: dict[str, Any]) -> dict[str, Any]:
        summary["seconds"] = self.progress.seconds
        summary["seconds_total"] = round(sum(self.progress.seconds.values()), 1)
        return summary

    def _tell_failure(self, error: Exception) -> None:
        """Leaves the failure's own report, from what is there by now; never in the way of the error itself."""
        try:
            evidence = Evidence(self.settings.lakehouse_dir, self._evidence_folder(), half_made=True)
            if self.options.path == "mqtt":
                self.published = self._counts(evidence)
                self.bridge = _last_bridge()
            told = results.summary_so_far(self._known(evidence), self.progress.at, error)
            results.leave_failed(self.folder, self._timed(told), evidence)
            self.say(f"report of what failed: {self.folder / 'report.html'}")
        except Exception as e:
            self.say(f"no report of what failed: {e}")


def _last_bridge() -> dict[str, Any] | None:
    """The bridge's ledger from its files; None where it never ran, or they can't be read."""
    try:
        return bridge_status()
    except Exception:
        return None
