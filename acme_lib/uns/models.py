"""Lint of the Highbyte models: required fields, agreement with the tag catalogue, and a change log that can't be forgotten."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from acme_lib.contracts import Contracts

__all__ = ["content_hash", "faults"]

REQUIRED = ("model", "version", "sourceSystem", "description", "equipmentClass", "instances", "quality", "attributes")
ATTRIBUTE = ("name", "type", "unit", "source")
ROW = re.compile(
    r"^\| *(?P<model>[\w-]+) *\| *(?P<version>\d+\.\d+\.\d+) *\|[^|]*\| *`(?P<hash>[0-9a-f]{16})` *\|(?P<what>[^|]*)\|$"
)
LOG = "CHANGELOG.md"


def content_hash(model: dict[str, Any]) -> str:
    """First 16 hex digits of SHA-256 over the model's canonical JSON: layout does not count, content does."""
    return sha256(json.dumps(model, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]


def faults(folder: Path, of: Contracts) -> Iterator[str]:
    """Every fault of the models in a folder, each with file, key and mend."""
    log = list(_log(folder))
    versions = [(row["model"], row["version"]) for row in log]
    for model, version in sorted({v for v in versions if versions.count(v) > 1}):
        yield f"{LOG}: {model} {version} stands twice; a version has one content"
    for path in sorted(folder.glob("*.json")):
        try:
            model = json.loads(path.read_bytes())
        except ValueError as e:
            yield f"{path.name}: not JSON ({e}); correct the syntax"
            continue
        for fault in _faults(model, of) if isinstance(model, dict) else ("is no object; write one model a file",):
            yield f"{path.name}: {fault}"
        if isinstance(model, dict):
            yield from (f"{path.name}: {fault}" for fault in _unlogged(model, log))


def _faults(model: dict[str, Any], of: Contracts) -> Iterator[str]:
    missing = [key for key in REQUIRED if not model.get(key)]
    yield from (f"{key}: is missing or empty; add it" for key in missing)
    if missing:
        return
    if not re.fullmatch(r"\d+\.\d+\.\d+", str(model["version"])):
        yield f"version: {model['version']!r} is no version such as 1.0.0; write one"
    flags = {flag.code for flag in of.quality.flags}
    if set(model["quality"].values()) != flags:
        yield f"quality: maps to {sorted(set(model['quality'].values()))}; map the device's states to each of {sorted(flags)}"
    registered = {e.path: e.equipment_class for e in of.assets.equipment}
    for instance in model["instances"]:
        if registered.get(instance) != model["equipmentClass"]:
            yield f"instances: {instance} is no {model['equipmentClass']} of the asset registry; register or remove it"
    if model["equipmentClass"] not in of.tags.classes:
        yield f"equipmentClass: {model['equipmentClass']} is not in tags.yaml; add the class there"
    else:
        yield from _attribute_faults(model, of)


def _attribute_faults(model: dict[str, Any], of: Contracts) -> Iterator[str]:
    tags = {tag.name: tag for tag in of.tags.classes[model["equipmentClass"]].tags}
    for attribute in model["attributes"]:
        name = attribute.get("name", "(no name)")
        missing = [key for key in ATTRIBUTE if key not in attribute]
        if missing:
            yield f"attributes.{name}: {', '.join(missing)} is missing; add it"
        elif name not in tags:
            yield f"attributes.{name}: is no tag of {model['equipmentClass']}; add it to tags.yaml or correct the name"
        elif (attribute["type"], attribute["unit"]) != (tags[name].type, tags[name].unit):
            wanted = f"{tags[name].type} in {tags[name].unit!r}"
            yield f"attributes.{name}: {attribute['type']} in {attribute['unit']!r} differs from tags.yaml; write {wanted}"


def _unlogged(model: dict[str, Any], log: list[dict[str, str]]) -> Iterator[str]:
    """A model that is not, with this content, the newest row of the change log."""
    name, version, now = model.get("model"), model.get("version"), content_hash(model)
    rows = [row for row in log if row["model"] == name]
    found = next((row for row in rows if row["version"] == version), None)
    if found is None:
        yield f"version {version} is not in {LOG}; add the row | {name} | {version} | date | `{now}` | what changed |"
    elif found["hash"] != now:
        yield f"content changed under version {version} ({found['hash']} -> {now}); bump the version and add its row to {LOG}"
    elif rows[0] is not found:
        yield f"{LOG} names version {rows[0]['version']} above {version}; the newest row comes first and is the model's"


def _log(folder: Path) -> Iterator[dict[str, str]]:
    path = folder / LOG
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    yield from (found.groupdict() for line in lines if (found := ROW.match(line)) and found["what"].strip())
