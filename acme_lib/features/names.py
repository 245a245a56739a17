"""Names of a feature vector's columns, in the kernel's order: `tag`, `tag__mean_10`, `device_error_error1__count_24h`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from acme_lib.features.fitted import Fitted
from acme_lib.features.spelling import distinct

__all__ = ["names", "window_of"]

WINDOWED = re.compile(r".*__(?:mean|std|min|max|slope)_(\d+)")


def names(fitted: Fitted) -> tuple[str, ...]:
    """One name a column; snake_case, so that they serve as columns of tables and schemas."""
    spec, signals = fitted.spec, fitted.series
    kinds = ["", *(f"__{stat}_{w}" for w in sorted(set(spec.windows)) for stat in spec.stats)]
    kinds += [f"__lag_{lag}" for lag in spec.lags] + [f"__ewm_{span}" for span in spec.ewm]
    kinds += ["__sum"] * spec.cumulative + ["__rise"] * bool(spec.baseline)
    found = [f"{tag}{kind}" for kind in kinds for tag in signals]
    return (*found, *(["age"] * spec.age), *_events(fitted), *_attributes(fitted))


def window_of(name: str) -> int | None:
    """The window of a windowed feature, in frames; None for any other."""
    found = WINDOWED.fullmatch(name)
    return int(found[1]) if found else None


def _events(fitted: Fitted) -> list[str]:
    said = [(event, value) for event in fitted.spec.events for value in distinct(fitted.event_values[event.tag])]
    stems = _unique([f"{event.tag}_{_plain(value)}" for event, value in said])
    found = []
    for (event, _), stem in zip(said, stems, strict=True):
        found += [f"{stem}__count_{hours:g}h" for hours in event.counts_h]
        found += [f"{stem}__hours_since"] * event.since + [f"{stem}__total"] * event.total
    return found


def _attributes(fitted: Fitted) -> list[str]:
    found = []
    for attribute in fitted.spec.attributes:
        if attribute.type == "double":
            found.append(attribute.tag)
        else:
            values = distinct(fitted.attribute_values[attribute.tag])
            found += _unique([f"{attribute.tag}__{_plain(value)}" for value in values])
    return found


def _unique(stems: Sequence[str]) -> list[str]:
    """The same; of values that look alike when plain (`+5`, `-5`) the later gets the next free number behind its name."""
    found: list[str] = []
    for stem in stems:
        name, number = stem, 2
        while name in found or (number > 2 and name in stems):
            name, number = f"{stem}_{number}", number + 1
        found.append(name)
    return found


def _plain(value: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", value.lower()).strip("_") or "none"
