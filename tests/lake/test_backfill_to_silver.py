"""A backfill and a replay through a hub make the same Silver; repeating a backfill adds nothing."""

from __future__ import annotations

import os
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

DATA = Path(os.environ.get("ACME_PUBLIC_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")) / "cmapss"
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


@pytest.mark.drill
def test_the_whole_of_fd001_is_in_silver_to_the_last_reading(lake: Any) -> None:
    if not (DATA / "train_FD001.txt").is_file():
        pytest.skip(f"no train_FD001.txt at {DATA}; put it there or name its parent in ACME_PUBLIC_DATA")
    (history,) = histories("cmapss", DATA, subset="FD001", split="train")
    readings, failures = (
        20_631 * 24,
        100,
    )  # lines of the file, each with 3 settings and 21 sensors; one failure an engine
    assert append_backfill(history.hub, backfill.rows(history, RECEIVED_MS), lake, NOW) == readings + failures
    record = silver.run(silver.Config(run_id="fd001"), lake, NOW)
    assert (record.rows_out, record.counters["duplicates_removed"], record.counters["unreadable"]) == (495_244, 0, 0)
    events = lake.read("silver_events")
    counts = {
        r["failure"]: r["count"]
        for r in events.groupBy((events["tag"] == "failure").alias("failure")).count().collect()
    }
    assert counts == {False: 495_144, True: 100}
    assert events.select("message_id").distinct().count() == 495_244
    assert events.where("tag = 'failure'").select("equipment_id").distinct().count() == 100
