"""From a frame's tags to standardised signals: derived tags, the frame's regime, deviation from the regime's mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from acme_lib.contracts import FeatureSpec
from acme_lib.features import regimes
from acme_lib.features.components import scores

if TYPE_CHECKING:
    from acme_lib.features.fitted import Fitted

__all__ = ["measured", "signal_values", "standardised"]

Matrix = npt.NDArray[np.float64]


def signal_values(spec: FeatureSpec, signals: list[str], values: Matrix) -> Matrix:
    """The named signals [n, signals] of frames' values [n, tags]; a derived one is missing where either part is."""
    place = {tag: n for n, tag in enumerate(spec.frame.tags)}
    derived = {d.name: d for d in spec.derived}
    if not derived:
        return values[:, [place[name] for name in signals]]
    columns = []
    for name in signals:
        if name in place:
            columns.append(values[:, place[name]])
            continue
        a, b = (values[:, place[tag]] for tag in derived[name].of)
        op = derived[name].op
        columns.append(a * b if op == "product" else a - b if op == "difference" else a / np.where(b == 0, np.nan, b))
    return np.stack(columns, axis=1) if columns else np.zeros((len(values), 0))


def standardised(fitted: Fitted, values: Matrix) -> Matrix:
    """What windows run over [n, series]: the measured signals and then their components; NaN where missing."""
    z = measured(fitted, values)
    return np.concatenate([z, scores(z, fitted.weights)], axis=1) if fitted.loadings else z


def measured(fitted: Fitted, values: Matrix) -> Matrix:
    """Each signal's deviation within its frame's regime, in spreads [n, signals]; NaN where missing."""
    mean, inverse = fitted.scaling
    raw = signal_values(fitted.spec, fitted.signals, values)
    if len(fitted.centroids) == 1:
        same: Matrix = (raw - mean[0]) * inverse[0]
        return same
    own = _regime(fitted, values)
    found: Matrix = (raw - mean[own]) * inverse[own]
    found[own < 0] = np.nan
    return found


def _regime(fitted: Fitted, values: Matrix) -> npt.NDArray[np.intp]:
    places = [fitted.spec.frame.tags.index(tag) for tag in fitted.settings]
    points = (values[:, places] - fitted.setting_mean) / fitted.setting_spread
    return regimes.nearest(points, np.array(fitted.centroids))
