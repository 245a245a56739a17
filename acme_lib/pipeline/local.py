"""Runs the notebooks here with papermill, all in one kernel, as runMultiple shares one Spark session in Fabric."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from time import monotonic
from typing import Any

from acme_lib.errors import Stop
from acme_lib.pipeline.dag import NotebookRun, Step

__all__ = ["NotebookRun", "one_kernel", "run_locally", "warm"]

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
ENGINE = "acme-one-kernel"


@contextmanager
def one_kernel(log: Path) -> Iterator[Any]:
    """A running kernel that several notebooks share; it ends with the block. What the JVM says at its start goes to `log`."""
    from jupyter_client.manager import KernelManager

    kernel: Any = KernelManager(kernel_name="python3", client_class="jupyter_client.asynchronous.AsyncKernelClient")
    kernel.kernel_spec.argv[0] = sys.executable  # the project's own interpreter, whatever kernels the machine lists
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        with log.open("ab") as out:
            kernel.start_kernel(env={**os.environ, "PYSPARK_PYTHON": sys.executable}, stdout=out, stderr=out)
        yield kernel
    finally:
        if kernel.has_kernel:
            kernel.shutdown_kernel(now=True)


def warm(kernel: Any) -> None:
    """Lets the kernel start its Spark session now, while the caller does something else."""
    client = _client(kernel)
    client.execute("from acme_lib import runtime\nruntime.lakehouse()", silent=True)
    client.stop_channels()


def _client(kernel: Any) -> Any:
    from jupyter_client.blocking.client import BlockingKernelClient

    client = BlockingKernelClient(**kernel.get_connection_info(session=True))
    client.start_channels(hb=False)  # a kernel slow to start on a busy machine is no dead one
    try:
        client.wait_for_ready(timeout=180)
    except RuntimeError as e:
        client.stop_channels()
        raise Stop(
            f"the notebooks' kernel does not answer ({e}); run again, and see kernel.log beside the notebooks"
        ) from e
    return client


def register_engine() -> None:
    """Makes the shared-kernel engine known to papermill."""
    from papermill.engines import NBClientEngine, papermill_engines

    class OneKernelEngine(NBClientEngine):
        """papermill's own engine; the kernel manager comes with the call."""

    papermill_engines.register(ENGINE, OneKernelEngine)


def run_locally(
    steps: tuple[Step, ...],
    parameters: Mapping[str, Mapping[str, Any]],
    out: Path,
    *,
    notebooks: Path = NOTEBOOKS,
    kernel: Any = None,
    on_start: Callable[[Step], None] = lambda step: None,
    on_end: Callable[[NotebookRun], None] = lambda run: None,
) -> list[NotebookRun]:
    """Executes `steps` in order; a failing notebook ends the run with its cell's error, and the next run goes on from the tables' marks.

    `parameters`: per notebook name. `out` receives the executed copies. Without a running `kernel` one is started.
    """
    register_engine()
    out.mkdir(parents=True, exist_ok=True)
    runs = []
    with nullcontext(kernel) if kernel else one_kernel(out / "kernel.log") as kernel:
        for step in steps:
            on_start(step)
            run = _execute(step, dict(parameters.get(step.name, {})), notebooks, out, kernel)
            on_end(run)
            runs.append(run)
            _forget(kernel)
    return runs


def _execute(step: Step, parameters: dict[str, Any], notebooks: Path, out: Path, kernel: Any) -> NotebookRun:
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    target, start = out / step.notebook, monotonic()
    try:
        done = papermill.execute_notebook(
            str(notebooks / step.notebook), str(target), parameters=parameters, engine_name=ENGINE, km=kernel,
            progress_bar=False, log_output=False, kernel_name="python3", cwd=str(notebooks.parent), execution_timeout=step.timeout_s,
        )  # fmt: skip
    except PapermillExecutionError as e:
        raise Stop(f"notebook {step.name} failed: {e.ename}: {e.evalue}; its executed copy is {target}") from e
    except DeadKernelError as e:
        raise Stop(
            f"notebook {step.name} ended without an answer (its kernel died); run again, it goes on where it stopped"
        ) from e
    return NotebookRun(step.name, round(monotonic() - start, 2), target, _left(done))


def _forget(kernel: Any) -> None:
    """Clears the notebook's names, so that the next one can't lean on them."""
    client = _client(kernel)
    client.execute("%reset -f", silent=True, reply=True, timeout=60)
    client.stop_channels()


def _left(notebook: Any) -> dict[str, Any]:
    """The record that `runtime.leave` printed last."""
    for cell in reversed(notebook.cells):
        for output in reversed(cell.get("outputs", [])):
            for line in reversed(str(output.get("text", "")).strip().splitlines()):
                if line.startswith("{"):
                    return dict(json.loads(line))
    return {}
