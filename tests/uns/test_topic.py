"""Topics: parse and format, what is broken and how it is said, batches."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acme_lib.contracts import contracts
from acme_lib.uns import InvalidTopic, Topic, violations, violations_of
from acme_lib.uns import grammar as rules

GOOD = "acme/dallas/drying/line-1/cell-a/dryer-01/vibration_de"


def words(joint: str) -> st.SearchStrategy[str]:
    """A level of the grammar: words of letters and digits, the first starting with a letter."""
    word = st.text("abz019", min_size=1, max_size=4)
    return st.lists(word, min_size=1, max_size=3).map(lambda found: "q" + joint.join(found))


def topics() -> st.SearchStrategy[str]:
    """Valid topics."""
    return st.tuples(st.just("acme"), *[words("-")] * 5, words("_")).map("/".join)


@settings(deadline=None)
@given(topics())
def test_parse_and_format_are_inverse(text: str) -> None:
    topic = Topic.parse(text)
    assert str(topic) == text
    assert f"acme/{topic.equipment_id}/{topic.tag}" == text


def test_equipment_id_is_the_path_without_enterprise_and_tag() -> None:
    assert Topic.parse(GOOD).equipment_id == "dallas/drying/line-1/cell-a/dryer-01"


@settings(deadline=None)
@given(st.text() | topics())
def test_a_batch_judges_as_one_by_one_does(text: str) -> None:
    expected = violations(text)
    assert violations_of([text, GOOD, text]) == [expected, [], expected]
    assert rules.grammar().is_valid(text) == (not expected)


@settings(deadline=None)
@given(st.text("acmeA1-_/+# \n", max_size=60) | topics() | topics().map(lambda t: t + "-x") | topics().map(str.title))
def test_one_expression_judges_as_the_levels_do(text: str) -> None:
    found = rules.grammar()
    assert found.fits(text) == (found.broken(text) == [])


@pytest.mark.parametrize(
    ("topic", "level", "rule", "value"),
    [
        ("", "topic", "levels", "''"),
        ("acme/dallas", "topic", "levels", "'acme/dallas' has 2"),
        (GOOD + "/x", "topic", "levels", "has 8"),
        ("$SYS/broker/a/b/c/d/e", "topic", "reserved_prefixes", "'$SYS"),
        (GOOD.replace("dallas", "Dallas"), "site", "casing", "'Dallas' is not lower case, write 'dallas'"),
        (GOOD.replace("acme", "other"), "enterprise", "pattern", "'other'"),
        (GOOD.replace("drying", ""), "area", "empty", "''"),
        (GOOD.replace("line-1", "+"), "line", "wildcard", "'+'"),
        (GOOD.replace("cell-a", "cell_a"), "cell", "pattern", "'cell_a'"),
        (GOOD.replace("dryer-01", "d" * 49), "equipment", "max_length", "49 characters, at most 48"),
        (GOOD.replace("vibration_de", "vibration-de"), "tag", "pattern", "'vibration-de'"),
        (GOOD.replace("vibration_de", "v" * 150), "topic", "max_length", "has 192 characters"),
        (GOOD + "\n", "tag", "pattern", "\\n"),
        (GOOD.replace("dallas", "d\u00fcren"), "site", "pattern", "'d\u00fcren'"),
    ],
)
def test_violation_names_level_rule_and_value(topic: str, level: str, rule: str, value: str) -> None:
    if rule == "max_length" and level == "topic":
        topic, value = topic + "x" * 60, "characters, at most 200"
    found = [v for v in violations(topic) if v.startswith(f"{level}: {rule}: ")]
    assert len(found) == 1
    assert value in found[0]


def test_parse_carries_every_violation() -> None:
    with pytest.raises(InvalidTopic, match="casing") as caught:
        Topic.parse(GOOD.replace("dallas", "Dallas").replace("line-1", "-"))
    assert [v.split(":")[0] for v in caught.value.violations] == ["site", "line"]


@pytest.mark.parametrize("text", ["acme/#", "#", "acme/+/+/+/+/+/debug_trace", GOOD + "/#", GOOD, "+/+/+/+/+/+/+"])
def test_filters_that_can_match(text: str) -> None:
    assert rules.grammar().filter_violations(text) == []


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("acme/Dallas/#", "site: casing"),
        ("acme/#/state", "filter: multi_level"),
        ("acme/+/state", "filter: levels"),
        ("acme/+/+/+/+/+/+/+", "filter: levels"),
        (GOOD + "/+/#", "filter: levels"),
    ],
)
def test_filters_that_never_match(text: str, rule: str) -> None:
    assert any(v.startswith(rule) for v in rules.grammar().filter_violations(text))


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "SEEN_MOST", 3)
    fresh = rules.Grammar(contracts().uns)
    for i in range(10):
        assert fresh.is_valid(GOOD + str(i))
        assert len(fresh._topics) <= 3


def test_a_batch_counts_the_whole_topic_even_where_it_met_both_parts() -> None:
    head, tag = "acme/" + "/".join(["a" * 30] * 5), "t" * 48
    fresh = rules.Grammar(contracts().uns)
    assert fresh.violations_of([f"{head}/x", f"acme/a/b/c/d/e/{tag}"]) == [[], []]
    (found,) = fresh.violations_of([f"{head}/{tag}"])
    assert [v.split(": ")[:2] for v in found] == [["topic", "max_length"]]


def test_a_reserved_prefix_wins_over_the_levels() -> None:
    reserved = msgspec.structs.replace(contracts().uns, reserved_prefixes=["acme/dallas"])
    assert "reserved_prefixes" in rules.Grammar(reserved).violations(GOOD)[0]
