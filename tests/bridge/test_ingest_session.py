"""A session that the broker lost is an alert: what it had kept for the bridge is gone, and nobody else can know."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bridge.test_ingest import Rig

LOST = "broker_session_lost"


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_a_first_start_loses_nothing(rig: Rig) -> None:
    rig.broker.new_session = True
    rig.broker.send(1, 2)
    rig.ingest.step()
    rig.ingest.step()
    assert (LOST in rig.bell.opened, rig.broker.stream.acked) == (False, [1, 2])


def test_each_loss_after_something_was_accepted_is_an_alert_that_says_after_what(rig: Rig) -> None:
    for accepted in (2, 3):
        rig.broker.send(*range(accepted))
        rig.ingest.step()
        rig.broker.new_session = True
        rig.ingest.step()
        rig.ingest.step()
    assert [key for rule, key in zip(rig.bell.opened, rig.bell.keys, strict=True) if rule == LOST] == [
        "bridge-1/2",
        "bridge-1/5",
    ]


def test_a_loss_that_could_not_be_told_is_told_at_a_later_look(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> bool:
        raise OSError(28, "No space left on device")

    rig.broker.send(1)
    rig.ingest.step()
    with monkeypatch.context() as patch:
        patch.setattr(rig.bell, "open", full)
        rig.broker.new_session = True
        rig.ingest.step()
    rig.broker.send(2, 3)
    rig.ingest.step()
    rig.ingest.step()
    assert list(zip(rig.bell.opened, rig.bell.keys, strict=True)) == [(LOST, "bridge-1/1")]
