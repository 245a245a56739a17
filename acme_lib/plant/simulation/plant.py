"""The whole simulated plant: every registered machine, its gateways and what goes wrong with them, in event-time order."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge

from acme_lib.contracts import Contracts, contracts
from acme_lib.plant.encoder import Encoder, iso_ms
from acme_lib.plant.message import Outgoing, Reading
from acme_lib.plant.simulation.afflictions import afflicted
from acme_lib.plant.simulation.config import Config
from acme_lib.plant.simulation.disturbances import disturbed
from acme_lib.plant.simulation.draws import Draws
from acme_lib.plant.simulation.incidents import NEW_MEMBER, Incidents, incidents, source_system
from acme_lib.plant.simulation.machine import Machine
from acme_lib.plant.simulation.wear import WearLaw

__all__ = ["expected_messages", "machines", "simulate"]

TYPICAL_LOAD, RUNNING_SHARE = 0.78, 0.85


def simulate(config: Config, facts: Contracts | None = None) -> Iterator[Outgoing]:
    """Every message the plant publishes, by event time. Pure: same config and contracts, same bytes."""
    facts = facts or contracts()
    happening = incidents(config, facts)
    streams = [machine.readings() for machine in machines(config, facts, happening)]
    readings = afflicted(merge(*streams, key=_at), config, happening, facts)
    return disturbed(_encoded(readings, config, happening), config, facts)


def machines(config: Config, facts: Contracts, happening: Incidents) -> list[Machine]:
    """One a registered equipment. One of them is so worn that it fails within the span."""
    sites = {site.id: site for site in facts.assets.sites}
    draws = Draws(config.seed, "wear")
    doomed = int(draws.uniform(0, len(facts.assets.equipment)))
    found = []
    for n, equipment in enumerate(facts.assets.equipment):
        wear = draws.uniform(0.0, 0.85)
        if n == doomed:
            hours = draws.uniform(0.25, 0.5) * config.minutes / 60 * RUNNING_SHARE
            wear = WearLaw(config.life_h).worn_so_that(hours, TYPICAL_LOAD)
        machine = Machine(
            config,
            sites[equipment.path.split("/")[0]],
            equipment,
            facts.tags.classes[equipment.equipment_class].tags,
            wear,
            counter_resets=happening.counter_resets.get(equipment.path, []),
        )
        if n == doomed:
            machine.operation.run_to_failure()
        found.append(machine)
    return found


def expected_messages(config: Config, facts: Contracts | None = None) -> int:
    """About how many messages `simulate` yields: the periods of all tags over the span, and the extra shares."""
    facts = facts or contracts()
    seconds, count = config.minutes * 60, 0.0
    for equipment in facts.assets.equipment:
        for tag in facts.tags.classes[equipment.equipment_class].tags:
            period = config.period_s if config.period_s and tag.kind == "gauge" else tag.expected_period_s
            count += seconds / period if period else 0
    return round(count / (1 - config.malformed_share - config.duplicate_share))


def _encoded(readings: Iterator[Reading], config: Config, happening: Incidents) -> Iterator[Outgoing]:
    """Each gateway counts per topic within its epoch; a restart starts a new epoch, an update adds a field."""
    gateways: dict[str, Encoder] = {}
    epochs: dict[str, int] = {}
    restarts = sorted(happening.restarts)
    for reading in readings:
        while restarts and reading.at_ms >= restarts[0][0]:
            _, source = restarts.pop(0)
            epochs[source] = epochs.get(source, 0) + 1
            gateways.pop(source, None)
        source = source_system(reading.equipment)
        gateway = gateways.get(source)
        if gateway is None:
            epoch = f"{iso_ms(config.start_ms)}-{config.fingerprint}-{epochs.get(source, 0)}"
            gateway = gateways[source] = Encoder(source, epoch, replayed=config.replayed)
        if happening.new_field and source == happening.new_field[1] and reading.at_ms >= happening.new_field[0]:
            gateway.extra = NEW_MEMBER
        yield gateway.encode(reading)


def _at(reading: Reading) -> int:
    return reading.at_ms
