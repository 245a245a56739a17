"""The whole simulated plant: every registered machine, its gateways and what goes wrong with them, in event-time order."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge

from acme_lib.contracts import Contracts, contracts
from acme_lib.plant.encoder import Encoder, iso_ms
from acme_lib.plant.message import Outgoing, Reading
from acme_lib.plant.simulation.config import Config
from acme_lib.plant.simulation.draws import Draws
from acme_lib.plant.simulation.machine import Machine

__all__ = ["machines", "simulate", "source_system"]


def machines(config: Config, facts: Contracts) -> list[Machine]:
    """One a registered equipment of a class whose tags the catalogue knows."""
    sites = {site.id: site for site in facts.assets.sites}
    found = []
    for equipment in facts.assets.equipment:
        tags = facts.tags.classes[equipment.equipment_class].tags
        wear = Draws(config.seed, f"{equipment.path}/wear").uniform(0.0, 0.85)
        found.append(Machine(config, sites[equipment.path.split("/")[0]], equipment, tags, wear))
    return found


def source_system(equipment: str) -> str:
    """The gateway that publishes for a line: gw-<site>-<area>-<line>."""
    return "gw-" + "-".join(equipment.split("/")[:3])


def simulate(config: Config, facts: Contracts | None = None) -> Iterator[Outgoing]:
    """Every message the plant publishes, by event time. Pure: same config and contracts, same bytes."""
    facts = facts or contracts()
    encoders: dict[str, Encoder] = {}
    streams = [machine.readings() for machine in machines(config, facts)]
    for reading in merge(*streams, key=_at):
        source = source_system(reading.equipment)
        if source not in encoders:
            epoch = f"{iso_ms(config.start_ms)}-{config.fingerprint}-0"
            encoders[source] = Encoder(source, epoch, replayed=config.replayed)
        yield encoders[source].encode(reading)


def _at(reading: Reading) -> int:
    return reading.at_ms
