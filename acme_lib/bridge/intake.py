"""What becomes of a drained batch: entries for the hubs, dead letters with their claim checks, and counts. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from acme_lib.bridge.mapping import Mapping
from acme_lib.bridge.stream import Publish
from acme_lib.journal import Entry
from acme_lib.uns import Rejected, Valid, dead_letter, judge, stamp

__all__ = ["DEAD", "EXCLUDED", "UNKNOWN_FLAG", "Intake", "Taken"]

DEAD, EXCLUDED, UNKNOWN_FLAG = "dead_lettered", "excluded", "unknown_flag_warnings"  # names of counters in the journal
Verdict = Valid | Rejected


@dataclass
class Taken:
    """`entries` bear the numbers from `next_seq` on, in order of receipt. `claims`: file name -> original bytes."""

    entries: list[Entry] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    claims: dict[str, bytes] = field(default_factory=dict)

    def count(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1


class Intake:
    """Judges and stamps. Calling it twice with the same arguments gives the same result."""

    def __init__(self, mapping: Mapping, bridge_id: str, verdict: Callable[[str, bytes], Verdict] = judge) -> None:
        self._mapping, self.bridge_id, self._judge = mapping, bridge_id, verdict

    def take(self, publishes: Sequence[Publish], next_seq: int, now_ms: int) -> Taken:
        taken = Taken()
        entries, hub, bridge = taken.entries, self._mapping.contract.hub, self.bridge_id
        key_of, verdict_of, seq = self._mapping.key, self._judge, next_seq
        for topic, payload, _ in publishes:
            key = key_of(topic)
            if key is None:
                taken.count(EXCLUDED)
                continue
            verdict = verdict_of(topic, payload)
            if type(verdict) is Valid:
                entries.append(Entry(hub, key, stamp(payload, now_ms, bridge, seq)))
            else:
                entries.append(self._dead(verdict, Publish(topic, payload, 0), seq, now_ms, taken))
            seq += 1
        return taken

    def _dead(self, why: Verdict, message: Publish, seq: int, now_ms: int, taken: Taken) -> Entry:
        assert isinstance(why, Rejected)
        taken.count(f"{DEAD}/{why.reason}/{why.detail}")
        if why.reason == "UNKNOWN_FLAG":
            taken.count(UNKNOWN_FLAG)
        claim = None
        if len(message.payload) > self._mapping.contract.claim_check_over_bytes:
            name = sha256(message.payload).hexdigest()
            taken.claims[name] = message.payload
            claim = f"Files/dlq/{name}"
        body = dead_letter(why, message.topic, message.payload, now_ms, self.bridge_id, seq, claim)
        return Entry(self._mapping.contract.dead_letter_hub, message.topic, body)
