"""Where a run is, also when what failed is followed by the end of the others."""

from __future__ import annotations

import pytest

from acme_lib.errors import Stop
from acme_lib.run.progress import Progress


def test_the_stage_that_failed_is_named_not_the_one_that_ends_the_rest() -> None:
    said: list[str] = []
    progress = Progress(said.append)
    with progress.stage("start"):
        pass
    progress.begin("notebook silver_transform")
    with progress.stage("stop"):
        pass
    assert progress.at == "notebook silver_transform"
    assert said == ["start", "notebook silver_transform", "stop"]
    assert set(progress.seconds) == {"start", "stop"}


def test_the_innermost_stage_that_failed_is_named_and_timed() -> None:
    progress = Progress()
    with pytest.raises(Stop), progress.stage("outer"), progress.stage("inner"):
        raise Stop("no")
    assert progress.at == "inner"
    assert set(progress.seconds) == {"outer", "inner"}


def test_between_stages_a_run_is_where_it_was_before() -> None:
    progress = Progress()
    progress.begin("notebook bronze_ingest")
    progress.end("bronze_ingest", 2.5)
    assert (progress.at, progress.seconds) == ("start", {"bronze_ingest": 2.5})
