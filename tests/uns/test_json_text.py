"""What a JSON text says beyond its value: the cheap proof against the slow reader, the slow reader against Python's own."""

from __future__ import annotations

import json
import time
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acme_lib.uns import Rejected, judge
from acme_lib.uns.json_text import depth_of, inspect, strings_in, sure_of_keys

TS = '"tsUtc":"2026-11-24T23:00:00Z"'
words = st.text(st.sampled_from('ab":\\{}[],\u00e9\n/'), max_size=4)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words


def has_twin(text: str) -> bool:
    """By Python's own parser: does any object of the text hold a key twice?"""
    twins: list[bool] = []

    def hook(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        twins.append(len({k for k, _ in pairs}) < len(pairs))
        return dict(pairs)

    json.loads(text, object_pairs_hook=hook)
    return any(twins)


@st.composite
def written_objects(draw: st.DrawFn, depth: int = 2) -> str:
    """An object as a publisher may write it: twins, blanks, escapes of any character."""

    def string(text: str) -> str:
        quoted = json.dumps(text, ensure_ascii=draw(st.booleans()))
        return quoted.replace(":", "\\u003a") if draw(st.booleans()) else quoted

    def value() -> str:
        kind = draw(st.integers(0, 3 if depth else 1))
        if kind == 2:
            return "[" + ",".join(value() for _ in range(draw(st.integers(0, 2)))) + "]"
        if kind == 3:
            return draw(written_objects(depth=depth - 1))
        found = draw(scalars)
        return string(found) if isinstance(found, str) else json.dumps(found)

    blank = draw(st.sampled_from(["", " ", "\r\n\t"]))
    pairs = [f"{string(draw(words))}{blank}:{value()}" for _ in range(draw(st.integers(0, 3)))]
    return "{" + f"{blank},".join(pairs) + "}"


@settings(deadline=None)
@given(written_objects())
def test_reader_finds_twins_as_pythons_parser_does(text: str) -> None:
    facts = inspect(text, 16)
    assert facts.is_json
    assert facts.is_object
    assert facts.duplicate_key == has_twin(text)


@settings(deadline=None)
@given(written_objects(), st.integers(0, 4))
def test_the_cheap_proof_never_vouches_for_a_twin_or_for_depth(text: str, depth: int) -> None:
    for whole in (
        "{" + TS + "," + text[1:],
        text[:-1] + "," + TS + "}",
        text[:-1] + "," + TS.replace(":0", "\\u003a0") + "}",
    ):
        whole = whole.replace("{,", "{").replace(",}", "}")
        found = orjson.loads(whole)
        if sure_of_keys(whole.encode(), found, depth):
            facts = inspect(whole, 16)
            assert not facts.duplicate_key
            assert facts.depth <= depth


@settings(deadline=None)
@given(written_objects())
def test_the_proof_is_certain_where_strings_hold_no_quotes(text: str) -> None:
    whole = ("{" + TS + "," + text[1:]).replace(",}", "}")
    if '\\"' not in whole and "\\u0022" not in whole and not has_twin(whole):
        assert sure_of_keys(whole.encode(), orjson.loads(whole), 16)


@settings(deadline=None)
@given(st.text(st.sampled_from('{}[]:,"\\u0d89e.-+1 truefalsn\t\n'), max_size=12) | written_objects())
def test_reader_takes_what_the_strict_parser_takes(text: str) -> None:
    facts = inspect(text, 16)
    try:
        orjson.loads(text)
    except ValueError:
        assert not facts.is_json or facts.lone_surrogate or facts.infinite
    else:
        assert facts.is_json
        assert not facts.lone_surrogate
        assert not facts.infinite


@pytest.mark.parametrize("depth", [0, 1, 16, 17, 100_000])
def test_depth_is_counted_without_recursion(depth: int) -> None:
    assert inspect("[" * depth + "1" + "]" * depth, 16).depth == depth
    assert depth_of('{"[[[": "\\"]", "a": ' + "{" * depth) == depth + 1


OPEN = b"[" * 262_144
HOSTILE = {
    "brackets": OPEN,
    "pairs of brackets": b"[" * 131_072 + b"]" * 131_072,
    "numbers": b'{"a":[1' + b",1" * 131_000 + b"]}",
    "numbers without an end": b"[1" + b",1" * 131_000,
    "objects": b"[" + b"{}," * 87_000 + b"{}]",
    "small objects": b"[" + b'{"":1},' * 37_000 + b"1]",
    "keys": b"{" + b",".join(b'"%d":1' % n for n in range(22_000)) + b"}",
    "strings": b'[""' + b',""' * 87_000 + b"]",
    "escapes": b'["\\u0041"' + b',"\\u0041"' * 29_000 + b"]",
    "exponents": b"[1e9" + b",1e9" * 65_000 + b"]",
    "quotes": b'"' * 262_144,
}


@pytest.mark.parametrize("payload", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_payload_is_rejected_in_bounded_time(payload: bytes) -> None:
    """CPU time of the best of three: a machine that is busy with other things proves nothing."""
    assert len(payload) <= 262_144
    spent = []
    for _ in range(3):
        begun = time.process_time()
        assert isinstance(judge("acme/a", payload), Rejected)
        spent.append(time.process_time() - begun)
    assert min(spent) < 0.2


def test_strings_are_counted_to_a_depth() -> None:
    # keys a, b, c and values x, y
    assert strings_in({"a": "x", "b": [1, {"c": "y"}]}, 3) == 5
    assert strings_in({"a": "x", "b": [1, {"c": "y"}]}, 2) == -1
