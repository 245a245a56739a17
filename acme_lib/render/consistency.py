"""What one contract alone can't show: facts without a description, and facts that contradict those of another file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from acme_lib.contracts import Contracts
from acme_lib.render.declared import declared
from acme_lib.render.problem import Problem
from acme_lib.uns.grammar import Grammar

__all__ = ["Problem", "problems"]


def problems(of: Contracts, root: Path) -> Iterator[Problem]:
    """Every problem of the contracts; `root` is the source tree, where runbooks are looked for."""
    for check in (_described, _names, _plant, _tags, _tables, _access, _alerts, _bridge, declared):
        yield from check(of)
    for rule in of.alerts.rules:
        if not (root / rule.runbook).is_file():
            yield Problem(
                "alerts.yaml", f"{rule.name}.runbook", f"{rule.runbook} does not exist; write it or name another"
            )


def _described(of: Contracts) -> Iterator[Problem]:
    facts: list[tuple[str, str, str]] = []
    for layer in of.layers:
        file = f"tables/{layer.layer}.yaml"
        for table in layer.tables:
            facts.append((file, table.name, table.description))
            for c in table.columns:
                facts += [(file, f"{table.name}.{c.name}", text) for text in (c.description, c.derivation)]
    facts += [("tags.yaml", f"{c}.{t.name}", t.description) for c, found in of.tags.classes.items() for t in found.tags]
    facts += [("tags.yaml", name, found.description) for name, found in of.tags.classes.items()]
    facts += [("metrics.yaml", m.name, m.description) for m in of.metrics.metrics]
    facts += [("roles.yaml", r.name, r.description) for r in of.roles.roles]
    facts += [("roles.yaml", p.identity, p.description) for p in of.roles.principals]
    facts += [("alerts.yaml", a.name, a.description) for a in of.alerts.rules]
    facts += [("quality.yaml", f.code, f.description) for f in of.quality.flags]
    facts += [("rules.yaml", r.code, r.description) for r in of.rules.rules]
    facts += [("uns.yaml", level.name, level.description) for level in of.uns.levels]
    facts += [("reasons.yaml", d.code, d.description) for r in of.reasons.reasons for d in r.details]
    for file, key, text in facts:
        if not text.strip():
            yield Problem(file, key, "has no description (or derivation); write what it means")


def _twice(file: str, names: Iterable[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield Problem(file, name, "stands twice; remove or rename one")
        seen.add(name)


def _names(of: Contracts) -> Iterator[Problem]:
    yield from _twice("metrics.yaml", (m.name for m in of.metrics.metrics))
    yield from _twice("alerts.yaml", (a.name for a in of.alerts.rules))
    yield from _twice("roles.yaml", (r.name for r in of.roles.roles))
    yield from _twice("roles.yaml", (p.identity for p in of.roles.principals))
    yield from _twice("assets.yaml", (e.path for e in of.assets.equipment))
    yield from _twice("assets.yaml", (s.id for s in of.assets.sites))
    yield from _twice("reasons.yaml", (d.code for r in of.reasons.reasons for d in r.details))
    for name, found in of.tags.classes.items():
        yield from _twice("tags.yaml", (f"{name}.{t.name}" for t in found.tags))
    for layer in of.layers:
        for table in layer.tables:
            yield from _twice(f"tables/{layer.layer}.yaml", (f"{table.name}.{c.name}" for c in table.columns))


def _plant(of: Contracts) -> Iterator[Problem]:
    sites, lines = {site.id for site in of.assets.sites}, {line.path for line in of.assets.lines}
    for level in of.uns.levels:
        if len(level.examples) < 3:
            yield Problem("uns.yaml", f"{level.name}.examples", "names fewer than 3 examples; add some")
    for line in of.assets.lines:
        if line.path.split("/")[0] not in sites:
            yield Problem("assets.yaml", line.path, "names a site that is not under sites; add the site")
    for machine in (*of.assets.equipment, *of.assets.families):
        site, area, line_id = machine.path.split("/")[:3]
        if machine.equipment_class not in of.tags.classes:
            yield Problem(
                "assets.yaml", machine.path, f"class {machine.equipment_class} is not in tags.yaml; add it there"
            )
        if not {f"{site}/{area}/{line_id}", f"{site}/{area}/*"} & lines:
            yield Problem("assets.yaml", machine.path, "names a line that is not under lines; add the line")


def _tags(of: Contracts) -> Iterator[Problem]:
    kinds = {kind.name for kind in of.tags.kinds}
    tag_level, grammar = of.uns.levels[-1], Grammar(of.uns)
    for name, found in of.tags.classes.items():
        for tag in found.tags:
            sample = "/".join(level.examples[0] for level in of.uns.levels[:-1]) + f"/{tag.name}"
            if grammar.violations(sample):
                yield Problem(
                    "tags.yaml",
                    f"{name}.{tag.name}",
                    f"breaks the grammar's tag pattern {tag_level.pattern}; rename it",
                )
            if tag.kind not in kinds:
                yield Problem("tags.yaml", f"{name}.{tag.name}", f"kind {tag.kind} is not under kinds; add it")
            if tag.range and tag.range[0] >= tag.range[1]:
                yield Problem("tags.yaml", f"{name}.{tag.name}.range", "is empty; write the lower bound first")


def _tables(of: Contracts) -> Iterator[Problem]:
    for layer in of.layers:
        for table in layer.tables:
            columns = {c.name for c in table.columns}
            for key, names in (
                ("partition_by", table.partition_by),
                ("z_order", table.z_order),
                ("unique_on", table.unique_on),
            ):
                for name in names:
                    if name not in columns:
                        mend = f"names column {name}, which the table lacks; add the column or correct the name"
                        yield Problem(f"tables/{layer.layer}.yaml", f"{table.name}.{key}", mend)


def _access(of: Contracts) -> Iterator[Problem]:
    roles = {role.name for role in of.roles.roles}
    for principal in of.roles.principals:
        if principal.role not in roles:
            yield Problem("roles.yaml", principal.identity, f"role {principal.role} is not under roles; add it")
    for role in of.roles.roles:
        for grant in role.topics:
            for broken in Grammar(of.uns).filter_violations(grant.filter):
                yield Problem("roles.yaml", f"{role.name}.topics", f"{broken}; correct the filter")


def _alerts(of: Contracts) -> Iterator[Problem]:
    metrics = {metric.name for metric in of.metrics.metrics}
    for rule in of.alerts.rules:
        if rule.metric and rule.metric not in metrics:
            yield Problem("alerts.yaml", rule.name, f"metric {rule.metric} is not in metrics.yaml; add it there")


def _bridge(of: Contracts) -> Iterator[Problem]:
    hubs = {hub.name for hub in of.bridge.hubs}
    for key in ("hub", "dead_letter_hub"):
        if getattr(of.bridge, key) not in hubs:
            yield Problem("bridge.yaml", key, f"{getattr(of.bridge, key)} is not under hubs; add it")
    for text in (*of.bridge.include, *of.bridge.exclude):
        for broken in Grammar(of.uns).filter_violations(text):
            yield Problem("bridge.yaml", "include or exclude", f"{broken}; correct the filter")
    flags = of.envelope_schema["properties"]["quality"]["enum"]
    if flags != [flag.code for flag in of.quality.flags]:
        yield Problem("quality.yaml", "flags", f"differ from the envelope schema's enum {flags}; change both together")
