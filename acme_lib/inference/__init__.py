"""The inference API as messages and as an OpenAPI document: what the edge service answers and its clients may rely on."""

from acme_lib.inference.contract import ErrorCode, InferenceApi, inference_api
from acme_lib.inference.messages import (
    Dependency,
    Fault,
    Faults,
    Feature,
    Features,
    Health,
    Prediction,
    PredictRequest,
    PredictResponse,
    RefusedBundle,
    Row,
    Served,
)
from acme_lib.inference.openapi import document

__all__ = [
    "Dependency",
    "ErrorCode",
    "Fault",
    "Faults",
    "Feature",
    "Features",
    "Health",
    "InferenceApi",
    "PredictRequest",
    "PredictResponse",
    "Prediction",
    "RefusedBundle",
    "Row",
    "Served",
    "document",
    "inference_api",
]
