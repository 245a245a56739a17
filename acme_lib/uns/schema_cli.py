"""`acme schema`: classify changes of the envelope, the grammar and the registries; hold their released versions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
Json = Annotated[bool, typer.Option("--json", help="one object for machines")]


@app.callback()
def _root() -> None:
    """Example: acme schema check

    Changes of the envelope schema, the topic grammar, the asset registry and the tag catalogue.
    """


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(help="a version of a contract")],
    new: Annotated[Path, typer.Argument(help="a later version of the same")],
    as_json: Json = False,
) -> None:
    """Example: acme schema diff old.schema.json new.schema.json

    Names every change with its class, the gravest first.
    """
    from acme_lib.errors import WrongUse
    from acme_lib.uns.evolution import changes, kind_of, level_of
    from acme_lib.uns.releases import read

    before, after = read(old), read(new)
    kind = kind_of(before)
    if kind is None or kind != kind_of(after):
        raise WrongUse(f"{old} and {new} are no two versions of one contract; name envelope, uns, assets or tags twice")
    found = changes(kind, before, after)
    level = level_of(found)
    name = level.name if level else "none"
    if as_json:
        rows = [{"level": c.level.name, "at": c.at, "what": c.what} for c in found]
        print(json.dumps({"contract": kind, "level": name, "changes": rows}))
    else:
        print("\n".join([*map(str, found), f"{kind}: {name}"]))


@app.command()
def check(as_json: Json = False) -> None:
    """Example: acme schema check

    Compares the working contracts with their newest release. Exit 1 where a released version changed, or where a
    version was not bumped as far as its changes ask.
    """
    from acme_lib.contracts import contracts
    from acme_lib.uns.evolution import level_of
    from acme_lib.uns.releases import SUBJECTS, faults, since_release

    folder = contracts().folder
    wrong = list(faults(folder))
    report = {}
    for subject in SUBJECTS:
        old, new, found = since_release(folder, subject)
        level = level_of(found)
        report[subject.kind] = {"released": old, "working": new, "level": level.name if level else "none"}
        if not as_json:
            print("\n".join([f"{subject.kind} {old} -> {new}", *(f"  {change}" for change in found)]))
    print(json.dumps({"contracts": report, "faults": wrong}) if as_json else "\n".join(wrong) or "versions hold")
    raise typer.Exit(1 if wrong else 0)


@app.command()
def release() -> None:
    """Example: acme schema release

    Freezes the working versions: a copy and its hash. Refuses where `acme schema check` fails.
    """
    from acme_lib.contracts import contracts
    from acme_lib.errors import Stop
    from acme_lib.uns.releases import SUBJECTS, faults, newest
    from acme_lib.uns.releases import release as freeze

    folder = contracts().folder
    wrong = list(faults(folder)) if all(newest(folder, subject) for subject in SUBJECTS) else []
    if wrong:
        raise Stop("; ".join(wrong))
    print("\n".join(freeze(folder)) or "every version is released already")
