"""`acme model`: what is registered, who serves, and how that changes."""

from __future__ import annotations

import json
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)
Json = Annotated[bool, typer.Option("--json", help="one object for machines")]
Why = Annotated[str, typer.Option(help="the reason; the audit keeps it")]
Alias = Annotated[str, typer.Option(help="staging or production")]


@app.callback()
def about() -> None:
    """Example: acme model promote acme-rul 3 --why "validated on FD001"

    Each move is a row of ops_audit. A version whose gates did not all hold can't be promoted.
    """


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Example: acme model list --json

    Every version with its aliases, verdict and origin.
    """
    from acme_lib.models import tracking

    rows = [{"model": v.model, "version": v.version, "aliases": ",".join(v.aliases), "stage": v.stage or "", **v.tags} for v in tracking.registry().versions()]  # fmt: skip
    if as_json:
        print(json.dumps({"versions": rows}))
        return
    from rich.console import Console
    from rich.table import Table

    shown = ("model", "version", "aliases", "stage", "validation", "featureTableVersion", "trainingDataVersion", "gitSHA")  # fmt: skip
    table = Table(*shown)
    for row in rows:
        table.add_row(*(str(row.get(name, ""))[:24] for name in shown))
    Console().print(table)


@app.command()
def promote(model: str, version: str, why: Why, alias: Alias = "production", as_json: Json = False) -> None:
    """Example: acme model promote acme-rul 3 --why "validated on FD001"

    Points the alias at the version. Exit 1 where its validation did not pass.
    """
    _moved("promote", model, version, alias, why, as_json)


@app.command()
def rollback(model: str, why: Why, alias: Alias = "production", as_json: Json = False) -> None:
    """Example: acme model rollback acme-rul --why "residuals drift since Monday"

    Points the alias back at the version before the present one.
    """
    _moved("rollback", model, None, alias, why, as_json)


def _moved(what: str, model: str, version: str | None, alias: str, why: str, as_json: bool) -> None:
    from getpass import getuser

    from acme_lib import runtime
    from acme_lib.models import promotion, tracking
    from acme_lib.models.store import store_at
    from acme_lib.monitoring import audit_at

    lake, registry, now = runtime.lakehouse(), tracking.registry(), runtime.now()
    if version is not None:
        found = promotion.promote(registry, audit_at(lake), getuser(), model, version, alias, why, now)
    else:
        found = promotion.rollback(registry, audit_at(lake), getuser(), model, alias, why, now)
    promotion.export(registry, store_at(lake), now)
    told = {"done": what, "model": model, "version": found.version, "alias": alias}
    print(json.dumps(told) if as_json else f"{model}: {alias} is version {found.version}")
