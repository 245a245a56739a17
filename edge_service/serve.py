"""The service as one process: models judged, HTTP answered, live path running, bundles watched, until told to end."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
import uvicorn

from acme_lib.errors import AcmeError, Stop
from acme_lib.inference import Dependency
from acme_lib.journal import files
from acme_lib.models.bundle import Counters
from acme_lib.processes import port_taken
from acme_lib.settings import Settings
from edge_service.service import Dependencies, application
from edge_service.slots import Slots

__all__ = ["serve", "slots_of"]

log = structlog.get_logger("edge")
END_WITHIN_S = 5.0


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling: the live path ends with it, and the exit code is ours."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def slots_of(settings: Settings, *, remember: bool = True) -> Slots:
    return Slots(
        settings.bundles_dir, settings.trust_dir, Counters(settings.edge_dir / "counters.json"), remember=remember
    )


def serve(settings: Settings) -> None:
    """Returns when told by SIGTERM or SIGINT. SIGHUP looks for bundles at once, SIGUSR1 rolls back.

    Raises WrongUse without a trust root, Stop where the port or the state folder is taken.
    """
    edge = settings.edge
    if port_taken(edge.port, edge.host):
        raise Stop(f"port {edge.port} is taken; set edge.port (ACME_EDGE__PORT), or end the program that holds it")
    held = files.hold(settings.edge_dir / "service.lock", "edge service")
    _name(held)
    slots = slots_of(settings)
    slots.look()
    told, look = threading.Event(), threading.Event()
    app = application(slots, _live(settings, slots, told))
    config = uvicorn.Config(
        app, edge.host, edge.port, loop="uvloop", http="httptools", lifespan="off", log_config=None, access_log=False
    )
    server = _Server(config)

    def end(*_: object) -> None:
        server.should_exit = True

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGHUP, lambda *_: look.set())
    signal.signal(signal.SIGUSR1, lambda *_: threading.Thread(target=slots.rollback).start())
    watcher = threading.Thread(target=_watch, args=(slots, told, look, edge.look_s), name="bundles", daemon=True)
    watcher.start()
    log.info("serving", address=f"http://{edge.host}:{edge.port}", pid=os.getpid(), ready=bool(slots.serving))
    try:
        server.run()
    finally:
        told.set()
        look.set()
        for thread in threading.enumerate():
            if thread.name in ("bundles", "live"):
                thread.join(END_WITHIN_S)
        os.close(held)
    log.info("ended")


def _name(held: int) -> None:
    """Writes our process id into the lock, for `acme-edge rollback`. Over the one before, which takes no space on a full disk."""
    try:
        os.pwrite(held, f"{os.getpid():<10}".encode(), 0)
    except OSError as e:
        os.truncate(held, 0)  # no id is better than that of some other process
        log.warning("acme-edge rollback will not find this service", reason=e.strerror)


def _live(settings: Settings, slots: Slots, told: threading.Event) -> Dependencies:
    """Starts the live path where it is wanted; who tells its state."""
    if not settings.edge.live:
        return lambda: [Dependency(name="broker", state="off"), Dependency(name="state", state="off")]
    from edge_service.live import Live  # its MQTT client costs a start without it a tenth of a second

    live = Live(settings, slots)
    threading.Thread(target=live.run, args=(told,), name="live", daemon=True).start()
    return live.dependencies


def _watch(slots: Slots, told: threading.Event, look: threading.Event, every_s: float) -> None:
    """A look now and then, and whenever asked; what can't be judged now changes nothing."""
    while not told.is_set():
        look.wait(every_s)
        look.clear()
        if told.is_set():
            return
        try:
            slots.look()
        except (AcmeError, OSError) as e:
            log.error("bundles not judged", reason=str(e))
