"""A notebook's wrong parameters are named before Spark does anything."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from acme_lib.errors import WrongUse
from acme_lib.lake import bronze, gold, quality, silver
from acme_lib.pipeline import configured
from acme_lib.settings import settings


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


def test_silvers_slices_are_as_large_as_set_unless_a_run_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, home: Any
) -> None:
    asked: list[int] = []

    def slices(first: Any, done: Any, end: Any, most: int) -> Iterator[Any]:
        asked.append(most)
        return iter(())

    monkeypatch.setattr(silver, "slices", slices)
    monkeypatch.setenv("ACME_LAKE__MAX_ROWS_PER_BATCH", "12345")
    settings.cache_clear()
    lake: Any = SimpleNamespace(note=lambda table: {}, version=lambda table: 0)
    for given in (None, 7):
        silver.run(silver.Config(run_id="t", max_rows_per_batch=given), lake, datetime.now(UTC))
    assert asked == [12345, 7]
