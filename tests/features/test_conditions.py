"""A C-MAPSS file of another kind: six operating conditions, fewer sensors, readings that were not taken."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from acme_lib.contracts import contracts
from acme_lib.features import Online, assemble, compute, fit, leaks, names
from acme_lib.features.frames import Reading
from acme_lib.plant.historian import histories

CONDITIONS = np.array([[0, 0, 100], [10, 0.25, 100], [20, 0.7, 100], [25, 0.62, 60], [35, 0.84, 100], [42, 0.84, 100]])
ENGINES, CYCLES = 6, 80


def written(folder: Path) -> Path:
    rng, lines = np.random.default_rng(5), ["unit cycle setting_1 setting_2 setting_3 sensor_02 sensor_04 sensor_05"]
    for unit, cycle in np.ndindex(ENGINES, CYCLES):
        condition = int(rng.integers(6))
        settings = CONDITIONS[condition] + rng.normal(0, [0.003, 0.0003, 0])
        wear = 3 * (cycle / CYCLES) ** 4
        values = [
            600 + 10 * condition + rng.normal(0, 0.5) + wear,
            1400 - 30 * condition + rng.normal(0, 9),
            14.62 - condition,
        ]
        values[int(rng.integers(3))] *= np.nan if rng.random() < 0.1 else 1
        lines.append(" ".join([str(unit + 1), str(cycle + 1), *(f"{v:.4f}" for v in (*settings, *values))]))
    (folder / "train_FD002.txt").write_text("\n".join(lines) + "\n")
    return folder


def test_six_conditions_and_absent_sensors(tmp_path: Path) -> None:
    spec = contracts().feature_specs["turbofan"]
    told: dict[str, list[Reading]] = {}
    for history in histories("cmapss", written(tmp_path), subset="FD002"):
        for r in history.readings():
            told.setdefault(r.equipment, []).append((r.tag, r.at_ms * 1000, r.value))
    whole = {e: assemble(spec, rows, e) for e, rows in told.items()}
    fitted = fit(spec, whole.values())
    assert len(fitted.centroids) == 6
    assert fitted.signals == ["sensor_02", "sensor_04"]  # sensor_05 stands in every condition, the others are absent
    assert fitted.known == ["setting_1", "setting_2", "setting_3", "sensor_02", "sensor_04", "sensor_05"]
    deviations = np.concatenate([compute(fitted, frames)[:, :2] for frames in whole.values()])
    np.testing.assert_allclose(np.nanstd(deviations, axis=0), 1, atol=1e-3)
    for equipment, frames in list(whole.items())[:2]:
        online = Online(fitted, equipment)
        vectors = [v.vector for reading in told[equipment] for v in online.add(*reading)] + [
            v.vector for v in online.flush()
        ]
        found = compute(fitted, frames)
        assert found.shape == (CYCLES, len(names(fitted)))
        np.testing.assert_array_equal(np.stack(vectors), found)
        assert leaks(fitted, frames, compute, 4) == []
