"""The topic grammar of contracts/uns.yaml, compiled: what a topic breaks, and a cheap yes for those that break nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from acme_lib.contracts import Level, Uns, contracts

__all__ = ["Grammar", "grammar"]

SEEN_MOST = 100_000  # distinct topics remembered; a plant has fewer, and a flood of new ones must not fill the memory
WILDCARDS = re.compile(r"[+#]")


class Grammar:
    """Judges topics. Keeps one memory: the topics already found valid."""

    def __init__(self, uns: Uns) -> None:
        self.uns = uns
        self._patterns = [re.compile(level.pattern) for level in uns.levels]
        self._good: list[set[str]] = [set() for _ in uns.levels]
        self._seen: set[str] = set()

    def is_valid(self, topic: str) -> bool:
        """As `not violations(topic)`; a topic seen before costs one look-up."""
        if topic in self._seen:
            return True
        if self.violations(topic):
            return False
        if len(self._seen) >= SEEN_MOST:
            self._seen.clear()
        self._seen.add(topic)
        return True

    def violations(self, topic: str) -> list[str]:
        """Every rule the topic breaks, as `level: rule: value and bound`; empty where it is valid."""
        uns = self.uns
        found = [
            f"topic: reserved_prefixes: {topic!r} starts with {prefix!r}, the broker's own tree"
            for prefix in uns.reserved_prefixes
            if topic.startswith(prefix)
        ]
        if len(topic) > uns.max_length:
            found.append(f"topic: max_length: {len(topic)} characters, at most {uns.max_length}")
        parts = topic.split(uns.separator)
        if len(parts) != len(uns.levels):
            names = uns.separator.join(level.name for level in uns.levels)
            found.append(f"topic: levels: {len(parts)} in {_shown(topic)}, {len(uns.levels)} expected ({names})")
        for i, (level, value) in enumerate(zip(uns.levels, parts, strict=False)):
            if value not in self._good[i]:
                self._judge_level(i, level, value, found)
        return found

    def violations_of(self, topics: Iterable[str]) -> list[list[str]]:
        """`violations` of each, in order. A topic whose levels were all seen before is not matched again."""
        good = self._good
        width, most, sep = len(good), self.uns.max_length, self.uns.separator
        result: list[list[str]] = []
        for topic in topics:
            parts = topic.split(sep)
            if len(parts) == width and len(topic) <= most and all(map(set.__contains__, good, parts)):
                result.append([])
            else:
                result.append(self.violations(topic))
        return result

    def _judge_level(self, i: int, level: Level, value: str, found: list[str]) -> None:
        broken = list(_broken(level, value, self._patterns[i], self.uns.casing))
        found += broken
        if not broken:
            if len(self._good[i]) >= SEEN_MOST:
                self._good[i].clear()
            self._good[i].add(value)


def _broken(level: Level, value: str, pattern: re.Pattern[str], casing: str) -> Iterable[str]:
    name = level.name
    if not value:
        yield f"{name}: empty: '' has no characters, write one to {level.max_length}"
        return
    if len(value) > level.max_length:
        yield f"{name}: max_length: {_shown(value)} has {len(value)} characters, at most {level.max_length}"
    if WILDCARDS.search(value):
        yield f"{name}: wildcard: {_shown(value)} is for MQTT filters, not for a topic"
    elif casing == "lower" and value != value.lower():
        yield f"{name}: casing: {_shown(value)} is not lower case, write {_shown(value.lower())}"
    elif not pattern.fullmatch(value):
        yield f"{name}: pattern: {_shown(value)} does not match {level.pattern}"


def _shown(value: str) -> str:
    return repr(value if len(value) <= 80 else value[:77] + "...")


@lru_cache(maxsize=1)
def grammar() -> Grammar:
    """The grammar of this release."""
    return Grammar(contracts().uns)
