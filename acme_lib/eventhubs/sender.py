"""Sends to a hub with azure-eventhub's producer: one client a partition, so that a fault of one never disturbs another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from acme_lib.contracts import contracts
from acme_lib.errors import Stop
from acme_lib.eventhubs.access import HubAccess, hub_access
from acme_lib.eventhubs.batches import batches
from acme_lib.eventhubs.failures import judge
from acme_lib.eventhubs.ports import HubSender
from acme_lib.settings import Settings

__all__ = ["EventHubSender", "connect"]

SEND_WITHIN_S = 30.0
RENEW_AFTER_S = 90.0  # a connection that was silent for longer is opened anew rather than found dead


class Lane:
    """One partition's client. After a failure the next send starts from a new connection and a new token."""

    def __init__(self, open_client: Callable[[], Any], timeout_s: float) -> None:
        self._open, self._timeout_s = open_client, timeout_s
        self._lock, self._client, self._used = threading.Lock(), None, 0.0

    def run(self, action: Callable[[Any, float], Any]) -> Any:
        with self._lock:
            if self._client is not None and time.monotonic() - self._used > RENEW_AFTER_S:
                self._reset()
            try:
                if self._client is None:
                    self._client = self._open()
                result = action(self._client, self._timeout_s)
            except BaseException:
                self._reset()
                raise
            self._used = time.monotonic()
            return result

    def _reset(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(Exception):  # it is broken already; whatever closing says changes nothing
                client.close()

    def close(self) -> None:
        with self._lock:
            self._reset()


def _send(batch: Any, client: Any, timeout_s: float) -> None:
    client.send_batch(batch, timeout=timeout_s)


class EventHubSender:
    """The sender port on azure-eventhub."""

    def __init__(self, hub: str, access: HubAccess, limit: int, timeout_s: float = SEND_WITHIN_S) -> None:
        self._hub, self._access, self._limit, self._timeout_s = hub, access, limit, timeout_s
        self._lanes: dict[int, Lane] = {}
        self._lock, self._count, self._closed = threading.Lock(), 0, False

    @property
    def partition_count(self) -> int:
        if not self._count:
            lane = Lane(self._client, self._timeout_s)
            try:
                self._count = len(lane.run(lambda client, _: client.get_partition_ids()))
            except Exception as e:
                raise judge(e, self._hub) from e
            finally:
                lane.close()
        return self._count

    def send(self, partition: int, bodies: Sequence[bytes]) -> None:
        lane = self._lane(partition)
        for batch in batches(bodies, partition, self._limit):
            try:
                lane.run(partial(_send, batch))
            except Exception as e:
                raise judge(e, self._hub, partition) from e

    def _lane(self, partition: int) -> Lane:
        with self._lock:
            if self._closed:
                raise Stop(f"sender of hub {self._hub} is closed; connect again")
            return self._lanes.setdefault(partition, Lane(self._client, self._timeout_s))

    def _client(self) -> Any:
        from acme_lib.eventhubs.client import open_client

        return open_client(self._hub, self._access, self._timeout_s)

    def close(self) -> None:
        with self._lock:
            self._closed, lanes = True, list(self._lanes.values())
        for lane in lanes:
            lane.close()


def connect(hub: str, settings: Settings, *, credential: Any = None, timeout_s: float = SEND_WITHIN_S) -> HubSender:
    """A sender to `hub` of the namespace that the settings name; no connection is made before the first use.

    `credential` (a TokenCredential, or a connection string) stands in for the settings' identity.
    """
    limits = {h.name: h.max_event_bytes for h in contracts().bridge.hubs}
    return EventHubSender(hub, hub_access(hub, settings, credential), limits.get(hub, 1 << 20), timeout_s)
