"""The OpenAPI document, made from the messages and contracts/inference.yaml; served, and rendered to docs/api."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from acme_lib.contracts import Contracts
from acme_lib.inference import messages as m
from acme_lib.inference.contract import ErrorCode, api_of

__all__ = ["document"]

REF = "#/components/schemas/{name}"
SHORTENED = "Shortened to a few features: a row needs every feature that GET /features lists for the use case."


def document(of: Contracts, served: Mapping[str, str] | None = None) -> dict[str, Any]:
    """OpenAPI 3.1 as plain data. `served`: use case -> model version; those of the release without it."""
    api, found = api_of(of), dict(served) if served is not None else api_of(of).models
    _, schemas = msgspec.json.schema_components(
        [m.PredictRequest, m.PredictResponse, m.Features, m.Health, m.Faults], ref_template=REF
    )
    rows = schemas["PredictRequest"]["properties"]["rows"]
    rows["minItems"], rows["maxItems"] = 1, api.rows
    schemas["Fault"]["properties"]["code"]["enum"] = [e.code for e in api.errors]
    build = ".".join(f"{case.replace('_', '-')}.{version}" for case, version in sorted(found.items()))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Acme edge inference",
            "version": f"{api.version}+{build}" if build else api.version,
            "description": _description(of, found, api.errors),
            "x-model-versions": dict(sorted(found.items())),
            "x-units": {case: of.use_cases[case].unit for case in sorted(found) if case in of.use_cases},
            "x-error-codes": {
                e.code: {"status": e.status, "meaning": e.description, "mend": e.mend} for e in api.errors
            },
        },
        "servers": [{"url": "http://127.0.0.1:8090", "description": "The service on its own machine."}],
        "paths": _paths(api.errors, example(of)),
        "components": {"schemas": dict(sorted(schemas.items()))},
    }


def example(of: Contracts) -> dict[str, Any]:
    """A request for one engine, with names of its spec: a reading, its mean over the shortest window, the age."""
    spec = of.feature_specs[of.use_cases["rul"].feature_spec]
    features = {"sensor_02": 0.41, f"sensor_02__mean_{min(spec.windows)}": 0.38, "age": 31}
    row = {
        "equipmentId": "testbed/turbofan/fd001/test/engine-001",
        "tsUtc": "2026-11-25T03:00:00Z",
        "features": features,
    }
    return {"useCase": "rul", "rows": [row]}


def _description(of: Contracts, served: Mapping[str, str], errors: list[ErrorCode]) -> str:
    units = [
        f"- {case}: model version {version}, {of.use_cases[case].description} Unit: {of.use_cases[case].unit}."
        for case, version in sorted(served.items())
        if case in of.use_cases
    ]
    codes = [f"- {e.code} ({e.status}): {e.description} {e.mend}" for e in errors]
    return "\n".join(
        [
            "Predictions on the plant's own network. Times are ISO 8601 with an offset; counts and sizes are whole numbers.",
            "",
            "Models:",
            *units,
            "",
            "Error codes:",
            *codes,
        ]
    )


def _paths(errors: list[ErrorCode], request: dict[str, Any]) -> dict[str, Any]:
    refusals = {str(status): _refusal(errors, status) for status in sorted({e.status for e in errors})}
    predict = {
        "operationId": "predict",
        "summary": "Predict for one or more feature vectors.",
        "parameters": [
            {"name": "X-Correlation-Id", "in": "header", "required": False, "schema": {"type": "string", "maxLength": 64}}
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _ref("PredictRequest"), "examples": {"shortened": {"summary": SHORTENED, "value": request}}}}},
        "responses": {"200": _answer("Predictions in the order of the rows.", "PredictResponse"), **refusals},
    }  # fmt: skip
    health = {
        "operationId": "health",
        "summary": "Readiness, model versions, dependencies, refused bundles.",
        "responses": {"200": _answer("A verified model is served.", "Health"), "503": _answer("None is.", "Health")},
    }
    features = {
        "operationId": "features",
        "summary": "Names and units of the inputs of each served model.",
        "responses": {
            "200": {
                "description": "One entry a model.",
                "content": {"application/json": {"schema": {"type": "array", "items": _ref("Features")}}},
            }
        },
    }
    text = {"description": "Prometheus exposition.", "content": {"text/plain": {"schema": {"type": "string"}}}}
    metrics = {"operationId": "metrics", "summary": "Metrics of contracts/metrics.yaml.", "responses": {"200": text}}
    return {
        "/predict": {"post": predict},
        "/health": {"get": health},
        "/features": {"get": features},
        "/metrics": {"get": metrics},
    }


def _refusal(errors: list[ErrorCode], status: int) -> dict[str, Any]:
    mine = [e for e in errors if e.status == status]
    return _answer("; ".join(f"{e.code}: {e.description}" for e in mine), "Faults")


def _answer(description: str, schema: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": _ref(schema)}}}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": REF.format(name=name)}
