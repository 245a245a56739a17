"""The ledger's proof: each kind of fault that could happen is planted, and must be the one that is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from acme_lib.run.evidence import Evidence
from acme_lib.run.reconcile import reconcile

BRIDGE = {
    "accepted": 4,
    "delivered": 3,
    "buffered": 0,
    "quarantined": 0,
    "dead_lettered": {"SCHEMA_INVALID": 1},
    "redelivered": 0,
}
PUBLISHED = {"valid": 2, "duplicate": 1, "malformed": 1}


class Plant:
    """Two valid messages, one duplicate of the first, one malformed; every layer as it should be."""

    def __init__(self, folder: Path) -> None:
        self.evidence = Evidence(folder, None)
        run = self.evidence.db.execute
        for n, (seq, kind) in enumerate([(0, "valid"), (0, "duplicate"), (1, "valid")]):
            run(
                "INSERT INTO published (n, topic, source_system, epoch, seq, message_id, kind) VALUES (?, 't', 's', 'e', ?, ?, ?)",
                [n, seq, f"m{seq}", kind],
            )
            body = f'{{"messageId":"m{seq}","bridgeId":"b","bridgeSeq":{n + 1}}}'.encode()
            run(
                "INSERT INTO bronze_events (hub, source_partition, source_offset, body) VALUES ('telemetry', 0, ?, ?)",
                [n, body],
            )
        run(
            "INSERT INTO bronze_dead_letters (hub, source_partition, source_offset, bridge_id, bridge_seq) VALUES ('telemetry-dlq', 0, 0, 'b', 4)"
        )
        for seq, offset in [(0, 0), (1, 2)]:
            self.silver(f"m{seq}", seq, offset)
        run("INSERT INTO silver_quality_metrics (site, totalMessages, duplicatesRemoved) VALUES ('dallas', 3, 1)")

    def silver(self, message: str, seq: int, offset: int, partition: int = 0) -> None:
        self.evidence.db.execute(
            """INSERT INTO silver_events (message_id, body_hash, source_system, topic, epoch, seq, hub, source_partition, source_offset)
               VALUES (?, 1, 's', 't', 'e', ?, 'telemetry', ?, ?)""",
            [message, seq, partition, offset],
        )

    def result(self, **bridge: Any) -> dict[str, Any]:
        return reconcile(self.evidence, {**BRIDGE, **bridge}, PUBLISHED)


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    return Plant(tmp_path)


def test_an_undisturbed_run_balances(plant: Plant) -> None:
    result = plant.result()
    assert result["balanced"], [h for h in result["hops"] if not h["balanced"]]
    assert (result["bronze_rows"], result["silver_rows"], result["duplicates_removed"]) == (3, 2, 1)


def lose_from_silver(plant: Plant) -> None:
    plant.evidence.db.execute("DELETE FROM silver_events WHERE message_id = 'm1'")


def double_in_silver(plant: Plant) -> None:
    plant.silver("m1", 1, 3)


def lose_from_bronze(plant: Plant) -> None:
    plant.evidence.db.execute("DELETE FROM bronze_events WHERE source_offset = 1")


def lose_a_dead_letter(plant: Plant) -> None:
    plant.evidence.db.execute("DELETE FROM bronze_dead_letters")


@pytest.mark.parametrize("fault", [lose_from_silver, double_in_silver, lose_from_bronze, lose_a_dead_letter])
def test_each_fault_breaks_the_balance(plant: Plant, fault: Callable[[Plant], None]) -> None:
    fault(plant)
    assert not plant.result()["balanced"]


def test_a_published_message_that_is_not_in_silver_is_missing(plant: Plant) -> None:
    lose_from_silver(plant)
    assert plant.result()["missing"] == 1


def test_an_inversion_is_seen_by_seq_and_offset(plant: Plant) -> None:
    plant.evidence.db.execute("UPDATE silver_events SET source_offset = 9 WHERE message_id = 'm0'")
    assert plant.result()["inversions"] == 1


def test_a_topic_spread_over_two_partitions_is_out_of_order(plant: Plant) -> None:
    plant.evidence.db.execute("UPDATE silver_events SET source_partition = 3 WHERE message_id = 'm1'")
    assert plant.result()["inversions"] >= 1


def test_a_ledger_that_lost_count_is_named(plant: Plant) -> None:
    hops = plant.result(accepted=5)["hops"]
    assert [h["name"] for h in hops if not h["balanced"]] == [
        "accepted = delivered + buffered + quarantined + dead-lettered"
    ]
