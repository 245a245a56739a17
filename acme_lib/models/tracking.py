"""MLflow as this project uses it: where the store is, one experiment a use case, and what every run records of its origin."""

from __future__ import annotations

import logging
import os
import platform
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from acme_lib.models.candidate import Facts
from acme_lib.models.registry import Registry, Version, name_of
from acme_lib.settings import settings

__all__ = ["autologged", "client", "environment", "experiment", "git_sha", "registered", "registry", "started"]

PACKAGES = ("lightgbm", "scikit-learn", "numpy", "onnx", "onnxruntime", "mlflow", "hyperopt", "acme-platform-lib")


def uri() -> str:
    """MLFLOW_TRACKING_URI where it is set (Fabric sets its own), else SQLite under ACME_HOME/mlflow."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{settings().folder('mlflow') / 'mlflow.db'}"


@lru_cache(maxsize=8)
def _client(where: str) -> Any:
    warnings.filterwarnings("ignore", category=FutureWarning, module="mlflow")  # stages are deprecated, and wanted
    for chatty in ("mlflow", "alembic"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    import mlflow

    before = logging.root.manager.disable
    logging.disable(
        logging.INFO
    )  # the first use makes the store's tables and tells of each; alembic resets its own level
    try:
        return mlflow.MlflowClient(where, where)
    finally:
        logging.disable(before)


def client() -> Any:
    """The MlflowClient of the process's settings; MLflow's own functions then use the same store."""
    where, told = uri(), os.environ.get("MLFLOW_TRACKING_URI")
    found = _client(where)
    import mlflow

    mlflow.set_tracking_uri(where)
    mlflow.set_registry_uri(where)
    if told is None:
        os.environ.pop("MLFLOW_TRACKING_URI", None)  # MLflow exports it, and a later home would go unheard
    return found


def experiment(use_case: str) -> str:
    """Id of the use case's experiment, made where absent; locally its artefacts lie beside the database."""
    name, of = f"acme/{use_case}", client()
    found = of.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    local = uri().startswith("sqlite:///")
    place = (settings().folder("mlflow") / "artifacts" / use_case).as_uri() if local else None
    return str(of.create_experiment(name, artifact_location=place))


def registry() -> Any:
    """The registry in the same store."""
    from acme_lib.models.mlflow_registry import MlflowRegistry

    return MlflowRegistry(client())


def git_sha() -> str:
    """The commit of this checkout, with "-dirty" where files differ; ACME_GIT_SHA outside one; "unknown" else."""
    if told := os.environ.get("ACME_GIT_SHA"):
        return told
    here = Path(__file__).parent
    try:
        found = subprocess.run(["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"], cwd=here, capture_output=True, text=True, timeout=20)  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return found.stdout.strip() or "unknown"


def environment() -> dict[str, str]:
    """Versions of what a model's numbers depend on."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "absent"
    return found


@contextmanager
def started(use_case: str, name: str) -> Iterator[Any]:
    """A tracking run that is finished or failed with the block."""
    found = client()
    import mlflow

    with mlflow.start_run(experiment_id=experiment(use_case), run_name=name) as active:
        found.set_tag(active.info.run_id, "use_case", use_case)
        yield active


@contextmanager
def autologged() -> Iterator[None]:
    """LightGBM's own parameters, importances and curves are logged by MLflow within the block."""
    import mlflow

    mlflow.lightgbm.autolog(log_models=False, log_datasets=False, silent=True, exclusive=False)
    try:
        yield
    finally:
        mlflow.lightgbm.autolog(disable=True, silent=True)


def registered(registry: Registry, facts: Facts, folder: Path, active: Any) -> Version:
    """The candidate as the next version; its tags say from what it was made."""
    tags = {
        "trainingDataVersion": facts.snapshot_id,
        "featureTableVersion": facts.feature_table_version,
        "gitSHA": facts.git_sha,
        "useCase": facts.use_case,
        "validation": "open",
    }
    try:
        return registry.add(name_of(facts.use_case), folder, active.info.run_id, tags)
    finally:
        shutil.rmtree(folder.parent, ignore_errors=True)
