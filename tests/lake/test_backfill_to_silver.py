"""A backfill and a replay through a hub make the same Silver; repeating a backfill adds nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from acme_lib.lake import silver
from acme_lib.lake.bronze import append_backfill, append_raw
from acme_lib.lake.lakehouse import Lakehouse
from acme_lib.plant import backfill
from acme_lib.plant.historian import histories
from acme_lib.uns import stamp
from tests.lake.raw_rows import NOW, raw

pytestmark = pytest.mark.spark

RECEIVED_MS = int(NOW.timestamp() * 1000)
LINES = [f"{unit} {cycle} 0.1 -0.2 100.0 {' '.join(map(str, range(21)))}" for unit in (1, 2, 7) for cycle in (1, 2)]
TRANSPORT = ("hub", "source_partition", "source_offset", "enqueued_utc", "received_utc", "bridge_id", "bridge_seq")


def silver_of(lake: Any) -> list[str]:
    silver.run(silver.Config(run_id="r"), lake, NOW)
    return sorted(str(r) for r in lake.read("silver_events").drop(*TRANSPORT).collect())


def test_a_backfill_makes_the_silver_of_a_replay_and_goes_on_from_fewer_engines(lake: Any, tmp_path: Path) -> None:
    (tmp_path / "train_FD001.txt").write_text("\n".join(LINES))
    (whole,), (few,) = (histories("cmapss", tmp_path, limit=n) for n in (None, 2))
    added = [append_backfill(h.hub, backfill.rows(h, RECEIVED_MS, 40), lake, NOW) for h in (few, whole, whole)]
    assert added == [2 * 49, 49, 0]
    replayed = Lakehouse(lake.spark, str(tmp_path / "replayed"))
    bodies = [stamp(m.payload, RECEIVED_MS, "bridge-1", n) for n, m in enumerate(whole.messages())]
    append_raw(replayed, raw(lake.spark, bodies), {})
    rows = silver_of(lake)
    assert len(rows) == 3 * 49
    assert rows == silver_of(replayed)
