"""Features: one spec as data, one kernel, two executions (whole histories in batch, frame by frame at the edge)."""

from acme_lib.features.compute import compute
from acme_lib.features.fitted import Fitted, fit, version
from acme_lib.features.frames import Frames, assemble
from acme_lib.features.leaks import leaks
from acme_lib.features.names import names, window_of
from acme_lib.features.online import FrameVector, Online

__all__ = [
    "Fitted",
    "FrameVector",
    "Frames",
    "Online",
    "assemble",
    "compute",
    "fit",
    "leaks",
    "names",
    "version",
    "window_of",
]
