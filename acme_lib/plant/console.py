"""What the plant's commands show: a progress bar with its rate on stderr, a result for people or machines on stdout."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from acme_lib.plant.publishing import Published

__all__ = ["bar", "notice", "show", "summary"]


@contextmanager
def bar(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar that is told how many are done; silent where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.finished_speed or task.speed or 0:,.0f}/s")

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.update(task, completed=done)


def notice(text: str) -> None:
    """A sentence to the person on stderr."""
    from rich.console import Console

    Console(stderr=True, soft_wrap=True).print(text, style="yellow", markup=False, highlight=False)


def summary(found: Published, log: Path | None, **more: Any) -> dict[str, Any]:
    """The result as one object."""
    return {
        "published": found.published,
        "kinds": dict(sorted(found.kinds.items())),
        "malformed": dict(sorted(found.malformed.items())),
        "seconds": round(found.seconds, 3),
        "rate": round(found.rate, 1),
        "reconnects": found.reconnects,
        "publish_log": str(log) if log else None,
        **more,
    }


def show(result: dict[str, Any], as_json: bool) -> None:
    """One object for machines, else a line each."""
    if as_json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        if value not in (None, {}):
            print(
                f"{name:<14} {value if not isinstance(value, dict) else ', '.join(f'{k} {v}' for k, v in value.items())}"
            )
