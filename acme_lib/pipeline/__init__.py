"""The notebooks' DAG: papermill here, notebookutils.runMultiple in Fabric; `run` chooses."""

from acme_lib.pipeline.dag import MODEL_STEPS, STEPS, NotebookRun, Step, chosen
from acme_lib.pipeline.jobs import configured, run_job
from acme_lib.pipeline.runner import run

__all__ = ["MODEL_STEPS", "STEPS", "NotebookRun", "Step", "chosen", "configured", "run", "run_job"]
