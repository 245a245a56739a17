"""Two published recipes, in pandas and apart from our kernel, against ours: the mapping's claims, row by row."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest

from acme_lib.contracts import contracts
from acme_lib.contracts._ml import Recipe
from acme_lib.features import assemble, compute, fit, names
from acme_lib.plant.historian import histories

GAUGES = ["volt", "rotate", "pressure", "vibration"]
PARITY = 0.95
Table = dict[str, pd.Series]


def ours(recipe: str, form: str, folder: Path, equipment: str, limit: int, **options: str) -> pd.DataFrame:
    """Our features of one equipment by frame start, by the recipe's spec and windows, fitted on all of the history."""
    spec, windows = contracts().feature_specs[_recipe(recipe).spec], _recipe(recipe).windows
    spec = msgspec.structs.replace(spec, windows=windows) if windows else spec
    told: dict[str, list] = {}
    for history in histories(form, folder, limit=limit, **options):
        for r in history.readings():
            told.setdefault(r.equipment, []).append((r.tag, r.at_ms * 1000, r.value))
    whole = {e: assemble(spec, rows, e) for e, rows in told.items()}
    fitted = fit(spec, whole.values())
    frames = next(found for e, found in whole.items() if e.endswith(equipment))
    return pd.DataFrame(compute(fitted, frames), columns=names(fitted), index=pd.to_datetime(frames.times, unit="us"))


def guide(folder: Path, machine: int, ours_: pd.DataFrame) -> tuple[Table, Table]:
    """Microsoft's guide on one machine: (its features, ours where they should be equal), on its grid of 3 hours."""

    def read(name: str) -> pd.DataFrame:
        found = pd.read_csv(next(folder.glob(name)))
        return found[found["machineID"] == machine]

    telemetry = (
        read("PdM_telemetry*.csv").assign(datetime=lambda t: pd.to_datetime(t["datetime"])).set_index("datetime")
    )
    errors, maint, machines = read("PdM_errors.csv"), read("PdM_maint.csv"), read("PdM_machines.csv")
    bins = {"rule": "3h", "closed": "left", "label": "right"}
    vendor: Table = {}
    shift: dict[str, int] = {}
    for tag in GAUGES:
        for stat, word in (("mean", "mean"), ("std", "sd")):
            vendor[f"{tag}{word}_3h"] = getattr(telemetry[tag].resample(**bins), stat)()
            vendor[f"{tag}{word}_24h"] = _first(getattr(telemetry[tag].rolling(24), stat)().resample(**bins))
            shift |= {f"{tag}{word}_3h": 1, f"{tag}{word}_24h": 3}
    for n in range(1, 6):
        at = pd.to_datetime(errors.loc[errors["errorID"] == f"error{n}", "datetime"])
        hourly = pd.Series(1.0, index=at).groupby(level=0).sum().reindex(telemetry.index, fill_value=0)
        vendor[f"error{n}count"] = _first(hourly.rolling(24).sum().resample(**bins))
        shift[f"error{n}count"] = 3
    grid = vendor["voltmean_3h"].index
    for n in range(1, 5):
        replaced = np.sort(pd.to_datetime(maint.loc[maint["comp"] == f"comp{n}", "datetime"]).to_numpy())
        last = np.searchsorted(replaced, grid.to_numpy(), side="right") - 1
        days = (grid.to_numpy() - replaced[np.maximum(last, 0)]) / np.timedelta64(1, "D")
        vendor[f"comp{n}"] = pd.Series(np.where(last >= 0, days, np.nan), index=grid)
        vendor[f"model_model{n}"] = pd.Series(float(machines["model"].iloc[0] == f"model{n}"), index=grid)
    vendor["age"] = pd.Series(float(machines["age"].iloc[0]), index=grid)
    internal: Table = {}
    for row in _rows("azure-pdm"):
        moved = ours_[row.internal_feature].reindex(grid - pd.Timedelta(hours=shift.get(row.vendor_feature, 0)))
        scale = 24.0 if row.vendor_feature.startswith("comp") else 1.0
        internal[row.vendor_feature] = pd.Series(moved.to_numpy() / scale, index=grid)
    return vendor, internal


def _first(bins: Any) -> pd.Series:
    """The value at each bin's begin; pandas' own `first` would pass over the warm-up's NaN to a later hour."""
    return bins.agg(lambda hours: hours.iloc[0] if len(hours) else np.nan)


SENSORS = [f"s{n}" for n in range(1, 22)]


