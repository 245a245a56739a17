"""What feature specs and use cases declare that other contracts contradict: so that a new one needs no code to be right."""

from __future__ import annotations

from collections.abc import Iterator

from acme_lib.contracts import Contracts
from acme_lib.render.problem import Problem

__all__ = ["declared"]


def declared(of: Contracts) -> Iterator[Problem]:
    """Every problem of features.yaml and use_cases.yaml."""
    yield from _twice("features.yaml", [spec.id for spec in of.features.specs])
    yield from _twice("use_cases.yaml", [case.id for case in of.questions.use_cases])
    yield from _features(of)
    yield from _use_cases(of)


def _twice(file: str, ids: list[str]) -> Iterator[Problem]:
    yield from (
        Problem(file, name, "stands twice; rename one") for name in sorted({i for i in ids if ids.count(i) > 1})
    )


def _tags_of(of: Contracts, classes: list[str]) -> set[str]:
    """Tags that every one of the classes has."""
    found = [{tag.name for tag in of.tags.classes[name].tags} for name in classes if name in of.tags.classes]
    return set.intersection(*found) if len(found) == len(classes) else set()


def _features(of: Contracts) -> Iterator[Problem]:
    for spec in of.features.specs:
        there = _tags_of(of, spec.classes)
        named = [*spec.frame.tags, *(e.tag for e in spec.events), *(a.tag for a in spec.attributes)]
        for tag in named:
            if tag not in there:
                mend = f"not every class of {', '.join(spec.classes)} has this tag in tags.yaml; add it there or leave it out"
                yield Problem("features.yaml", f"{spec.id}.{tag}", mend)
        for tag in [*(spec.regimes.tags if spec.regimes else ()), *(t for d in spec.derived for t in d.of)]:
            if tag not in spec.frame.tags:
                yield Problem(
                    "features.yaml", f"{spec.id}.{tag}", "is used but is no tag of the frame; add it to frame"
                )
        if min([*spec.windows, *spec.lags, *spec.ewm], default=1) < 1:
            yield Problem("features.yaml", f"{spec.id}.windows", "counts frames from 1; correct windows, lags and ewm")
        if spec.baseline and not (spec.windows and "mean" in spec.stats):
            yield Problem(
                "features.yaml", f"{spec.id}.baseline", "needs a window and the stat mean; add them or leave it out"
            )


def _use_cases(of: Contracts) -> Iterator[Problem]:
    file = "use_cases.yaml"
    for case in of.questions.use_cases:
        spec = of.feature_specs.get(case.feature_spec)
        if spec is None:
            yield Problem(file, f"{case.id}.feature_spec", f"{case.feature_spec} is not in features.yaml; add it there")
            continue
        there = _tags_of(of, spec.classes)
        for key, tag in (("label.event", case.label.event), ("prediction_tag", case.prediction_tag)):
            if tag not in there:
                yield Problem(
                    file, f"{case.id}.{key}", f"{tag} is no tag of {', '.join(spec.classes)}; add it to tags.yaml"
                )
        for name in {case.primary, *(gate.metric for gate in case.gates)} - set(case.metrics):
            yield Problem(
                file, f"{case.id}.metrics", f"{name} ranks or gates but would not be shown; add it to metrics"
            )
        if case.kind == "classification" and case.label.horizon_h is None:
            yield Problem(file, f"{case.id}.label.horizon_h", "a classification needs one; say within how many hours")
        if (case.split.test == "equipment") != (case.split.equipment is not None):
            yield Problem(
                file, f"{case.id}.split", "test: equipment and the regex equipment go together; add or remove one"
            )
        if case.split.test != "equipment" and case.split.share is None:
            yield Problem(file, f"{case.id}.split.share", "how much is held out? write a share such as 0.3")
