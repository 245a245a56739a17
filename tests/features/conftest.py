"""Public data for the features' tests, read in place."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # feature_rows, for every test of this folder

DATA = Path(os.environ.get("ACME_PUBLIC_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))


@pytest.fixture(scope="session")
def public_data() -> Path:
    if not DATA.is_dir():
        pytest.skip(f"no public data at {DATA}; put it there or name its folder in ACME_PUBLIC_DATA")
    return DATA
