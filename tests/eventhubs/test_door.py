"""The door with real parts: tokens over TLS, kill -9 of the door and of Kafka, and Microsoft's Java client."""

from __future__ import annotations

import itertools
import threading
import time

import pytest

from acme_lib.errors import Retry, SlowDown, Stop
from acme_lib.eventhubs import connect, partition_for
from acme_lib.eventhubs.local import LocalEventHubs
from acme_lib.eventhubs.local.assignments import _path as assignments_path
from acme_lib.eventhubs.local.keys import LocalCredential, local_connection_string
from acme_lib.processes import Process
from tests.eventhubs import java_sdk
from tests.eventhubs.conftest import end_offset, hub_settings, read_back

pytestmark = pytest.mark.real
HUB = "telemetry"


def send_one(hubs: LocalEventHubs, credential: object, hub: str = HUB) -> None:
    sender = connect(hub, hubs.settings, credential=credential, timeout_s=10)
    try:
        sender.send(0, [b"one"])
    finally:
        sender.close()


def test_an_identity_with_the_role_sends(hubs):
    before = end_offset(hubs.settings, HUB, 0)
    send_one(hubs, LocalCredential("bridge-1", hubs.settings))
    assert end_offset(hubs.settings, HUB, 0) == before + 1


def test_an_identity_without_the_role_stops(hubs):
    with pytest.raises(Stop, match="Azure Event Hubs Data Sender"):
        send_one(hubs, LocalCredential("stranger", hubs.settings))


def test_an_expired_token_stops_and_says_so(hubs):
    with pytest.raises(Stop, match="expired"):
        send_one(hubs, Expired("bridge-1", hubs.settings))


class Expired(LocalCredential):
    """A token that has ended, though its holder believes otherwise: a wrong clock."""

    def get_token(self, *scopes: str, **_: object):
        ended = LocalCredential(self.identity, self.settings, lasts_s=-60).get_token()
        return ended._replace(expires_on=int(time.time()) + 3600)


def test_a_wrong_key_stops(hubs):
    wrong = local_connection_string(hubs.settings)[:-6] + "AAAAA="
    with pytest.raises(Stop, match="correct the key"):
        send_one(hubs, wrong)


def test_a_withdrawn_role_is_seen_by_the_next_connection(hubs):
    path = assignments_path(hubs.settings)
    kept = path.read_text()
    try:
        path.write_text("{}")
        with pytest.raises(Stop, match="Data Sender"):
            send_one(hubs, LocalCredential("bridge-1", hubs.settings))
    finally:
        path.write_text(kept)


def test_a_certificate_of_another_authority_is_not_trusted(hubs, tmp_path):
    import certifi

    from acme_lib.eventhubs import access, sender

    found = access.hub_access(HUB, hubs.settings)
    strange = access.HubAccess(found.namespace, found.credential, found.endpoint, True, certifi.where())
    with pytest.raises(Retry, match="certificate is not trusted"):
        sender.EventHubSender(HUB, strange, 1 << 20, 5.0).send(0, [b"x"])


def test_a_message_over_the_services_limit_stops_and_the_link_comes_back(hubs):
    from acme_lib.eventhubs import access, sender

    careless = sender.EventHubSender(HUB, access.hub_access(HUB, hubs.settings), 4 << 20, 10.0)
    before = end_offset(hubs.settings, HUB, 1)
    with pytest.raises(Stop, match="larger than it takes"):
        careless.send(1, [b"x" * 700_000] * 3)
    careless.send(1, [b"small"])
    careless.close()
    assert [b for _, b in read_back(hubs.settings, HUB, 1, before)] == [b"small"]


def test_the_java_client_sends_over_tls(hubs, tmp_path):
    settings, store = hubs.settings, tmp_path / "trust.p12"
    java_sdk.compile_all(tmp_path)
    java_sdk.trust(settings, store)
    starts = {n: end_offset(settings, HUB, n) for n in range(4)}
    key = "acme/testbed/turbofan/fd001/train/engine-001/sensor_02"
    address = f"https://localhost:{settings.eventhubs.amqp_port}"
    options = (f"-Djavax.net.ssl.trustStore={store}", "-Djavax.net.ssl.trustStorePassword=changeit")
    said = java_sdk.run(tmp_path, "Send", local_connection_string(settings), address, key, options=options)
    assert said.split() == ["0,1,2,3", str(end_offset(settings, HUB, 2) - 1)]
    at = partition_for(key, 4)
    keyed = [(k, b) for k, b in read_back(settings, HUB, at, starts[at]) if k is not None]
    assert keyed == [(key.encode(), b"keyed-%d" % n) for n in range(3)]
    direct = [b for k, b in read_back(settings, HUB, 2, starts[2]) if k is None]
    assert direct == [b"direct-%d-" % n + b"x" * 300 for n in range(2000)]


class Stream(threading.Thread):
    """Sends numbered bodies to one partition, each batch again until acknowledged, and remembers what was."""

    def __init__(self, hubs: LocalEventHubs, partition: int) -> None:
        super().__init__(daemon=True)
        self.sender, self.partition = connect(HUB, hubs.settings, timeout_s=25), partition
        self.acknowledged, self.retries, self.ended = 0, 0, threading.Event()

    def run(self) -> None:
        for first in itertools.count(step=50):
            batch = [b"%d:%d" % (self.partition, n) for n in range(first, first + 50)]
            while not self._sent(batch):
                self.retries += 1
                time.sleep(0.2)
            self.acknowledged = first + 50
            if self.ended.is_set():
                break
        self.sender.close()

    def _sent(self, batch: list[bytes]) -> bool:
        try:
            self.sender.send(self.partition, batch)
        except (Retry, SlowDown):
            return False
        return True


@pytest.mark.parametrize("killed", ["door", "kafka"])
def test_nothing_acknowledged_is_lost_by_kill_9(tmp_path, killed):
    with LocalEventHubs(hub_settings(tmp_path)) as hubs:
        streams = [Stream(hubs, n) for n in range(4)]
        for stream in streams:
            stream.start()
        wait_for(lambda: all(s.acknowledged > 500 for s in streams))
        process: Process = getattr(hubs, killed)
        process.kill()
        time.sleep(0.5)
        process.start()
        mark = {s.partition: s.acknowledged for s in streams}
        wait_for(lambda: all(s.acknowledged > mark[s.partition] + 200 for s in streams))
        for stream in streams:
            stream.ended.set()
        for stream in streams:
            stream.join(60)
            stored = list(dict.fromkeys(b for _, b in read_back(hubs.settings, HUB, stream.partition)))
            assert stored == [b"%d:%d" % (stream.partition, n) for n in range(stream.acknowledged)]
        assert any(s.retries for s in streams) or killed == "kafka"


def wait_for(true, within_s: float = 60.0) -> None:
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, "not within the time"
        time.sleep(0.05)
