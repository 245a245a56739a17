"""The ledger's proof: each kind of fault that could happen is planted, and must be the one that is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from acme_lib.run.evidence import Evidence
from acme_lib.run.reconcile import reconcile
from acme_lib.uns import stamp

BRIDGE = {
    "accepted": 4,
    "delivered": 3,
    "buffered": 0,
    "quarantined": 0,
    "dead_lettered": {"SCHEMA_INVALID": 1},
    "redelivered": 0,
}
PUBLISHED = {"valid": 2, "duplicate": 1, "malformed": 1}
HUB = "backfill/ai4i/ai4i2020@53d0e7b7"
READING = {
    "messageId": "6f0a6a3e-3f1b-5d0e-9b1c-2f6f1d3c4b5a", "tsUtc": "2026-11-24T22:50:00.000Z", "value": 1, "quality": "GOOD",
    "topic": "acme/dallas/drying/line-1/cell-a/dryer-01/current", "units": "A", "sourceSystem": "plc-1",
    "lineageVersion": "1.0.0", "schemaVersion": "1.0.0",
}  # fmt: skip


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
            self.bronze(b'{"messageId":"m%d"}' % seq, n)
        run(
            "INSERT INTO bronze_dead_letters (hub, source_partition, source_offset, bridge_id, bridge_seq) VALUES ('telemetry-dlq', 0, 0, 'b', 4)"
        )
        for seq, offset in [(0, 0), (1, 2)]:
            self.silver(f"m{seq}", seq, offset)
        run("INSERT INTO silver_quality_metrics (site, totalMessages, duplicatesRemoved) VALUES ('dallas', 3, 1)")
        for quality in ("GOOD", "STALE"):
            run("INSERT INTO gold_quality_hourly (site, quality, message_count) VALUES ('dallas', ?, 1)", [quality])

    def bronze(self, sent: bytes, offset: int, hub: str = "telemetry") -> None:
        """What the publisher sent, as the bridge stamps it: every copy has a number of its own."""
        self.evidence.db.execute(
            "INSERT INTO bronze_events (hub, source_partition, source_offset, body) VALUES (?, 0, ?, ?)",
            [hub, offset, stamp(sent, 1795561199000 + offset, "b", offset + 1)],
        )

    def unreadable(self, body: bytes, offset: int) -> None:
        """A body that Silver told of, from a sender other than the bridge."""
        for table, column, value in (("bronze_events", "body", body), ("silver_violations", "rule", "UNREADABLE")):
            self.evidence.db.execute(
                f"INSERT INTO {table} (hub, source_partition, source_offset, {column}) VALUES ('telemetry', 0, ?, ?)",
                [offset, value],
            )

    def counted(self, *, total: int = 3, removed: int = 1, gold: int = 2) -> None:
        """What the quality metrics and Gold are to say."""
        self.evidence.db.execute(
            "UPDATE silver_quality_metrics SET totalMessages = ?, duplicatesRemoved = ?", [total, removed]
        )
        self.evidence.db.execute("UPDATE gold_quality_hourly SET message_count = ? WHERE quality = 'GOOD'", [gold - 1])

    def silver(self, message: str, seq: int, offset: int, body_hash: int = 1, hub: str = "telemetry") -> None:
        self.evidence.db.execute(
            """INSERT INTO silver_events (message_id, body_hash, source_system, topic, epoch, seq, hub, source_partition, source_offset)
               VALUES (?, ?, 's', 't', 'e', ?, ?, 0, ?)""",
            [message, body_hash, seq, hub, offset],
        )

    def result(self, **bridge: Any) -> dict[str, Any]:
        return reconcile(self.evidence, {**BRIDGE, **bridge}, PUBLISHED)


def broken(result: dict[str, Any]) -> list[tuple[str, int, int]]:
    return [(h["name"], h["left"], h["right"]) for h in result["hops"] if not h["balanced"]]


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    return Plant(tmp_path)


def test_an_undisturbed_run_balances(plant: Plant) -> None:
    result = plant.result()
    assert result["balanced"], broken(result)
    assert (result["bronze_rows"], result["silver_rows"], result["duplicates_removed"]) == (3, 2, 1)


def lose_from_silver(plant: Plant) -> None:
    plant.evidence.db.execute("DELETE FROM silver_events WHERE message_id = 'm1'")


def double_in_silver(plant: Plant) -> None:
    plant.silver("m1", 1, 3)


def lose_from_bronze(plant: Plant) -> None:
    plant.evidence.db.execute("DELETE FROM bronze_events WHERE source_offset = 1")


def lose_a_dead_letter(plant: Plant) -> None:
    plant.evidence.db.execute("DELETE FROM bronze_dead_letters")


def lose_from_gold(plant: Plant) -> None:
    plant.counted(gold=1)


@pytest.mark.parametrize(
    "fault", [lose_from_silver, double_in_silver, lose_from_bronze, lose_a_dead_letter, lose_from_gold]
)
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
    assert broken(plant.result(accepted=5)) == [("accepted = delivered + buffered + quarantined + dead-lettered", 5, 4)]


SILVER_HOP = "Bronze rows = Silver rows + copies counted in Bronze + unreadable"
GOLD_HOP = "Silver rows = messages of gold_quality_hourly"


def test_a_row_that_silver_lost_is_no_copy_though_the_metrics_count_it_as_one(plant: Plant) -> None:
    """m1 is gone from Silver, its metrics and Gold agree with that, and nobody logged what was published."""
    lose_from_silver(plant)
    plant.evidence.db.execute("DELETE FROM published")
    plant.counted(removed=2, gold=1)
    result = plant.result()
    assert not result["balanced"]
    assert broken(result) == [
        (SILVER_HOP, 3, 2),
        ("copies counted in Bronze = duplicatesRemoved of the quality metrics", 1, 2),
    ]


def test_a_message_that_gold_did_not_count_is_named(plant: Plant) -> None:
    lose_from_gold(plant)
    assert broken(plant.result()) == [(GOLD_HOP, 2, 1)]


def test_an_id_with_two_contents_is_two_messages(plant: Plant) -> None:
    plant.bronze(b'{"messageId":"m1","value":2}', 3)
    plant.silver("m1", 2, 3, body_hash=2)
    plant.counted(total=4, gold=3)
    result = plant.result(accepted=5, delivered=4)
    assert result["balanced"], broken(result)
    plant.evidence.db.execute("DELETE FROM silver_events WHERE body_hash = 2")
    plant.counted(total=4, removed=2, gold=2)
    assert (SILVER_HOP, 4, 3) in broken(plant.result(accepted=5, delivered=4))


def test_one_content_in_two_spellings_is_one_message(plant: Plant) -> None:
    """1 and 1.0, other order, blanks, the id in capitals: Silver keeps the first."""
    other = {**READING, "value": 1.0, "messageId": READING["messageId"].upper()}
    plant.bronze(json.dumps(READING).encode(), 3)
    plant.bronze(json.dumps(dict(reversed(other.items())), indent=1).encode(), 4)
    plant.silver(READING["messageId"], 2, 3)
    plant.counted(total=5, removed=2, gold=3)
    result = plant.result(accepted=6, delivered=5)
    assert result["balanced"], broken(result)
    assert result["duplicates_removed"] == 2


def test_an_unreadable_body_is_neither_a_copy_nor_a_message_of_the_bridge(plant: Plant) -> None:
    plant.unreadable(b"\xff\xfe", 3)
    plant.unreadable(b"junk", 4)
    plant.counted(total=5)
    result = plant.result()
    assert result["balanced"], broken(result)
    assert (result["unreadable"], result["duplicates_removed"]) == (2, 1)


class Backfilled:
    """A lakehouse that holds the plant already, kept; then a history of three readings straight into Bronze."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        for n in range(3):
            plant.bronze(b'{"messageId":"h%d"}' % n, n, HUB)
            plant.silver(f"h{n}", 10 + n, n, hub=HUB)
        plant.counted(total=6, gold=5)

    def result(self) -> dict[str, Any]:
        return reconcile(self.plant.evidence, None, {HUB: 3})


