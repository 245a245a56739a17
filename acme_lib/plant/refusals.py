"""What a broker's refusal means, and what to change, in one sentence each."""

from __future__ import annotations

__all__ = ["FINAL", "absent", "of_connection", "of_publish"]

NOT_AUTHORIZED, QUOTA_EXCEEDED, BAD_CREDENTIALS, PACKET_TOO_LARGE = 0x87, 0x97, 0x86, 0x95
FINAL = {NOT_AUTHORIZED, BAD_CREDENTIALS, PACKET_TOO_LARGE, 0x81, 0x82, 0x84, 0x8C, 0x90, 0x94, 0x99, 0x9B, 0x9D}


def absent(where: str, error: OSError) -> str:
    return f"broker {where} does not answer ({error}); start it (acme broker start) or set broker.host and broker.port"


def of_connection(where: str, identity: str, code: int) -> str:
    if code in (NOT_AUTHORIZED, BAD_CREDENTIALS):
        return (
            f"broker {where} refuses identity {identity!r} (0x{code:02x}); give it a publisher's role in "
            "contracts/roles.yaml and run acme render, or publish with --identity"
        )
    if code == PACKET_TOO_LARGE:
        return f"broker {where} refuses packets of this size (0x95); raise its maximum packet size"
    return f"broker {where} ended the connection of {identity!r} (0x{code:02x}); see the broker's log"


def of_publish(identity: str, topic: str, code: int) -> str:
    if code == NOT_AUTHORIZED:
        return (
            f"broker denied {identity!r} publishing on {topic} (0x87 not authorized); "
            "grant it in contracts/roles.yaml and run acme render, or publish with another --identity"
        )
    if code == QUOTA_EXCEEDED:
        return f"broker's quota is used up at {topic} (0x97); start the bridge, or raise the broker's queue"
    return f"broker refused a message on {topic} (0x{code:02x}); see the broker's log"
