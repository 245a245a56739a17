"""Dimensions: history of equipment, the calendar, and keys that must not collide."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from acme_lib.contracts import Contracts, contracts
from acme_lib.errors import Stop
from acme_lib.lake.dims import BEGINNING, check_collisions, date_rows, equipment_rows, tag_rows
from acme_lib.lake.dims_registry import UNREGISTERED, Registry, cuts_hours

PUMP = "dallas/utilities/line-1/cell-b/pump-01"
NOW, LATER = datetime(2026, 11, 24, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)


def renamed(model: str) -> Registry:
    """The registry of this release with another model for one pump."""
    from msgspec.structs import replace

    changed = Contracts()
    assets = contracts().assets
    pumps = [replace(e, model=model) if e.path == PUMP else e for e in assets.equipment]
    changed.__dict__["assets"] = replace(assets, equipment=pumps)
    return Registry(changed)


def versions(rows: list[dict[str, object]]) -> list[tuple[object, ...]]:
    names = ("model", "valid_from_utc", "valid_to_utc", "is_current")
    return [tuple(r[n] for n in names) for r in rows if r["equipment_id"] == PUMP]


def test_a_changed_attribute_begins_a_version_and_an_unchanged_one_does_not() -> None:
    first = equipment_rows(Registry(contracts()), [], [], NOW)
    assert versions(first) == [("P-22", BEGINNING, None, True)]
    second = equipment_rows(renamed("P-23"), [], [dict(r) for r in first], LATER)
    assert versions(second) == [("P-22", BEGINNING, LATER, False), ("P-23", LATER, None, True)]
    assert equipment_rows(renamed("P-23"), [], [dict(r) for r in second], LATER) == second


def test_unknown_equipment_is_kept_and_said_to_be_unregistered() -> None:
    rows = equipment_rows(Registry(contracts()), ["dallas/a/b/c/ghost-1"], [], NOW)
    assert [r["equipment_class"] for r in rows if r["equipment"] == "ghost-1"] == [UNREGISTERED]
    tag = tag_rows(Registry(contracts()), ["acme/testbed/turbofan/fd001/train/engine-001/sensor_02"])[0]
    assert (tag["kind"], tag["max_hold_s"]) == ("gauge", 7200)
    assert tag_rows(Registry(contracts()), ["acme/dallas/a/b/c/ghost-1/heat"])[0]["kind"] == "(uncatalogued)"


def test_iso_weeks_cross_the_year() -> None:
    found = {r["date"]: r for r in date_rows([date(2027, 1, 1)])}
    assert len(found) == 365
    new_year = found[date(2027, 1, 1)]
    assert (new_year["iso_year"], new_year["iso_week"], new_year["day_of_week"]) == (2026, 53, 5)
    assert new_year["date_key"] == 20270101


def test_two_topics_under_one_key_stop_the_run() -> None:
    check_collisions([(1, "a"), (2, "b"), (1, "a")])
    with pytest.raises(Stop, match="topics a and b share it"):
        check_collisions([(1, "a"), (1, "b")])


def test_only_zones_or_starts_off_the_hour_cut_hours() -> None:
    from msgspec.structs import replace

    sites = contracts().assets.sites
    assert not any(cuts_hours(s) for s in sites)
    assert cuts_hours(replace(sites[0], production_day_start="06:30"))
    assert cuts_hours(replace(sites[0], time_zone="Asia/Kolkata"))
    assert not cuts_hours(replace(sites[0], time_zone="Asia/Kolkata", production_day_start="06:30"))
