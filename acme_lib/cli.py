"""The `acme` command. Each subcommand lives in its room's cli.py and is imported only when called."""

from __future__ import annotations

import sys
from importlib import import_module

from acme_lib.errors import AcmeError, WrongUse

__all__ = ["COMMANDS", "main"]

COMMANDS: dict[str, tuple[str, str]] = {
    "setup": ("acme_lib.toolchain.cli", "Prepare this machine: Java, jars, the broker's extension."),
    "run": ("acme_lib.run.cli", "The main job: plant to Gold on real parts, with proof."),
    "uns": ("acme_lib.uns.cli", "Validate topics and payloads of the Unified Namespace."),
    "schema": ("acme_lib.uns.schema_cli", "Classify and check changes of the envelope schema."),
    "render": ("acme_lib.render", "Make documents, ACL and config from the contracts."),
    "plant": ("acme_lib.plant.cli", "Simulate a plant, replay or backfill a historian."),
    "broker": ("acme_lib.broker.cli", "Run HiveMQ here; show drift of its files."),
    "eventhubs": ("acme_lib.eventhubs.cli", "Serve a local Event Hubs: Kafka and an AMQP door."),
    "bridge": ("acme_lib.bridge.cli", "Run the bridge; show its ledger."),
    "dlq": ("acme_lib.bridge.dlq_cli", "Triage dead letters."),
    "lake": ("acme_lib.lake.cli", "Bronze, Silver, Gold: jobs and maintenance."),
    "lineage": ("acme_lib.lake.lineage_cli", "Follow one message through every layer."),
    "features": ("acme_lib.features.cli", "Feature specs, and the job that builds their vectors."),
    "model": ("acme_lib.models.cli", "List, promote, roll back models."),
    "bundle": ("acme_lib.models.bundle.cli", "Sign models for the edge; verify what was signed."),
    "drift": ("acme_lib.drift.cli", "Compare what has come with what a model learned from."),
    "retrain": ("acme_lib.drift.retrain_cli", "Train anew where a trigger holds."),
    "pipeline": ("acme_lib.pipeline.cli", "Run the notebooks' DAG."),
    "bench": ("acme_lib.bench.cli", "Measure, and write docs/reports/."),
}

USAGE = """usage: acme COMMAND [ARGS]

  acme run                               the main job
  acme uns validate acme/dallas/...      judge a topic
  acme bridge status --json              the ledger, for machines

commands:
"""


def help_text() -> str:
    return USAGE + "".join(f"  {name:<10} {text}\n" for name, (_, text) in COMMANDS.items())


def main() -> None:
    """Exit 0 done, 1 failed or unhealthy, 2 wrong use; an error is one sentence on stderr."""
    args = sys.argv[1:]
    if not args or args[0] in ("-h", "--help"):
        print(help_text(), end="")
        raise SystemExit(0 if args else 2)
    if args[0] in ("-V", "--version"):
        from acme_lib import __version__

        print(__version__)
        raise SystemExit(0)
    if args[0] not in COMMANDS:
        print(f"acme: no command {args[0]!r}; `acme --help` lists them", file=sys.stderr)
        raise SystemExit(2)
    try:
        app = import_module(COMMANDS[args[0]][0]).app
        app(args=args[1:], prog_name=f"acme {args[0]}")
    except WrongUse as e:
        print(f"acme {args[0]}: {e}", file=sys.stderr)
        raise SystemExit(2) from None
    except AcmeError as e:
        print(f"acme {args[0]}: {e}", file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
