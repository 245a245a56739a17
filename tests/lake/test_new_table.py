"""A new table is a contract entry and a job: schema, first write, listing and retention follow from the entry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from acme_lib.contracts import Column, Table, contracts
from acme_lib.contracts._tables import Layer

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def column(name: str, kind: str) -> Column:
    return Column(name=name, type=kind, description="d", derivation="d")


def test_the_age_column_of_every_table_is_a_time_of_its_own() -> None:
    for table in contracts().tables.values():
        times = {c.name for c in table.columns if c.type in ("date", "timestamp")}
        assert table.age_column is None or table.age_column in times, table.name


@pytest.mark.spark
def test_a_contract_entry_is_all_a_table_needs(lake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from acme_lib.lake.maintenance import maintain
    from acme_lib.lake.tables import listed

    table = Table(
        name="gold_trial",
        description="d",
        unique_on=["equipment_id", "ts_utc"],
        retention_days=30,
        age_column="ts_utc",
        columns=[column("equipment_id", "string"), column("ts_utc", "timestamp"), column("prediction", "double")],
    )
    known = contracts()
    layers = (*known.layers, Layer(version="1.0.0", layer="models", tables=[table]))
    monkeypatch.setitem(known.__dict__, "layers", layers)
    monkeypatch.setitem(known.__dict__, "tables", {**known.tables, "gold_trial": table})
    rows = [{"equipment_id": "a", "ts_utc": NOW - timedelta(days=d), "prediction": 1.5} for d in (1, 31)]
    lake.append("gold_trial", lake.frame("gold_trial", rows), {"through": {"telemetry/0": 7}})
    assert [r["partitions_read"] for r in listed(lake) if r["version"] == 0] == [1]
    properties = lake.delta("gold_trial").detail().collect()[0]
    assert (properties["minReaderVersion"], properties["minWriterVersion"]) == (1, 2)
    assert properties["properties"]["delta.checkpointInterval"] == "100"
    assert maintain(lake, "purge", ["gold_trial"], "ada", NOW, apply=True)[0].rows == 1
    assert [r["ts_utc"].astimezone(UTC) for r in lake.read("gold_trial").collect()] == [NOW - timedelta(days=1)]
    assert lake.note("gold_trial") == {"through": {"telemetry/0": 7}}
