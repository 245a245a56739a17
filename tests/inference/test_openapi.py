"""The API document says all a caller needs, in a form OpenAPI tools read, and rises with the models."""

from __future__ import annotations

import json

import jsonschema
import numpy as np
import pytest

from acme_lib.contracts import contracts
from acme_lib.features import Frames, fit, names
from acme_lib.inference import document, inference_api

DOCUMENT = document(contracts())


def test_its_version_holds_the_models_versions() -> None:
    api = inference_api()
    assert DOCUMENT["info"]["version"].startswith(f"{api.version}+")
    assert DOCUMENT["info"]["x-model-versions"] == api.models
    assert document(contracts(), {"rul": "12"})["info"]["version"] == f"{api.version}+rul.12"


def test_units_of_every_model_and_every_error_code_stand_in_it() -> None:
    for case in inference_api().models:
        assert DOCUMENT["info"]["x-units"][case] == contracts().use_cases[case].unit
    answers = DOCUMENT["paths"]["/predict"]["post"]["responses"]
    for error in inference_api().errors:
        assert error.code in answers[str(error.status)]["description"]
        assert error.code in DOCUMENT["components"]["schemas"]["Fault"]["properties"]["code"]["enum"]


def test_a_contract_names_only_use_cases_that_exist() -> None:
    assert set(inference_api().models) <= set(contracts().use_cases)


def test_every_reference_leads_somewhere_and_every_schema_is_one() -> None:
    text = json.dumps(DOCUMENT)
    for name in (part.split('"')[0] for part in text.split("#/components/schemas/")[1:]):
        assert name in DOCUMENT["components"]["schemas"]
    for schema in DOCUMENT["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def whole(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    )


EXAMPLE = DOCUMENT["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]["examples"]["shortened"]


def test_its_example_is_legal_and_says_that_it_is_shortened() -> None:
    whole("PredictRequest").validate(EXAMPLE["value"])
    assert "GET /features" in EXAMPLE["summary"]


def test_each_feature_of_the_example_is_one_its_spec_gives() -> None:
    spec = contracts().feature_specs[contracts().use_cases[EXAMPLE["value"]["useCase"]].feature_spec]
    values = np.random.default_rng(1).normal(500, 9, (30, len(spec.frame.tags)))
    frames = Frames("testbed/turbofan/fd001/train/engine-001", np.arange(1, 31) * 3_600_000_000, values)
    assert set(EXAMPLE["value"]["rows"][0]["features"]) <= set(names(fit(spec, [frames])))


@pytest.mark.parametrize("wrong", [{"rows": []}, {"rows": [{"features": {}}]}, {"rows": 1}, {}])
def test_what_the_service_refuses_the_document_refuses(wrong: object) -> None:
    assert not whole("PredictRequest").is_valid(wrong)