def template(folder: Path, ours_: pd.DataFrame) -> tuple[Table, Table]:
    """Microsoft's C-MAPSS template on engine 1 of FD001: (its features, ours in its units), by cycle."""
    raw = pd.read_csv(folder / "train_FD001.txt", sep=r"\s+", names=["id", "cycle", "setting1", "setting2", "setting3", *SENSORS])  # fmt: skip
    recent = raw.groupby("id")[SENSORS].rolling(5, min_periods=1)
    mean = recent.mean().reset_index(drop=True).rename(columns=lambda s: s.replace("s", "a"))
    spread = recent.std().reset_index(drop=True).fillna(0).rename(columns=lambda s: s.replace("s", "sd"))
    whole = pd.concat([raw, mean, spread], axis=1).drop(columns="id").astype(float)
    least, most = whole.min(), whole.max()
    changing = [c for c in whole if most[c] - least[c] > 1e-9]  # of columns constant in training nothing is left

    def scaled(column: pd.Series, name: str) -> pd.Series:
        return (column - least[name]) / (most[name] - least[name])

    first = raw["id"] == 1
    vendor = {c: scaled(whole.loc[first, c], c).reset_index(drop=True) for c in changing}
    internal = {}
    for row in _rows("cmapss-template"):
        if row.status == "same":
            mine = pd.Series(ours_[row.internal_feature].to_numpy(dtype=np.float64))
            internal[row.vendor_feature] = scaled(_unstandardised(mine, row.vendor_feature, raw), row.vendor_feature)
    return vendor, internal


def _unstandardised(mine: pd.Series, name: str, raw: pd.DataFrame) -> pd.Series:
    """Our deviation within the one regime of FD001 as a reading again; of a spread only its unit is undone."""
    kind, sensor = name.rstrip("0123456789"), f"s{name.lstrip('asd')}"
    if kind == "cycle":
        return mine
    return mine * raw[sensor].std(ddof=0) + (0 if kind == "sd" else raw[sensor].mean())


def _recipe(recipe: str) -> Recipe:
    return next(found for found in contracts().features.recipes if found.id == recipe)


def _rows(recipe: str) -> list:
    return _recipe(recipe).rows


def equal(vendor: Table, internal: Table) -> dict[str, bool]:
    """Which features agree wherever the vendor has a value."""
    found = {}
    for name, mine in internal.items():
        there = vendor[name].notna() & mine.notna()
        assert there.mean() > 0.9, name
        found[name] = bool(np.allclose(mine[there], vendor[name][there], rtol=1e-4, atol=1e-5))
    return found


def judged(recipe: str, agreed: dict[str, bool]) -> None:
    """The table says `same` of exactly what is the same, gives a reason for the rest, and parity is high enough."""
    rows = _rows(recipe)
    assert {r.vendor_feature: r.status == "same" for r in rows} == {r.vendor_feature: agreed.get(r.vendor_feature, False) for r in rows}  # fmt: skip
    assert set(agreed) <= {r.vendor_feature for r in rows}
    assert all(r.reason for r in rows if r.status != "same")
    assert sum(agreed.values()) / len(rows) >= PARITY


def _part(source: Path, target: Path, pattern: str, keep: Callable[[str], bool]) -> None:
    """The lines of each file that `keep` takes, so that a test need not read whole files."""
    target.mkdir(exist_ok=True)
    for path in source.glob(pattern):
        head, *lines = path.read_text().splitlines()
        (target / path.name).write_text("\n".join([head, *filter(keep, lines)]) + "\n")


def test_microsofts_guide(public_data: Path, tmp_path: Path) -> None:
    folder, machine = tmp_path / "pdm", 1
    _part(public_data / "azure_pdm", folder, "*.csv", lambda line: ",1," in line or line.startswith("1,"))
    mine = ours("azure-pdm", "azure-pdm", folder, f"machine-{machine:03d}", limit=1)
    missing = [r.internal_feature for r in _rows("azure-pdm") if r.internal_feature not in mine]
    for name in missing:  # a model that no machine here is: a column of zeros
        assert name.startswith("model__")
        mine[name] = 0.0
    judged("azure-pdm", equal(*guide(folder, machine, mine)))


def test_microsofts_template_for_c_mapss(public_data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cmapss"
    _part(public_data / "cmapss", folder, "train_FD001.txt", lambda line: int(line.split(" ", 1)[0]) <= 6)
    vendor, internal = template(folder, ours("cmapss-template", "cmapss", folder, "engine-001", limit=6))
    assert set(vendor) == {r.vendor_feature for r in _rows("cmapss-template")}  # the recipe whole, no column left out
    judged("cmapss-template", equal(vendor, internal))


def test_a_wrong_formula_would_show(monkeypatch: pytest.MonkeyPatch) -> None:
    vendor: Table = {"x": pd.Series([1.0, 2.0, 3.0])}
    assert equal(vendor, {"x": pd.Series([1.0, 2.0, 3.1])}) == {"x": False}


def test_the_vendors_own_rows_claim_nothing() -> None:
    assert {r.status for r in _rows("modelq")} == {"awaiting vendor specification"}


def test_every_internal_feature_is_one_of_ours() -> None:
    told: dict[str, Callable[[str], bool]] = {
        "azure-pdm": lambda n: n.startswith(
            ("volt", "rotate", "pressure", "vibration", "device_error", "maintenance", "model", "age")
        ),
        "cmapss-template": lambda n: n.startswith("sensor_") or n == "age",
    }
    for recipe, known in told.items():
        assert all(known(r.internal_feature) for r in _rows(recipe) if r.status == "same")
