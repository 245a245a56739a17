"""The documents this room renders: UNS, quality flags and rules, Gold dictionary and design, bridge mapping, dead letters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acme_lib.contracts import Contracts, Equipment, Line
from acme_lib.render.artefact import TEMPLATES, Artefact
from acme_lib.render.simulated import outcome_of_field, outcome_of_level, outcome_of_site

__all__ = ["ARTEFACTS"]

TOPICS_A_LINE = 6


def hierarchy(of: Contracts) -> Mapping[str, Any]:
    """Levels, classes, and the lines with sample topics of their equipment."""
    enterprise = of.uns.levels[0].examples[0]
    lines = [
        {"line": line, "topics": _samples(of, enterprise, line), "equipment": _on(of, line)}
        for line in of.assets.lines
        if "*" not in line.path
    ]
    replayed = [line for line in of.assets.lines if "*" in line.path]
    return {"uns": of.uns, "assets": of.assets, "tags": of.tags, "lines": lines, "replayed": replayed}


def _on(of: Contracts, line: Line) -> list[Equipment]:
    return [e for e in of.assets.equipment if e.path.startswith(line.path + "/")]


def _samples(of: Contracts, enterprise: str, line: Line) -> list[tuple[str, str]]:
    """(topic, meaning) of the line's first tags, a few a machine so that each is shown."""
    machines = _on(of, line)
    each = max(1, -(-TOPICS_A_LINE // max(1, len(machines))))
    found = [
        (f"{enterprise}/{e.path}/{tag.name}", f"{tag.description} {f'[{tag.unit}]' if tag.unit else ''}".strip())
        for e in machines
        for tag in of.tags.classes[e.equipment_class].tags[:each]
    ]
    return found[:TOPICS_A_LINE]


def quality(of: Contracts) -> Mapping[str, Any]:
    unknown = next(r for r in of.reasons.reasons if r.code == "UNKNOWN_FLAG")
    return {"quality": of.quality, "rules": of.rules, "unknown": unknown, "version": of.quality.version}


def rules(of: Contracts) -> Mapping[str, Any]:
    return {"rules": of.rules}


def gold(of: Contracts) -> Mapping[str, Any]:
    layer = next(found for found in of.layers if found.layer == "gold")
    return {"layer": layer, "tables": {t.name: t for t in layer.tables}, "tags": of.tags}


def mapping(of: Contracts) -> Mapping[str, Any]:
    schema = of.envelope_schema
    return {"bridge": of.bridge, "schema": schema, "reserved": of.reasons.reserved_fields, "reasons": of.reasons}


def dead_letters(of: Contracts) -> Mapping[str, Any]:
    return {"reasons": of.reasons, "bridge": of.bridge}


def access(of: Contracts) -> Mapping[str, Any]:
    return {"roles": of.roles}


BROKER = TEMPLATES.parents[1] / "broker" / "templates"
AGGREGATION = "docs/gold/aggregation-design.md"
DLQ = "docs/ingestion/dlq-design.md"
GOLD = ("tables/gold.yaml", "tags.yaml")

SIMULATED = (
    ("docs/uns/examples/new-site.md", ("assets.yaml",), outcome_of_site),
    ("docs/uns/examples/new-tag-level.md", ("uns.yaml",), outcome_of_level),
    ("docs/schema/examples/additive-field.md", ("envelope/v1/envelope.schema.json",), outcome_of_field),
)

ARTEFACTS = (
    Artefact("docs/uns/UNS-hierarchy-draft.md", "uns-hierarchy.md.j2", ("uns.yaml", "assets.yaml", "tags.yaml"), hierarchy),
    Artefact("infra/hivemq/config/permissions.xml", "permissions.xml.j2", ("roles.yaml",), access, templates=BROKER, comment=None, trim=False),
    Artefact("docs/quality/quality-flags.md", "quality-flags.md.j2", ("quality.yaml", "reasons.yaml"), quality),
    Artefact("docs/ingestion/quality-rules.md", "quality-rules.md.j2", ("rules.yaml",), rules),
    Artefact("docs/governance/gold-data-dictionary.md", "gold-dictionary.md.j2", ("tables/gold.yaml",), gold),
    Artefact("docs/ingestion/eventhubs-bridge-mapping.md", "bridge-mapping.md.j2", ("bridge.yaml", "envelope/v1/envelope.schema.json", "reasons.yaml"), mapping),
    *(Artefact(AGGREGATION, f"aggregation-{b}.md.j2", GOLD, gold, block=b) for b in ("keys", "measures", "surrogates", "layout")),
    *(Artefact(DLQ, f"dlq-{b}.md.j2", ("reasons.yaml", "bridge.yaml"), dead_letters, block=b) for b in ("reasons", "hubs")),
    *(Artefact(path, "simulated-outcome.md.j2", sources, facts, block="outcome") for path, sources, facts in SIMULATED),
)  # fmt: skip
