"""The session: its settings here, and what every one has to keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from acme_lib import runtime
from acme_lib.runtime import JAVA_OPTIONS, java_options
from acme_lib.settings import load


def test_javas_options_follow_the_work_unless_set(home: Path) -> None:
    assert java_options(load()) == JAVA_OPTIONS["short"]
    assert java_options(load(lake={"work": "long"})) == JAVA_OPTIONS["long"]
    assert java_options(load(lake={"work": "long", "java_options": ""})) == ""


@pytest.mark.spark
def test_a_session_that_was_set_to_another_zone_reckons_in_utc(spark: Any) -> None:
    spark.conf.set("spark.sql.session.timeZone", "Europe/Berlin")
    runtime.spark.cache_clear()
    again: Any = runtime.spark()
    assert again is spark
    assert again.sql("SELECT CAST('2026-07-01 00:30' AS timestamp)").toArrow()[0][0].as_py().isoformat() == (
        "2026-07-01T00:30:00+00:00"
    )
