"""Released versions of the published contracts, frozen in the tree by hash, and what the working ones changed since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acme_lib.contracts import Contracts
from acme_lib.errors import WrongUse
from acme_lib.uns.evolution import Change, bumped_enough, changes, level_of

__all__ = ["SUBJECTS", "Subject", "faults", "newest", "read", "release", "since_release"]

HASHES = "released.json"


@dataclass(frozen=True)
class Subject:
    """A published contract: its working file and the folder of its releases, both inside the contracts' folder."""

    kind: str
    working: str
    released: str
    suffix: str

    def frozen(self, version: str) -> str:
        """Name of the released file of a version."""
        return f"{self.kind}-{version}{self.suffix}"


SUBJECTS = (
    Subject("envelope", "envelope/v1/envelope.schema.json", "envelope/released", ".schema.json"),
    Subject("uns", "uns.yaml", "released", ".yaml"),
    Subject("assets", "assets.yaml", "released", ".yaml"),
    Subject("tags", "tags.yaml", "released", ".yaml"),
)


def read(path: Path) -> dict[str, Any]:
    """A contract as plain data. Raises WrongUse where it is absent or neither JSON nor YAML."""
    from acme_lib.contracts._load import read_yaml

    try:
        found = json.loads(path.read_bytes()) if path.suffix == ".json" and path.is_file() else read_yaml(path)
    except ValueError as e:
        raise WrongUse(f"{path}: not JSON ({e}); correct the syntax there") from e
    if not isinstance(found, dict):
        raise WrongUse(f"{path}: is no contract; name a schema or a file of acme_lib/contracts")
    return found


def newest(folder: Path, subject: Subject) -> str | None:
    """The highest released version; None before the first release."""
    start = f"{subject.kind}-"
    names = [name for name in _hashes(folder / subject.released) if name.startswith(start)]
    versions = [name[len(start) : -len(subject.suffix)] for name in names]
    return max(versions, key=lambda v: [int(n) for n in v.split(".")], default=None)


def since_release(folder: Path, subject: Subject) -> tuple[str, str, list[Change]]:
    """(released version, working version, what changed). Raises WrongUse before the first release."""
    version = newest(folder, subject)
    if version is None:
        raise WrongUse(f"{subject.kind} was never released; run acme schema release")
    old, new = read(folder / subject.released / subject.frozen(version)), read(folder / subject.working)
    return version, str(new.get("version")), changes(subject.kind, old, new)


def faults(folder: Path) -> Iterator[str]:
    """Sentences on what forbids a release: a frozen file that changed, a version that was not bumped enough."""
    for released in sorted({subject.released for subject in SUBJECTS}):
        for name, digest in _hashes(folder / released).items():
            path = folder / released / name
            if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
                yield f"{released}/{name}: a released version changed or is gone; restore it, and make a new version"
    for subject in SUBJECTS:
        old, new, found = since_release(folder, subject)
        level = level_of(found)
        if level and not bumped_enough(old, new, level):
            gravest = found[0]
            yield f"{subject.working}: version {new} is not a {level.name} step above {old} ({gravest.at}: {gravest.what}); bump it"
    yield from _envelope_names(folder)


def release(folder: Path) -> list[str]:
    """Freezes every working version that is not yet released. Returns the new files' names."""
    made: list[str] = []
    for subject in SUBJECTS:
        name = subject.frozen(str(read(folder / subject.working)["version"]))
        home = folder / subject.released
        hashes = _hashes(home)
        if name in hashes:
            continue
        content = (folder / subject.working).read_bytes()
        home.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(content)
        hashes[name] = hashlib.sha256(content).hexdigest()
        (home / HASHES).write_text(json.dumps(dict(sorted(hashes.items())), indent=2) + "\n")
        made.append(f"{subject.released}/{name}")
    return made


def _envelope_names(folder: Path) -> Iterator[str]:
    schema = Contracts(folder).envelope_schema
    version = schema["version"]
    if schema["$id"] != f"urn:acme:envelope:{version}":
        yield f"{SUBJECTS[0].working}: $id {schema['$id']} does not end in version {version}; correct one of them"
    if version not in Contracts(folder).reasons.accepted_schema_versions:
        yield f"reasons.yaml: accepted_schema_versions lacks {version}; add it, or no bridge takes the new version"


def _hashes(home: Path) -> dict[str, str]:
    path = home / HASHES
    return dict(json.loads(path.read_bytes())) if path.is_file() else {}
