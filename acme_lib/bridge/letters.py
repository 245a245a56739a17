"""Dead letters as a person reads them: what, why, where, how often, and an example of each reason. Pure."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from acme_lib.contracts import Contracts

__all__ = ["Example", "Group", "Letter", "triage"]

_SHOWN = 160  # characters of an original


class Letter(msgspec.Struct, frozen=True):
    """The part of a dead letter's body that is shown (docs/ingestion/dlq-design.md has the whole)."""

    reason: str
    detail: str
    topic: str = ""
    receivedUtc: str = ""
    bridgeId: str = ""
    bridgeSeq: int = 0
    originalBytes: int = 0
    original: str | None = None
    claimCheck: str | None = None


@dataclass(frozen=True)
class Example:
    topic: str
    received_utc: str
    bridge_id: str
    bridge_seq: int
    original_bytes: int
    shown: str


@dataclass
class Group:
    """One reason and detail. `counted` is the bridge's own count; `read` how many letters were looked at."""

    reason: str
    detail: str
    meaning: str
    mend: str
    counted: int = 0
    read: int = 0
    topics: dict[str, int] = field(default_factory=dict)
    examples: list[Example] = field(default_factory=list)


def triage(
    bodies: Iterable[bytes], counted: Mapping[str, int], contracts: Contracts, examples: int
) -> tuple[list[Group], int]:
    """Groups, the most frequent first, and how many bodies were no dead letter. `counted`: "REASON/DETAIL" -> n."""
    groups: dict[str, Group] = {}
    strange = 0
    for name, n in counted.items():
        _group(groups, name, contracts).counted = n
    decoder = msgspec.json.Decoder(Letter)
    for body in bodies:
        try:
            letter = decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            strange += 1
            continue
        _add(_group(groups, f"{letter.reason}/{letter.detail}", contracts), letter, examples)
    return sorted(groups.values(), key=lambda g: (-max(g.counted, g.read), g.reason, g.detail)), strange


def _group(groups: dict[str, Group], name: str, contracts: Contracts) -> Group:
    if name not in groups:
        reason, _, detail = name.partition("/")
        known = {d.code: d for r in contracts.reasons.reasons for d in r.details}.get(detail)
        meaning, mend = (known.description, known.mend) if known else ("not in contracts/reasons.yaml", "")
        groups[name] = Group(reason, detail, meaning, mend)
    return groups[name]


def _add(group: Group, letter: Letter, examples: int) -> None:
    group.read += 1
    group.topics[letter.topic] = group.topics.get(letter.topic, 0) + 1
    if len(group.examples) < examples:
        group.examples.append(
            Example(
                letter.topic,
                letter.receivedUtc,
                letter.bridgeId,
                letter.bridgeSeq,
                letter.originalBytes,
                _shown(letter),
            )
        )


def _shown(letter: Letter) -> str:
    """The beginning of the original, with what can't be printed escaped; or where it lies."""
    if letter.original is None:
        return letter.claimCheck or "no original"
    raw = b64decode(letter.original)[: _SHOWN * 4]
    text = raw.decode("utf-8", "backslashreplace")
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"


def as_json(groups: list[Group], strange: int) -> dict[str, Any]:
    return {"groups": msgspec.to_builtins(groups), "not_dead_letters": strange}
