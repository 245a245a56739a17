"""Messages of the inference API: camelCase on the wire, like the envelope; times in ISO 8601 with an offset."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

__all__ = [
    "Dependency",
    "Fault",
    "Faults",
    "Feature",
    "Features",
    "Health",
    "PredictRequest",
    "PredictResponse",
    "Prediction",
    "RefusedBundle",
    "Row",
    "Served",
]

UseCaseId = Annotated[str, Meta(description="Id of a use case, such as rul or failure_24h.", examples=["rul"])]
Version = Annotated[str, Meta(description="Version of the registered model.", examples=["3"])]
FeatureVersion = Annotated[
    str, Meta(description="Hash of the features the model was trained on.", examples=["turbofan-1a2b3c4d5e6f"])
]
Instant = Annotated[datetime, Meta(tz=True, description="Start of the frame, ISO 8601 with an offset or Z.")]
EquipmentId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        description="site/area/line/cell/equipment",
        examples=["testbed/turbofan/fd001/test/engine-001"],
    ),
]
Value = Annotated[float, Meta(description="The prediction, in the response's unit.")]
Bound = Annotated[float | None, Meta(description="Bound of the prediction interval, in the response's unit.")]


class Wire(Struct, frozen=True, rename="camel", kw_only=True):
    """Base: camelCase names, unknown fields are an error so that a misspelt one is seen."""


class Row(Wire, frozen=True, forbid_unknown_fields=True):
    """One feature vector, by name: every feature of GET /features, null only where it is nullable."""

    equipment_id: EquipmentId
    ts_utc: Instant
    features: Annotated[
        dict[str, float | None], Meta(description="Feature name -> value, in the units of GET /features.")
    ]


class PredictRequest(Wire, frozen=True, forbid_unknown_fields=True):
    """One or more rows for one model."""

    rows: Annotated[list[Row], Meta(description="At least one.")]
    use_case: Annotated[str | None, Meta(description="Needed only where several models are served.")] = None


class Prediction(Wire, frozen=True):
    """The answer to one row, in the order of the request."""

    equipment_id: EquipmentId
    ts_utc: Instant
    value: Value
    low: Bound
    high: Bound


class PredictResponse(Wire, frozen=True):
    """Predictions, with all that is needed to trace them."""

    use_case: UseCaseId
    model_version: Version
    feature_table_version: FeatureVersion
    unit: Annotated[str, Meta(description="Unit of value, low and high.", examples=["cycles", "probability"])]
    interval: Annotated[float, Meta(description="Share of truths that lie between low and high.", examples=[0.9])]
    correlation_id: Annotated[
        str, Meta(description="Also in the service's log; of the request's X-Correlation-Id if it has one.")
    ]
    predictions: list[Prediction]


class Fault(Wire, frozen=True):
    """One thing to change in the request."""

    code: Annotated[str, Meta(description="One of the error codes.")]
    message: str
    row: Annotated[int | None, Meta(description="Index of the row, from 0.")] = None
    features: Annotated[list[str], Meta(description="The features it is about.")] = []


class Faults(Wire, frozen=True):
    """Every answer that is no prediction."""

    errors: list[Fault]
    correlation_id: str


class Feature(Wire, frozen=True):
    """One input of the model."""

    name: str
    unit: Annotated[str, Meta(description="Unit of the value; 1 for none, z for a deviation in standard deviations.")]
    nullable: Annotated[bool, Meta(description="True where null (not known) is legal.")]


class Features(Wire, frozen=True):
    """The inputs of a served model, in the model's order."""

    use_case: UseCaseId
    model_version: Version
    feature_table_version: FeatureVersion
    features: list[Feature]


class Served(Wire, frozen=True):
    """A model in service. `previous_version` stays loaded for rollback."""

    use_case: UseCaseId
    model_version: Version
    feature_table_version: FeatureVersion
    counter: Annotated[int, Meta(description="The bundle's counter; it only rises.")]
    previous_version: str | None = None


class Dependency(Wire, frozen=True):
    """What the service leans on. /predict needs the model only; the live path needs broker and state too."""

    name: Literal["model", "broker", "state"]
    state: Literal["ok", "off", "connecting", "failed"]
    detail: str = ""


class RefusedBundle(Wire, frozen=True):
    """A bundle that was not taken."""

    bundle: str
    code: Annotated[str, Meta(description="UNTRUSTED, TAMPERED, DOWNGRADE, GOLDEN, UNUSABLE or UNRECORDED.")]
    reason: str


class Health(Wire, frozen=True):
    """`ready` only with a verified model."""

    ready: bool
    api_version: str
    models: list[Served]
    dependencies: list[Dependency]
    refused: list[RefusedBundle]


def decoder() -> msgspec.json.Decoder[PredictRequest]:
    """Strict: a number is a number, never a text."""
    return msgspec.json.Decoder(PredictRequest, strict=True)
