"""What a spec learns from training equipment: which tags exist and vary, regimes, means, spreads, names of events."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import cached_property

import msgspec
import numpy as np
import numpy.typing as npt

from acme_lib.contracts import FeatureSpec
from acme_lib.errors import WrongUse
from acme_lib.features import components, regimes
from acme_lib.features.frames import Frames
from acme_lib.features.signals import measured, signal_values

__all__ = ["Fitted", "fit", "version"]

DIGITS = 12
FLAT = 1e-9  # a spread below this share of the mean is rounding, not a signal
Matrix = npt.NDArray[np.float64]


class Fitted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """A spec with all it learned; plain numbers, so that the edge needs nothing else. `mean`, `spread` [regimes][signals].

    `series`: what windows run over, signals and then components.
    """

    spec: FeatureSpec
    known: list[str]
    signals: list[str]
    settings: list[str]
    setting_mean: list[float]
    setting_spread: list[float]
    centroids: list[list[float]]
    mean: list[list[float]]
    spread: list[list[float]]
    loadings: list[list[float]] = []  # [components][signals]
    event_values: dict[str, list[str]]
    attribute_values: dict[str, list[str]]

    def to_json(self) -> bytes:
        """Canonical: equal content gives equal bytes."""
        return msgspec.json.encode(self, order="sorted")

    @staticmethod
    def from_json(text: bytes | str) -> Fitted:
        """Raises WrongUse where the text is no Fitted."""
        try:
            return msgspec.json.decode(text, type=Fitted)
        except (msgspec.ValidationError, msgspec.DecodeError) as e:
            raise WrongUse(f"features.json: {e}; write it anew with acme features build") from e

    @cached_property
    def version(self) -> str:
        """See `version`; worked out once."""
        return f"{self.spec.id}-{hashlib.sha256(self.to_json()).hexdigest()[:DIGITS]}"

    @cached_property
    def series(self) -> list[str]:
        return [*self.signals, *components.named(len(self.loadings))]

    @cached_property
    def weights(self) -> Matrix:
        """The loadings [components, signals]."""
        return np.array(self.loadings, dtype=np.float64).reshape(len(self.loadings), len(self.signals))

    @cached_property
    def scaling(self) -> tuple[Matrix, Matrix]:
        """(mean, 1/spread) [regimes, signals]; 0 where a signal is constant, so that it stays 0."""
        spread = np.array(self.spread, dtype=np.float64).reshape(len(self.centroids), len(self.signals))
        mean = np.array(self.mean, dtype=np.float64).reshape(spread.shape)
        return mean, np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > 0)


def version(fitted: Fitted) -> str:
    """featureTableVersion: the spec's id and 12 hex digits over spec and what it learned."""
    return fitted.version


def fit(spec: FeatureSpec, history: Iterable[Frames]) -> Fitted:
    """Learns from the frames of equipment that may teach (`spec.fit_equipment`). Raises WrongUse where there are none."""
    teachers = [f for f in history if len(f) and re.fullmatch(spec.fit_equipment, f.equipment_id)]
    if not teachers:
        raise WrongUse(
            f"features {spec.id}: no frames of equipment {spec.fit_equipment}; replay training files, or correct fit_equipment"
        )
    values = np.concatenate([f.values for f in teachers])
    seen = np.isfinite(values).any(axis=0)
    settings, setting_mean, setting_spread, centres, own = _regimes(spec, values)
    signals = spec.signals
    mean, spread = _moments(signal_values(spec, signals, values), own, len(centres))
    varies = np.any(spread > 0, axis=0)
    fitted = Fitted(
        spec=spec,
        known=[tag for tag, there in zip(spec.frame.tags, seen.tolist(), strict=True) if there],
        signals=[name for name, wanted in zip(signals, varies.tolist(), strict=True) if wanted],
        settings=settings,
        setting_mean=setting_mean.tolist(),
        setting_spread=setting_spread.tolist(),
        centroids=centres.tolist(),
        mean=mean[:, varies].tolist(),
        spread=spread[:, varies].tolist(),
        event_values={e.tag: sorted({v for f in teachers for t, v in f.events if t == e.tag}) for e in spec.events},
        attribute_values={
            a.tag: sorted({str(v) for f in teachers for _, v in f.attributes.get(a.tag, [])})
            for a in spec.attributes
            if a.type == "string"
        },
    )
    return fitted if spec.components is None else _with_components(fitted, teachers)


def _with_components(fitted: Fitted, teachers: list[Frames]) -> Fitted:
    wanted = fitted.spec.components
    assert wanted is not None
    histories = [measured(fitted, f.values) for f in teachers]
    return msgspec.structs.replace(fitted, loadings=components.learned(histories, wanted.count, wanted.over).tolist())


def _regimes(spec: FeatureSpec, values: Matrix) -> tuple[list[str], Matrix, Matrix, Matrix, npt.NDArray[np.intp]]:
    """(settings that make regimes; their mean and spread; centroids in units of spread; regime of each row)."""
    none, rule, tags = np.zeros(0), spec.regimes, spec.frame.tags
    same = np.zeros(len(values), dtype=np.intp)
    if rule is None:
        return [], none, none, np.zeros((1, 0)), same
    points = values[:, [tags.index(tag) for tag in rule.tags]]
    mean, spread = (column[0] for column in _moments(points, same, 1))
    points = (points - mean) / np.where(spread > 0, spread, 1)
    chosen = regimes.discrete(points, rule.most, rule.explained)
    if not chosen:
        return [], none, none, np.zeros((1, 0)), same
    centres = regimes.centroids(points[:, chosen], rule.most, rule.explained)
    own = regimes.nearest(points[:, chosen], centres)
    return [rule.tags[n] for n in chosen], mean[chosen], spread[chosen], centres, own


def _moments(values: Matrix, own: npt.NDArray[np.intp], count: int) -> tuple[Matrix, Matrix]:
    """Mean and spread of each column in each regime [regimes, columns]; 0 where there is nothing, or nothing varies."""
    mean, spread = np.zeros((count, values.shape[1])), np.zeros((count, values.shape[1]))
    for regime in range(count):
        rows = values[own == regime]
        n = np.isfinite(rows).sum(axis=0)
        mean[regime] = np.nansum(rows, axis=0) / np.maximum(n, 1)
        spread[regime] = np.sqrt(np.nansum((rows - mean[regime]) ** 2, axis=0) / np.maximum(n, 1))
    spread[spread <= FLAT * np.abs(mean)] = 0
    return mean, spread
