"""The live path: readings from the UNS to predictions on the UNS, each exactly once whatever is killed."""

from edge_service.live.engine import Engine
from edge_service.live.loop import Live
from edge_service.live.store import Store

__all__ = ["Engine", "Live", "Store"]
