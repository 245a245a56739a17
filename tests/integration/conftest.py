"""A home of its own for tests of the whole chain."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from chain import Chain, own_home

from acme_lib.settings import settings


@pytest.fixture
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Chain]:
    """Broker, bridge, door and Kafka, running; parametrize indirectly with a seed."""
    home = tmp_path / "home"
    for key, value in own_home(home).items():
        monkeypatch.setenv(key, value)
    with Chain(home, seed=getattr(request, "param", 1)) as running:
        yield running
    settings.cache_clear()
