"""The broker's configuration per environment, rendered into infra/hivemq/config for review and for machines not run by us."""

from __future__ import annotations

from functools import partial

from acme_lib.broker import config
from acme_lib.render.artefact import Artefact

__all__ = ["ARTEFACTS"]

# environment -> listener and nodes; production is three nodes of HiveMQ Platform
LISTENERS = {
    "local": ("127.0.0.1", 1883, 1),
    "dev": ("0.0.0.0", 8883, 1),
    "test": ("0.0.0.0", 8883, 1),
    "prod": ("0.0.0.0", 8883, 3),
}

ARTEFACTS = tuple(
    Artefact(
        f"infra/hivemq/config/{name}/config.xml",
        "config.xml.j2",
        ("environments.yaml",),
        partial(config.facts, environment=name, host=host, port=port, persistence="file", nodes=nodes),
        templates=config.TEMPLATES,
        comment=None,
        trim=False,
    )
    for name, (host, port, nodes) in LISTENERS.items()
)
