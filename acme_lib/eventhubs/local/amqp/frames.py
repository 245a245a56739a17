"""AMQP 1.0 frames: performatives as a table of named fields (parts 2 and 5 of the specification), and their framing."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from acme_lib.eventhubs.local.amqp.types import Described, Encoded, Malformed, described, encode, read

__all__ = ["HEADER_AMQP", "HEADER_SASL", "Performative", "decode_frame", "encode_frame", "error", "split", "terminus"]

HEADER_AMQP = b"AMQP\x00\x01\x00\x00"
HEADER_SASL = b"AMQP\x03\x01\x00\x00"
_FRAME = struct.Struct(">IBBH")

# name, descriptor, fields "name:type" in the order of the specification; any type not known by name is passed through
_TABLE = """
open 16 container_id:string hostname:string max_frame_size:uint channel_max:ushort idle_time_out:uint outgoing_locales:any incoming_locales:any offered_capabilities:any desired_capabilities:any properties:map
begin 17 remote_channel:ushort next_outgoing_id:uint incoming_window:uint outgoing_window:uint handle_max:uint offered_capabilities:any desired_capabilities:any properties:map
attach 18 name:string handle:uint role:boolean snd_settle_mode:ubyte rcv_settle_mode:ubyte source:any target:any unsettled:map incomplete_unsettled:boolean initial_delivery_count:uint max_message_size:ulong offered_capabilities:any desired_capabilities:any properties:map
flow 19 next_incoming_id:uint incoming_window:uint next_outgoing_id:uint outgoing_window:uint handle:uint delivery_count:uint link_credit:uint available:uint drain:boolean echo:boolean properties:map
transfer 20 handle:uint delivery_id:uint delivery_tag:binary message_format:uint settled:boolean more:boolean rcv_settle_mode:ubyte state:any resume:boolean aborted:boolean batchable:boolean
disposition 21 role:boolean first:uint last:uint settled:boolean state:any batchable:boolean
detach 22 handle:uint closed:boolean error:any
end 23 error:any
close 24 error:any
sasl_mechanisms 64 mechanisms:any
sasl_init 65 mechanism:symbol initial_response:binary hostname:string
sasl_outcome 68 code:ubyte additional_data:binary
"""


def _rows() -> Iterator[tuple[str, int, list[tuple[str, str]]]]:
    for line in _TABLE.strip().splitlines():
        name, code, *fields = line.split()
        yield name, int(code), [(field, kind) for field, kind in (f.split(":") for f in fields)]


_BY_NAME = {name: (code, fields) for name, code, fields in _rows()}
_BY_CODE = {code: (name, [field for field, _ in fields]) for name, code, fields in _rows()}


class Performative(SimpleNamespace):
    """One decoded performative: `.name`... of the table as attributes, absent ones None; `.kind` its name, `.payload` what follows."""

    kind: str
    payload: bytes

    def __getattr__(self, field: str) -> Any:
        raise AttributeError(field)


def encode_frame(channel: int, kind: str, payload: bytes = b"", **fields: Any) -> bytes:
    """One frame with every field of the performative written, null where not given."""
    code, layout = _BY_NAME[kind]
    body = described(code, *(encode(type_, fields.pop(name, None)) for name, type_ in layout))
    if fields:
        raise TypeError(f"{kind} has no field {next(iter(fields))}")
    return _FRAME.pack(len(body) + len(payload) + 8, 2, 1 if kind.startswith("sasl") else 0, channel) + body + payload


def decode_frame(body: bytes) -> Performative:
    """A frame's body (after its header). Raises Malformed."""
    value, end = read(body)
    if not isinstance(value, Described) or value.descriptor not in _BY_CODE or not isinstance(value.value, list):
        raise Malformed("a frame that holds no performative of AMQP 1.0")
    kind, names = _BY_CODE[value.descriptor]
    given = value.value + [None] * (len(names) - len(value.value))
    return Performative(kind=kind, payload=body[end:], **dict(zip(names, given, strict=False)))


def split(buffer: bytearray, max_frame: int) -> Iterator[tuple[int, bytes]]:
    """Takes whole units off the buffer: (channel, frame body), or (-1, the 8 bytes of a protocol header). Raises Malformed."""
    at = 0
    while len(buffer) - at >= 8:
        if buffer[at : at + 4] == b"AMQP":
            yield -1, bytes(buffer[at : at + 8])
            at += 8
            continue
        size, offset, _, channel = _FRAME.unpack_from(buffer, at)
        if size < 8 or size > max_frame or offset < 2:
            raise Malformed(f"a frame of {size} bytes; {max_frame} were agreed")
        if len(buffer) - at < size:
            break
        yield channel, bytes(memoryview(buffer)[at + offset * 4 : at + size])
        at += size
    del buffer[:at]


def error(condition: str, description: str) -> Encoded:
    """An AMQP error, as detach, close and rejected carry it."""
    return described(0x1D, encode("symbol", condition), encode("string", description), encode("null", None))


def terminus(address: str | None, code: int) -> Encoded:
    """A source (0x28) or target (0x29) with its address."""
    return described(code, encode("string", address))
