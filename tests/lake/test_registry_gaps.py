"""What the registry lacks is told once, and closed when the registry knows it or nobody names it any more."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from acme_lib.contracts import contracts
from acme_lib.lake import registry_gaps
from acme_lib.lake.dims_registry import Registry
from acme_lib.lake.registry_gaps import RULE, gaps, told
from acme_lib.monitoring import JsonlAlerts
from tests.lake.raw_rows import NOW, TOPIC

COLOUR = TOPIC.replace("current", "colour")
STRANGER = TOPIC.replace("dryer-01", "dryer-99")
LINE = "dallas/drying/line-1"


@pytest.fixture
def alerts(tmp_path: Path) -> JsonlAlerts:
    return JsonlAlerts(tmp_path / "alerts.jsonl")


def opened(alerts: JsonlAlerts) -> dict[str, str | None]:
    return {a.key: a.value for a in alerts.rows() if a.rule == RULE and a.closed_utc is None}


def test_a_gap_is_a_line_with_unknown_equipment_or_a_class_that_lacks_a_tag() -> None:
    found = gaps([TOPIC, COLOUR, COLOUR.replace("dryer-01", "dryer-02"), STRANGER, STRANGER.replace("99", "999")], NOW)
    assert {key: gap["topic"] for key, gap in found.items()} == {"dryer": COLOUR, LINE: STRANGER}


def test_it_is_told_once(alerts: JsonlAlerts, monkeypatch: pytest.MonkeyPatch) -> None:
    noted = told([TOPIC, COLOUR, STRANGER], {}, alerts, NOW)
    assert opened(alerts) == {"dryer": COLOUR, LINE: STRANGER}
    monkeypatch.setattr(JsonlAlerts, "rows", lambda self: pytest.fail("the alerts are read though nothing is new"))
    again = told([TOPIC, COLOUR], noted, alerts, NOW + timedelta(hours=1))
    assert (again.keys(), again[LINE]) == (noted.keys(), noted[LINE])
    assert told([TOPIC], {}, alerts, NOW) == {}


def test_it_closes_when_the_registry_knows_it(alerts: JsonlAlerts, monkeypatch: pytest.MonkeyPatch) -> None:
    noted = told([COLOUR, STRANGER], {}, alerts, NOW)
    real = Registry.equipment
    known = real(Registry(contracts()), "dallas/drying/line-1/cell-a/dryer-01")
    monkeypatch.setattr(
        registry_gaps.Registry, "equipment", lambda self, path: known if path.endswith("dryer-99") else real(self, path)
    )
    assert told([COLOUR, STRANGER], noted, alerts, NOW).keys() == {"dryer"}
    assert opened(alerts) == {"dryer": COLOUR}


def test_it_closes_when_nobody_names_it_for_a_day_and_opens_anew(alerts: JsonlAlerts) -> None:
    noted = told([COLOUR], {}, alerts, NOW)
    noted = told([TOPIC], noted, alerts, NOW + timedelta(hours=23))
    assert opened(alerts) == {"dryer": COLOUR}
    assert told([TOPIC], noted, alerts, NOW + timedelta(hours=25)) == {}
    assert opened(alerts) == {}
    told([COLOUR], {}, alerts, NOW + timedelta(hours=26))
    assert opened(alerts) == {"dryer": COLOUR}
