"""Every topic a source tree names, judged: config files by their structure, code and documents by what looks like one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from acme_lib.uns.grammar import grammar
from acme_lib.uns.sources import READERS, is_filter, topics_in

__all__ = ["Finding", "findings", "judged"]

# A whole topic in running text: seven levels without a placeholder. Fewer levels is a prefix someone talks about.
TOPIC = re.compile(r"(?<![\w./<{}-])acme(?:/[\w+#-]+){6,}(?![\w/<{*$-]|\.\.)", re.IGNORECASE)
COUNTER_EXAMPLE = "no UNS topic"  # a line that says so shows what is wrong on purpose
PROSE = {".md", ".py", ".ipynb", ".java", ".xml", ".j2", ".tmdl"}
SKIPPED = {"node_modules", "__pycache__", "build", "dist"}
# Wrong on purpose: the vectors of the judge, and tests of what a wrong topic does.
WRONG_ON_PURPOSE = ("tests/data/envelope-vectors.jsonl", "tests/data/wrong/")

Finding = tuple[Path, str, list[str]]


def judged(found: list[str]) -> list[list[str]]:
    """Violations of each topic, or of each filter where it is one."""
    rules = grammar()
    if not any(map(is_filter, found)):
        return rules.violations_of(found)
    return [rules.filter_violations(text) if is_filter(text) else rules.violations(text) for text in found]


def findings(root: Path) -> Iterator[Finding]:
    """Every topic or filter under `root` as (file, text, violations). Raises WrongUse where a config can't be read."""
    for path in sorted(_files(root)):
        local = path.relative_to(root).as_posix()
        if local.startswith(WRONG_ON_PURPOSE):
            continue
        if path.suffix in READERS:
            found = topics_in(path)
        elif path.suffix in PROSE and not (local.startswith("tests/") and path.suffix == ".py"):
            found = _in_prose(path)
        else:
            continue
        yield from ((path, topic, broken) for topic, broken in zip(found, judged(found), strict=True))


def _files(root: Path) -> Iterator[Path]:
    for path in root.iterdir():
        if path.name.startswith(".") and path.name not in (".github", ".ci"):
            continue
        if path.is_dir() and path.name not in SKIPPED:
            yield from _files(path)
        elif path.is_file():
            yield path


def _in_prose(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [hit.group() for line in lines if COUNTER_EXAMPLE not in line for hit in TOPIC.finditer(line)]
