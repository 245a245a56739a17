"""Tables are what their contracts say, for every reader; one that is not is refused in a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from acme_lib.contracts import contracts
from acme_lib.errors import Stop
from acme_lib.lake import Lakehouse, silver
from acme_lib.lake.guard import check_columns
from tests.lake.raw_rows import NOW, body, fill

NAMES = ("bronze_events", "silver_events", "silver_violations", "silver_sequence_marks", "bronze_drift_events")


@pytest.mark.spark
def test_another_reader_opens_every_table(lake: Any) -> None:
    from deltalake import DeltaTable

    fill(lake, [body(0), body(1, odd=1), b"junk"])
    silver.run(silver.Config(run_id="t"), lake, NOW)
    for name in NAMES:
        table = DeltaTable(lake.path(name))
        protocol = table.protocol()
        assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 2), name
        assert not contracts().tables[name].delta_features, name
        declared = [c.name for c in contracts().tables[name].columns]
        assert [f.name for f in table.schema().fields] == declared
        assert table.to_pyarrow_table().num_rows == lake.read(name).count() > 0, name
    assert len(DeltaTable(lake.path("silver_events")).file_uris()) <= 4


@pytest.mark.spark
def test_a_table_of_a_newer_release_is_refused(lake: Any) -> None:
    lake.create("silver_events")
    lake.spark.sql(f"ALTER TABLE delta.`{lake.path('silver_events')}` ADD COLUMN (mood string)")
    with pytest.raises(Stop, match=r"columns its contract lacks \(mood\)"):
        Lakehouse(lake.spark, lake.root).read("silver_events")
    lake.create("bronze_events")
    log = Path(lake.path("bronze_events"), "_delta_log")
    future = '"readerFeatures":["fromTomorrow"],"writerFeatures":["fromTomorrow"]'
    (log / f"{1:020}.json").write_text(f'{{"protocol":{{"minReaderVersion":3,"minWriterVersion":7,{future}}}}}\n')
    with pytest.raises(Stop, match="protocol or feature this release does not know"):
        Lakehouse(lake.spark, lake.root).read("bronze_events")


def test_missing_and_changed_columns_are_named() -> None:
    table = contracts().tables["bronze_drift_events"]
    whole = [(c.name, c.type) for c in table.columns]
    check_columns(table, whole)
    with pytest.raises(Stop, match=r"lacks columns of its contract \(fieldName\)"):
        check_columns(table, whole[1:])
    with pytest.raises(Stop, match="column fieldName is int, its contract says string"):
        check_columns(table, [("fieldName", "int"), *whole[1:]])
