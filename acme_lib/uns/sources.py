"""Finds the topics a file names: a plain list, or a configuration in JSON, YAML or CSV."""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from acme_lib.errors import WrongUse

__all__ = ["is_filter", "topics_in"]

TOPIC_KEY = re.compile(r"topics?$", re.IGNORECASE)
PREFIX = "acme/"
READERS = {
    ".toml": "toml",
    ".json": "json",
    ".jsonl": "lines",
    ".ndjson": "lines",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".csv": "csv",
}


def is_filter(text: str) -> bool:
    """True for an MQTT filter: it holds a level that is + or #."""
    return bool({"+", "#"} & set(text.split("/")))


def topics_in(path: Path) -> list[str]:
    """Topics and filters the file names, in its order. Raises WrongUse where the file can't be read.

    A list holds one topic a line (blank lines and lines starting with "# " aside); an array of texts and a table of one
    column are lists too. In any other configuration a topic is every text under a key that ends in "topic" or "topics",
    and every text that starts with the enterprise.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as e:
        raise WrongUse(f"{path}: can't be read as UTF-8 text ({e}); name a list of topics or a config file") from e
    try:
        return list(_found(READERS.get(path.suffix.lower(), "text"), text))
    except (ValueError, RecursionError, csv.Error) as e:
        raise WrongUse(f"{path}: {e or 'nests too deep'}; correct the file, or rename a plain list to .txt") from e


def _found(reader: str, text: str) -> Iterator[str]:
    if reader == "json":
        yield from _document(json.loads(text))
    elif reader == "toml":
        yield from _document(tomllib.loads(text))
    elif reader == "lines":
        for line in text.splitlines():
            yield from _walk(json.loads(line), False) if line.strip() else ()
    elif reader == "csv":
        yield from _in_csv(text)
    elif reader == "yaml":
        for document in _yaml(text):
            yield from _document(document)
    else:
        lines = (line.strip() for line in text.splitlines())
        yield from (line for line in lines if line and line[:2] not in ("# ", "##"))


def _document(value: Any) -> Iterator[str]:
    yield from _walk(value, isinstance(value, list))


def _walk(value: Any, named: bool) -> Iterator[str]:
    """Topics in parsed data; `named` where the key above says that a text is one."""
    if isinstance(value, str):
        if named or _looks_so(value):
            yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(key, str) and _looks_so(key):
                yield key
            yield from _walk(item, isinstance(key, str) and TOPIC_KEY.search(key) is not None)
    elif isinstance(value, list):
        for item in value:
            yield from _walk(item, named)


def _in_csv(text: str) -> Iterator[str]:
    rows = csv.reader(text.splitlines(), strict=True)
    header = next(rows, [])
    named = [TOPIC_KEY.search(cell.strip()) is not None for cell in header]
    if not any(named):  # no header: the first row is data too
        named = [len(header) == 1]
        yield from (cell for cell in header if named[0] or _looks_so(cell))
    for row in rows:
        for i, cell in enumerate(row):
            if (i < len(named) and named[i]) or _looks_so(cell):
                yield cell


def _yaml(text: str) -> list[Any]:
    import yaml

    from acme_lib.uns.yaml_text import PlainLoader

    try:
        return list(yaml.load_all(text, Loader=PlainLoader))
    except yaml.YAMLError as e:
        raise ValueError(f"not YAML ({e})") from e


def _looks_so(text: str) -> bool:
    return text[: len(PREFIX)].lower() == PREFIX and not any(c.isspace() for c in text)
