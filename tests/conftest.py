"""Fixtures every room shares: a home of its own for each test, and one Spark session."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
os.environ.setdefault("ACME_JARS", str(Path(os.environ.get("ACME_HOME", ROOT / ".acme")).resolve() / "jars"))

SHARE_GOLDEN = ("tests/lake/test_gold.py", "tests/lake/test_downtime.py", "tests/lake/test_lineage.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest begin first, so that the last to end is a short one."""

    def rank(item: pytest.Item) -> int:
        spark = "spark" in item.keywords and "real" not in item.keywords
        return 0 if "tests/integration" in item.nodeid else 1 if spark else 2 if "ml" in item.keywords else 3

    items.sort(key=rank)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """A worker runs a file whole, and the files that share Gold's goldens, which take a minute to make, are one."""
    from xdist.scheduler import LoadFileScheduling

    class Files(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            path = str(super()._split_scope(nodeid))
            return "golden" if path in SHARE_GOLDEN else path

    return Files(config, log)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """ACME_HOME in a temporary folder; the settings are read anew."""
    from acme_lib.settings import settings

    monkeypatch.setenv("ACME_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    yield tmp_path / "home"
    settings.cache_clear()


@pytest.fixture(scope="session")
def spark() -> Iterator[object]:
    from acme_lib import runtime

    session = runtime.spark()
    yield session
    session.stop()
    runtime.spark.cache_clear()


@pytest.fixture
def lake(spark: object, tmp_path: Path) -> object:
    """An empty lakehouse of its own."""
    from acme_lib.lake import Lakehouse

    return Lakehouse(spark, str(tmp_path / "lakehouse"))  # type: ignore[arg-type]
