"""Classifies a change of a published contract as PATCH, MINOR or MAJOR. What it can't prove to be additive is MAJOR."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

__all__ = ["Change", "Level", "bumped_enough", "changes", "kind_of", "level_of"]


class Level(IntEnum):
    """How far a version must rise."""

    PATCH = 1
    MINOR = 2
    MAJOR = 3


@dataclass(frozen=True, order=True)
class Change:
    """One difference: where, and what it is."""

    level: Level
    at: str
    what: str

    def __str__(self) -> str:
        return f"{self.level.name} {self.at}: {self.what}"


# Keys that rename nothing and judge nothing; any other key of a registry entry has a meaning someone relies on.
TEXT = {"description", "title", "$comment", "examples", "name", "mend"}
TUNING = {
    "range",
    "expected_period_s",
    "max_hold_s",
    "model",
    "commissioned",
    "ideal_rate_per_h",
    "criticality",
    "shifts",
}
UPPER, LOWER = {"maxLength", "maximum", "max_length"}, {"minLength", "minimum"}
# Lists of a registry and the key that names an entry in them.
KEYED = {
    "uns": {},
    "assets": {"sites": "id", "lines": "path", "equipment": "path", "families": "path"},
    "tags": {"kinds": "name", "states": "name", "tags": "name"},
}


def kind_of(document: Mapping[str, Any]) -> str | None:
    """envelope, uns, assets or tags, by the keys of the document; None for anything else."""
    for key, kind in (("$schema", "envelope"), ("levels", "uns"), ("sites", "assets"), ("classes", "tags")):
        if key in document:
            return kind
    return None


def changes(kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Every difference between two versions of a contract, the gravest first; `version` and `$id` aside."""
    by_kind: dict[str, Callable[[], Iterator[Change]]] = {
        "envelope": lambda: _schema("", old, new),
        "uns": lambda: _grammar(old, new),
        "assets": lambda: _registry("", old, new, KEYED["assets"]),
        "tags": lambda: _registry("", old, new, KEYED["tags"]),
    }
    return sorted(by_kind[kind](), key=lambda c: (-c.level, c.at))


def level_of(found: list[Change]) -> Level | None:
    """The gravest level; None without a change."""
    return max((c.level for c in found), default=None)


def bumped_enough(old: str, new: str, level: Level) -> bool:
    """True where version `new` is as far above `old` as a change of `level` asks."""
    before, after = [int(n) for n in old.split(".")], [int(n) for n in new.split(".")]
    return after[: 4 - level] > before[: 4 - level]


def _keys(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return [k for k in dict.fromkeys([*old, *new]) if k not in ("version", "$id") and old.get(k) != new.get(k)]


def _bound(at: str, key: str, old: Any, new: Any) -> Change:
    """A limit that moved, came or went; `key` says on which side it limits."""
    wider = new is None or (old is not None and (new > old if key in UPPER else new < old))
    return Change(
        Level.MINOR if wider else Level.MAJOR, f"{at}{key}", f"{old} -> {new}, {'wider' if wider else 'narrower'}"
    )


def _members(at: str, old: Any, new: Any) -> Change:
    """A list of what is allowed (types, flags)."""
    before, after = (set(v if isinstance(v, list) else [v]) for v in (old, new))
    level = Level.MINOR if before < after else Level.MAJOR
    return Change(level, at, f"added {sorted(after - before)}, removed {sorted(before - after)}")


def _schema(at: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for key in _keys(old, new):
        was, now = old.get(key), new.get(key)
        if key in TEXT:
            yield Change(Level.PATCH, f"{at}{key}", "text")
        elif key == "properties":
            yield from _properties(was or {}, now or {}, new.get("required", []))
        elif key in UPPER | LOWER:
            yield _bound(at, key, was, now)
        elif key in ("type", "enum") and was is not None and now is not None:
            yield _members(f"{at}{key}", was, now)
        elif key in ("type", "enum", "pattern") and now is None:
            yield Change(Level.MINOR, f"{at}{key}", "no longer asked for")
        else:
            yield Change(Level.MAJOR, f"{at}{key}", f"{was} -> {now}")


def _properties(old: Mapping[str, Any], new: Mapping[str, Any], required: list[str]) -> Iterator[Change]:
    for name in _keys(old, new):
        if name not in old:
            level = Level.MAJOR if name in required else Level.MINOR
            yield Change(level, f"properties.{name}", "added, required" if name in required else "added, optional")
        elif name not in new:
            yield Change(Level.MAJOR, f"properties.{name}", "removed")
        else:
            yield from _schema(f"properties.{name}.", old[name], new[name])


def _grammar(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    names = [[level["name"] for level in document["levels"]] for document in (old, new)]
    if names[0] != names[1]:
        yield Change(Level.MAJOR, "levels", f"{'/'.join(names[0])} -> {'/'.join(names[1])}")
    before = {level["name"]: level for level in old["levels"]}
    for level in new["levels"]:
        if level["name"] in before:
            yield from _topic_level(f"levels.{level['name']}.", before[level["name"]], level)
    for key in _keys(old, new):
        if key == "max_length":
            yield _bound("", key, old.get(key), new.get(key))
        elif key != "levels":
            yield Change(Level.MAJOR, key, f"{old.get(key)} -> {new.get(key)}")


def _topic_level(at: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for key in _keys(old, new):
        if key == "max_length":
            yield _bound(at, key, old[key], new[key])
        elif key == "pattern":  # only one more alternative is surely wider
            wider = new[key].startswith(f"{old[key]}|")
            yield Change(Level.MINOR if wider else Level.MAJOR, f"{at}{key}", f"{old[key]} -> {new[key]}")
        else:
            yield Change(Level.PATCH, f"{at}{key}", "text")


def _registry(at: str, old: Mapping[str, Any], new: Mapping[str, Any], lists: Mapping[str, str]) -> Iterator[Change]:
    for key in _keys(old, new):
        was, now, here = old.get(key), new.get(key), f"{at}{key}"
        if key in lists:
            name = lists[key]
            was, now = ({entry[name]: entry for entry in entries or []} for entries in (was, now))
        if key in TEXT | TUNING:
            yield Change(Level.PATCH, here, f"{was} -> {now}")
        elif was is None:
            yield Change(Level.MINOR, here, "added")
        elif now is None:
            yield Change(Level.MAJOR, here, "removed")
        elif isinstance(was, Mapping) and isinstance(now, Mapping):
            yield from _registry(f"{here}.", was, now, lists)
        elif key == "aggregates":
            yield _members(here, was, now)
        else:
            yield Change(Level.MAJOR, here, f"{was} -> {now}")
