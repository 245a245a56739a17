"""The declared facts: what more than one artefact must agree on, as data. `contracts()` reads them, typed."""

from acme_lib.contracts._load import Contracts, InvalidContract, contracts
from acme_lib.contracts._ml import FeatureSpec, Label, Split, UseCase
from acme_lib.contracts._types import (
    AlertRule,
    BridgeMapping,
    ClockBound,
    Column,
    Equipment,
    EquipmentClass,
    Hub,
    Level,
    Line,
    Metric,
    Role,
    Rule,
    Site,
    Table,
    Tag,
    Uns,
)

__all__ = [
    "AlertRule",
    "BridgeMapping",
    "ClockBound",
    "Column",
    "Contracts",
    "Equipment",
    "EquipmentClass",
    "FeatureSpec",
    "Hub",
    "InvalidContract",
    "Label",
    "Level",
    "Line",
    "Metric",
    "Role",
    "Rule",
    "Site",
    "Split",
    "Table",
    "Tag",
    "Uns",
    "UseCase",
    "contracts",
]
