"""`acme-edge`: serve signed models, check bundles, roll back. Settings: [edge] in acme.toml, or ACME_EDGE__*."""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import signal
import sys

from acme_lib.errors import AcmeError, Stop, WrongUse

__all__ = ["main"]

HELP = """Example: acme-edge serve

Serves the signed models of a folder over HTTP and, beside it, predicts on the live UNS.

Settings are environment variables (or [edge] in acme.toml):
  ACME_EDGE__BUNDLES   folder of bundles        (ACME_HOME/bundle)
  ACME_EDGE__TRUST     folder of .pub files     (<bundles>/trust)
  ACME_EDGE__STATE     features, outbox         (ACME_HOME/edge)
  ACME_EDGE__PORT      HTTP port                (8090)
  ACME_EDGE__HOST      address to listen on     (127.0.0.1)
  ACME_EDGE__ID        identity at the broker   (edge-1)
  ACME_EDGE__LIVE      false: HTTP only         (true)
  ACME_BROKER__HOST, ACME_BROKER__PORT          the plant's broker

Exit: 0 done, 1 failed or unhealthy, 2 wrong use."""

COMMANDS = {
    "serve": (
        "serve until SIGTERM",
        "Example: acme-edge serve --port 8090\n\nSIGHUP looks for new bundles at once; SIGUSR1 rolls back. Logs are JSON lines.",
    ),
    "check": (
        "judge the bundles, change nothing",
        "Example: acme-edge check --json\n\nSignature, counter and golden rows of every bundle. Exit 1 where one is refused or none serves.",
    ),
    "rollback": (
        "serve the previous model again",
        "Example: acme-edge rollback\n\nTells the running service; it holds until a restart or a newer bundle.",
    ),
}


def main(argv: list[str] | None = None) -> None:
    """argparse, not typer: a tenth of a second of a cold start that may last one."""
    args = _parser().parse_args(argv)
    try:
        code = {"serve": _serve, "check": _check, "rollback": _rollback}[args.command](args)
    except WrongUse as e:
        print(f"acme-edge {args.command}: {e}", file=sys.stderr)
        raise SystemExit(2) from None
    except AcmeError as e:
        print(f"acme-edge {args.command}: {e}", file=sys.stderr)
        raise SystemExit(1) from None
    raise SystemExit(code)


def _parser() -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("acme-edge", usage=argparse.SUPPRESS, description=HELP, formatter_class=form)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (text, about) in COMMANDS.items():
        found = commands.add_parser(name, help=text, description=about, usage=argparse.SUPPRESS, formatter_class=form)
        if name == "serve":
            found.add_argument("--host", help="address to listen on")
            found.add_argument("--port", type=int, help="HTTP port")
            found.add_argument("--no-live", action="store_true", help="HTTP only: no subscription at the broker")
        else:
            found.add_argument("--json", action="store_true", help="one object for machines")
    return parser


def _serve(args: argparse.Namespace) -> int:
    _log()
    from acme_lib.settings import load, settings
    from edge_service.serve import serve

    edge = {"host": args.host, "port": args.port, "live": False if args.no_live else None}
    given = {name: value for name, value in edge.items() if value is not None}
    found = settings()
    serve(load(edge={**found.edge.model_dump(), **given}) if given else found)
    return 0


def _check(args: argparse.Namespace) -> int:
    import logging

    import msgspec
    import structlog

    from acme_lib.settings import settings
    from edge_service.serve import slots_of
    from edge_service.service import health

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    slots = slots_of(settings(), remember=False)
    slots.look()
    found = health(slots)
    if args.json:
        print(msgspec.json.encode(found).decode())
    else:
        for m in found.models:
            print(
                f"serves   {m.use_case} version {m.model_version}, features {m.feature_table_version}, counter {m.counter}"
            )
        for r in found.refused:
            print(f"refused  {r.bundle} {r.code}: {r.reason}")
        if not found.models:
            print(f"nothing to serve in {slots.bundles}")
    return 0 if found.ready and not found.refused else 1


def _rollback(args: argparse.Namespace) -> int:
    from acme_lib.settings import settings

    lock = settings().edge_dir / "service.lock"
    try:
        with lock.open() as f:
            if _free(f.fileno()):
                raise ProcessLookupError
        pid = int(lock.read_text())
        os.kill(pid, signal.SIGUSR1)
    except (OSError, ValueError) as e:
        raise Stop(f"no service runs on {lock.parent}; start one with acme-edge serve, or set ACME_EDGE__STATE") from e
    print(json.dumps({"told": pid}) if args.json else f"told process {pid}; GET /health says which version serves")
    return 0


def _free(descriptor: int) -> bool:
    """True where no process holds the lock: the number in the file is then some other program's."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _log() -> None:
    """One JSON object a line on stdout."""
    # structlog's console would load rich, which a service that writes JSON never uses: a sixth of the cold start
    absent = sys.modules.setdefault("rich", None) is None  # type: ignore[arg-type]
    import structlog

    if absent:
        del sys.modules["rich"]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
    )


if __name__ == "__main__":
    main()
