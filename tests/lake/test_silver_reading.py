"""Silver reads a body as the bridge judges it: the contracts' vectors, and the same ones mutilated."""

from __future__ import annotations

import base64
import json
import random
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from acme_lib.lake.envelope import PARSED, parse
from acme_lib.lake.exact import exact, read_body, unstamped
from acme_lib.uns import Valid, judge, stamp
from tests.lake.raw_rows import TOPIC, body, raw, reading

VECTORS = Path(__file__).parents[1] / "data" / "envelope-vectors.jsonl"
NAMES = [part.split()[0] for part in PARSED.split(", ")]


def vectors() -> list[dict[str, Any]]:
    found = [json.loads(line) for line in VECTORS.read_text().splitlines()]
    return [{**v, "payload": base64.b64decode(v["payload"]).ljust(v.get("padTo", 0))} for v in found]


def payloads() -> list[bytes]:
    """The vectors' bytes, and for valid ones also what the bridge makes of them."""
    found = []
    for vector in vectors():
        payload = vector["payload"]
        found.append(payload)
        if vector["verdict"] == "valid":
            found.append(stamp(payload, 1795561199000, "bridge-1", len(found)))
    return found


def mutilated(count: int) -> list[bytes]:
    """Ordinary bodies with bytes put in, taken out or swapped, where JSON and the proof of `plain` hurt most."""
    rand, pieces = random.Random(6), b'",:{}[]\\ 0-e.tn\x00\xff\xc3\x1f/A'
    made = []
    for n in range(count):
        data = bytearray(body(n, stamped=n % 3 != 0, value=rand.choice([1.5, -0.0, 1e308, "x", "1.5", True, 12, ""])))
        for _ in range(rand.randint(1, 2)):
            at = rand.randrange(len(data))
            act = rand.randrange(4)
            if act == 0:
                data[at:at] = bytes([rand.choice(pieces)])
            elif act == 1:
                del data[at]
            elif act == 2:
                data[at] = rand.choice(pieces)
            else:
                data[at:at] = rand.choice(
                    [b',"a":1', b',"seq":1', b'"units":"A",', b"{}", b"\\u0041", b"null", b',"receivedUtc":"x"']
                )
        made.append(bytes(data))
    return made


def nested() -> list[bytes]:
    """Something nested, bare or doubled where a string or number is expected, with a further member or without."""
    made = []
    for name in ("units", "sourceSystem", "errorCode", "epoch", "seq", "correlationId", "replayed", "quality", "value"):
        whole = reading(1, errorCode="E1", correlationId="c", replayed=True)
        for wrong in (
            ["a"],
            {"a": 1},
            {"a": "b"},
            [],
            {},
            5,
            True,
            [1, 2],
            '"',
            "\\",
            "[m]",
            "{m}",
            ",",
            "",
            "é",
            None,
        ):
            for more in ({}, {"x": 1}, {"x": "y"}):
                sent = json.dumps({**whole, name: wrong, **more}, separators=(",", ":"), ensure_ascii=False).encode()
                made += [sent, stamp(sent, 1795561199000, "bridge-1", 1)]
    for bridge in ("b[1]", 'b"', "b\\", "{b", ""):
        made.append(stamp(body(1, stamped=False), 1795561199000, bridge, 1))
    return made


def plain_of(row: Any) -> dict[str, Any]:
    found = row.asDict()
    for name in ("ts_utc", "received_utc"):
        found[name] = found[name] and found[name].astimezone(UTC)
    return {name: found[name] for name in NAMES}


@pytest.mark.spark
def test_every_body_is_read_as_the_bridge_judges_it(spark: Any) -> None:
    bodies = [*payloads(), *mutilated(4000), *nested(), b"", b"null", b"[]", b"\xef\xbb\xbf{}"]
    parsed = parse(raw(spark, bodies)).persist()
    plain = {r["source_offset"]: r for r in parsed.where("plain").collect()}
    odd = parsed.where("NOT plain")
    slow, here = ({r["source_offset"]: r for r in exact(odd, here).collect()} for here in (False, True))
    assert repr(slow) == repr({offset: here[offset] for offset in slow})
    assert len(plain) + len(slow) == len(bodies)
    assert len(plain) > 100
    wrong = []
    for offset, row in (plain | slow).items():
        expected = {name: read_body(bodies[offset]).get(name) for name in NAMES}
        if offset in plain and expected["detail"] == "TOPIC_NOT_IN_GRAMMAR":
            continue  # judged where each topic is taken apart once; see test_silver.py
        got = plain_of(row)
        if repr(got) != repr(expected):  # repr: -0.0 is not 0.0, True is not 1
            wrong.append(
                (bodies[offset], {n: (got[n], expected[n]) for n in NAMES if repr(got[n]) != repr(expected[n])})
            )
    assert not wrong
    parsed.unpersist()


@pytest.mark.spark
def test_ordinary_bodies_never_leave_the_jvm(spark: Any) -> None:
    spaced = json.dumps(json.loads(body(1, stamped=False))).encode()
    ordinary = [body(i, value=v) for i, v in enumerate([1.5, 0, -7, "EXECUTE", True, False, "1.5", 1e-300, 2**60])]
    ordinary += [
        spaced,
        stamp(spaced, 1795561199000, "b", 1),
        body(3, epoch=None, seq=None),
        body(4, replayed=True, errorCode="E1"),
        body(5, units="[m]"),
    ]
    assert parse(raw(spark, ordinary)).where("NOT plain").count() == 0


def test_vectors_end_in_their_reason_or_are_valid() -> None:
    for vector in vectors():
        payload = vector["payload"]
        try:
            topic = json.loads(payload)["topic"]
        except (ValueError, TypeError, KeyError, RecursionError):
            topic = vector["topic"]
        if topic != vector["topic"]:
            continue  # Silver knows only the topic the body names
        found = read_body(payload)
        assert (found.get("reason"), found.get("detail")) == (vector["reason"], vector["detail"]), vector["name"]


def test_unstamped_gives_back_what_the_publisher_sent() -> None:
    sent = body(7, stamped=False)
    payload, added = unstamped(stamp(sent, 1795561199000, 'odd "name"', 9))
    assert payload == sent
    assert (added["bridge_id"], added["bridge_seq"]) == ('odd "name"', 9)
    assert isinstance(judge(TOPIC, payload), Valid)


@pytest.mark.parametrize(
    "tail", [b',"receivedUtc":"x","bridgeId":"b","bridgeSeq":99999999999999999999}', b',"bridgeSeq":1}']
)
def test_what_is_no_stamp_is_left_alone(tail: bytes) -> None:
    sent = body(7, stamped=False)[:-1] + tail
    assert unstamped(sent)[0] == sent
    assert read_body(sent)["detail"] == "RESERVED_FIELD"
