"""The notebooks' DAG: papermill here, notebookutils.runMultiple in Fabric."""

from acme_lib.pipeline.dag import MODEL_STEPS, STEPS, Step, chosen
from acme_lib.pipeline.jobs import configured, run_job

__all__ = ["MODEL_STEPS", "STEPS", "Step", "chosen", "configured", "run_job"]
