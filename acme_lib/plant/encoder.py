"""Readings to envelopes: the bytes of contracts/envelope/v1, with epoch, seq and the id that follows from them."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from functools import lru_cache

import orjson

from acme_lib.contracts import contracts
from acme_lib.errors import WrongUse
from acme_lib.plant.message import Expectation, Outgoing, Reading
from acme_lib.uns import message_id

__all__ = ["Encoder", "iso_ms"]

LINEAGE_VERSION = "1.0.0"


@lru_cache(maxsize=4096)
def iso_ms(ms: int) -> str:
    """2026-11-24T23:00:00.000Z of ms since 1970."""
    whole = datetime.fromtimestamp(ms // 1000, UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def number(value: float | int | str | bool) -> str:
    """A value as JSON. Raises WrongUse for a number that JSON can't hold."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise WrongUse(f"value {value} is no finite number; leave such readings out")
        return repr(value)
    return orjson.dumps(value).decode()


class Encoder:
    """One run of one publisher: every topic counts from 0 within `epoch`. Same readings, same bytes."""

    def __init__(self, source_system: str, epoch: str, *, replayed: bool = False, extra: str = "") -> None:
        self.source_system, self.epoch = source_system, epoch
        self.extra = extra  # further JSON members, such as `,"firmware":"2.4.1"`
        self._tail = ',"replayed":true' if replayed else ""
        self._seq: dict[str, int] = {}
        self._fixed: dict[tuple[str, str], tuple[str, str, str, str]] = {}
        self._schema_version = contracts().reasons.accepted_schema_versions[-1]

    def encode(self, reading: Reading) -> Outgoing:
        """The next message of its topic, with what is expected of it."""
        topic, seq, mid, body = self.envelope(reading)
        expected = Expectation("valid", self.source_system, self.epoch, seq, mid, violation=reading.violation)
        return Outgoing(reading.at_ms, topic, body, expected)

    def envelope(self, reading: Reading) -> tuple[str, int, str, bytes]:
        """(topic, seq, message id, payload) of the next message of its topic."""
        key = (reading.equipment, reading.tag)
        topic, head, middle, after = self._fixed.get(key) or self._prepare(key, reading.units)
        seq = self._seq[topic]
        self._seq[topic] = seq + 1
        mid = message_id(self.source_system, topic, self.epoch, seq)
        ts = iso_ms(reading.at_ms if reading.ts_ms is None else reading.ts_ms)
        error = f',"errorCode":{orjson.dumps(reading.error_code).decode()}' if reading.error_code else ""
        body = (
            f'{{"messageId":"{mid}","tsUtc":"{ts}{head}{number(reading.value)},"quality":"{reading.quality}"'
            f"{middle}{error}{after}{seq}{self._tail}{self.extra}}}"
        )
        return topic, seq, mid, body.encode()

    def _prepare(self, key: tuple[str, str], units: str) -> tuple[str, str, str, str]:
        topic = f"acme/{key[0]}/{key[1]}"
        text = {n: orjson.dumps(v).decode() for n, v in (("u", units), ("s", self.source_system), ("e", self.epoch))}
        head = f'","topic":"{topic}","value":'
        middle = (
            f',"units":{text["u"]},"sourceSystem":{text["s"]},"lineageVersion":"{LINEAGE_VERSION}",'
            f'"schemaVersion":"{self._schema_version}"'
        )
        after = f',"epoch":{text["e"]},"seq":'
        self._seq.setdefault(topic, 0)
        self._fixed[key] = (topic, head, middle, after)
        return self._fixed[key]
