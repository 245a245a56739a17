"""The broker in the foreground: Ctrl-C and SIGTERM end it in order; its own death is an error."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from types import FrameType

from acme_lib.broker import config
from acme_lib.broker.run import Broker
from acme_lib.errors import Stop
from acme_lib.settings import Settings

__all__ = ["serve"]


def serve(settings: Settings, say: Callable[[str], None]) -> None:
    """Runs until a signal. Raises Stop where the broker ends by itself."""
    signal.signal(signal.SIGTERM, _interrupt)  # a service manager's stop is as orderly as Ctrl-C
    broker = Broker(settings)
    try:
        broker.start()
        at = f"{settings.broker.host}:{settings.broker.port}"
        say(f"broker ready at {at}, checksum {config.checksum(broker.files)[:12]}; log {broker.log}; Ctrl-C ends it")
        while broker.process is not None and broker.process.alive():
            time.sleep(0.2)
        raise Stop(f"the broker ended by itself: {broker.process.tail() if broker.process else ''}; see {broker.log}")
    except KeyboardInterrupt:
        say("ending the broker")
    finally:
        broker.stop()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
