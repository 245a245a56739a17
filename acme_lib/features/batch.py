"""The feature job: silver_events to versioned feature vectors, by equipment, in Spark."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from pydantic import BaseModel, ConfigDict
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from acme_lib.contracts import FeatureSpec, Split, UseCase, contracts
from acme_lib.errors import Stop, WrongUse
from acme_lib.features.compute import compute
from acme_lib.features.fitted import Fitted, fit, version
from acme_lib.features.frames import Frames
from acme_lib.features.leaks import seen_ahead
from acme_lib.features.names import names
from acme_lib.features.sources import known_tags, readings, sources
from acme_lib.features.tasks import ASSEMBLED, assembling, computing, unpacked
from acme_lib.features.teaching import teaches_until
from acme_lib.lake import schema
from acme_lib.lake.marks import through
from acme_lib.lake.version import transformation_version
from acme_lib.monitoring import RunRecord, recording

if TYPE_CHECKING:
    from acme_lib.lake import Lakehouse

__all__ = ["Config", "fitted_of", "named", "run"]

RECOMPUTED = 3  # histories in which features are looked through for what comes later


class Config(BaseModel):
    """Parameters of the notebook feature_build: the features of one use case (contracts/use_cases.yaml).

    `version`: use what that feature version learned; None learns anew. `equipment`: a regex on the equipment's path.
    `fit_until`: nothing later teaches; without it, nothing of the test period of a split forward in time.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    run_id: str
    use_case: str = "rul"
    equipment: str = ".*"
    version: str | None = None
    fit_until: datetime | None = None


def run(config: Config, lake: Lakehouse, now: datetime, fitted: Fitted | None = None) -> RunRecord:
    """Writes one feature version whole, in one commit: the same Silver and spec give the same version and the same rows.

    `fitted`: what a model carries of its features, in the place of a version of this lakehouse. Raises WrongUse for an
    unknown spec or version, Stop where Silver holds nothing of the spec's equipment or a feature sees what comes later.
    """
    case = _case(config)
    spec = fitted.spec if fitted else contracts().feature_specs[case.feature_spec]
    with recording(config.run_id, "feature_build", now) as record:
        silver_version = lake.version("silver_events")
        silver = lake.read("silver_events")
        series = sources(silver, spec, config.equipment)
        if config.version is not None:
            fitted = fitted_of(lake, config.version)
        known = fitted.known if fitted else known_tags(series, spec)
        frames = assembled(readings(silver, series, spec), spec, known).persist()
        try:
            fitted = fitted or _learned(frames, spec, config, case.split)
            ahead = _ahead(frames, fitted)
            found = vectors(frames, fitted)
            note = {
                "feature_table_version": version(fitted),
                "through": through(lake.note("silver_events")),
                "silver_version": silver_version,
                "version": transformation_version(),
                "run_id": config.run_id,
            }
            where = f"feature_table_version = '{version(fitted)}'"
            commit = lake.replace("feature_vectors", found, note, where=where)
            _register(lake, fitted, ahead, frames.count(), config, now)
        finally:
            frames.unpersist()
        record.rows_out, record.bytes_out = commit.rows, commit.bytes
        record.counters = {"feature_table_version": version(fitted), "features": len(names(fitted)), "known_tags": len(fitted.known), "regimes": len(fitted.centroids)}  # fmt: skip
    return record


def assembled(rows: DataFrame, spec: FeatureSpec, known: list[str]) -> DataFrame:
    """One row an equipment: its frames, packed. applyInArrow, as the frame rule is the edge's own code and runs in order."""
    return rows.groupBy("equipment_id").applyInArrow(assembling(spec, known), ASSEMBLED)


def vectors(frames: DataFrame, fitted: Fitted) -> DataFrame:
    """Feature rows of packed frames, shaped as feature_vectors. mapInArrow, as the kernel is the edge's own code."""
    return frames.mapInArrow(computing(fitted), schema("feature_vectors"))


def named(rows: DataFrame, columns: list[str] | tuple[str, ...]) -> DataFrame:
    """feature_vectors with one float column a feature instead of the vector."""
    others = [c for c in rows.columns if c != "vector"]
    return rows.select(*others, *(F.col("vector")[n].alias(name) for n, name in enumerate(columns)))


def fitted_of(lake: Lakehouse, feature_table_version: str) -> Fitted:
    """What a version learned, from feature_versions. Raises WrongUse where there is none of that name."""
    rows = lake.read("feature_versions").where(F.col("feature_table_version") == feature_table_version)
    found = rows.select("fitted_json").collect()
    if not found:
        raise WrongUse(f"feature version {feature_table_version}: not in feature_versions; build it, or name another")
    return Fitted.from_json(found[0]["fitted_json"])


def _case(config: Config) -> UseCase:
    cases = contracts().use_cases
    if config.use_case not in cases:
        raise WrongUse(f"parameter use_case: no use case {config.use_case!r}; there are {', '.join(cases)}")
    return cases[config.use_case]


def _learned(frames: DataFrame, spec: FeatureSpec, config: Config, split: Split) -> Fitted:
    teachers = frames.where(F.col("equipment_id").rlike(f"^(?:{spec.fit_equipment})$")).orderBy("equipment_id")
    packed = teachers.toArrow().to_pylist()
    if not packed:
        raise Stop(
            f"features {spec.id}: Silver holds no readings of {spec.fit_equipment}; replay or backfill them first"
        )
    history = [unpacked(spec, row) for row in packed]
    end = _end(config, split, history)
    return fit(spec, history if end is None else [frames.until(end) for frames in history])


def _end(config: Config, split: Split, history: list[Frames]) -> int | None:
    """The last microsecond that may teach: as asked, else by the use case's split; a history too short to split teaches whole."""
    if config.fit_until is not None:
        return int(config.fit_until.timestamp() * 1_000_000)
    times = [frames.times for frames in history if len(frames)]
    if not times:
        return None
    first = min(int(t[0]) for t in times)
    end = teaches_until(split, first, max(int(t[-1]) for t in times))
    return end if end is not None and end >= first else None


def _ahead(frames: DataFrame, fitted: Fitted) -> list[str] | None:
    """Features that see what comes later, of a few histories recomputed at cut-offs; None where none of them can show it."""
    some = [unpacked(fitted.spec, row) for row in frames.limit(RECOMPUTED).toArrow().to_pylist()]
    found = [seen_ahead(fitted, history, compute) for history in some]
    shown = [names for names in found if names is not None]
    if early := sorted({name for names in shown for name in names}):
        raise Stop(f"features {fitted.spec.id}: {', '.join(early[:5])} change when what comes later is taken away; correct how they are computed")  # fmt: skip
    return [] if shown else None


def _register(
    lake: Lakehouse, fitted: Fitted, ahead: list[str] | None, equipment: int, config: Config, now: datetime
) -> None:
    """Adds the version once."""
    row: dict[str, Any] = {
        "feature_table_version": version(fitted),
        "spec": fitted.spec.id,
        "spec_json": msgspec.json.encode(fitted.spec, order="sorted").decode(),
        "fitted_json": fitted.to_json().decode(),
        "names": list(names(fitted)),
        "seen_ahead": ahead,
        "equipment": equipment,
        "created_utc": now,
        "run_id": config.run_id,
    }
    there = lake.read("feature_versions").where(F.col("feature_table_version") == row["feature_table_version"])
    if there.isEmpty():
        lake.append("feature_versions", lake.frame("feature_versions", [row]), {"run_id": config.run_id})
