"""Gold by hand, made once for all of the lake's tests: one batch, then the readings that came late."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def golden(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A lakehouse in which Gold ran twice: over the sample, and once more after LATE arrived."""
    from gold_plants import contracts_of_plants
    from gold_rows import CUTS, EARLY, LATE, SAMPLE, STANDSTILLS, T0, add

    from acme_lib.lake import Lakehouse, gold

    lake = Lakehouse(spark, str(tmp_path_factory.mktemp("golden")))
    first = [*SAMPLE, *STANDSTILLS, *CUTS, *EARLY]
    batches = [first, LATE]
    known = contracts_of_plants()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(gold, "contracts", lambda: known)
        offset = 0
        for n, batch in enumerate(batches):
            add(lake, [r | {"source_offset": offset + k} for k, r in enumerate(batch)])
            offset += len(batch)
            gold.run(gold.Config(run_id=f"golden-{n}"), lake, T0)
    return lake
