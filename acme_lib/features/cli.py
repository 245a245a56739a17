"""`acme features`: which specs there are, what each gives, and the job that builds them."""

from __future__ import annotations

import json
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

Json = Annotated[bool, typer.Option("--json", help="one object for machines")]


@app.callback()
def features() -> None:
    """Example: acme features build rul

    Feature specs (contracts/features.yaml), and the versioned feature vectors made of Silver by them.
    """


@app.command(name="list")
def list_(as_json: Json = False) -> None:
    """Example: acme features list

    Use cases with their feature spec.
    """
    from acme_lib.contracts import contracts

    rows = [
        {"use_case": case.id, "spec": case.feature_spec, "kind": case.kind, "description": case.description}
        for case in contracts().use_cases.values()
    ]
    if as_json:
        print(json.dumps(rows))
        return
    for row in rows:
        print(f"{row['use_case']:<18} {row['spec']:<14} {row['kind']:<15} {row['description']}")


@app.command()
def build(
    use_case: Annotated[str, typer.Argument(help="one of acme features list")],
    equipment: Annotated[str, typer.Option(help="regex on the equipment's path")] = ".*",
    version: Annotated[
        str | None, typer.Option(help="feature version whose learning to use; learned anew without it")
    ] = None,
    as_json: Json = False,
) -> None:
    """Example: acme features build failure_24h

    Writes the feature vectors of one use case's equipment. The same Silver gives the same version and the same rows.
    """
    from rich.console import Console

    from acme_lib import runtime
    from acme_lib.features import batch
    from acme_lib.pipeline import configured, run_job

    identity = runtime.now().strftime("%Y%m%dT%H%M%SZ")
    config = configured(
        batch.Config, "command", run_id=identity, use_case=use_case, equipment=equipment, version=version
    )
    with Console(stderr=True).status(f"features of {use_case}"):
        record = run_job(batch.run, config)
    counters = record.counters
    if as_json:
        print(json.dumps({"rows": record.rows_out, "seconds": record.seconds, **counters}))
        return
    print(
        f"{counters['feature_table_version']}: {record.rows_out:,} rows of {counters['features']} features, {record.seconds} s"
    )


@app.command()
def show(
    version: Annotated[str, typer.Argument(help="a feature version of the lakehouse")],
    as_json: Json = False,
) -> None:
    """Example: acme features show turbofan-1a2b3c4d5e6f

    Names of a version's features and what it learned.
    """
    from acme_lib import runtime
    from acme_lib.features import batch, names

    fitted = batch.fitted_of(runtime.lakehouse(), version)
    if as_json:
        print(fitted.to_json().decode())
        return
    print(
        f"{len(fitted.known)} tags known, {len(fitted.signals)} vary, {len(fitted.centroids)} regimes by {fitted.settings}"
    )
    print("\n".join(names(fitted)))
