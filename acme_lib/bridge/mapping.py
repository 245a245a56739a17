"""Which topics leave the plant, to which hub, under which key: contracts/bridge.yaml made executable."""

from __future__ import annotations

from collections.abc import Sequence

from acme_lib.contracts import BridgeMapping

__all__ = ["Mapping", "matches"]

_REMEMBERED = 100_000  # topics; a plant has fewer, an attack has more


def matches(topic_filter: str, topic: str) -> bool:
    """MQTT's own rule (OASIS MQTT 5.0, 4.7): + is one level, # the rest, and neither meets a first level in $."""
    wanted, levels = topic_filter.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in ("+", "#"):
        return False
    for i, part in enumerate(wanted):
        if part == "#":
            return True
        if i >= len(levels) or part not in ("+", levels[i]):
            return False
    return len(wanted) == len(levels)


class Mapping:
    """Excludes win over includes. Answers are remembered per topic, in bounded memory."""

    def __init__(self, of: BridgeMapping) -> None:
        self.contract = of
        self._keys: dict[str, str | None] = {}

    @property
    def filters(self) -> Sequence[str]:
        return self.contract.include

    def key(self, topic: str) -> str | None:
        """The partition key of a topic; None where the topic is not to leave the plant."""
        try:
            return self._keys[topic]
        except KeyError:
            if len(self._keys) >= _REMEMBERED:
                self._keys.clear()
            found = self._keys[topic] = self._find(topic)
            return found

    def _find(self, topic: str) -> str | None:
        of = self.contract
        if any(matches(f, topic) for f in of.exclude) or not any(matches(f, topic) for f in of.include):
            return None
        return topic if of.partition_key == "topic" else topic.rpartition("/")[0] or topic
