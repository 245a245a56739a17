"""What a JSON text says beyond its value: the cheap proof against the slow reader, the slow reader against Python's own."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acme_lib.uns.json_text import inspect, strings_in, sure_of_keys

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
    facts = inspect(text)
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
            facts = inspect(whole)
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
    facts = inspect(text)
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
    assert inspect("[" * depth + "1" + "]" * depth).depth == depth


def test_strings_are_counted_to_a_depth() -> None:
    # keys a, b, c and values x, y
    assert strings_in({"a": "x", "b": [1, {"c": "y"}]}, 3) == 5
    assert strings_in({"a": "x", "b": [1, {"c": "y"}]}, 2) == -1
