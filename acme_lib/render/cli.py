"""`acme render`: make the artefacts, or check that nobody edited one by hand."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def render(
    check: Annotated[
        bool, typer.Option("--check", help="write nothing; exit 1 where a file is not as rendered")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one object for machines")] = False,
    root: Annotated[
        Path | None, typer.Option(help="folder of the source tree; found upwards from here without it")
    ] = None,
) -> None:
    """Example: acme render --check

    Makes documents, access lists and tables from acme_lib/contracts. Fails where a contract lacks a description or
    contradicts another, and, with --check, where an artefact was edited by hand.
    """
    from acme_lib.contracts import contracts
    from acme_lib.render.artefact import differences, write
    from acme_lib.render.consistency import problems
    from acme_lib.render.registry import artefacts

    tree = root or _tree(Path.cwd())
    found = list(problems(contracts(), tree))
    wrong = list(differences(artefacts(), contracts(), tree)) if check else []
    changed = [] if check else write(artefacts(), contracts(), tree)
    if as_json:
        different = [{"path": d.path, "mend": d.mend, "diff": d.diff} for d in wrong]
        print(json.dumps({"problems": [str(p) for p in found], "different": different, "changed": changed}))
    else:
        for problem in found:
            print(problem, file=sys.stderr)
        for d in wrong:
            print(f"{d.path} is not as rendered; {d.mend}\n{d.diff}\n", file=sys.stderr)
        print("\n".join(changed) or ("failed" if found or wrong else "all as rendered"))
    raise typer.Exit(1 if found or wrong else 0)


def _tree(start: Path) -> Path:
    """The source tree around `start`."""
    from acme_lib.errors import WrongUse

    for folder in (start, *start.parents):
        if (folder / "acme_lib" / "contracts").is_dir():
            return folder
    raise WrongUse(f"{start} is not in the source tree; change there, or name it with --root")
