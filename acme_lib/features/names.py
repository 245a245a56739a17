"""Names of a feature vector's columns, in the kernel's order: `tag`, `tag__mean_10`, `device_error_error1__count_24h`."""

from __future__ import annotations

import re

from acme_lib.features.fitted import Fitted

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
    found = []
    for event in fitted.spec.events:
        for value in fitted.event_values[event.tag]:
            stem = f"{event.tag}_{_plain(value)}"
            found += [f"{stem}__count_{hours:g}h" for hours in event.counts_h]
            found += [f"{stem}__hours_since"] * event.since + [f"{stem}__total"] * event.total
    return found


def _attributes(fitted: Fitted) -> list[str]:
    found = []
    for attribute in fitted.spec.attributes:
        if attribute.type == "double":
            found.append(attribute.tag)
        else:
            found += [f"{attribute.tag}__{_plain(value)}" for value in fitted.attribute_values[attribute.tag]]
    return found


def _plain(value: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", value.lower()).strip("_") or "none"
