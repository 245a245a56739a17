"""Tables are what their contracts say, for every reader; one that is not is refused in a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from acme_lib.contracts import contracts
from acme_lib.errors import Stop
from acme_lib.lake import Lakehouse, schema, silver
from acme_lib.lake.guard import check_columns
from tests.lake.raw_rows import NOW, body, fill

NAMES = ("bronze_events", "silver_events", "silver_violations", "silver_sequence_marks", "bronze_drift_events")
SWITCHES = {  # what turns a feature on where the protocol does not list it by name
    "delta.appendOnly": "appendOnly",
    "delta.enableChangeDataFeed": "changeDataFeed",
    "delta.enableDeletionVectors": "deletionVectors",
    "delta.enableRowTracking": "rowTracking",
    "delta.enableTypeWidening": "typeWidening",
}
MARKS = {  # the same, in the metadata of a column
    "delta.columnMapping.id": "columnMapping",
    "delta.generationExpression": "generatedColumns",
    "delta.identity.start": "identityColumns",
    "delta.invariants": "invariants",
}


def features(table: Any) -> set[str]:
    """The Delta features a table uses: named in its protocol, switched on by a property, or asked for by a column."""
    protocol, properties = table.protocol(), table.metadata().configuration
    named = {*(protocol.reader_features or ()), *(protocol.writer_features or ())}
    switched = {feature for key, feature in SWITCHES.items() if properties.get(key, "false") != "false"}
    checked = {"checkConstraints" for key in properties if key.startswith("delta.constraints.")}
    asked = {MARKS[key] for field in table.schema().fields for key in field.metadata if key in MARKS}
    return named | switched | checked | asked


@pytest.mark.spark
def test_another_reader_opens_every_table_of_the_contracts(lake: Any) -> None:
    from deltalake import DeltaTable

    for name, contract in contracts().tables.items():
        lake.append(name, lake.read(name), {})  # the way every job makes its table: by its first write
        table = DeltaTable(lake.path(name))
        protocol, fields = table.protocol(), json.loads(table.schema().to_json())["fields"]
        assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 2), name
        assert features(table) == set(contract.delta_features), name
        wanted = json.loads(schema(name).json())["fields"]
        assert [(f["name"], f["type"]) for f in fields] == [(f["name"], f["type"]) for f in wanted], name
        assert table.metadata().partition_columns == contract.partition_by, name
        assert table.to_pyarrow_table().num_rows == 0, name


@pytest.mark.spark
def test_a_feature_nobody_declared_is_seen(lake: Any) -> None:
    from deltalake import DeltaTable

    lake.create("bronze_drift_events")
    path = lake.path("bronze_drift_events")
    lake.spark.sql(f"ALTER TABLE delta.`{path}` SET TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')")
    assert "deletionVectors" in features(DeltaTable(path))


@pytest.mark.spark
def test_another_reader_reads_what_silver_wrote(lake: Any) -> None:
    from deltalake import DeltaTable

    fill(lake, [body(0), body(1, odd=1), b"junk"])
    silver.run(silver.Config(run_id="t"), lake, NOW)
    for name in NAMES:
        assert DeltaTable(lake.path(name)).to_pyarrow_table().num_rows == lake.read(name).count() > 0, name
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
