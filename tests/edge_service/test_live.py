"""The live path without a broker: what is published is what the batch computes, and the same after any crash."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from acme_lib.contracts import contracts
from acme_lib.errors import Stop
from acme_lib.features import Frames, compute
from acme_lib.uns import Valid, judge, message_id
from edge_service.live.deadlines import Now
from edge_service.live.engine import Engine
from edge_service.live.store import Store

HOUR_US = 3_600_000_000
ENGINE = "testbed/turbofan/fd001/test/engine-{:03d}"
NOW_US = 1_800_000_000_000_000
NOW = Now(NOW_US, 0)
Message = tuple[str, bytes]


def envelope(topic: str, ts: str, value: Any, seq: int, **over: Any) -> Message:
    body = {
        "messageId": message_id("t", topic, "e", seq), "tsUtc": ts, "topic": topic, "value": value, "quality": "GOOD",
        "units": "", "sourceSystem": "t", "lineageVersion": "1.0.0", "schemaVersion": "1.0.0", "epoch": "e", "seq": seq,
        "replayed": True,
    }  # fmt: skip
    return topic, json.dumps({**body, **over}).encode()


def told(frames: Frames, tags: Sequence[str]) -> list[Message]:
    """A history as messages, frame by frame."""
    found = []
    for n, (us, row) in enumerate(zip(frames.times.tolist(), frames.values.tolist(), strict=True)):
        ts = str(np.datetime64(us, "us")) + "Z"
        found += [envelope(f"acme/{frames.equipment_id}/{t}", ts, v, n) for t, v in zip(tags, row, strict=True)]
    return found


@pytest.fixture
def histories(shop: Any) -> list[Frames]:
    rng = np.random.default_rng(5)
    times = np.arange(480_000, 480_012) * HOUR_US
    scale = np.where([t.startswith("setting") for t in shop.spec.frame.tags], 0.1, 1.0)  # within the catalogue's range
    return [Frames(ENGINE.format(n), times, rng.normal(500, 10, (12, len(scale))) * scale) for n in (1, 2)]


@pytest.fixture
def messages(shop: Any, histories: list[Frames]) -> list[Message]:
    """Both engines, their messages interleaved."""
    tags, both = shop.spec.frame.tags, []
    for pair in zip(*(told(h, tags) for h in histories), strict=True):
        both += pair
    return both


@pytest.fixture
def serving(shop: Any) -> Any:
    shop.make(3)
    slots = shop.slots()
    slots.look()
    return slots.serving


def run(store: Store, serving: Any, batches: list[list[Message]]) -> list[Message]:
    engine, found = Engine(contracts(), store, "edge-1"), []
    for batch in batches:
        taken = engine.take(batch, serving, NOW)
        store.save(taken.states, taken.outgoing, taken.seen)
        found += taken.outgoing
    return found


def test_every_frame_is_predicted_as_the_batch_does_under_one_correlation_id(
    tmp_path: Path, shop: Any, serving: Any, histories: list[Frames], messages: list[Message]
) -> None:
    found = run(Store(tmp_path / "live.db"), serving, [messages])
    bodies = [json.loads(body) for _, body in found]
    assert len(bodies) == 2 * 12 * 3
    assert all(isinstance(judge(topic, body), Valid) for topic, body in found)
    for history in histories:
        wanted = shop.values(compute(shop.fitted, history))
        for suffix, column in (("", wanted.value), ("_low", wanted.low), ("_high", wanted.high)):
            topic = f"acme/{history.equipment_id}/rul_prediction{suffix}"
            mine = [b for b in bodies if b["topic"] == topic]
            assert [b["seq"] for b in mine] == list(range(12))
            np.testing.assert_allclose([b["value"] for b in mine], column, rtol=1e-5)
    groups: dict[str, list[Any]] = {}
    for b in bodies:
        groups.setdefault(b["correlationId"], []).append(
            (b["topic"].rsplit("/", 1)[1], b["tsUtc"], b["lineageVersion"])
        )
    assert len(groups) == 24
    for group in groups.values():
        assert [tag for tag, _, _ in group] == ["rul_prediction", "rul_prediction_low", "rul_prediction_high"]
        assert len({rest for _, *rest in map(tuple, group) for rest in [tuple(rest)]}) == 1
    assert bodies[0]["lineageVersion"] == "3.0.0"
    assert bodies[0]["units"] == "cycles"


@pytest.mark.parametrize("seed", range(12))
def test_killed_at_any_moment_the_same_messages_come_with_the_same_ids(
    tmp_path: Path, serving: Any, messages: list[Message], seed: int
) -> None:
    """Before the save nothing of a batch is there; after it, all is: its messages may come again, then or later."""
    rand = Random(seed)
    whole = run(Store(tmp_path / "whole.db"), serving, [messages])
    published: dict[str, list[bytes]] = {}
    at = acknowledged = 0
    store = Store(tmp_path / "live.db")
    while acknowledged < len(messages):
        engine = Engine(contracts(), store, "edge-1")
        for _, _, body in store.unsent():
            published.setdefault(json.loads(body)["messageId"], []).append(body)
        at = acknowledged  # the broker sends again what was not acknowledged
        for _ in range(rand.randrange(1, 6)):
            batch = messages[at : at + rand.randrange(1, 90)]
            taken = engine.take(batch, serving, NOW)
            moment = rand.choice(["on", "on", "on", "before the save", "before the ack", "before the publish"])
            if moment == "before the save":
                break
            numbers = store.save(taken.states, taken.outgoing, taken.seen)
            if moment == "before the ack":
                break
            at = acknowledged = at + len(batch)
            if moment == "before the publish":
                break
            for _, body in taken.outgoing:
                published.setdefault(json.loads(body)["messageId"], []).append(body)
            store.sent(numbers[: rand.randrange(len(numbers) + 1)])
        store.close()
        store = Store(tmp_path / "live.db")
    for _, _, body in store.unsent():
        published.setdefault(json.loads(body)["messageId"], []).append(body)
    assert {k: set(v) for k, v in published.items()} == {json.loads(b)["messageId"]: {b} for _, b in whole}


def test_features_that_had_to_start_anew_never_reuse_an_id(
    tmp_path: Path, serving: Any, messages: list[Message]
) -> None:
    half = len(messages) // 2
    first = run(Store(tmp_path / "a.db"), serving, [messages[:half]])
    lost = run(Store(tmp_path / "b.db"), serving, [messages[half:]])
    ids = [json.loads(b)["messageId"] for _, b in first + lost]
    assert len(set(ids)) == len(ids)


def test_what_silver_keeps_out_of_gold_the_features_do_not_see(
    tmp_path: Path, shop: Any, serving: Any, histories: list[Frames]
) -> None:
    tags = shop.spec.frame.tags
    topic = f"acme/{ENGINE.format(1)}/{tags[5]}"
    first = told(histories[0], tags)[0][1]
    ts = json.loads(first)["tsUtc"]
    noise = [
        envelope(topic, ts, 1.0, 100, quality="ERROR"),
        envelope(topic, ts, 1e9, 101),
        envelope(topic, ts, "text", 102),
        envelope(topic, ts, 1.0, 103, replayed=False),  # years off the clock
        (topic, b"no envelope"),
        envelope("acme/testbed/turbofan/fd001/test/pump-1/" + tags[5], ts, 1.0, 104),
        envelope(f"acme/{ENGINE.format(1)}/rul_prediction", ts, 1.0, 105),
    ]
    clean = run(Store(tmp_path / "a.db"), serving, [told(histories[0], tags)])
    assert run(Store(tmp_path / "b.db"), serving, [noise + told(histories[0], tags)]) == clean


@pytest.mark.parametrize("shop", ["failure_24h"], indirect=True)
def test_an_event_that_comes_twice_counts_once_also_after_a_restart(tmp_path: Path, shop: Any, serving: Any) -> None:
    times = np.arange(480_000, 480_008) * HOUR_US
    values = np.random.default_rng(3).normal(100, 2, (8, 4))
    events = {("device_error", "error1"): times[2:4]}
    history = Frames("testbed/pdm/line-1/cell-1/machine-001", times, values, events)
    messages = told(history, shop.spec.frame.tags)
    topic = f"acme/{history.equipment_id}/device_error"
    for n, at in enumerate((3, 2)):
        event = envelope(topic, str(np.datetime64(int(times[at]), "us")) + "Z", "error1", 1 - n)
        messages.insert(at * 4, event)
    store = Store(tmp_path / "live.db")
    found = run(store, serving, [messages[:14], messages[8:16]])
    store.close()
    found += run(Store(tmp_path / "live.db"), serving, [messages[8:20], messages[20:], messages])
    mine = [b for b in (json.loads(body) for _, body in found) if b["topic"].endswith("_prediction")]
    assert [b["seq"] for b in mine] == list(range(8))
    np.testing.assert_allclose([b["value"] for b in mine], shop.values(compute(shop.fitted, history)).value, rtol=1e-5)


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    store = Store(tmp_path / "live.db")
    with pytest.raises(Stop, match="another process holds"):
        Store(tmp_path / "live.db")
    store.close()
