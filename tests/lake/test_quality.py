"""Quality metrics reconcile to Bronze exactly, day by day and site by site, however often they are made."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from acme_lib.lake import quality, silver
from tests.lake.raw_rows import NOW, body, fill, stored

pytestmark = pytest.mark.spark
LEIPZIG = "acme/leipzig/packaging/line-1/cell-a/motor-01/current"


def measure(lake: Any, **over: Any) -> dict[tuple[date, str], Any]:
    quality.run(quality.Config(run_id="q", **over), lake, NOW)
    return {(r["metric_date"], r["site"]): r for r in stored(lake, "silver_quality_metrics")}


def test_metrics_by_hand_and_again(lake: Any) -> None:
    bodies = [
        body(0), body(1), body(1), body(2, quality="STALE"), body(3, value=999), body(4, odd=1), b"junk",
        body(0, topic=LEIPZIG), body(0, topic=LEIPZIG), body(5, topic="acme/nowhere"),
    ]  # fmt: skip
    fill(lake, bodies)
    silver.run(silver.Config(run_id="q"), lake, NOW)
    fill(lake, [body(6)], start=len(bodies))  # Silver has not taken it: it is not counted yet
    day = date(2026, 11, 24)
    for found in (measure(lake), measure(lake), measure(lake, days=[day])):
        assert set(found) == {(day, "dallas"), (day, "leipzig"), (day, "(unknown)")}
        dallas, leipzig, unknown = (found[day, s] for s in ("dallas", "leipzig", "(unknown)"))
        assert (dallas["totalMessages"], dallas["silver_rows"], dallas["duplicatesRemoved"]) == (6, 5, 1)
        assert (dallas["goodQualityPct"], dallas["driftEventsCount"], dallas["violations"]) == (80.0, 1, 1)
        assert (leipzig["totalMessages"], leipzig["duplicatesRemoved"], leipzig["good_messages"]) == (2, 1, 1)
        assert (unknown["totalMessages"], unknown["unreadable"], unknown["goodQualityPct"]) == (2, 2, None)
        assert unknown["duplicatesRemoved"] == 0
    silver.run(silver.Config(run_id="q"), lake, NOW)
    assert measure(lake)[day, "dallas"]["totalMessages"] == 7
