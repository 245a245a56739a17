"""/predict, /health, /features, /metrics: right answers, clear refusals, and the very document that is published."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import numpy as np
import pytest
from fastapi.testclient import TestClient

from acme_lib.contracts import contracts
from acme_lib.inference import Dependency, document, inference_api
from edge_service.service import application

SCHEMAS = document(contracts())["components"]


def legal(body: Any, schema: str) -> Any:
    jsonschema.validate(body, {"$ref": f"#/components/schemas/{schema}", "components": SCHEMAS})
    return body


@pytest.fixture
def slots(shop: Any) -> Any:
    shop.make(1)
    found = shop.slots()
    found.look()
    return found


@pytest.fixture
def client(slots: Any) -> TestClient:
    return TestClient(application(slots), raise_server_exceptions=False)


def test_a_batch_is_answered_in_its_order_with_all_that_traces_it(client: TestClient, shop: Any, row: Any) -> None:
    vectors = shop.vectors(30)
    request = {"useCase": "rul", "rows": [row(shop, v, equipmentId=f"e-{n}") for n, v in enumerate(vectors)]}
    answer = client.post("/predict", json=legal(request, "PredictRequest"), headers={"X-Correlation-Id": "abc"})
    assert answer.status_code == 200
    body = legal(answer.json(), "PredictResponse")
    assert (body["useCase"], body["modelVersion"], body["unit"], body["interval"]) == ("rul", "1", "cycles", 0.9)
    assert body["correlationId"] == "abc"
    assert [p["equipmentId"] for p in body["predictions"]] == [f"e-{n}" for n in range(30)]
    assert body["predictions"][0]["tsUtc"] == "2026-11-25T03:00:00Z"
    wanted = shop.values(vectors)
    np.testing.assert_allclose([p["value"] for p in body["predictions"]], wanted.value, rtol=1e-5)
    np.testing.assert_allclose([p["high"] for p in body["predictions"]], wanted.high, rtol=1e-5)


def test_many_rows_are_answered_as_one_by_one(client: TestClient, shop: Any, row: Any) -> None:
    rows = [row(shop, v) for v in shop.vectors(200)]
    whole = client.post("/predict", json={"rows": rows}).json()["predictions"]
    assert whole[::50] == [client.post("/predict", json={"rows": [r]}).json()["predictions"][0] for r in rows[::50]]


def refused(client: TestClient, body: Any, status: int = 422) -> list[dict[str, Any]]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = client.post("/predict", content=raw)
    assert answer.status_code == status, answer.text
    found = legal(answer.json(), "Faults")["errors"]
    assert all(inference_api().error(f["code"]) for f in found)
    assert "Traceback" not in answer.text
    return list(found)


def test_a_misspelt_feature_is_both_unknown_and_missing(client: TestClient, shop: Any, row: Any) -> None:
    wrong = row(shop, shop.vectors()[0])
    wrong["features"]["sensor_2"] = wrong["features"].pop("sensor_02")
    good = row(shop, shop.vectors()[0])
    found = refused(client, {"rows": [good, wrong]})
    assert [(f["code"], f["row"], f["features"]) for f in found] == [
        ("FEATURE_UNKNOWN", 1, ["sensor_2"]),
        ("FEATURE_MISSING", 1, ["sensor_02"]),
    ]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e39])
def test_a_value_that_is_no_finite_float32(client: TestClient, shop: Any, row: Any, value: float) -> None:
    found = refused(client, {"rows": [row(shop, shop.vectors()[0], features={"sensor_02": value})]})
    assert [(f["code"], f["features"]) for f in found] == [("FEATURE_NOT_FINITE", ["sensor_02"])]


def test_a_number_no_double_can_hold(client: TestClient, shop: Any, row: Any) -> None:
    text = json.dumps({"rows": [row(shop, shop.vectors()[0], features={"sensor_02": 123.5})]}).replace("123.5", "1e999")
    assert refused(client, text.encode())[0]["code"] == "FEATURE_NOT_FINITE"


def test_null_is_legal_only_where_not_knowing_is(client: TestClient, shop: Any, row: Any) -> None:
    found = refused(client, {"rows": [row(shop, shop.vectors()[0], features={"sensor_02": None})]})
    assert [(f["code"], f["features"]) for f in found] == [("FEATURE_MISSING", ["sensor_02"])]
    unknown = {n: None for n in shop.names if n.startswith("sensor_02__slope")}
    nullable = {f["name"] for f in client.get("/features").json()[0]["features"] if f["nullable"]}
    for name in unknown.keys() & nullable:
        request = {"rows": [row(shop, shop.vectors()[0], features={name: None})]}
        assert client.post("/predict", json=request).status_code == 200


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"\xff", b'{"rows": 1}', b'{"rows": [{}]}', b'{"rows": [], "usecase": "rul"}', b"[" * 9999],
)
def test_what_is_no_request(client: TestClient, body: bytes) -> None:
    assert [f["code"] for f in refused(client, body)] == ["MALFORMED"]


@pytest.mark.parametrize(
    "over", [{"tsUtc": "2026-11-25T03:00:00"}, {"tsUtc": "yesterday"}, {"equipmentId": ""}, {"x": 1}]
)
def test_a_row_with_a_wrong_field_names_the_place(client: TestClient, shop: Any, row: Any, over: Any) -> None:
    (found,) = refused(client, {"rows": [row(shop, shop.vectors()[0], **over)]})
    assert found["code"] == "MALFORMED"
    assert "$.rows[0]" in found["message"]


def test_a_text_is_no_number(client: TestClient, shop: Any, row: Any) -> None:
    (found,) = refused(client, {"rows": [row(shop, shop.vectors()[0], features={"sensor_02": "NaN"})]})
    assert "str" in found["message"]


def test_how_many_rows_and_bytes(client: TestClient, shop: Any, row: Any) -> None:
    assert refused(client, {"rows": []})[0]["code"] == "ROWS_INVALID"
    short = {"equipmentId": "e", "tsUtc": "2026-11-25T03:00:00Z", "features": {}}
    assert refused(client, {"rows": [short] * (inference_api().rows + 1)})[0]["code"] == "ROWS_INVALID"
    assert refused(client, b" " * (inference_api().bytes + 1), 413)[0]["code"] == "TOO_LARGE"
    assert len(refused(client, {"rows": [short] * 900})) == 20, "faults are bounded"


def test_another_use_case_is_refused_with_those_served(client: TestClient, shop: Any, row: Any) -> None:
    (found,) = refused(client, {"useCase": "failure_24h", "rows": [row(shop, shop.vectors()[0])]})
    assert (found["code"], "rul" in found["message"]) == ("USE_CASE_UNKNOWN", True)


def test_without_a_model_nothing_is_ready_and_health_says_why(shop: Any, row: Any) -> None:
    (shop.make(1) / "model.onnx").write_bytes(b"")
    slots = shop.slots()
    slots.look()
    client = TestClient(application(slots))
    answer = client.get("/health")
    assert answer.status_code == 503
    body = legal(answer.json(), "Health")
    assert (body["ready"], body["refused"][0]["code"]) == (False, "TAMPERED")
    assert refused(client, {"rows": []}, 503)[0]["code"] == "NOT_READY"


def test_health_names_versions_counter_and_dependencies(slots: Any, shop: Any) -> None:
    broker = Dependency(name="broker", state="connecting", detail="127.0.0.1:1883")
    client = TestClient(application(slots, lambda: [broker]))
    shop.make(2)
    slots.look()
    body = legal(client.get("/health").json(), "Health")
    assert body["ready"] is True
    assert body["models"][0] | {"featureTableVersion": ""} == {
        "useCase": "rul", "modelVersion": "2", "featureTableVersion": "", "counter": 2, "previousVersion": "1",
    }  # fmt: skip
    assert [(d["name"], d["state"]) for d in body["dependencies"]] == [("model", "ok"), ("broker", "connecting")]


def test_the_routes_are_those_of_the_document_and_it_names_the_serving_version(client: TestClient, slots: Any) -> None:
    served = client.get("/openapi.json").json()
    assert served["info"]["version"].endswith("+rul.1")
    routes = {r.path for r in client.app.routes if getattr(r, "path", "").count("/") == 1}  # type: ignore[attr-defined]
    assert set(served["paths"]) == routes - {"/docs", "/openapi.json"}


def test_features_are_named_in_order_with_units(client: TestClient, shop: Any) -> None:
    (found,) = client.get("/features").json()
    legal(found, "Features")
    assert [f["name"] for f in found["features"]] == list(shop.names)
    units = {f["name"]: f["unit"] for f in found["features"]}
    assert (units["sensor_02"], units["age"]) == ("z", "frames")


def test_metrics_count_requests_by_status(client: TestClient, shop: Any, row: Any) -> None:
    client.post("/predict", json={"rows": [row(shop, shop.vectors()[0])]})
    text = client.get("/metrics").text
    assert 'acme_edge_requests_total{status="200"}' in text
    assert 'acme_edge_predictions_total{path="http",use_case="rul"}' in text
    assert 'acme_edge_model_counter{use_case="rul"} 1.0' in text
