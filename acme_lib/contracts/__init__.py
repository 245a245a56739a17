"""The declared facts: what more than one artefact must agree on, as data. `contracts()` reads them, typed."""

from acme_lib.contracts._load import Contracts, InvalidContract, contracts
from acme_lib.contracts._messages import BridgeMapping, ClockBound, Hub, Level, Rule, Uns
from acme_lib.contracts._ml import Costs, FeatureSpec, Gate, Label, Split, UseCase
from acme_lib.contracts._operations import AlertRule, Metric, Role
from acme_lib.contracts._plant import Equipment, EquipmentClass, HistorianTable, Line, Site, Tag
from acme_lib.contracts._tables import Column, Table

__all__ = [
    "AlertRule",
    "BridgeMapping",
    "ClockBound",
    "Column",
    "Contracts",
    "Costs",
    "Equipment",
    "EquipmentClass",
    "FeatureSpec",
    "Gate",
    "HistorianTable",
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
