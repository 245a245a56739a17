"""What serves keeps its own features: they and its predictions are brought up to Silver's present."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from acme_lib.models import predict, refresh
from acme_lib.models.candidate import Candidate
from acme_lib.models.registry import MemoryRegistry

NOW = datetime(2026, 11, 28, tzinfo=UTC)


class Lake:
    """A lake's note of its newest build, and Silver's version."""

    def __init__(self, features: str, silver: int) -> None:
        self.built = {"feature_table_version": features, "silver_version": silver}

    def note(self, table: str) -> dict[str, Any]:
        return self.built

    def version(self, table: str) -> int:
        return 7


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    from acme_lib.features import batch

    calls: list[tuple[str, Any]] = []

    def loaded(folder: Path) -> Any:
        facts = SimpleNamespace(trained_utc="2026-11-20T08:00:00Z")
        return SimpleNamespace(fitted=f"fitted of {(folder / 'name').read_text()}", facts=facts)

    def built(config: Any, lake: Any, made: datetime, fitted: Any) -> None:
        assert made == datetime(2026, 11, 20, 8, tzinfo=UTC)  # not now: features that were just learned stay the newest
        calls.append(("build", fitted))

    monkeypatch.setattr(Candidate, "load", loaded)
    monkeypatch.setattr(batch, "run", built)

    def predicted(config: predict.Config, *_: object) -> Any:
        calls.append(("predict", config.version))
        return SimpleNamespace(rows_out=10)

    monkeypatch.setattr(predict, "run", predicted)
    return calls


@pytest.fixture
def registry(tmp_path: Path) -> MemoryRegistry:
    found = MemoryRegistry(tmp_path / "registry")
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "name").write_text(name)
        found.add("acme-rul", folder, "run", {"featureTableVersion": f"features-{name}"})
    return found


def run(registry: MemoryRegistry, lake: Lake) -> Any:
    return refresh.run(refresh.Config(run_id="r"), lake, NOW, registry)  # type: ignore[arg-type]


def test_nothing_serves_nothing_is_done(registry: MemoryRegistry, calls: list[Any]) -> None:
    assert run(registry, Lake("features-one", 7)).counters["versions"] == []
    assert calls == []


def test_each_serving_version_is_built_with_its_own_features_and_predicts(
    registry: MemoryRegistry, calls: list[Any]
) -> None:
    registry.point("acme-rul", "production", "1")
    registry.point("acme-rul", "staging", "2")
    record = run(registry, Lake("features-two", 7))  # of which the newest build already is, from this Silver
    assert calls == [("build", "fitted of one"), ("predict", "1"), ("predict", "2")]
    assert (record.rows_out, record.counters["versions"]) == (20, ["1", "2"])


def test_newer_silver_is_built_again(registry: MemoryRegistry, calls: list[Any]) -> None:
    registry.point("acme-rul", "staging", "2")
    registry.point("acme-rul", "production", "2")  # one version in both: once
    run(registry, Lake("features-two", 6))
    assert calls == [("build", "fitted of two"), ("predict", "2")]
