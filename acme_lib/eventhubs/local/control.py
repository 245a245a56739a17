"""Speaks to a running door's control port."""

from __future__ import annotations

import json
import socket
from typing import Any

from acme_lib.errors import Stop, WrongUse
from acme_lib.settings import Settings

__all__ = ["ask", "door_answers"]


def ask(settings: Settings, command: str, timeout_s: float = 5.0) -> dict[str, Any]:
    """The door's answer to one command. Raises Stop where no door listens, WrongUse where it does not know the command."""
    port = settings.eventhubs.control_port
    try:
        with socket.create_connection(("127.0.0.1", port), timeout_s) as s:
            s.sendall(command.encode() + b"\n")
            line = s.makefile("rb").readline()
    except OSError as e:
        raise Stop(
            f"no door answers on control port {port}: start it with `acme eventhubs serve`, or set eventhubs.control_port"
        ) from e
    if not line:
        raise Stop(f"the door on control port {port} closed the connection; see eventhubs/door.log")
    answer: dict[str, Any] = json.loads(line)
    if "error" in answer:
        raise WrongUse(str(answer["error"]))
    return answer


def door_answers(settings: Settings) -> bool:
    try:
        return bool(ask(settings, "ping", 1.0).get("ok"))
    except Stop:
        return False
