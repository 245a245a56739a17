"""Reads the contract files, each once and only when asked for. An error names the file, the key and the mend."""

from __future__ import annotations

from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from acme_lib.contracts import _ml as ml
from acme_lib.contracts._messages import BridgeMapping, Quality, Reasons, Rules, Uns
from acme_lib.contracts._operations import Alerts, Environments, Metrics, Roles
from acme_lib.contracts._plant import Assets, Historians, Tags
from acme_lib.contracts._tables import Layer, Table
from acme_lib.errors import WrongUse

HERE = Path(__file__).parent
ENVELOPE = "envelope/v1/envelope.schema.json"
T = TypeVar("T")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class InvalidContract(WrongUse):
    """A contract file does not hold what its type says."""


def read_yaml(path: Path) -> Any:
    """The parsed file. Raises InvalidContract where it is not YAML or absent."""
    try:
        return yaml.load(path.read_bytes(), Loader=_Loader)
    except FileNotFoundError as e:
        raise InvalidContract(f"{path}: no such contract; restore it from version control") from e
    except yaml.YAMLError as e:
        raise InvalidContract(f"{path}: not YAML ({e}); correct the syntax there") from e


def decode(path: Path, kind: type[T]) -> T:
    """The file as `kind`. Raises InvalidContract naming file, key and mend."""
    try:
        return msgspec.convert(read_yaml(path), kind, strict=True)
    except msgspec.ValidationError as e:
        raise InvalidContract(
            f"{path}: {e}; correct that key, its type {kind.__name__} stands in {kind.__module__}"
        ) from e


class Contracts:
    """All contracts of one folder; `contracts()` gives those of this release."""

    def __init__(self, folder: Path = HERE) -> None:
        self.folder = folder

    @cached_property
    def uns(self) -> Uns:
        return decode(self.folder / "uns.yaml", Uns)

    @cached_property
    def reasons(self) -> Reasons:
        return decode(self.folder / "reasons.yaml", Reasons)

    @cached_property
    def quality(self) -> Quality:
        return decode(self.folder / "quality.yaml", Quality)

    @cached_property
    def rules(self) -> Rules:
        return decode(self.folder / "rules.yaml", Rules)

    @cached_property
    def bridge(self) -> BridgeMapping:
        return decode(self.folder / "bridge.yaml", BridgeMapping)

    @cached_property
    def assets(self) -> Assets:
        return decode(self.folder / "assets.yaml", Assets)

    @cached_property
    def tags(self) -> Tags:
        return decode(self.folder / "tags.yaml", Tags)

    @cached_property
    def metrics(self) -> Metrics:
        return decode(self.folder / "metrics.yaml", Metrics)

    @cached_property
    def alerts(self) -> Alerts:
        return decode(self.folder / "alerts.yaml", Alerts)

    @cached_property
    def roles(self) -> Roles:
        return decode(self.folder / "roles.yaml", Roles)

    @cached_property
    def environments(self) -> Environments:
        return decode(self.folder / "environments.yaml", Environments)

    @cached_property
    def features(self) -> ml.FeatureSpecs:
        return decode(self.folder / "features.yaml", ml.FeatureSpecs)

    @cached_property
    def feature_specs(self) -> dict[str, ml.FeatureSpec]:
        """Feature specs by id."""
        return {spec.id: spec for spec in self.features.specs}

    @cached_property
    def questions(self) -> ml.UseCases:
        return decode(self.folder / "use_cases.yaml", ml.UseCases)

    @cached_property
    def use_cases(self) -> dict[str, ml.UseCase]:
        """Use cases by id."""
        return {case.id: case for case in self.questions.use_cases}

    @cached_property
    def retraining(self) -> ml.Retraining:
        return decode(self.folder / "retraining.yaml", ml.Retraining)

    @cached_property
    def historians(self) -> Historians:
        return decode(self.folder / "historians.yaml", Historians)

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """Every file of tables/, in the order the data flows."""
        found = {path.stem: path for path in sorted((self.folder / "tables").glob("*.yaml"))}
        flow = [name for name in ("bronze", "silver", "gold", "features", "models", "drift", "ops") if name in found]
        return tuple(decode(found[name], Layer) for name in [*flow, *(n for n in found if n not in flow)])

    @cached_property
    def tables(self) -> dict[str, Table]:
        """Every table of every layer by name."""
        return {table.name: table for layer in self.layers for table in layer.tables}

    @cached_property
    def envelope_schema(self) -> dict[str, Any]:
        """The published JSON Schema of the envelope, the single source of validation."""
        schema: dict[str, Any] = msgspec.json.decode((self.folder / ENVELOPE).read_bytes())
        return schema


@lru_cache(maxsize=1)
def contracts() -> Contracts:
    """The contracts of this release."""
    return Contracts()
