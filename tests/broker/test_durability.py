"""What the broker keeps for a bridge that is away, and what survives the broker's own death. docs/runbooks/broker.md states it."""

from __future__ import annotations

import threading
import time

import pytest

from acme_lib.broker import Broker

pytestmark = pytest.mark.real
TOPIC = "acme/dallas/drying/line-1/cell-a/dryer-01/temperature"
HOUR_S = 3600


def away(connect, name="bridge-1", **options):
    """A bridge with a persistent session that has just gone."""
    bridge = connect("bridge-1", name=name, expiry_s=HOUR_S, **options)
    bridge.subscribe("acme/#")
    bridge.close()


def test_messages_wait_in_order_for_a_bridge_that_is_away(connect):
    away(connect, "bridge-away")
    plant = connect("plant-simulator")
    for n in range(2_000):  # the default queue of HiveMQ would discard half of these
        plant.mqtt.publish(TOPIC, str(n), 1)
    plant.until(lambda: len(plant.pubacks) == 2_000, "every PUBACK")
    assert set(plant.pubacks.values()) <= {"Success", "No matching subscribers"}
    back = connect("bridge-1", name="bridge-away", expiry_s=HOUR_S, clean=False)
    back.until(lambda: len(back.received) >= 2_000, "every message")
    assert back.session_present == [True]
    assert [int(payload) for _, payload in back.received] == list(range(2_000))


@pytest.mark.parametrize(("window", "arrive"), [(5_000, 1_000), (100, 100)])
def test_the_reader_s_own_receive_maximum_bounds_what_is_unacknowledged(connect, window, arrive):
    """HiveMQ CE as it comes stops at 50 whatever the reader asks for; the smaller window shows that ours binds too."""
    name = f"reader-{window}"
    away(connect, name)
    plant = connect("plant-simulator")
    for n in range(1_000):
        plant.mqtt.publish(TOPIC, str(n), 1)
    plant.until(lambda: len(plant.pubacks) == 1_000, "every PUBACK")
    reader = connect("bridge-1", name=name, expiry_s=HOUR_S, clean=False, ack=False, window=window)
    reader.until(lambda: len(reader.received) >= arrive, f"{arrive} messages without one PUBACK")
    time.sleep(0.5)  # time enough for a broker that sends more
    assert len(reader.received) == arrive


def test_acknowledged_messages_survive_kill_9_in_the_middle_of_a_stream(broker: Broker, connect):
    away(connect, "bridge-kill")
    plant = connect("plant-simulator")
    sent: dict[int, int] = {}
    killed = threading.Event()

    def stream() -> None:
        for n in range(50_000):
            if killed.is_set():
                return
            sent[plant.mqtt.publish(TOPIC, str(n), 1).mid] = n
            time.sleep(0.0002)

    publishing = threading.Thread(target=stream)
    publishing.start()
    plant.until(lambda: len(plant.pubacks) > 2_000, "a stream")
    broker.kill()
    acknowledged = {n for mid, n in sent.items() if mid in plant.pubacks}
    killed.set()
    publishing.join()
    plant.close()
    broker.start()
    back = connect("bridge-1", name="bridge-kill", expiry_s=HOUR_S, clean=False)
    back.until(lambda: acknowledged <= {int(payload) for _, payload in back.received}, "what was acknowledged", 20)
    assert back.session_present == [True]
    first_seen = list(dict.fromkeys(int(payload) for _, payload in back.received))
    assert first_seen == sorted(first_seen)
