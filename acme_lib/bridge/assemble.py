"""Puts the two processes together from settings and contracts, and runs each until it is told to end."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import structlog

from acme_lib import runtime
from acme_lib.bridge.budget import Budget, Gauge, Raiser
from acme_lib.bridge.egress import Egress
from acme_lib.bridge.exposition import serve
from acme_lib.bridge.files import BridgeFiles
from acme_lib.bridge.ingest import Ingest
from acme_lib.bridge.intake import Intake
from acme_lib.bridge.lanes import Lanes
from acme_lib.bridge.ledger import Status, read_status
from acme_lib.bridge.mapping import Mapping
from acme_lib.bridge.older import older_hubs
from acme_lib.bridge.presence import announce
from acme_lib.bridge.subscriber import Account, Subscriber
from acme_lib.bridge.supervisor import Supervisor
from acme_lib.bridge.unfailing import log_unfailing
from acme_lib.bridge.watch import Watch
from acme_lib.contracts import contracts
from acme_lib.errors import AcmeError, Retry, SlowDown
from acme_lib.eventhubs import HubSender, connect, partition_for
from acme_lib.identity import mqtt_certificate
from acme_lib.journal import Corrupt
from acme_lib.monitoring import JsonlAlerts
from acme_lib.settings import Settings

__all__ = ["account", "alerts", "egress", "ingest", "run", "status", "until_told"]

log = structlog.get_logger("bridge")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
MB = 1_000_000


def until_told() -> threading.Event:
    """Set by SIGTERM or SIGINT."""
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    return told


def alerts(settings: Settings) -> JsonlAlerts:
    return JsonlAlerts(settings.folder("ops") / "alerts.jsonl")


def account(settings: Settings) -> Account:
    """Who the bridge is at the broker: a certificate where the environment has them, else a user name, which on loopback
    is enough and elsewhere needs the secret `mqtt-<bridge id>`. Raises Stop where the certificate can't be read.
    """
    broker, name = settings.broker, settings.bridge.id
    certificate = mqtt_certificate(name, settings)
    if certificate is not None:
        certificate.context()
    plain = certificate is None and broker.host not in _LOOPBACK
    return Account(broker.host, broker.port, name, name, runtime.secret(f"mqtt-{name}") if plain else None, certificate)


def ingest(settings: Settings, told: threading.Event) -> None:
    """Runs ingest until `told`. Raises Stop where going on would lose data."""
    log_unfailing()
    files, found = BridgeFiles.of(settings), contracts().bridge
    journal, mapping, raiser = files.writer(found.dead_letter_hub), Mapping(found), alerts(settings)
    cursors = files.cursors()
    announce(files, False)
    subscriber = Subscriber(account(settings), mapping.filters, partial(announce, files))
    free = partial(_free, files.folder)
    gauge = Gauge(Budget(settings.bridge.disk_budget_mb * MB), raiser, settings.bridge.id, free)
    intake, claims = Intake(mapping, settings.bridge.id), runtime.files_dir() / "dlq"
    step = Ingest(subscriber, journal, intake, gauge, claims, cursors.lowest, alerts=raiser).step
    log.info("ingest", next_seq=journal.next_seq, pid=os.getpid())
    try:
        while not told.is_set():
            step()
    finally:
        subscriber.close()
        journal.close()


def egress(settings: Settings, told: threading.Event) -> None:
    """Runs egress until `told`. Raises Stop where a hub refuses for good."""
    log_unfailing()
    files, found = BridgeFiles.of(settings), contracts().bridge
    with closing(files.cursors(writer=True)) as cursors, closing(files.reader()) as journal:
        hubs = sorted({found.hub, found.dead_letter_hub})
        older = older_hubs(journal, cursors, hubs)
        sender: partial[HubSender] = partial(connect, settings=settings)
        try:
            lanes = Lanes(hubs, sender, partition_for, files.folder, told, older=older)
        except AcmeError:
            if told.is_set():
                return
            raise
        run = Egress(journal, cursors, lanes, partial(_corrupt, alerts(settings)))
        log.info("egress", pid=os.getpid(), partitions=lanes.counts())
        try:
            while not told.is_set():
                run.step()
        except (Retry, SlowDown):
            if not told.is_set():  # else an older hub, which did not answer before it was time to end
                raise
        finally:
            run.finish()


def run(settings: Settings, told: threading.Event) -> None:
    """Both halves, watched, until `told`. Raises WrongUse where one says that its settings are wrong."""
    log_unfailing()
    watch = Watch(partial(status, settings), alerts(settings), settings.bridge.id)
    serve(settings)
    Supervisor(settings.folder("logs"), lambda seconds: watch.look(seconds, datetime.now(UTC))).run(told)


def status(settings: Settings) -> Status:
    """The ledger of this bridge, from its files."""
    budget = settings.bridge.disk_budget_mb * MB
    now_ms = time.time_ns() // 1_000_000
    return read_status(BridgeFiles.of(settings), contracts().bridge, budget, now_ms, partition_for)


def _corrupt(raiser: Raiser, frame: Corrupt, now: datetime) -> None:
    try:
        raiser.open("journal_frame_corrupt", f"{frame.first}..{frame.last}", frame.why, now)
    except (AcmeError, OSError) as e:  # the frame waits for its quarantine all the same, and status complains of it
        log.error("alert not recorded", rule="journal_frame_corrupt", error=str(e))


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free