@pytest.fixture
def backfilled(plant: Plant) -> Backfilled:
    return Backfilled(plant)


def test_a_backfill_beside_other_rows_balances(backfilled: Backfilled) -> None:
    result = backfilled.result()
    assert result["balanced"], broken(result)
    assert result["missing"] == 0


def test_a_reading_lost_before_bronze_is_seen_though_silver_holds_more_rows_than_the_history(
    backfilled: Backfilled,
) -> None:
    for table, where in (("bronze_events", f"hub = '{HUB}' AND source_offset = 2"), ("silver_events", "seq = 12")):
        backfilled.plant.evidence.db.execute(f"DELETE FROM {table} WHERE {where}")
    backfilled.plant.counted(total=5, gold=4)
    result = backfilled.result()
    assert (result["balanced"], result["missing"]) == (False, 1)
    assert broken(result) == [(f"{HUB}: readings of the files = Bronze rows", 3, 2)]


def test_a_reading_lost_between_bronze_and_silver_is_seen(backfilled: Backfilled) -> None:
    backfilled.plant.evidence.db.execute("DELETE FROM silver_events WHERE seq = 12")
    backfilled.plant.counted(total=6, removed=2, gold=4)
    result = backfilled.result()
    assert result["missing"] == 1
    assert (f"{HUB}: Bronze rows = messages in Silver", 3, 2) in broken(result)


def test_a_backfill_that_added_nothing_at_all_is_missing_whole(plant: Plant) -> None:
    result = reconcile(plant.evidence, None, {HUB: 3})
    assert (result["balanced"], result["missing"]) == (False, 3)


def test_a_history_that_came_over_mqtt_before_is_in_silver_under_that_hub(backfilled: Backfilled) -> None:
    """Its first copy is the replay's: Silver drops the backfill's as copies, and nothing is lost."""
    db = backfilled.plant.evidence.db
    db.execute("UPDATE silver_events SET hub = 'telemetry', source_offset = source_offset + 10 WHERE seq >= 10")
    for n in range(3):
        backfilled.plant.bronze(b'{"messageId":"h%d"}' % n, 10 + n)
    backfilled.plant.counted(total=9, removed=4, gold=5)
    result = backfilled.result()
    assert result["balanced"], broken(result)
