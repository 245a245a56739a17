"""Shapes of the facts of a model's life: feature specs (features.yaml) and use cases (use_cases.yaml)."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from acme_lib.contracts._record import Record

__all__ = [
    "AttributeFeature",
    "Costs",
    "Derived",
    "EventFeature",
    "FeatureSpec",
    "FeatureSpecs",
    "FrameRule",
    "Gate",
    "Label",
    "Recipe",
    "RecipeRow",
    "Regimes",
    "Split",
    "UseCase",
    "UseCases",
]

Stat = Literal["mean", "std", "min", "max", "slope"]


# ---- features.yaml
class FrameRule(Record, frozen=True):
    """One row of simultaneous tags. A frame starts at a multiple of `period_s` since 1970 (UTC).

    It closes when all tags that training knows are there, or when a reading `deadline_s` or more past its end has come;
    what is missing then stays missing. It is complete where all required tags that training knows are there.
    """

    period_s: float
    deadline_s: float
    required: list[str]
    optional: tuple[str, ...] = ()

    @property
    def tags(self) -> list[str]:
        return [*self.required, *self.optional]


class Regimes(Record, frozen=True):
    """Operating regimes: the fewest clusters, at most `most`, that explain the share `explained` of the tags' variance.

    Where not even `most` clusters do, the tags are noise about one regime.
    """

    tags: list[str]
    most: int = 8
    explained: float = 0.999


class Derived(Record, frozen=True):
    """A tag made from two others of the same frame."""

    name: str
    op: Literal["product", "difference", "ratio"]
    of: tuple[str, str]


class Components(Record, frozen=True):
    """Signals made of all others: the first `count` principal components of their means over `over` frames.

    Many noisy sensors of one wear become one quiet signal, which trees can't make for themselves.
    """

    count: int
    over: int


class EventFeature(Record, frozen=True):
    """What is made of an event tag, for each value seen in training: counts over hours, hours since the last, total."""

    tag: str
    counts_h: tuple[float, ...] = ()
    since: bool = False
    total: bool = False


class AttributeFeature(Record, frozen=True):
    """A label tag as known at the frame: a number as it is, a text as one column a value seen in training."""

    tag: str
    type: Literal["double", "string"]


class FeatureSpec(Record, frozen=True):
    """How one class of equipment becomes features. `windows`, `lags` and `ewm` (span) count frames."""

    id: str
    version: str
    equipment_class: str | list[str]
    description: str
    frame: FrameRule
    fit_equipment: str = ".*"  # whose frames may teach regimes, means and spreads: a regex on the equipment's path
    regimes: Regimes | None = None
    normalise: bool = False
    derived: tuple[Derived, ...] = ()
    components: Components | None = None
    windows: tuple[int, ...] = ()
    stats: tuple[Stat, ...] = ()
    lags: tuple[int, ...] = ()
    ewm: tuple[int, ...] = ()
    cumulative: bool = False
    baseline: int = 0
    age: bool = False
    events: tuple[EventFeature, ...] = ()
    attributes: tuple[AttributeFeature, ...] = ()

    @property
    def classes(self) -> list[str]:
        """The classes of equipment the spec is for."""
        return [self.equipment_class] if isinstance(self.equipment_class, str) else self.equipment_class

    @property
    def signals(self) -> list[str]:
        """Tags that become features: those of the frame but not the regimes', then the derived."""
        settings = self.regimes.tags if self.regimes else []
        return [t for t in self.frame.tags if t not in settings] + [d.name for d in self.derived]


class RecipeRow(Record, frozen=True):
    """One feature of a recipe from outside beside ours. `status`: same, differs (with `reason`), or awaiting."""

    vendor_feature: str
    internal_feature: str
    formula: str
    status: Literal["same", "differs", "awaiting vendor specification"]
    reason: str = ""


class Recipe(Record, frozen=True):
    """A recipe from outside, compared with `spec`; under `windows` where it takes others than the spec's own."""

    id: str
    name: str
    source: str
    spec: str
    rows: list[RecipeRow]
    windows: tuple[int, ...] = ()


class FeatureSpecs(Record, frozen=True):
    version: str
    specs: list[FeatureSpec]
    recipes: tuple[Recipe, ...] = ()


# ---- use_cases.yaml
class Label(Record, frozen=True):
    """Truth, made from an event tag. Regression: frames until the event, at most `cap`. Classification: 1 where the event
    lies in (ts, ts + horizon_h]."""

    event: str
    unit: str
    cap: float | None = None
    horizon_h: float | None = None


class Split(Record, frozen=True):
    """`folds` by asset for every choice; the test set is opened only after it.

    test `equipment`: those whose path matches `equipment`; `forward`: the last `share` of time, `gap_h` after training;
    `assets`: a `share` of the assets.
    """

    folds: int
    test: Literal["equipment", "forward", "assets"]
    gap_h: float = 0
    share: float | None = None
    equipment: str | None = None


class Gate(Record, frozen=True):
    """A bound a candidate's metric on the holdout must keep."""

    metric: str
    at_most: float | None = None
    at_least: float | None = None


class Costs(Record, frozen=True):
    """What a wrong answer costs, in one currency; it decides the threshold of a classifier."""

    false_negative: float
    false_positive: float


class UseCase(Record, frozen=True):
    """One question a model answers. `gate` false: reported, never gated.

    `metrics`: names of models.figures that cards and reports show, in this order. `primary`: the one of them by which runs
    are ranked and a candidate is held against production; choices themselves are made by models.crossval.choice_figure.
    """

    id: str
    description: str
    kind: Literal["regression", "classification"]
    equipment_class: str | list[str]
    feature_spec: str
    label: Label
    split: Split
    metrics: list[str]
    primary: str
    gates: list[Gate]
    prediction_tag: str
    unit: str
    interval: float = 0.9
    seeds: tuple[int, ...] = (1, 2, 3, 4, 5)
    costs: Costs | None = None
    gate: bool = True
    recipe: dict[str, Any] = msgspec.field(
        default_factory=dict
    )  # fields of models.recipe.Recipe that differ from its defaults


class UseCases(Record, frozen=True):
    version: str
    use_cases: list[UseCase]


# ---- retraining.yaml
class Alarms(Record, frozen=True):
    """Holds when of the last `runs` drift runs `alarms` alarmed."""

    runs: int
    alarms: int


class Volume(Record, frozen=True):
    """Holds when as many labelled rows have come as this `share` of the training rows, and at least `least_rows`."""

    share: float
    least_rows: int


class Triggers(Record, frozen=True):
    residual_drift: Alarms
    input_drift: Alarms
    data_volume: Volume


class Retraining(Record, frozen=True):
    """What sets off a retraining: the default, and use cases that differ."""

    version: str
    default: Triggers
    use_cases: dict[str, Triggers]

    def of(self, use_case: str) -> Triggers:
        return self.use_cases.get(use_case, self.default)
