"""What a JSON text says beyond its parsed value: depth, repeated keys, lone surrogates, numbers no double can hold."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

__all__ = ["Facts", "inspect", "sure_of_keys"]

STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
NO_BRACKET = re.compile(r"[^\[\]{}]++")
STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}
MAYBE_INFINITE = re.compile(r"[eE][+]?[0-9]|[0-9]{300}")


@dataclass(slots=True)
class Facts:
    """What `inspect` found. Where `is_json` is False, only `depth` says anything."""

    is_json: bool = False
    is_object: bool = False
    depth: int = 0
    lone_surrogate: bool = False
    infinite: bool = False
    duplicate_key: bool = False


def sure_of_keys(payload: bytes, found: dict[str, Any], max_depth: int) -> bool:
    """True only where no key of the text stands twice and nothing nests deeper than `max_depth`.

    `found` is the payload parsed. False means "not sure": ask `inspect`.

    Cheap proof: a string of the text costs two quotes, and a key that was overwritten is one string more than `found`
    shows. So where the text holds fewer quotes than `found`'s strings and one more need, no key was overwritten.
    """
    kinds = [*map(type, found.values())]
    if dict in kinds or list in kinds:
        strings = strings_in(found, max_depth)
    else:
        strings = len(found) + kinds.count(str) if max_depth else -1
    return strings >= 0 and payload.count(b'"') < 2 * (strings + 1)


def strings_in(value: Any, depth: int) -> int:
    """Keys and string values in a parsed JSON value; -1 where it nests deeper than `depth`."""
    if isinstance(value, str):
        return 1
    if not isinstance(value, dict | list):
        return 0
    if depth == 0:
        return -1
    total, inner = (len(value), value.values()) if isinstance(value, dict) else (0, value)
    for item in inner:
        found = strings_in(item, depth - 1)
        if found < 0:
            return -1
        total += found
    return total


def inspect(text: str, max_depth: int) -> Facts:
    """Reads a text by RFC 8259. In C throughout: 256 KiB of the worst take tens of milliseconds, not a second.

    Where the text nests deeper than `max_depth` only `depth` is told: it is not parsed at all.
    """
    facts = Facts(depth=depth_of(text))
    if facts.depth > max_depth:
        return facts

    def items(pairs: list[tuple[str, Any]]) -> list[Any]:
        facts.duplicate_key = facts.duplicate_key or len(dict(pairs)) < len(pairs)
        return [item for pair in pairs for item in pair]  # keys too, and values that a twin would hide

    try:
        twins = items if text.count('"') > 3 else None  # two keys take four quotes
        found = json.loads(
            text, object_pairs_hook=twins, parse_int=float, parse_float=float, parse_constant=_no_constant
        )
    except ValueError:
        return facts
    facts.is_json, facts.is_object = True, text.lstrip(" \t\n\r").startswith("{")
    facts.lone_surrogate = "\\u" in text and not _writable(found, "surrogates")
    facts.infinite = MAYBE_INFINITE.search(text) is not None and not _writable(found, "infinite")
    return facts


def depth_of(text: str) -> int:
    """The deepest level of brackets outside strings, whether or not the text is JSON."""
    if "[" not in text and text.count("{") < 2:
        return min(text.count("{"), 1)
    brackets = NO_BRACKET.sub("", STRING.sub("", text))
    return max(accumulate(map(STEPS.__getitem__, brackets)), default=0)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _writable(found: Any, what: str) -> bool:
    """Whether a parsed value can be written again: no half of a character in it, or no number past a double."""
    try:
        json.dumps(found, ensure_ascii=False, allow_nan=what == "surrogates").encode()
    except UnicodeEncodeError:
        return what != "surrogates"
    except ValueError:
        return False
    return True
