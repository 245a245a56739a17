"""The part of AMQP 1.0 that the local door speaks: types, frames, message sections. Bytes in, values out; no I/O."""

from acme_lib.eventhubs.local.amqp.frames import (
    HEADER_AMQP,
    HEADER_SASL,
    Performative,
    decode_frame,
    encode_frame,
    split,
)
from acme_lib.eventhubs.local.amqp.sections import (
    Event,
    application_properties,
    batch_format,
    events,
    message_id,
    request,
)
from acme_lib.eventhubs.local.amqp.types import Described, Encoded, Malformed, Symbol, encode, read

__all__ = [
    "HEADER_AMQP",
    "HEADER_SASL",
    "Described",
    "Encoded",
    "Event",
    "Malformed",
    "Performative",
    "Symbol",
    "application_properties",
    "batch_format",
    "decode_frame",
    "encode",
    "encode_frame",
    "events",
    "message_id",
    "read",
    "request",
    "split",
]
