"""The topic grammar of contracts/uns.yaml, compiled: what a topic breaks, and a cheap yes for those that break nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from acme_lib.contracts import Level, Uns, contracts

__all__ = ["Grammar", "grammar"]

SEEN_MOST = 100_000  # texts remembered a memory; a plant has fewer, and a flood of new ones must not fill the machine
WILDCARDS = re.compile(r"[+#]")


class Grammar:
    """Judges topics. Its only state is what it already found valid: topics, equipment paths and tags."""

    def __init__(self, uns: Uns) -> None:
        self.uns = uns
        self._patterns = [re.compile(level.pattern) for level in uns.levels]
        self._whole_topic = re.compile(
            uns.separator.join(
                f"(?=[^{uns.separator}]{{1,{v.max_length}}}(?:{uns.separator}|\\Z))(?:{v.pattern})" for v in uns.levels
            )
        )
        self._topics: set[str] = set()
        self._heads: set[str] = set()  # topics without their last level
        self._tails: set[str] = set()

    def is_valid(self, topic: str) -> bool:
        """As `not violations(topic)`; a topic seen before costs one look-up."""
        if topic in self._topics:
            return True
        if self.violations(topic):
            return False
        _remember(self._topics, topic)
        return True

    def violations(self, topic: str) -> list[str]:
        """Every rule the topic breaks, as `level: rule: value and bound`; empty where it is valid."""
        return [] if self.fits(topic) else self.broken(topic)

    def fits(self, topic: str) -> bool:
        """As `not broken(topic)`, by one expression."""
        return (
            len(topic) <= self.uns.max_length
            and self._whole_topic.fullmatch(topic) is not None
            and not topic.startswith(tuple(self.uns.reserved_prefixes))
        )

    def broken(self, topic: str) -> list[str]:
        """Every rule the topic breaks, level by level."""
        found = list(self._whole(topic))
        for level, pattern, value in zip(self.uns.levels, self._patterns, self._split(topic), strict=False):
            found += _broken(level, pattern, value, self.uns.casing)
        return found

    def violations_of(self, topics: Iterable[str]) -> list[list[str]]:
        """`violations` of each, in order. Equipment and tags met before are not matched again."""
        heads, tails, most, sep = self._heads, self._tails, self.uns.max_length, self.uns.separator
        result: list[list[str]] = []
        for topic in topics:
            head, _, tail = topic.rpartition(sep)
            if head in heads and tail in tails and len(topic) <= most:
                result.append([])
                continue
            found = self.violations(topic)
            if not found:
                _remember(heads, head)
                _remember(tails, tail)
            result.append(found)
        return result

    def filter_violations(self, text: str) -> list[str]:
        """What keeps an MQTT filter (with + and #) from ever matching a topic of the grammar."""
        levels, parts = self.uns.levels, self._split(text)
        found: list[str] = []
        if "#" in parts[:-1]:
            found.append(f"filter: multi_level: # stands before the end of {_shown(text)}")
        if len(parts) > len(levels) + (parts[-1] == "#") or (len(parts) < len(levels) and parts[-1] != "#"):
            found.append(f"filter: levels: {len(parts)} in {_shown(text)}, no topic has so many or so few")
        for level, pattern, value in zip(levels, self._patterns, parts, strict=False):
            if value not in ("+", "#"):
                found += _broken(level, pattern, value, self.uns.casing)
        return found

    def _split(self, topic: str) -> list[str]:
        return topic.split(self.uns.separator)

    def _whole(self, topic: str) -> Iterator[str]:
        uns = self.uns
        for prefix in uns.reserved_prefixes:
            if topic.startswith(prefix):
                yield f"topic: reserved_prefixes: {_shown(topic)} starts with {prefix!r}, the broker's own tree"
        if len(topic) > uns.max_length:
            yield f"topic: max_length: {_shown(topic)} has {len(topic)} characters, at most {uns.max_length}"
        width = topic.count(uns.separator) + 1
        if width != len(uns.levels):
            names = uns.separator.join(level.name for level in uns.levels)
            yield f"topic: levels: {_shown(topic)} has {width}, expected {len(uns.levels)} ({names})"


def _broken(level: Level, pattern: re.Pattern[str], value: str, casing: str) -> Iterator[str]:
    if pattern.fullmatch(value) and len(value) <= level.max_length:
        return
    name = level.name
    if not value:
        yield f"{name}: empty: '' has no characters, write 1 to {level.max_length}"
        return
    if len(value) > level.max_length:
        yield f"{name}: max_length: {_shown(value)} has {len(value)} characters, at most {level.max_length}"
    if WILDCARDS.search(value):
        yield f"{name}: wildcard: {_shown(value)} is for MQTT filters, not for a topic"
    elif casing == "lower" and value != value.lower():
        yield f"{name}: casing: {_shown(value)} is not lower case, write {_shown(value.lower())}"
    elif not pattern.fullmatch(value):
        yield f"{name}: pattern: {_shown(value)} does not match {level.pattern}"


def _remember(memory: set[str], text: str) -> None:
    if len(memory) >= SEEN_MOST:
        memory.clear()
    memory.add(text)


def _shown(value: str) -> str:
    return repr(value if len(value) <= 80 else value[:77] + "...")


@lru_cache(maxsize=1)
def grammar() -> Grammar:
    """The grammar of this release."""
    return Grammar(contracts().uns)
