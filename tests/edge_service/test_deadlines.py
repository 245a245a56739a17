"""A machine that falls silent is predicted when its frame's deadline has passed: once, and by no clock that jumps."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acme_lib.bridge.stream import Publish
from acme_lib.contracts import contracts
from acme_lib.features import Frames, compute
from acme_lib.settings import load
from acme_lib.uns import message_id
from edge_service.live import loop
from edge_service.live.deadlines import Deadlines, Now
from edge_service.live.engine import Engine
from edge_service.live.loop import Live
from edge_service.live.store import Store

HOUR_S, HOUR_US, SECOND_US = 3_600, 3_600_000_000, 1_000_000
NOON_US = 500_000 * HOUR_US
DEADLINE_S = 5_400  # turbofan: a frame of an hour, half an hour of patience
ENGINE = "testbed/turbofan/fd001/test/engine-001"
Message = tuple[str, bytes]


def envelope(topic: str, us: int, value: float, **over: Any) -> Message:
    body = {
        "messageId": message_id("t", topic, "e", us), "tsUtc": str(np.datetime64(us, "us")) + "Z", "topic": topic,
        "value": value, "quality": "GOOD", "units": "", "sourceSystem": "t", "lineageVersion": "1.0.0",
        "schemaVersion": "1.0.0", "epoch": "e", "seq": us // SECOND_US,
    }  # fmt: skip
    return topic, json.dumps({**body, **over}).encode()


def told(frames: Frames, tags: Sequence[str], **over: Any) -> list[Message]:
    """What came of a history, frame by frame."""
    rows = zip(frames.times.tolist(), frames.values.tolist(), strict=True)
    cells = [(us, tag, value) for us, row in rows for tag, value in zip(tags, row, strict=True)]
    return [envelope(f"acme/{frames.equipment_id}/{t}", us, v, **over) for us, t, v in cells if v == v]


@pytest.fixture
def history(shop: Any) -> Frames:
    """Three hours up to noon; at noon the machine falls silent with four tags missing."""
    tags = shop.spec.frame.tags
    scale = np.where([t.startswith("setting") for t in tags], 0.1, 1.0)  # within the catalogue's range
    values = np.random.default_rng(7).normal(500, 10, (3, len(tags))) * scale
    values[2, -4:] = np.nan
    return Frames(ENGINE, np.arange(-2, 1) * HOUR_US + NOON_US, values)


class Edge:
    """An engine on its store, stepped second by second from noon; keeps what it published."""

    def __init__(self, folder: Path, serving: Any) -> None:
        self.path, self.serving, self.now = folder / "live.db", serving, Now(NOON_US, 0)
        self.published: list[Any] = []
        self.start()

    def start(self, steady_us: int = 0) -> None:
        """After a reboot the steady clock begins anew."""
        self.now = Now(self.now.utc_us, steady_us)
        self.store = Store(self.path)
        self.engine = Engine(contracts(), self.store, "edge-1")

    def stop(self) -> None:
        self.store.close()

    def take(self, messages: list[Message]) -> None:
        self.engine.listen(self.now.steady_us, True)
        self._keep(self.engine.take(messages, self.serving, self.now))

    def wait(self, seconds: int, hearing: bool = True) -> None:
        for _ in range(seconds):
            self.now = Now(*(us + SECOND_US for us in self.now))
            self.engine.listen(self.now.steady_us, hearing)
            self._keep(self.engine.expire(self.serving, self.now))

    def set_clock(self, hours: float) -> None:
        self.now = Now(self.now.utc_us + round(hours * HOUR_US), self.now.steady_us)

    def _keep(self, taken: Any) -> None:
        self.store.save(taken.states, taken.outgoing, taken.seen)
        self.published += [json.loads(body) for _, body in taken.outgoing]

    @property
    def predictions(self) -> list[Any]:
        return [b for b in self.published if b["topic"].endswith("rul_prediction")]

    @property
    def frames(self) -> list[tuple[int, str]]:
        """(hours after noon, quality) of each prediction."""
        starts = [(np.datetime64(b["tsUtc"][:-1], "us").astype(int) - NOON_US) // HOUR_US for b in self.predictions]
        return [(int(start), b["quality"]) for start, b in zip(starts, self.predictions, strict=True)]


@pytest.fixture
def serving(shop: Any) -> Any:
    shop.make(3)
    slots = shop.slots()
    slots.look()
    return slots.serving


@pytest.fixture
def edge(tmp_path: Path, serving: Any) -> Iterator[Edge]:
    found = Edge(tmp_path, serving)
    yield found
    found.stop()


def test_a_silent_machine_s_frame_is_predicted_at_its_deadline_as_the_batch_does(
    edge: Edge, shop: Any, history: Frames
) -> None:
    edge.take(told(history, shop.spec.frame.tags))
    edge.wait(DEADLINE_S - 1)
    assert edge.frames == [(-2, "GOOD"), (-1, "GOOD")]
    edge.wait(1)
    assert edge.frames == [(-2, "GOOD"), (-1, "GOOD"), (0, "STALE")]
    assert [b["seq"] for b in edge.predictions] == [0, 1, 2]
    assert not any("replayed" in b for b in edge.published)
    wanted = shop.values(compute(shop.fitted, history)).value
    np.testing.assert_allclose([b["value"] for b in edge.predictions], wanted, rtol=1e-5)
    edge.wait(2 * DEADLINE_S)
    assert len(edge.predictions) == 3


def test_no_clock_closes_a_replayed_frame(edge: Edge, shop: Any, history: Frames) -> None:
    long_ago = replace(history, times=history.times - 10_000 * HOUR_US)
    edge.take(told(long_ago, shop.spec.frame.tags, replayed=True))
    edge.wait(2 * DEADLINE_S)
    edge.stop()
    edge.start()
    edge.wait(2 * DEADLINE_S)
    assert len(edge.predictions) == 2


def test_a_replay_onto_a_live_machine_leaves_it_live(edge: Edge, shop: Any, history: Frames) -> None:
    tags = shop.spec.frame.tags
    long_ago = replace(history, times=history.times - 10_000 * HOUR_US)
    edge.take(told(history, tags) + told(long_ago, tags, replayed=True))
    edge.wait(DEADLINE_S)
    assert edge.frames[-1] == (0, "STALE")


@pytest.mark.parametrize("at_s", [0, 1, DEADLINE_S - 1, DEADLINE_S])
def test_after_a_restart_the_same_prediction_comes_once(
    edge: Edge, tmp_path: Path, shop: Any, serving: Any, history: Frames, at_s: int
) -> None:
    whole = Edge(tmp_path / "whole", serving)
    whole.take(told(history, shop.spec.frame.tags))
    whole.wait(DEADLINE_S)
    edge.take(told(history, shop.spec.frame.tags))
    edge.wait(at_s)
    edge.stop()
    edge.start()
    edge.wait(2 * DEADLINE_S)
    assert edge.published == whole.published
    whole.stop()


def test_killed_before_the_save_the_same_prediction_comes_again(edge: Edge, shop: Any, history: Frames) -> None:
    edge.take(told(history, shop.spec.frame.tags))
    edge.wait(DEADLINE_S - 1)
    late = Now(*(us + SECOND_US for us in edge.now))
    edge.engine.listen(late.steady_us, True)
    lost = [json.loads(body) for _, body in edge.engine.expire(edge.serving, late).outgoing]
    assert len(lost) == 3
    edge.stop()
    edge.start()
    edge.wait(2 * DEADLINE_S)
    assert edge.published[-3:] == lost
    assert len(edge.predictions) == 3


@pytest.mark.parametrize("restart", [False, True])
def test_a_clock_that_jumps_makes_no_reading_late(edge: Edge, shop: Any, history: Frames, restart: bool) -> None:
    """Ahead by six hours, at once or over a restart: the rest of the frame still finds it open."""
    whole = replace(history, values=np.nan_to_num(history.values, nan=500.0))
    messages = told(whole, shop.spec.frame.tags)
    edge.take(messages[:-4])
    edge.wait(60)
    edge.set_clock(+6)
    if restart:
        edge.stop()
        edge.start()
    edge.wait(DEADLINE_S - 120)
    edge.take(messages[-4:])
    assert edge.frames == [(-2, "GOOD"), (-1, "GOOD"), (0, "GOOD")]


def test_a_clock_set_back_only_delays(edge: Edge, shop: Any, history: Frames) -> None:
    edge.take(told(history, shop.spec.frame.tags))
    edge.set_clock(-1)
    edge.wait(DEADLINE_S + HOUR_S - 1)
    assert len(edge.predictions) == 2
    edge.wait(1)
    assert edge.frames[-1] == (0, "STALE")


def test_a_line_that_was_away_says_nothing_of_the_machine(edge: Edge, shop: Any, history: Frames) -> None:
    """What the machine sent meanwhile waits at the broker."""
    whole = replace(history, values=np.nan_to_num(history.values, nan=500.0))
    messages = told(whole, shop.spec.frame.tags)
    edge.take(messages[:-4])
    edge.wait(2 * DEADLINE_S, hearing=False)
    edge.wait(2)
    edge.now = Now(edge.now.utc_us + 6 * HOUR_US, edge.now.steady_us + 6 * HOUR_US)  # the process stood still
    edge.wait(2)
    edge.take(messages[-4:])
    assert edge.frames[-1] == (0, "GOOD")


def test_what_a_gateway_held_back_finds_its_own_frames_open(edge: Edge, shop: Any, history: Frames) -> None:
    """Silent for four hours, then the hours after noon come whole: each is one frame, none is cut short."""
    tags = shop.spec.frame.tags
    edge.take(told(history, tags))
    edge.wait(4 * HOUR_S)
    late = np.random.default_rng(8).normal(0, 1, (3, len(tags)))
    late[:, :] = np.nan_to_num(history.values[:1], nan=500.0)
    edge.take(told(Frames(ENGINE, np.arange(1, 4) * HOUR_US + NOON_US, late), tags))
    assert edge.frames[2:] == [(0, "STALE"), (1, "GOOD"), (2, "GOOD"), (3, "GOOD")]


steps = st.tuples(st.integers(0, 4), st.integers(-100_000, 100_000), st.booleans())


@given(st.lists(steps, max_size=60))
def test_no_deadline_passes_before_its_time_at_the_machine(way: list[tuple[int, int, bool]]) -> None:
    """Each step: seconds that pass, where the wall clock is set then, whether a reading comes. Frames of 60 s, patience 30 s more."""
    spec, key = contracts().feature_specs["mill"], ("mill-1", "mill")
    deadlines, at_us, newest_us = Deadlines({}), NOON_US, NOON_US
    for seconds, ahead_s, reading in [(0, 0, True), *way * 8]:
        at_us += seconds * SECOND_US
        now = Now(at_us + ahead_s * SECOND_US, at_us - NOON_US)
        deadlines.listen(now.steady_us, True)
        if reading:
            newest_us = at_us
            deadlines.heard(key, at_us, True, now.steady_us)
        until_us = deadlines.passed(key, spec, now)
        assert until_us is None or newest_us < until_us <= min(at_us, newest_us + 90 * SECOND_US)


class SilentLine:
    """A line that has one batch, then nothing; notes what it is told to send."""

    connected, room, last = True, 100, 0

    def __init__(self, messages: list[Message]) -> None:
        self.publishes, self.sent = [Publish(topic, body, 0) for topic, body in messages], list[bytes]()

    def poll(self, timeout_s: float, most: int) -> Any:
        found, self.publishes = self.publishes, []
        return type("Batch", (), {"publishes": found, "ack": lambda _: None})() if found else None

    def send(self, number: int, topic: str, body: bytes) -> bool:
        self.sent.append(body)
        self.last = number
        return True


def test_the_loop_looks_at_deadlines_also_where_nothing_comes(
    tmp_path: Path, shop: Any, history: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.make(3)
    slots = shop.slots()
    slots.look()
    line, store = SilentLine(told(history, shop.spec.frame.tags)), Store(tmp_path / "live.db")
    live, engine = Live(load(home=tmp_path), slots), Engine(contracts(), store, "edge-1")
    for second in range(DEADLINE_S + 2):
        now = Now(NOON_US + second * SECOND_US, second * SECOND_US)
        monkeypatch.setattr(loop, "read_now", lambda now=now: now)
        live._step(line, engine, store)  # type: ignore[arg-type]
        if second == 0:
            assert len(line.sent) == 6
    assert [json.loads(body)["quality"] for body in line.sent[6:]] == ["STALE"] * 3
    assert [body for _, _, body in store.unsent()] == line.sent
    store.close()
