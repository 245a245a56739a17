"""Starts the plant's publisher for a run and reads what it reports."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from acme_lib.errors import Stop
from acme_lib.processes import Process
from acme_lib.run.options import RunOptions
from acme_lib.run.stack import acme

__all__ = ["backfill", "held", "publish"]

# half a minute at the default speed is half a day of the plant, with wear that ends in failures
GAUGE_PERIOD_S, LIFE_H = "60", "8"


def publish(options: RunOptions, evidence: Path, log: Path) -> dict[str, Any]:
    """Publishes over MQTT until all is acknowledged; the publisher's own summary."""
    return _run(_publish_args(options, evidence), log)


def backfill(options: RunOptions, log: Path) -> dict[str, Any]:
    """Writes the files straight into Bronze's raw columns; the command's own summary."""
    return _run([*_files_args("backfill", options), "--json"], log)


def held(options: RunOptions) -> dict[str, int]:
    """Readings that the files hold, by the hub that a backfill gives them in Bronze; counted apart from the command that writes them."""
    from acme_lib.plant.historian import histories

    found = histories(options.source, options.data or Path(), subset=options.subset, split=_split(options))
    return {history.hub: history.count for history in found}


def _publish_args(options: RunOptions, evidence: Path) -> list[str]:
    common = ["--publish-log", str(evidence), "--json"]
    if options.source == "simulate":
        return [
            "plant", "simulate", "--minutes", str(options.minutes), "--speed", str(options.speed),
            "--seed", str(options.seed), "--malformed-share", str(options.malformed_share),
            "--period", GAUGE_PERIOD_S, "--life-h", LIFE_H, *common,
        ]  # fmt: skip
    return [*_files_args("replay", options), *common]


def _files_args(command: str, options: RunOptions) -> list[str]:
    chosen = ["--subset", options.subset, "--split", _split(options)] if options.source == "cmapss" else []
    return ["plant", command, "--format", options.source, *chosen, str(options.data)]


def _split(options: RunOptions) -> str:
    return "both" if options.ml else "train"  # engines of the test file are predicted, never trained on


def _run(args: list[str], log: Path) -> dict[str, Any]:
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    child = Process(f"acme {args[0]} {args[1]}", acme(*args), log, show_stderr=True)
    with child:
        while child.alive():
            time.sleep(0.1)
    if child.exit_code != 0:
        raise Stop(f"acme {' '.join(args[:2])} failed (exit {child.exit_code}); its message stands above")
    lines = log.read_text().strip().splitlines()
    return dict(json.loads(lines[-1])) if lines else {}
