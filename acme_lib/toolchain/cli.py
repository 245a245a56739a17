"""`acme setup`: makes this machine ready, or says what is missing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from acme_lib.errors import Stop

if TYPE_CHECKING:
    from acme_lib.toolchain.jars import JarSet
    from acme_lib.toolchain.java import Java

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

Check = Annotated[
    bool, typer.Option("--check", help="Only look, with every checksum; exit 1 where something is missing.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")]
With = Annotated[list[str] | None, typer.Option("--with", help="Also an optional jar set, such as test.")]
Relock = Annotated[bool, typer.Option("--relock", help="Pin the checksums of what the declared versions give today.")]


@app.command()
def setup(check: Check = False, as_json: Json = False, extra: With = None, relock: Relock = False) -> None:
    """Example: acme setup --check

    Finds Java 17 or 21 (or installs Debian's, as root), fetches the jars of the broker, Kafka and Spark with pinned
    checksums, and compiles the broker's extension. Nothing to do takes less than a second.
    """
    from acme_lib.settings import settings

    started = time.monotonic()
    sets = _chosen(extra or [], everything=relock)
    if relock:
        _relock(settings().jars_dir, sets)
        return
    try:
        facts = _look(sets) if check else _prepare(sets)
    except OSError as e:
        raise Stop(
            f"{e.filename or settings().jars_dir}: {e.strerror}; free the disk or mend the rights, or move it all with ACME_HOME"
        ) from e
    facts["seconds"] = round(time.monotonic() - started, 2)
    print(json.dumps(facts)) if as_json else _show(facts)
    raise SystemExit(0 if facts["ready"] else 1)


def _chosen(extra: list[str], everything: bool) -> list[JarSet]:
    from acme_lib.errors import WrongUse
    from acme_lib.toolchain.jars import jar_sets

    known = jar_sets()
    if unknown := [name for name in extra if name not in known]:
        raise WrongUse(f"no jar set {unknown[0]!r}; there are {', '.join(known)}")
    return [s for s in known.values() if everything or not s.optional or s.name in extra]


def _look(sets: list[JarSet]) -> dict[str, Any]:
    """What is there and what is not; changes nothing."""
    from acme_lib.settings import settings
    from acme_lib.toolchain.jars import own_java
    from acme_lib.toolchain.java import find_java
    from acme_lib.toolchain.javac import jar_path
    from acme_lib.toolchain.prepare import states

    problems, java = [], None
    try:
        java = find_java()
    except Stop as e:
        problems.append(str(e))
    jars = states(settings().jars_dir, sets, trust_seen=False)
    for name, found in jars.items():
        told = [f"{len(n)} {word} ({n[0]})" for word, n in vars(found).items() if n] if not found.ready else []
        problems += [f"{name} jars: {', '.join(told)}; run make setup"] if told else []
    absent = [name for name in own_java() if not jar_path(settings(), name).exists()]
    problems += [f"{name} is not compiled; run make setup" for name in absent]
    return _facts(java, {name: "ready" if found.ready else "not ready" for name, found in jars.items()}, problems)


def _prepare(sets: list[JarSet]) -> dict[str, Any]:
    from acme_lib.settings import settings
    from acme_lib.toolchain.jars import own_java
    from acme_lib.toolchain.javac import compiled
    from acme_lib.toolchain.prepare import exclusive, fetch, states

    java, jars_dir, notes = _java(), settings().jars_dir, []
    with exclusive(jars_dir):
        wanted = [s for s in sets if not states(jars_dir, [s], trust_seen=True)[s.name].ready]
        if wanted:
            with _progress(wanted) as seen:
                aside = fetch(java, jars_dir, wanted, seen)
            notes += [f"{path.name} was corrupt: fetched anew, the old one is {path}" for path in aside]
        for name in own_java():
            compiled(settings(), name)
    jars = {s.name: "fetched" if s in wanted else "ready" for s in sets}
    return _facts(java, jars, [], notes)


def _relock(jars_dir: Path, sets: list[JarSet]) -> None:
    from acme_lib.toolchain.prepare import exclusive, relock

    with exclusive(jars_dir), _progress(sets) as seen:
        count = relock(_java(), jars_dir, sets, seen)
    print(f"{count} jars pinned in acme_lib/toolchain/jars.lock; read the difference, then commit it")


def _java() -> Java:
    from acme_lib.toolchain.java import find_java, install_java

    try:
        return find_java()
    except Stop:
        install_java()
        return find_java()


def _facts(
    java: Java | None, jars: dict[str, str], problems: list[str], notes: list[str] | None = None
) -> dict[str, Any]:
    found = {"home": str(java.home), "version": java.version} if java else None
    return {"ready": not problems, "java": found, "jars": jars, "problems": problems, "notes": notes or []}


def _show(facts: dict[str, Any]) -> None:
    java = facts["java"]
    print(f"Java     {java['version'] + ' in ' + java['home'] if java else 'missing'}")
    for name, word in facts["jars"].items():
        print(f"{name:<8} {word}")
    for line in (*facts["notes"], *facts["problems"]):
        print(line)
    print(f"{'ready' if facts['ready'] else 'not ready'}, {facts['seconds']} s")


class _progress:
    """One line a set on stderr: elapsed time and jars so far."""

    def __init__(self, sets: list[JarSet]) -> None:
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (
            SpinnerColumn(),
            TextColumn("{task.description:<8} {task.completed:.0f} jars downloaded"),
            TimeElapsedColumn(),
        )
        self._bar = Progress(*columns, console=Console(stderr=True))
        self._tasks = {s.name: self._bar.add_task(s.name, total=None) for s in sets}

    def __enter__(self) -> Callable[[str, int], None]:
        self._bar.start()
        return lambda name, jars: self._bar.update(self._tasks[name], completed=jars)

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
