"""The notebooks' DAG: papermill here, notebookutils.runMultiple in Fabric."""

from acme_lib.pipeline.dag import STEPS, Step, chosen
from acme_lib.pipeline.jobs import configured, run_job

__all__ = ["STEPS", "Step", "chosen", "configured", "run_job"]
