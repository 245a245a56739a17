"""Gold's laws: the same whatever the order and split of arrival, after a rerun and after a crash between commits."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from gold_rows import SAMPLE, T0, add

pytestmark = pytest.mark.spark
TABLES = ("gold_hourly", "gold_state_hourly", "gold_daily", "gold_quality_hourly")


def run(lake: Any, name: str = "run") -> Any:
    from acme_lib.lake import gold

    return gold.run(gold.Config(run_id=name), lake, T0)


def content(lake: Any) -> dict[str, list[str]]:
    return {t: sorted(map(repr, lake.read(t).collect())) for t in TABLES}


@pytest.fixture(scope="module")
def done(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The sample in Gold, from one batch."""
    from acme_lib.lake import Lakehouse

    lake = Lakehouse(spark, str(tmp_path_factory.mktemp("laws")))
    add(lake, SAMPLE)
    run(lake)
    return lake


def test_any_order_and_split_gives_the_same_and_a_rerun_commits_nothing(done: Any, lake: Any) -> None:
    order = list(SAMPLE)
    random.Random(7).shuffle(order)
    moved = [r | {"source_offset": n} for n, r in enumerate(order)]
    for first, last in ((0, 6), (6, len(moved))):
        add(lake, moved[first:last])
        run(lake, f"run-{first}")
    assert content(lake) == content(done)
    versions = [lake.version(t) for t in TABLES]
    assert run(lake).counters["new_rows"] == 0
    assert [lake.version(t) for t in TABLES] == versions


def test_a_crash_between_commits_is_completed_by_the_next_run(
    done: Any, lake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(lake, SAMPLE)
    real = type(lake).replace

    def broken(self: Any, name: str, *args: Any, **kw: Any) -> Any:
        if name == "gold_daily":
            raise OSError("the machine stops here")
        return real(self, name, *args, **kw)

    with monkeypatch.context() as patched:
        patched.setattr(type(lake), "replace", broken)
        with pytest.raises(OSError, match="stops here"):
            run(lake)
    run(lake)
    assert content(lake) == content(done)
