"""Checks before the main job starts: what would fail later fails now, in one sentence."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from acme_lib.contracts import contracts
from acme_lib.errors import Stop, WrongUse
from acme_lib.journal import hold
from acme_lib.models.answers import answers_file, read_answers
from acme_lib.processes import port_taken
from acme_lib.run.options import RunOptions
from acme_lib.run.publish import held
from acme_lib.settings import Settings

__all__ = ["before_start"]

DISK_NEEDED_GB = 3


def before_start(options: RunOptions, found: Settings) -> None:
    """Raises WrongUse or Stop, naming what to change."""
    _source(options)
    _use_cases(options)
    _files(options)
    _bridge(options, found)
    _ports(options, found)
    _disk(found.home)


def _source(options: RunOptions) -> None:
    from acme_lib.plant.historian import formats

    if options.source not in ("simulate", *formats()):
        raise WrongUse(f"--source {options.source}: sources are simulate, {', '.join(formats())}")
    if options.source == "simulate":
        if options.path == "backfill":
            raise WrongUse("--path backfill needs historian files: add --source cmapss --data DIR")
        return
    if options.data is None:
        raise WrongUse(f"--source {options.source} needs --data DIR, the folder of its files")
    if not options.data.exists():
        raise WrongUse(f"--data {options.data}: no such folder; name the folder that holds the files")


def _files(options: RunOptions) -> None:
    """Reads the files once, before the state of the last run is put aside for them; with models also the published answers."""
    if options.data is None:
        return
    held(options)
    if not options.ml or options.source != "cmapss":
        return
    if options.data.is_file():
        raise WrongUse(
            f"--data {options.data}: --ml judges test engines too; name the folder that holds the train_, test_ and RUL_ files"
        )
    read_answers(answers_file(options.data, options.subset))


def _use_cases(options: RunOptions) -> None:
    known = contracts().use_cases
    if unknown := [u for u in options.use_cases if u not in known]:
        raise WrongUse(f"--use-case {unknown[0]}: there are {', '.join(known)}")
    if options.use_cases and not options.ml:
        raise WrongUse("--use-case says whose model is made: add --ml")


def _bridge(options: RunOptions, found: Settings) -> None:
    """A bridge on this home would go on writing into what a clean start puts aside, or stand in the way of the run's own."""
    if options.path == "backfill" and options.fresh is False:
        return
    for lock in sorted((found.home / "journal").glob("*.lock")):
        os.close(hold(lock, "acme run"))


def _ports(options: RunOptions, found: Settings) -> None:
    if options.path == "backfill":
        return
    hubs = found.eventhubs
    wanted = {
        "broker.port": found.broker.port,
        "eventhubs.kafka_port": hubs.kafka_port,
        "eventhubs.amqp_port": hubs.amqp_port,
        "eventhubs.control_port": hubs.control_port,
    }
    for key, port in wanted.items():
        if port_taken(port):
            variable = "ACME_" + key.upper().replace(".", "__")
            raise Stop(f"port {port} is taken; end what listens there, or set {key} in acme.toml or {variable}")


def _disk(home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(home).free / 1e9
    if free < DISK_NEEDED_GB:
        raise Stop(
            f"{home.resolve()} has {free:.1f} GB free and {DISK_NEEDED_GB} are needed; free some, or move the state with ACME_HOME"
        )
