"""The simulated plant: the same bytes for the same config, every fault in it, and each message as its expectation says."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

import orjson
import pytest

from acme_lib.contracts import contracts
from acme_lib.errors import WrongUse
from acme_lib.plant import Outgoing
from acme_lib.plant.simulation import Config, expected_messages, outside_policy, simulate, started_ms
from acme_lib.plant.simulation.malformed import BREAKERS, details
from acme_lib.uns import Rejected, Valid, judge, message_id

START_MS = 1_764_000_000_000  # 2025-11-24T16:00:00Z
CONFIG = Config(START_MS, minutes=120, seed=1, malformed_share=0.02, conflicts=3)


@pytest.fixture(scope="module")
def plant() -> list[Outgoing]:
    return list(simulate(CONFIG))


@pytest.fixture(scope="module")
def bodies(plant: list[Outgoing]) -> list[tuple[Outgoing, dict[str, Any]]]:
    """Valid messages with their parsed envelopes, in order of publishing."""
    return [(m, orjson.loads(m.payload)) for m in plant if m.expectation.kind == "valid"]


def ms(ts: str) -> int:
    return round(datetime.fromisoformat(ts).timestamp() * 1000)


def test_same_config_same_bytes_and_another_seed_others() -> None:
    short = Config(START_MS, minutes=5, seed=3)
    again, other = list(simulate(short)), list(simulate(Config(START_MS, minutes=5, seed=4)))
    assert list(simulate(short)) == again
    assert [m.payload for m in other] != [m.payload for m in again]
    assert not {m.expectation.message_id for m in other if m.expectation.message_id} & {
        m.expectation.message_id for m in again
    }


def test_every_detail_of_the_contract_has_a_breaker_and_is_published(plant: list[Outgoing]) -> None:
    assert {detail for _, detail in details()} == set(BREAKERS)
    sent = {(m.expectation.reason, m.expectation.detail) for m in plant if m.expectation.kind == "malformed"}
    assert sent == set(details())


def test_the_bridge_judges_every_message_as_expected(plant: list[Outgoing]) -> None:
    for message in plant:
        expected = message.expectation
        verdict = judge(message.topic, message.payload)
        if expected.kind == "malformed":
            assert verdict == Rejected(str(expected.reason), str(expected.detail))
        else:
            assert verdict == Valid()


def test_shares_are_as_asked(plant: list[Outgoing]) -> None:
    kinds = [m.expectation.kind for m in plant]
    assert kinds.count("malformed") / len(kinds) == pytest.approx(0.02, abs=0.0005)
    assert kinds.count("duplicate") / len(kinds) == pytest.approx(0.005, abs=0.0005)
    assert kinds.count("conflict") == 3
    assert len(kinds) == pytest.approx(expected_messages(CONFIG), rel=0.03)


def test_each_topic_counts_without_gap_in_every_epoch_and_ids_follow(bodies: list[Any]) -> None:
    counted: dict[tuple[str, str, str], int] = defaultdict(int)
    for message, body in bodies:
        key = (body["sourceSystem"], body["topic"], body["epoch"])
        assert body["seq"] == counted[key] == message.expectation.seq
        assert body["messageId"] == message.expectation.message_id == message_id(*key, body["seq"])
        counted[key] += 1


def test_published_by_event_time(plant: list[Outgoing]) -> None:
    times = [m.at_ms for m in plant]
    assert times == sorted(times)
    assert times[0] >= START_MS
    assert times[-1] < CONFIG.end_ms + 20_001  # a duplicate follows its message by at most 20 s


def test_duplicates_repeat_earlier_bytes_and_conflicts_repeat_only_the_id(plant: list[Outgoing]) -> None:
    first: dict[str | None, bytes] = {}
    for message in plant:
        mid = message.expectation.message_id
        if message.expectation.kind == "valid":
            first[mid] = message.payload
        elif message.expectation.kind == "duplicate":
            assert first[mid] == message.payload
        elif message.expectation.kind == "conflict":
            assert first[mid] != message.payload
            assert orjson.loads(first[mid])["messageId"] == orjson.loads(message.payload)["messageId"]


def test_every_machine_tag_and_flag_of_the_contracts_is_there(bodies: list[Any]) -> None:
    facts = contracts()
    seen = {tuple(m.topic[5:].rsplit("/", 1)) for m, _ in bodies}
    for machine in facts.assets.equipment:
        for tag in facts.tags.classes[machine.equipment_class].tags:
            told_by_others = tag.kind == "event" or "_prediction" in tag.name  # events are rare; the edge predicts
            assert told_by_others or (machine.path, tag.name) in seen
    assert {body["quality"] for _, body in bodies} == {flag.code for flag in facts.quality.flags}
    assert all(("errorCode" in body) == (body["quality"] == "ERROR") for _, body in bodies)


def test_values_have_the_type_unit_and_range_of_the_catalogue_but_for_the_marked(bodies: list[Any]) -> None:
    facts = contracts()
    classes = {m.path: facts.tags.classes[m.equipment_class].tags for m in facts.assets.equipment}
    tags = {f"acme/{path}/{tag.name}": tag for path, found in classes.items() for tag in found}
    states = {state.name for state in facts.tags.states}
    kinds = {"double": (int, float), "string": (str,), "boolean": (bool,)}
    for message, body in bodies:
        tag, value = tags[message.topic], body["value"]
        assert type(value) in kinds[tag.type]
        assert tag.name != "state" or value in states
        if tag.range:
            inside = tag.range[0] <= value <= tag.range[1]
            assert inside == (message.expectation.violation != "RANGE")
        assert body["units"] == tag.unit


def test_only_the_marked_clock_breaks_the_policy_and_late_readings_keep_it(bodies: list[Any]) -> None:
    bound = contracts().bridge.clock_policy.default
    behind = [(m.at_ms - ms(body["tsUtc"]), m.expectation.violation) for m, body in bodies]
    assert any(violation == "CLOCK" for _, violation in behind)
    assert all((gap > bound.behind_s * 1000) == (violation == "CLOCK") for gap, violation in behind)
    late = [gap for gap, violation in behind if gap and violation is None]
    assert late
    assert 20 * 60_000 < max(late) < bound.behind_s * 1000


def test_a_gateway_restarts_into_a_new_epoch_and_one_gains_a_field(bodies: list[Any]) -> None:
    epochs = defaultdict(set)
    for _, body in bodies:
        epochs[body["sourceSystem"]].add(body["epoch"])
    assert sorted(len(found) for found in epochs.values())[-1] == 2
    new = [(m.at_ms, body["sourceSystem"]) for m, body in bodies if "firmware" in body]
    assert len({source for _, source in new}) == 1
    assert min(at for at, _ in new) >= START_MS + CONFIG.span_ms // 2


def test_stale_and_faulty_readings_hold_the_last_value(bodies: list[Any]) -> None:
    for flag in ("STALE", "ERROR"):
        held = [body["value"] for _, body in bodies if body["quality"] == flag]
        assert len(held) > 10
        assert len(set(held)) == 1


def test_good_and_reject_are_the_total_which_falls_only_to_a_fresh_count(bodies: list[Any]) -> None:
    counts: dict[tuple[str, int], dict[str, float]] = defaultdict(dict)
    for message, body in bodies:
        equipment, tag = message.topic.rsplit("/", 1)
        if tag.endswith("_count"):
            counts[equipment, message.at_ms][tag] = body["value"]
    last: dict[str, float] = {}
    resets = 0
    for (equipment, _), found in counts.items():
        if len(found) == 3 and found["total_count"] < 1e11:  # whole, and no spike
            assert found["total_count"] == found["good_count"] + found["reject_count"]
        if found["total_count"] < last.get(equipment, 0):
            assert found["total_count"] < 200  # a few minutes of pieces at most
            resets += 1
        last[equipment] = found["total_count"]
    assert resets >= 1


def test_a_failure_is_repaired_and_vibration_tells_before_and_after(bodies: list[Any]) -> None:
    failed, at_ms = next((m.topic.rsplit("/", 1)[0], m.at_ms) for m, _ in bodies if m.topic.endswith("/failure"))
    repaired = [m.at_ms for m, _ in bodies if m.topic == f"{failed}/maintenance"]
    assert [t for t in repaired if t > at_ms]
    states = [body["value"] for m, body in bodies if m.topic == f"{failed}/state" and m.at_ms >= at_ms]
    assert list(dict.fromkeys(states))[:3] == ["ABORTED", "MAINTENANCE", "IDLE"]

    def vibration(begin: int, end: int) -> float:
        found = [b["value"] for m, b in bodies if m.topic == f"{failed}/vibration_de" and begin <= m.at_ms < end]
        return sum(found) / len(found)

    worn, down = vibration(at_ms - 300_000, at_ms), vibration(at_ms + 120_000, repaired[-1])
    assert worn > 5 > 0.5 > down
    after = [b["value"] for m, b in bodies if m.topic == f"{failed}/vibration_de" and m.at_ms > repaired[-1] + 300_000]
    assert max(after) < worn


def test_an_accelerated_run_ends_at_the_present() -> None:
    # 2 minutes at 120 times: 240 minutes of event time, the first 238 of them already past
    assert started_ms(240 * 60_000, 240, 120.0) == 2 * 60_000
    assert started_ms(240 * 60_000, 240, None) == 0
    assert started_ms(1000, 240, 1.0) == 1000


def test_a_run_outside_the_clock_policy_is_a_replay() -> None:
    now, day = START_MS, 86_400_000
    assert not outside_policy(started_ms(now, 240, 120.0), 240, now, 120.0)
    assert not outside_policy(now, 60, now, 1.0)
    assert outside_policy(now - 2 * day, 60, now, None)
    assert outside_policy(now, 60, now, None)  # an hour ahead of the bridge's clock
    assert outside_policy(started_ms(now, 2 * 1440, None), 2 * 1440, now, None)


def test_a_replay_says_so_in_every_message() -> None:
    sent = simulate(Config(START_MS, minutes=2, malformed_share=0, duplicate_share=0, replayed=True))
    assert all(orjson.loads(m.payload)["replayed"] is True and m.expectation.violation != "CLOCK" for m in sent)


@pytest.mark.parametrize(
    "bad", [{"malformed_share": 0.6}, {"minutes": 0}, {"period_s": 0}, {"seed": -1}, {"life_h": 0}]
)
def test_an_impossible_config_is_wrong_use(bad: dict[str, Any]) -> None:
    with pytest.raises(WrongUse, match="give"):
        Config(START_MS, **bad)
