"""A home of its own for a measurement: temporary state, ports nobody else has."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from acme_lib.processes import free_port
from acme_lib.settings import Settings, settings

__all__ = ["own_home"]

PORTS = ("ACME_BROKER__PORT", "ACME_EVENTHUBS__KAFKA_PORT", "ACME_EVENTHUBS__AMQP_PORT", "ACME_EVENTHUBS__CONTROL_PORT")


@contextmanager
def own_home(work: str = "long") -> Iterator[Settings]:
    """Settings of a temporary home for short or long `work`; children inherit them. The home is removed at the end."""
    before = dict(os.environ)
    os.environ["ACME_JARS"] = str(settings().jars_dir)
    home = Path(mkdtemp(prefix="acme-bench-"))
    os.environ["ACME_HOME"] = str(home)
    os.environ["ACME_LAKE__WORK"] = work
    os.environ.update({name: str(free_port()) for name in PORTS})
    settings.cache_clear()
    try:
        yield settings()
    finally:
        os.environ.clear()
        os.environ.update(before)
        settings.cache_clear()
        shutil.rmtree(home, ignore_errors=True)
