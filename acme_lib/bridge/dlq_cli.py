"""`acme dlq`: what was rejected, why, and what to mend."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)


@app.callback()
def about() -> None:
    """Example: acme dlq triage

    Dead letters: messages the bridge rejected, with their reason and their original bytes.
    """


@app.command()
def triage(
    lakehouse: Annotated[Path | None, typer.Option(help="Read bronze_dead_letters there instead of the hub.")] = None,
    examples: Annotated[int, typer.Option(help="Examples for each reason.", min=1)] = 3,
    most: Annotated[int, typer.Option(help="Newest letters to read.", min=1)] = 20_000,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Example: acme dlq triage --examples 1

    Reasons by frequency, with examples and what to mend. Only reads: consumer group dlq-processing, nothing committed.
    """
    from acme_lib.bridge.letter_sources import from_hub, from_lakehouse
    from acme_lib.bridge.letters import as_json as as_object
    from acme_lib.bridge.letters import triage as sort
    from acme_lib.contracts import contracts
    from acme_lib.settings import settings

    found = settings()
    hub = contracts().bridge.dead_letter_hub
    bodies = from_lakehouse(lakehouse, most) if lakehouse else from_hub(hub, found, most)
    groups, strange = sort(bodies, {} if lakehouse else _counted(found), contracts(), examples)
    result = as_object(groups, strange)
    print(json.dumps(result)) if as_json else _print(result)


def _counted(found: Any) -> dict[str, int]:
    """The bridge's own counts, where a bridge runs from this home."""
    from acme_lib.bridge import assemble
    from acme_lib.errors import Stop

    try:
        return assemble.status(found).dead_lettered_by_detail
    except Stop:
        return {}


def _print(result: dict[str, Any]) -> None:
    if not result["groups"]:
        print("no dead letters")
    for group in result["groups"]:
        print(f"{group['reason']} / {group['detail']}: {group['counted'] or group['read']:,} ({group['read']:,} read)")
        print(f"  {group['meaning']} Mend: {group['mend']}")
        for topic, n in sorted(group["topics"].items(), key=lambda item: -item[1])[:3]:
            print(f"  {n:,} on {topic}")
        for example in group["examples"]:
            print(
                f"    {example['received_utc']} #{example['bridge_seq']} {example['original_bytes']:,} bytes: {example['shown']}"
            )
    if result["not_dead_letters"]:
        print(f"{result['not_dead_letters']:,} events on the hub are no dead letters: find who else sends to it")
