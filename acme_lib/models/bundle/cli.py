"""`acme bundle`: keys, signed bundles out of the registry, and whether a folder is one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)
Json = Annotated[bool, typer.Option("--json", help="one object for machines")]


@app.callback()
def about() -> None:
    """Example: acme bundle build acme-rul 3, and at the edge: acme bundle verify bundle/rul-3

    A bundle is a registered model with its features, interval, golden rows and card, signed as one folder.
    """


@app.command()
def keys(
    folder: Annotated[Path | None, typer.Option(help="where the pair goes; ACME_HOME/bundle/keys without it")] = None,
    as_json: Json = False,
) -> None:
    """Example: acme bundle keys

    Makes an Ed25519 key pair: signing.pem stays here, the .pub file goes into each edge's trust folder (and into
    ACME_HOME/bundle/trust). Refuses to overwrite. To rotate, make a second pair elsewhere and trust both for a while.
    """
    from acme_lib.models.bundle.keys import generate_key, write_pair
    from acme_lib.settings import settings

    home = settings().home.resolve() / "bundle"
    private, public = write_pair(folder or home / "keys", generate_key())
    trusted = home / "trust" / public.name
    trusted.parent.mkdir(parents=True, exist_ok=True)
    trusted.write_bytes(public.read_bytes())
    found = {"key_id": public.stem, "private": str(private), "public": str(public), "trusted": str(trusted)}
    print(json.dumps(found)) if as_json else print("\n".join(f"{k:<8} {v}" for k, v in found.items()))


@app.command()
def build(
    model: Annotated[str, typer.Argument(help="a registered model, such as acme-rul")],
    version: Annotated[str, typer.Argument(help="its version, or an alias such as staging")],
    out: Annotated[Path | None, typer.Option(help="folder of bundles; ACME_HOME/bundle without it")] = None,
    key: Annotated[Path | None, typer.Option(help="signing key; ACME_HOME/bundle/keys/signing.pem without it")] = None,
    as_json: Json = False,
) -> None:
    """Example: acme bundle build acme-rul 3

    Fetches the version from the MLflow registry, replays its golden rows, and writes a signed bundle with the next counter.
    """
    from acme_lib import runtime
    from acme_lib.models.bundle.build import build as built
    from acme_lib.models.tracking import registry
    from acme_lib.settings import settings

    home = settings().home.resolve() / "bundle"
    folder = built(registry(), model, version, out or home, key or home / "keys" / "signing.pem", runtime.now())
    print(json.dumps({"bundle": str(folder)}) if as_json else folder)


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="a bundle")],
    trust: Annotated[Path | None, typer.Option(help="folder of .pub files; ACME_HOME/bundle/trust without it")] = None,
    min_counter: Annotated[int, typer.Option(help="refuse bundles older than this counter")] = 0,
    as_json: Json = False,
) -> None:
    """Example: acme bundle verify .acme/bundle/rul-3

    Exit 0 where the bundle is genuine and whole, 1 where it is refused (UNTRUSTED, TAMPERED, DOWNGRADE), 2 for wrong use.
    """
    from acme_lib.models.bundle.keys import load_trust
    from acme_lib.models.bundle.manifest import Refused
    from acme_lib.models.bundle.manifest import verify as verified
    from acme_lib.settings import settings

    try:
        found = verified(folder, load_trust(trust or settings().home.resolve() / "bundle" / "trust"), min_counter)
    except Refused as e:
        if not as_json:
            raise
        print(json.dumps({"genuine": False, "code": e.code, "reason": str(e)}))
        raise typer.Exit(1) from None
    if as_json:
        print(json.dumps({"genuine": True, **json.loads(found.to_json())}))
    else:
        print(f"genuine: {found.use_case} version {found.model_version}, counter {found.counter}, key {found.key_id}")
