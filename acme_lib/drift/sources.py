"""What a drift run reads: the snapshot a model learned from, and what has come since, joined with predictions and truth."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from acme_lib.drift.strata import Table
from acme_lib.errors import Stop

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from acme_lib.lake import Lakehouse

__all__ = ["Model", "current", "model_of", "past"]

KEYS = ["equipment_id", "ts_utc"]
Model = tuple[str, str, str]  # model version, snapshot, feature table version


def model_of(lake: Lakehouse, use_case: str, version: str | None) -> Model:
    """The named version, else the one in production, else in staging. Raises Stop naming the mend."""
    rows = [r.asDict() for r in lake.read("ml_model_registry").where(f"model = 'acme-{use_case}'").collect()]
    rank = {alias: n for n, alias in enumerate(("production", "staging"))}
    named = [r for r in rows if (r["version"] == version if version else rank.keys() & set(r["aliases"]))]
    if not named:
        asked = f"version {version}" if version else "version in production or staging"
        raise Stop(f"drift {use_case}: ml_model_registry has no {asked}; run validate_register, or name model_version")
    best = min(named, key=lambda r: (min((rank.get(a, 9) for a in r["aliases"]), default=9), -_number(r["version"])))
    tags: dict[str, Any] = json.loads(best["tags_json"])
    try:
        return str(best["version"]), str(tags["trainingDataVersion"]), str(tags["featureTableVersion"])
    except KeyError as e:
        raise Stop(
            f"drift {use_case}: version {best['version']} lacks tag {e}; register it anew with validate_register"
        ) from e


def past(lake: Lakehouse, use_case: str, model: Model) -> Table:
    """Training rows of the model's snapshot with the validation predictions: made by a model that had not seen them."""
    version, snapshot, _ = model
    rows = lake.read("ml_training_snapshots").where(f"snapshot_id = '{snapshot}' AND split = 'train'")
    told = _predictions(lake, use_case, version).where("split = 'validation'").select(*KEYS, "prediction")
    found = _table(rows.withColumnRenamed("label", "truth").join(told, on=KEYS, how="left"))
    if not len(found):
        raise Stop(
            f"drift {use_case}: snapshot {snapshot} holds no training rows; run train_baseline, or name a model_version"
        )
    return found


def current(lake: Lakehouse, use_case: str, model: Model, since: datetime | None, until: datetime | None) -> Table:
    """Vectors of the same feature version and equipment that the model did not learn from, in [since, until)."""
    version, snapshot, features = model
    learned = lake.read("ml_training_snapshots").where(f"snapshot_id = '{snapshot}' AND split IN ('train', 'gap')")
    rows = lake.read("feature_vectors").where(f"feature_table_version = '{features}'")
    rows = rows.join(learned.select(*KEYS), on=KEYS, how="left_anti")
    rows = rows.where(rows["ts_utc"] >= since) if since else rows
    rows = rows.where(rows["ts_utc"] < until) if until else rows
    told = _predictions(lake, use_case, version).where("split NOT IN ('train', 'validation')")
    true = lake.read("gold_prediction_outcomes").where(f"use_case = '{use_case}' AND model_version = '{version}'")
    known = told.join(true.select(*KEYS, "origin", "truth"), on=[*KEYS, "origin"], how="left")
    known = known.selectExpr(*KEYS, "origin", "prediction", "coalesce(truth, label) AS truth")
    one = known.orderBy("origin").dropDuplicates(KEYS).drop("origin")
    return _table(rows.join(one, on=KEYS, how="left"))


def _predictions(lake: Lakehouse, use_case: str, version: str) -> DataFrame:
    return lake.read("gold_predictions").where(
        f"use_case = '{use_case}' AND model_version = '{version}' AND origin IN ('batch', 'edge')"
    )


def _table(rows: DataFrame) -> Table:
    """To NumPy, in order of equipment and time."""
    wanted = rows.selectExpr(
        "equipment_id", "unix_micros(ts_utc) AS at", "double(frame) AS frame", "vector", "prediction", "truth"
    )
    found = wanted.toArrow().sort_by([("equipment_id", "ascending"), ("at", "ascending")])
    n = found.num_rows
    flat = found["vector"].combine_chunks().flatten().to_numpy(zero_copy_only=False) if n else np.zeros(0)
    number = {c: found[c].to_numpy().astype(np.float64) for c in ("frame", "prediction", "truth")}
    return Table(
        np.array(found["equipment_id"].to_pylist(), dtype=np.str_), found["at"].to_numpy().astype(np.int64),
        number["frame"], flat.astype(np.float64).reshape(n, -1 if n else 0), number["prediction"], number["truth"],
    )  # fmt: skip


def _number(version: str) -> int:
    return int(version) if version.isdigit() else 0
