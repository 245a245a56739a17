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
from acme_lib.monitoring.registry import metrics
from acme_lib.settings import load
from acme_lib.uns import Valid, judge, message_id
from edge_service.live.deadlines import Now
from edge_service.live.engine import Engine
from edge_service.live.loop import Live
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
        envelope(topic, "2099-01-01T00:00:00Z", 1.0, 103, replayed=False),
        (topic, b"no envelope"),
        envelope("acme/testbed/turbofan/fd001/test/pump-1/" + tags[5], ts, 1.0, 104),
        envelope(f"acme/{ENGINE.format(1)}/rul_prediction", ts, 1.0, 105),
    ]
    clean = run(Store(tmp_path / "a.db"), serving, [told(histories[0], tags)])
    assert run(Store(tmp_path / "b.db"), serving, [noise + told(histories[0], tags)]) == clean
    left_out = Engine(contracts(), Store(tmp_path / "c.db"), "edge-1").take(noise, serving, NOW).left_out
    rules = ("QUALITY", "RANGE", "TYPE", "CLOCK", "SCHEMA_INVALID", "EQUIPMENT_UNKNOWN")
    assert left_out == dict.fromkeys(rules, 1)


MACHINE = "testbed/pdm/line-1/cell-1/machine-001"


def heard(shop: Any, hours: range) -> list[Message]:
    """A live machine's readings, hour by hour."""
    found = []
    for n in hours:
        ts = str(np.datetime64((480_000 + n) * HOUR_US, "us")) + "Z"
        found += [envelope(f"acme/{MACHINE}/{t}", ts, 140.0 + n % 7, n, replayed=False) for t in shop.spec.frame.tags]
    return found


@pytest.mark.parametrize("shop", ["failure_24h"], indirect=True)
def test_however_long_the_edge_was_away_and_whatever_its_clock_what_the_broker_kept_is_predicted_the_same(
    tmp_path: Path, shop: Any, serving: Any
) -> None:
    at_us, hours = 480_000 * HOUR_US, 31

    def predicted(name: str, batches: list[tuple[list[Message], int]]) -> list[Message]:
        store, found = Store(tmp_path / f"{name}.db"), []
        engine = Engine(contracts(), store, "edge-1")
        for batch, now_us in batches:
            taken = engine.take(batch, serving, Now(now_us, 0))
            store.save(taken.states, taken.outgoing, taken.seen)
            found += taken.outgoing
            assert not taken.left_out
        return found

    each = [(heard(shop, range(n, n + 1)), at_us + n * HOUR_US) for n in range(hours)]
    steady = predicted("steady", each)
    assert len(steady) == hours * 3
    assert predicted("away", [(heard(shop, range(hours)), at_us + hours * HOUR_US)]) == steady
    assert predicted("a week", [(heard(shop, range(hours)), at_us + 170 * HOUR_US)]) == steady
    assert predicted("a year ahead", [(batch, now_us + 8_760 * HOUR_US) for batch, now_us in each]) == steady


@pytest.mark.parametrize("shop", ["failure_24h"], indirect=True)
@pytest.mark.parametrize(("hours", "counts"), [(23, True), (25, False)])
def test_an_event_far_behind_its_machine_is_kept_out_also_from_a_backlog_and_counted(
    tmp_path: Path, shop: Any, serving: Any, hours: int, counts: bool
) -> None:
    ts = str(np.datetime64((480_030 - hours) * HOUR_US, "us")) + "Z"
    event = envelope(f"acme/{MACHINE}/device_error", ts, "error1", 1, replayed=False)
    engine = Engine(contracts(), Store(tmp_path / "live.db"), "edge-1")
    taken = engine.take([*heard(shop, range(31)), event], serving, Now(480_200 * HOUR_US, 0))
    assert taken.left_out == ({} if counts else {"CLOCK": 1})
    assert bool(taken.seen) == counts


def test_health_names_what_was_left_out_by_rule(tmp_path: Path, shop: Any, serving: Any) -> None:
    topic = f"acme/{ENGINE.format(1)}/{shop.spec.frame.tags[5]}"
    live = Live(load(home=tmp_path), shop.slots())
    store = Store(tmp_path / "live.db")
    engine, plain = Engine(contracts(), store, "edge-1"), live.dependencies()[0].detail
    noise = [envelope(topic, "2024-10-01T00:00:00Z", v, n, quality=q) for n, (v, q) in enumerate([(1.0, "ERROR"), (1e9, "GOOD")])]  # fmt: skip
    before = metrics.value("acme_edge_left_out_total", rule="RANGE")
    for _ in range(2):
        live._done(engine.take(noise, serving, NOW), [], store)
    assert live.dependencies()[0].detail == f"{plain}; left out: QUALITY 2, RANGE 2"
    assert metrics.value("acme_edge_left_out_total", rule="RANGE") == before + 2


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
