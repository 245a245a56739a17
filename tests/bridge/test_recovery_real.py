"""The bridge on real parts through what an operator meets: a lost disk, an absent hub, a scrape, flags of MQTT 5."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from typing import Any
from urllib.request import urlopen

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

pytestmark = [pytest.mark.real, pytest.mark.timeout(280)]
Count = Callable[[list[dict[str, Any]]], int]
TOPIC = "acme/plant-a/press/line-1/cell-1/pump-001/vibration"


def publish_with(plant: Any, name: str, *, retain: bool = False, expiry_s: int | None = None) -> None:
    """One valid message with a flag that our own publisher never sets; returns after its PUBACK."""
    body = {
        "messageId": "6f9619ff-8b86-5011-b42d-00c04fc964ff", "tsUtc": "2026-05-28T20:26:40Z", "topic": TOPIC, "value": 1,
        "quality": "GOOD", "units": "mm/s", "sourceSystem": name, "lineageVersion": "1.0.0", "schemaVersion": "1.0.0",
    }  # fmt: skip
    client = mqtt.Client(CallbackAPIVersion.VERSION2, f"flags-{name}", protocol=mqtt.MQTTv5)
    client.username_pw_set("plant-simulator")
    client.connect("127.0.0.1", plant.settings.broker.port)
    client.loop_start()
    facts = Properties(PacketTypes.PUBLISH)
    if expiry_s is not None:
        facts.MessageExpiryInterval = expiry_s
    client.publish(TOPIC, json.dumps(body), 1, retain, facts).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


def delivered(plant: Any, name: str) -> int:
    return sum(json.loads(b)["sourceSystem"] == name for b in plant.read("telemetry"))


def test_a_scrape_tells_what_status_tells(plant: Any) -> None:
    plant.publish(500)
    found = plant.settled(500)
    with urlopen(f"http://127.0.0.1:{plant.settings.bridge.metrics_port}/metrics") as answer:
        lines = dict(line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if line[:1] != "#")
    assert float(lines["acme_bridge_accepted_total"]) == found.accepted
    assert float(lines['acme_bridge_delivered_total{hub="telemetry"}']) == found.delivered
    assert float(lines["acme_bridge_buffered"]) == 0
    assert float(lines["acme_bridge_journal_bytes"]) > 0


def test_a_lost_disk_is_made_good_from_the_mirror_and_an_absent_hub_loses_nothing(
    plant: Any, count_inversions: Count
) -> None:
    plant.hubs.door.kill()
    epoch = plant.publish(2_000)
    log, deadline = (
        plant.settings.folder("logs") / "bridge-egress.log",
        time.monotonic() + 120,
    )  # a guard against a hang
    while plant.status().buffered < 2_000 or "same batch again" not in log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.2)
    held = plant.status()
    assert held.balanced
    assert "hub telemetry: " in log.read_text()
    plant.bridge.kill()  # -9, and with it the folder of the first disk
    time.sleep(0.5)  # its processes die with it
    shutil.rmtree(plant.settings.home / "journal")
    plant.hubs.door.start()
    plant.bridge.start()
    bodies = plant.drained(epoch, 2_000)
    assert len({b["messageId"] for b in bodies}) == 2_000
    assert count_inversions(bodies) == 0
    epoch = plant.publish(500)
    assert count_inversions(plant.drained(epoch, 500)) == 0
    found = plant.settled()
    assert found.balanced, found
    assert found.accepted >= held.accepted + 500  # the totals came back with the mirror


def test_a_retained_message_is_carried_once_and_not_again_after_a_reconnect(plant: Any) -> None:
    before = plant.settled().accepted
    publish_with(plant, "retained", retain=True)
    assert plant.settled(before + 1).accepted == before + 1
    plant.kill("ingest")
    plant.publish(100)
    plant.settled(before + 101)
    assert delivered(plant, "retained") == 1


def test_what_a_publisher_lets_expire_is_gone_only_while_no_bridge_is_there(plant: Any) -> None:
    before = plant.settled().accepted
    publish_with(plant, "expires-later", expiry_s=60)
    plant.settled(before + 1)
    plant.bridge.stop()
    publish_with(plant, "expired", expiry_s=1)
    publish_with(plant, "lasting")
    time.sleep(2.5)
    plant.bridge.start()
    plant.publish(100)
    plant.settled(before + 102)
    assert [delivered(plant, n) for n in ("expires-later", "expired", "lasting")] == [1, 0, 1]
