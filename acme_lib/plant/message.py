"""What a plant publishes: one message, when, on which topic, and what becomes of it downstream."""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = ["Expectation", "Kind", "Outgoing", "Reading"]

Kind = Literal["valid", "duplicate", "malformed", "conflict"]


class Reading(msgspec.Struct, frozen=True, gc=False):
    """One value of one tag of one equipment, before it is an envelope. `at_ms`: when it is published, ms since 1970."""

    at_ms: int
    equipment: str  # site/area/line/cell/equipment
    tag: str
    value: float | int | str | bool
    units: str = ""
    ts_ms: int | None = None  # what the device's clock says; None where it is right
    quality: str = "GOOD"
    error_code: str | None = None
    violation: str | None = None  # the rule of contracts/rules.yaml that Silver will find broken


class Expectation(msgspec.Struct, frozen=True, gc=False):
    """Who published, which message of theirs it is, and how the bridge is to judge it.

    `kind`: valid; duplicate (same bytes again); malformed (`reason` and `detail` of contracts/reasons.yaml);
    conflict (valid, but a used id with another body). `violation`: rule that Silver finds broken in a valid message.
    """

    kind: Kind
    source_system: str | None = None
    epoch: str | None = None
    seq: int | None = None
    message_id: str | None = None
    reason: str | None = None
    detail: str | None = None
    violation: str | None = None


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """One message to publish at event time `at_ms` (ms since 1970, UTC)."""

    at_ms: int
    topic: str
    payload: bytes
    expectation: Expectation
