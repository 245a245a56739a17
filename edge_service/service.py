"""The HTTP side: routes that translate and decide nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

import msgspec
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool

from acme_lib.contracts import contracts
from acme_lib.errors import WrongUse
from acme_lib.inference import (
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
    Served,
    document,
    inference_api,
)
from acme_lib.monitoring.registry import metrics
from edge_service.model import Model
from edge_service.slots import Slots
from edge_service.vectors import Rejected, matrix, parse

__all__ = ["answered", "application", "health"]

log = structlog.get_logger("edge.http")
INLINE_ROWS = 64  # more than a millisecond of arithmetic goes to another thread
Dependencies = Callable[[], Sequence[Dependency]]


def application(slots: Slots, dependencies: Dependencies = list) -> FastAPI:
    """The service as an ASGI application. `dependencies` tells the state of the live path."""
    app = FastAPI(title="Acme edge inference", docs_url="/docs", redoc_url=None)
    app.openapi = lambda: document(  # type: ignore[method-assign]
        contracts(), {case: slot.current.manifest.model_version for case, slot in slots.serving.items()}
    )

    @app.post("/predict")
    async def predict(request: Request) -> Response:
        started = time.perf_counter()
        correlation_id = (request.headers.get("x-correlation-id") or str(uuid4()))[:64]
        status, answer = await _predict(request, slots, correlation_id)
        metrics.inc("acme_edge_requests_total", status=str(status))
        metrics.observe("acme_edge_request_seconds", time.perf_counter() - started)
        return _json(answer, status)

    @app.get("/health")
    async def get_health() -> Response:
        found = health(slots, dependencies())
        return _json(found, 200 if found.ready else 503)

    @app.get("/features")
    async def features() -> Response:
        return _json([_features(slot.current) for _, slot in sorted(slots.serving.items())])

    @app.get("/metrics")
    async def exposition() -> Response:
        metrics.set("acme_edge_refused_bundles", len(slots.refused))
        for case, slot in slots.serving.items():
            metrics.set("acme_edge_model_counter", slot.current.manifest.counter, use_case=case)
        return Response(metrics.text(), media_type="text/plain; version=0.0.4")

    return app


async def _predict(request: Request, slots: Slots, correlation_id: str) -> tuple[int, PredictResponse | Faults]:
    """Status and answer; every failure has a code of contracts/inference.yaml."""
    api = inference_api()
    try:
        body = await _body(request, api.bytes)
        if body is None:
            faults = [
                Fault(code="TOO_LARGE", message=f"the body is larger than {api.bytes} bytes; send several requests")
            ]
        elif not slots.serving:
            faults = [Fault(code="NOT_READY", message="no verified model is loaded; GET /health says why")]
        else:
            asked = parse(body, api.rows)
            if len(asked.rows) <= INLINE_ROWS:
                return 200, answered(asked, slots, correlation_id)
            return 200, await run_in_threadpool(answered, asked, slots, correlation_id)
    except Rejected as e:
        faults = e.faults
    except Exception as e:
        log.exception("request failed", correlation_id=correlation_id)
        faults = [Fault(code="INTERNAL", message=f"the service failed ({type(e).__name__}); the request was right")]
    log.info("request refused", correlation_id=correlation_id, code=faults[0].code, reason=faults[0].message)
    return api.error(faults[0].code).status, Faults(errors=faults, correlation_id=correlation_id)


async def _body(request: Request, most: int) -> bytes | None:
    """The body; None where it is larger than `most`, which is then not read to its end."""
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > most:
            return None
    return b"".join(parts)


def answered(asked: PredictRequest, slots: Slots, correlation_id: str) -> PredictResponse:
    """Predictions of the serving model. Raises Rejected."""
    try:
        model = slots.slot(asked.use_case).current  # once: a swap during the request does not mix two models
    except WrongUse as e:
        raise Rejected([Fault(code="USE_CASE_UNKNOWN", message=str(e))]) from e
    found = model.predict(matrix(asked.rows, model.inputs))
    use_case, manifest = contracts().use_cases[model.manifest.use_case], model.manifest
    columns = (found.value.tolist(), found.low.tolist(), found.high.tolist())
    metrics.inc("acme_edge_predictions_total", len(asked.rows), use_case=manifest.use_case, path="http")
    return PredictResponse(
        use_case=manifest.use_case,
        model_version=manifest.model_version,
        feature_table_version=manifest.feature_table_version,
        unit=use_case.unit,
        interval=model.bands.level,
        correlation_id=correlation_id,
        predictions=[
            Prediction(equipment_id=row.equipment_id, ts_utc=row.ts_utc, value=v, low=_known(low), high=_known(high))
            for row, v, low, high in zip(asked.rows, *columns, strict=True)
        ],
    )


def health(slots: Slots, dependencies: Sequence[Dependency] = ()) -> Health:
    """Ready with a verified model; what else is not as it should be stands beside it."""
    serving = sorted(slots.serving.items())
    model = Dependency(name="model", state="ok" if serving else "failed", detail="" if serving else "none is loaded")
    return Health(
        ready=bool(serving),
        api_version=inference_api().version,
        models=[
            Served(
                use_case=case,
                model_version=slot.current.manifest.model_version,
                feature_table_version=slot.current.manifest.feature_table_version,
                counter=slot.current.manifest.counter,
                previous_version=slot.previous.manifest.model_version if slot.previous else None,
            )
            for case, slot in serving
        ],
        dependencies=[model, *dependencies],
        refused=[RefusedBundle(bundle=r.bundle, code=r.code, reason=r.reason) for r in slots.refused.values()],
    )


def _features(model: Model) -> Features:
    return Features(
        use_case=model.manifest.use_case,
        model_version=model.manifest.model_version,
        feature_table_version=model.manifest.feature_table_version,
        features=[Feature(name=i.name, unit=i.unit, nullable=i.nullable) for i in model.inputs],
    )


def _known(value: float) -> float | None:
    return None if value != value else value


def _json(found: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(found), status, media_type="application/json")
