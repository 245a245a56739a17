"""One rendered file, or one marked block of a hand-written file: its text, and how the tree differs from it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from acme_lib.contracts import Contracts
from acme_lib.errors import WrongUse

__all__ = ["Artefact", "Difference", "differences", "text_of", "write"]

TEMPLATES = Path(__file__).parent / "templates"
CONTRACTS = "acme_lib/contracts"
DIFF_LINES = 12


@dataclass(frozen=True)
class Artefact:
    """What is rendered: `path` in the tree from `template`, out of `sources` (files of acme_lib/contracts).

    `facts` gives the template its names. With `block`, only the text between the block's two marks is rendered.
    """

    path: str
    template: str
    sources: tuple[str, ...]
    facts: Callable[[Contracts], Mapping[str, Any]]
    block: str | None = None
    templates: Path = TEMPLATES
    comment: str | None = "<!-- {} -->"  # how the file's language writes a comment; None where the template does it
    trim: bool = True  # jinja's trim_blocks and lstrip_blocks

    @property
    def mend(self) -> str:
        """What to edit instead of the artefact."""
        sources = " or ".join(f"{CONTRACTS}/{source}" for source in self.sources)
        return f"edit {sources} (or the template {self.template}), then run acme render"


@dataclass(frozen=True)
class Difference:
    """A file of the tree that is not as rendered; `diff` shows the first lines of how."""

    path: str
    mend: str
    diff: str


def text_of(artefact: Artefact, contracts: Contracts, present: str | None) -> str:
    """The whole text the file should hold. `present` is what it holds now, needed where a block is rendered."""
    body = (
        _environment(artefact.templates, artefact.trim)
        .get_template(artefact.template)
        .render(dict(artefact.facts(contracts)))
    )
    if artefact.block is None:
        note = f"Rendered by `acme render` from {', '.join(artefact.sources)}: edit {CONTRACTS} instead of this file."
        return (artefact.comment.format(note) + "\n\n" if artefact.comment else "") + body
    begin, end = f"<!-- rendered: {artefact.block} -->\n", f"<!-- end: {artefact.block} -->"
    if present is None or present.count(begin) != 1 or present.count(end) != 1:
        raise WrongUse(f"{artefact.path}: write one pair of marks {begin.strip()} and {end} where the table belongs")
    return re.sub(f"({re.escape(begin)}).*({re.escape(end)})", lambda m: m[1] + body + m[2], present, flags=re.DOTALL)


def differences(found: Iterable[Artefact], contracts: Contracts, root: Path) -> Iterator[Difference]:
    """Every artefact whose file is absent or was edited by hand."""
    for artefact in found:
        path = root / artefact.path
        present = path.read_text(encoding="utf-8") if path.is_file() else None
        wanted = text_of(artefact, contracts, present)
        if present != wanted:
            yield Difference(artefact.path, artefact.mend, _diff(wanted, present))


def write(found: Iterable[Artefact], contracts: Contracts, root: Path) -> list[str]:
    """Renders into the tree. Returns the paths that changed."""
    changed: list[str] = []
    for artefact in found:
        path = root / artefact.path
        present = path.read_text(encoding="utf-8") if path.is_file() else None
        wanted = text_of(artefact, contracts, present)
        if present != wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted, encoding="utf-8")
            changed.append(artefact.path)
    return changed


def _environment(templates: Path, trim: bool) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        undefined=jinja2.StrictUndefined,
        trim_blocks=trim,
        lstrip_blocks=trim,
        keep_trailing_newline=True,
        autoescape=lambda name: bool(name) and ".xml" in str(name),
    )
    environment.filters["cell"] = lambda text: str(text).replace("|", "\\|").replace("\n", " ")
    return environment


def _diff(wanted: str, present: str | None) -> str:
    if present is None:
        return "(the file does not exist)"
    lines = difflib.unified_diff(wanted.splitlines(), present.splitlines(), "rendered", "in the tree", lineterm="", n=0)
    shown = [line if len(line) <= 160 else line[:157] + "..." for line in lines]
    more = [f"... {len(shown) - DIFF_LINES} lines more"] if len(shown) > DIFF_LINES else []
    return "\n".join(shown[:DIFF_LINES] + more)
