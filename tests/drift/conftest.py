"""Drift tests share one reference of independent normal values."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from drift_rows import rows

from acme_lib.drift import Reference


@pytest.fixture(scope="session")
def reference() -> Reference:
    return Reference(("speed", "heat", "load"), rows(np.random.default_rng(1).normal(size=(20_000, 3))))
