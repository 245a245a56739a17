"""The simulated changes of the governance policy: a new site, a new tag level, an additive field, each on a copy of the contracts."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from acme_lib.contracts import Contracts, Equipment, Level, Line, Site
from acme_lib.render.consistency import problems
from acme_lib.uns.evolution import changes, level_of
from acme_lib.uns.grammar import Grammar

__all__ = ["additive_field", "new_site", "new_tag_level", "outcome_of_field", "outcome_of_level", "outcome_of_site"]

NOWHERE = Path("/nonexistent")  # runbooks are no part of a simulation
NEW_TOPIC = "acme/porto/drying/line-1/cell-a/dryer-01/moisture_actual"


def _with(of: Contracts, **parts: Any) -> Contracts:
    """A copy of the contracts with some of them replaced; nothing is written."""
    found = Contracts(of.folder)
    found.__dict__.update(
        {name: getattr(of, name) for name in ("reasons", "quality", "roles", "bridge", "uns", "assets", "tags")}
    )
    found.__dict__.update(parts)
    return found


def new_site(of: Contracts) -> Contracts:
    """A site in Porto with one drying line and one dryer; assets one MINOR version up."""
    porto = Site(
        id="porto",
        name="Fábrica do Porto",
        time_zone="Europe/Lisbon",
        production_day_start="06:00",
        shifts=of.assets.sites[0].shifts,
        description="Drying, one line.",
    )
    line = Line(path="porto/drying/line-1", name="Drying line 1, Porto", description="Belt dryer.")
    like = next(e for e in of.assets.equipment if e.equipment_class == "dryer")
    dryer: Equipment = msgspec.structs.replace(like, path="porto/drying/line-1/cell-a/dryer-01")
    assets = msgspec.structs.replace(
        of.assets,
        version=_up(of.assets.version, 1),
        sites=[*of.assets.sites, porto],
        lines=[*of.assets.lines, line],
        equipment=[*of.assets.equipment, dryer],
    )
    return _with(of, assets=assets)


def new_tag_level(of: Contracts) -> Contracts:
    """A level `component` between equipment and tag; the grammar one MAJOR version up."""
    component = Level(
        name="component",
        pattern=of.uns.levels[-2].pattern,
        max_length=32,
        description="A part of a machine that is watched by itself.",
        examples=["gearbox", "fan-1", "bearing-de"],
    )
    levels = [*of.uns.levels[:-1], component, of.uns.levels[-1]]
    return _with(of, uns=msgspec.structs.replace(of.uns, version=_up(of.uns.version, 0), levels=levels))


def additive_field(of: Contracts) -> Contracts:
    """An optional field `batchId` in the envelope, accepted beside the present version; one MINOR version up."""
    schema = copy.deepcopy(of.envelope_schema)
    schema["version"] = _up(schema["version"], 1)
    schema["$id"] = f"urn:acme:envelope:{schema['version']}"
    schema["properties"]["batchId"] = {"type": "string", "maxLength": 64, "description": "Batch in production."}
    accepted = [*of.reasons.accepted_schema_versions, schema["version"]]
    return _with(
        of, envelope_schema=schema, reasons=msgspec.structs.replace(of.reasons, accepted_schema_versions=accepted)
    )


def outcome_of_site(of: Contracts) -> Mapping[str, Any]:
    from acme_lib.render.artefacts import hierarchy

    after = new_site(of)
    found = changes("assets", msgspec.to_builtins(of.assets), msgspec.to_builtins(after.assets))
    facts = _facts(found, of.assets.version, after.assets.version, after)
    return {
        **facts,
        "diff": _document_diff(hierarchy, of, after),
        "topic": NEW_TOPIC,
        "broken": Grammar(after.uns).violations(NEW_TOPIC),
    }


def outcome_of_level(of: Contracts) -> Mapping[str, Any]:
    from acme_lib.render.artefacts import hierarchy

    after = new_tag_level(of)
    found = changes("uns", msgspec.to_builtins(of.uns), msgspec.to_builtins(after.uns))
    old = f"acme/{of.assets.equipment[0].path}/vibration_de"
    new = old.replace("/vibration_de", "/gearbox/vibration_de")
    verdicts = {t: [Grammar(uns).violations(t) for uns in (of.uns, after.uns)] for t in (old, new)}
    facts = _facts(found, of.uns.version, after.uns.version, after)
    return {**facts, "diff": _document_diff(hierarchy, of, after), "verdicts": verdicts}


def outcome_of_field(of: Contracts) -> Mapping[str, Any]:
    after = additive_field(of)
    found = changes("envelope", of.envelope_schema, after.envelope_schema)
    return _facts(found, of.envelope_schema["version"], after.envelope_schema["version"], after)


def _facts(found: list[Any], old: str, new: str, after: Contracts) -> dict[str, Any]:
    level = level_of(found)
    wrong = [str(p) for p in problems(after, NOWHERE) if "runbook" not in p.key]
    return {"changes": found, "level": level.name if level else "none", "old": old, "new": new, "problems": wrong}


def _document_diff(facts: Any, before: Contracts, after: Contracts) -> list[str]:
    """Lines that rendering the hierarchy document anew adds (+) and removes (-)."""
    from acme_lib.render.artefact import Artefact, text_of

    artefact = Artefact("", "uns-hierarchy.md.j2", (), facts)
    old, new = (text_of(artefact, of, None).splitlines() for of in (before, after))
    lines = list(difflib.unified_diff(old, new, lineterm="", n=0))[2:]
    return [line if len(line) <= 140 else line[:137] + "..." for line in lines if line[:1] in "+-" and len(line) > 1]


def _up(version: str, place: int) -> str:
    numbers = [int(n) for n in version.split(".")]
    return ".".join(str(n + 1 if i == place else n if i < place else 0) for i, n in enumerate(numbers))
