"""The registry in MLflow: local SQLite by default, any tracking server by setting; Fabric's keeps no stages."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from acme_lib.errors import WrongUse
from acme_lib.models.registry import Registry, Version

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

__all__ = ["MlflowRegistry"]

ARTIFACT = "model"
FINISHED_CARD = "validation/MODEL_CARD.md"  # where models.validate leaves it in the version's run


class MlflowRegistry(Registry):
    """Versions are MLflow model versions whose source is their run's folder `model`."""

    def __init__(self, client: MlflowClient) -> None:
        self.client = client

    def add(self, model: str, folder: Path, run_id: str, tags: Mapping[str, str]) -> Version:
        from mlflow.exceptions import MlflowException

        self.client.log_artifacts(run_id, str(folder), ARTIFACT)
        try:
            self.client.create_registered_model(model)
        except MlflowException as e:
            if e.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        source = f"{self.client.get_run(run_id).info.artifact_uri}/{ARTIFACT}"
        made = self.client.create_model_version(model, source, run_id, tags=dict(tags))
        return self.get(model, str(made.version))

    def versions(self, model: str | None = None) -> list[Version]:
        found = self.client.search_model_versions(f"name='{model}'" if model else None, max_results=10_000)
        aliases = {m.name: m.aliases for m in self._models(model)}
        made = [_version(v, aliases.get(v.name, {})) for v in found]
        return sorted(made, key=lambda v: (v.model, int(v.version)))

    def get(self, model: str, version: str) -> Version:
        from mlflow.exceptions import MlflowException

        try:
            found = self.client.get_model_version(model, version)
        except MlflowException as e:
            if e.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                raise
            raise WrongUse(f"{model} version {version}: not in the registry; acme model list shows what is") from e
        return _version(found, dict.fromkeys(found.aliases, found.version))

    def tag(self, model: str, version: str, tags: Mapping[str, str]) -> None:
        for key, value in tags.items():
            self.client.set_model_version_tag(model, version, key, value)

    def point(self, model: str, alias: str, version: str) -> None:
        from mlflow.exceptions import MlflowException

        self.get(model, version)
        self.client.set_registered_model_alias(model, alias, version)
        try:
            self.client.transition_model_version_stage(
                model, version, alias.capitalize(), archive_existing_versions=True
            )
        except MlflowException:
            self.tag(model, version, {"stage": alias.capitalize()})  # a store without stages: the tag says it

    def fetch(self, model: str, version: str, out: Path) -> Path:
        source = self.client.get_model_version_download_uri(model, self.get(model, version).version)
        from mlflow.artifacts import download_artifacts

        with TemporaryDirectory() as scratch:
            try:
                there = Path(download_artifacts(artifact_uri=source, dst_path=scratch))
            except OSError as e:
                raise WrongUse(f"{model} version {version}: {e}; its files are gone, register it anew") from e
            shutil.copytree(there, out, dirs_exist_ok=True)
        return out

    def finished_card(self, model: str, version: str) -> bytes | None:
        run_id = self.get(model, version).run_id
        if not run_id or FINISHED_CARD not in [f.path for f in self.client.list_artifacts(run_id, "validation")]:
            return None
        with TemporaryDirectory() as scratch:
            return Path(self.client.download_artifacts(run_id, FINISHED_CARD, scratch)).read_bytes()

    def _models(self, model: str | None) -> list[Any]:
        if model is None:
            return list(self.client.search_registered_models())
        return list(self.client.search_registered_models(f"name='{model}'"))


def _version(found: Any, aliases: Mapping[str, str]) -> Version:
    stage = found.current_stage if found.current_stage not in (None, "None") else found.tags.get("stage")
    mine = tuple(sorted(a for a, v in aliases.items() if str(v) == str(found.version)))
    return Version(found.name, str(found.version), found.run_id or "", dict(found.tags), mine, stage)
