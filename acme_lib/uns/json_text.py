"""What a JSON text says beyond its parsed value: depth, repeated keys, lone surrogates, numbers no double can hold."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any

__all__ = ["Facts", "inspect", "sure_of_keys"]

TOKEN = re.compile(
    r"[ \t\n\r]*+(?:"
    r"(?P<mark>[{}\[\],:])"
    r'|(?P<string>"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+")'
    r"|(?P<number>-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?)"
    r"|(?P<word>true|false|null))"
)
BLANK = re.compile(r"[ \t\n\r]*+")
VALUE, FIRST_VALUE, KEY, FIRST_KEY, COLON, NEXT, DONE = range(7)


@dataclass(slots=True)
class Facts:
    """What `inspect` found. Where `is_json` is False the rest says nothing."""

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


def inspect(text: str) -> Facts:
    """Reads a text by RFC 8259 from left to right, without recursion: any depth, time linear in its length."""
    facts = Facts()
    stack: list[set[str] | None] = []  # per open container: the keys so far of an object, None for an array
    state, at, match = VALUE, 0, TOKEN.match
    while state != DONE:
        found = match(text, at)
        if found is None:
            return facts
        at = found.end()
        kind = found.lastgroup or ""
        token = found[kind]
        after = _step(state, kind, token, stack, facts)
        if after is None:
            return facts
        state = after
    facts.is_json = BLANK.fullmatch(text, at) is not None
    facts.is_object = text.lstrip(" \t\n\r").startswith("{")
    return facts


def _step(state: int, kind: str, token: str, stack: list[set[str] | None], facts: Facts) -> int | None:
    """The state after a token; None where the token may not stand there."""
    if kind == "mark" and token in "]}":
        return _closed(state, token, stack)
    if state in (VALUE, FIRST_VALUE):
        return _value(kind, token, stack, facts)
    if state in (KEY, FIRST_KEY):
        return COLON if kind == "string" and _noted(token, stack, facts) else None
    if state == COLON:
        return VALUE if token == ":" else None
    if token == ",":
        return VALUE if stack[-1] is None else KEY
    return None


def _closed(state: int, token: str, stack: list[set[str] | None]) -> int | None:
    first = FIRST_VALUE if token == "]" else FIRST_KEY
    if state not in (NEXT, first) or not stack or (stack[-1] is None) != (token == "]"):
        return None
    stack.pop()
    return NEXT if stack else DONE


def _value(kind: str, token: str, stack: list[set[str] | None], facts: Facts) -> int | None:
    if kind == "mark":
        if token not in "{[":
            return None
        stack.append(set() if token == "{" else None)
        facts.depth = max(facts.depth, len(stack))
        return FIRST_KEY if token == "{" else FIRST_VALUE
    if kind == "string":
        _read(token, facts)
    elif kind == "number":
        facts.infinite = facts.infinite or math.isinf(float(token))
    return NEXT if stack else DONE


def _noted(token: str, stack: list[set[str] | None], facts: Facts) -> bool:
    key, keys = _read(token, facts), stack[-1]
    if keys is not None:
        facts.duplicate_key = facts.duplicate_key or key in keys
        keys.add(key)
    return True


def _read(token: str, facts: Facts) -> str:
    """The string a token stands for; notes a surrogate that has no other half."""
    if "\\" not in token:
        return token[1:-1]
    text: str = json.loads(token)
    facts.lone_surrogate = facts.lone_surrogate or any("\ud800" <= c <= "\udfff" for c in text)
    return text
