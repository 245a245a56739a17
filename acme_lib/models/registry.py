"""The registry port: versions of a model, their tags, and which of them an alias points to. Adapters keep one contract suite."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from acme_lib.errors import WrongUse

__all__ = ["ALIASES", "MemoryRegistry", "Registry", "Version", "name_of"]

ALIASES = ("staging", "production")


@dataclass(frozen=True)
class Version:
    """One registered version. `stage` None where the store has no stages."""

    model: str
    version: str
    run_id: str
    tags: dict[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    stage: str | None = None


def name_of(use_case: str) -> str:
    """The registered name: acme-rul."""
    return f"acme-{use_case}"


class Registry(ABC):
    """Truth is in the versions' tags and in our own audit; aliases and stages are set where the store has them."""

    @abstractmethod
    def add(self, model: str, folder: Path, run_id: str, tags: Mapping[str, str]) -> Version:
        """Registers the model folder (MLmodel, model.onnx, ...) as the next version, without an alias."""

    @abstractmethod
    def versions(self, model: str | None = None) -> list[Version]:
        """All versions, by model and ascending number."""

    @abstractmethod
    def tag(self, model: str, version: str, tags: Mapping[str, str]) -> None: ...

    @abstractmethod
    def point(self, model: str, alias: str, version: str) -> None:
        """Moves the alias (and the stage of that name). Callers go through `promotion`, which asks and audits."""

    @abstractmethod
    def fetch(self, model: str, version: str, out: Path) -> Path:
        """The version's folder, copied to `out`."""

    def finished_card(self, model: str, version: str) -> bytes | None:
        """The model card with the test set's figures, which validation leaves beside the version; None where there is none."""
        self.get(model, version)
        return None

    def get(self, model: str, version: str) -> Version:
        """Raises WrongUse where it does not exist."""
        for found in self.versions(model):
            if found.version == str(version):
                return found
        raise WrongUse(f"{model} version {version}: not in the registry; acme model list shows what is")

    def holder(self, model: str, alias: str) -> Version | None:
        """The version an alias points to."""
        return next((v for v in self.versions(model) if alias in v.aliases), None)


class MemoryRegistry(Registry):
    """A registry in a folder of this process, for tests and trials."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._versions: list[Version] = []

    def add(self, model: str, folder: Path, run_id: str, tags: Mapping[str, str]) -> Version:
        made = Version(model, str(len(self.versions(model)) + 1), run_id, dict(tags))
        shutil.copytree(folder, self.folder / model / made.version)
        self._versions.append(made)
        return made

    def versions(self, model: str | None = None) -> list[Version]:
        found = [v for v in self._versions if model is None or v.model == model]
        return sorted(found, key=lambda v: (v.model, int(v.version)))

    def tag(self, model: str, version: str, tags: Mapping[str, str]) -> None:
        self._put(replace(self.get(model, version), tags={**self.get(model, version).tags, **tags}))

    def point(self, model: str, alias: str, version: str) -> None:
        there = self.get(model, version)
        if (before := self.holder(model, alias)) is not None:
            self._put(replace(before, aliases=tuple(a for a in before.aliases if a != alias), stage="Archived"))
        there = self.get(model, version)
        self._put(replace(there, aliases=(*there.aliases, alias), stage=alias.capitalize()))

    def fetch(self, model: str, version: str, out: Path) -> Path:
        self.get(model, version)
        shutil.copytree(self.folder / model / version, out, dirs_exist_ok=True)
        return out

    def _put(self, new: Version) -> None:
        self._versions = [new if (v.model, v.version) == (new.model, new.version) else v for v in self._versions]
