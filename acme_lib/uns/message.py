"""What the platform adds to a message: its identity, the bridge's stamp, and the dead letter of one that was rejected."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha1, sha256
from uuid import NAMESPACE_URL, uuid5

import orjson

from acme_lib.uns.envelope import Rejected

__all__ = ["dead_letter", "message_id", "stamp"]

NAMESPACE = uuid5(NAMESPACE_URL, "urn:acme:message").bytes
VERSION_5, VARIANT = 0x5000 << 64, 0x8000 << 48
CLEARED = ~((0xF000 << 64) | (0xC000 << 48))


def message_id(source_system: str, topic: str, epoch: str, seq: int) -> str:
    """UUIDv5 of the four joined by U+001F, in the namespace of `urn:acme:message`. Lower case."""
    name = f"{source_system}\x1f{topic}\x1f{epoch}\x1f{seq}".encode()
    digest = int.from_bytes(sha1(NAMESPACE + name, usedforsecurity=False).digest()[:16])
    h = f"{digest & CLEARED | VERSION_5 | VARIANT:032x}"
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


@lru_cache(maxsize=64)
def _second(epoch_s: int) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.")


def utc(ms: int) -> str:
    """Milliseconds since 1970 as 2026-11-24T23:00:00.000Z."""
    return f"{_second(ms // 1000)}{ms % 1000:03d}Z"


@lru_cache(maxsize=64)
def _quoted(text: str) -> str:
    return json.dumps(text)


def stamp(payload: bytes, received_ms: int, bridge_id: str, bridge_seq: int) -> bytes:
    """The publisher's bytes unchanged up to their last brace, then receivedUtc, bridgeId and bridgeSeq.

    `payload` is a judged-valid envelope, so it ends in a brace and is not empty before it.
    """
    added = f',"receivedUtc":"{utc(received_ms)}","bridgeId":{_quoted(bridge_id)},"bridgeSeq":{bridge_seq}}}'
    return payload[: payload.rindex(b"}")] + added.encode()


def dead_letter(
    rejected: Rejected,
    mqtt_topic: str,
    payload: bytes,
    received_ms: int,
    bridge_id: str,
    bridge_seq: int,
    claim_check: str | None,
) -> bytes:
    """One JSON object: why, where, when, and the original bytes in base64, or the name of the file that holds them."""
    letter: dict[str, str | int] = {
        "reason": rejected.reason,
        "detail": rejected.detail,
        "topic": mqtt_topic,
        "receivedUtc": utc(received_ms),
        "bridgeId": bridge_id,
        "bridgeSeq": bridge_seq,
        "originalBytes": len(payload),
        "sha256": sha256(payload).hexdigest(),
        "encoding": "base64",
    }
    if claim_check is None:
        letter["original"] = b64encode(payload).decode()
    else:
        letter["claimCheck"] = claim_check
    return orjson.dumps(letter)
