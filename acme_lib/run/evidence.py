"""The tables and the publish log, read by engines that did not write them: delta-rs and DuckDB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["Evidence"]

PUBLISH_LOG = """n BIGINT, topic VARCHAR, source_system VARCHAR, epoch VARCHAR, seq BIGINT, message_id VARCHAR,
kind VARCHAR, reason VARCHAR, detail VARCHAR, sent_utc TIMESTAMPTZ"""
TABLES = (
    "bronze_events", "bronze_dead_letters", "bronze_drift_events", "silver_events", "silver_violations", "silver_quality_metrics",
    "gold_hourly", "gold_daily", "gold_state_hourly", "gold_quality_hourly", "gold_downtime", "gold_dim_tag", "gold_dim_equipment",
    "metadata_lineage", "ops_alerts", "ops_runs", "gold_predictions", "ml_evaluations", "ml_model_registry",
)  # fmt: skip


class Evidence:
    """SQL over every table of a lakehouse (by name) and over `published`. An absent table is an empty one.

    With `half_made`, for the account of a failed run, one that can't be read is empty too, and `unreadable` says why.
    """

    def __init__(self, lakehouse: Path, published: Path | None, *, half_made: bool = False) -> None:
        import duckdb

        self.lakehouse, self.half_made = lakehouse, half_made
        self.unreadable: dict[str, str] = {}
        self.db = duckdb.connect()
        self.db.execute("SET TimeZone = 'UTC'")
        for name in TABLES:
            self._table(name)
        self._publish_log(published)

    def _table(self, name: str) -> None:
        rows = self._stored_or_told(name) if self.half_made else self._stored(name)
        if rows is not None:
            self.db.register(name, rows)
            return
        from acme_lib.contracts import contracts

        types = {"string": "VARCHAR", "binary": "BLOB", "array<string>": "VARCHAR[]", "array<float>": "FLOAT[]"}
        columns = ", ".join(f'"{c.name}" {types.get(c.type, c.type)}' for c in contracts().tables[name].columns)
        self.db.execute(f"CREATE TABLE {name} ({columns})")

    def _stored(self, name: str) -> Any:
        """The table's rows; None where there is no table."""
        from deltalake import DeltaTable

        path = str(self.lakehouse / "Tables" / name)
        return DeltaTable(path).to_pyarrow_dataset() if DeltaTable.is_deltatable(path) else None

    def _stored_or_told(self, name: str) -> Any:
        try:
            rows = self._stored(name)
            if rows is not None:
                rows.count_rows()  # opens each file: a log may name one that is not there
        except Exception as e:  # delta-rs and Arrow have a dozen, and the answer to each is the same
            self.unreadable[name] = f"{type(e).__name__}: {str(e).splitlines()[0]}"
            return None
        return rows

    def _publish_log(self, folder: Path | None) -> None:
        if folder and any(folder.rglob("*.parquet")):
            self.db.execute(f"CREATE VIEW published AS SELECT * FROM read_parquet('{folder}/**/*.parquet')")
        else:
            self.db.execute(f"CREATE TABLE published ({PUBLISH_LOG})")

    def rows(self, sql: str, *args: Any) -> list[dict[str, Any]]:
        """All rows of a query as dicts."""
        done = self.db.execute(sql, list(args))
        names = [d[0] for d in done.description]
        return [dict(zip(names, row, strict=True)) for row in done.fetchall()]

    def one(self, sql: str, *args: Any) -> Any:
        """The first value of the first row; None where there is none."""
        row = self.db.execute(sql, list(args)).fetchone()
        return row[0] if row else None
