"""Fixtures every room shares: a home of its own for each test, and one Spark session."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
os.environ.setdefault("ACME_JARS", str(Path(os.environ.get("ACME_HOME", ROOT / ".acme")).resolve() / "jars"))


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
