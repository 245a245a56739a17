"""A notebook's wrong parameters are named before Spark does anything."""

from __future__ import annotations

from typing import Any

import pytest

from acme_lib.errors import WrongUse
from acme_lib.lake import bronze, gold, quality, silver
from acme_lib.pipeline import configured


@pytest.mark.parametrize(
    ("job", "given", "message"),
    [
        (
            silver,
            {"max_rows_per_batch": 0},
            "parameter max_rows_per_batch: .*greater than or equal to 1, got 0; correct the",
        ),
        (silver, {"max_rows": 5}, "parameter max_rows: Extra inputs are not permitted"),
        (
            bronze,
            {"trigger": "hourly"},
            "parameter trigger: Input should be 'available_now' or 'continuous', got 'hourly'",
        ),
        (bronze, {"max_offsets_per_trigger": -1}, "parameter max_offsets_per_trigger"),
        (quality, {"days": ["yesterday"]}, r"parameter days\.0: Input should be a valid date"),
        (gold, {"run_id": None}, "parameter run_id: Input should be a valid string, got None"),
    ],
)
def test_wrong_parameters_are_named(job: Any, given: dict[str, Any], message: str) -> None:
    with pytest.raises(WrongUse, match=message):
        configured(job.Config, **{"run_id": "t", **given})
