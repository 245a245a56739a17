"""What the SDK's errors mean for the sender: the same batch again, slower, or never."""

from __future__ import annotations

import re
from collections.abc import Iterator

from acme_lib.errors import AcmeError, Retry, SlowDown, Stop

__all__ = ["judge"]

THROTTLED_S = 4.0  # Event Hubs asks for at least this on error 50002
_STATUS = re.compile(r"Status code: (\d{3})")
_CONDITION = re.compile(r"(?:amqp|com\.microsoft):([a-z:-]+)")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was raised from; the SDK wraps, and hides, what a credential raised."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _condition(error: BaseException) -> str:
    """The AMQP condition without its prefix, such as server-busy; empty where there is none."""
    for link in _chain(error):
        found = getattr(link, "condition", None)
        text = getattr(found, "value", found)
        if isinstance(text, bytes) and b":" in text:
            return text.decode().partition(":")[2]
    known = getattr(error, "error", None)
    return known or ""


def _denied(hub: str, text: str) -> AcmeError:
    if "ExpiredToken" in text or "expired" in text:
        return Stop(
            f"hub {hub}: the token has expired; renew the connection string's signature, or correct this machine's clock ({_first(text)})"
        )
    return Stop(
        f"hub {hub}: not authorized; give this identity the role Azure Event Hubs Data Sender on the hub, or correct the "
        f"key in the connection string ({_first(text)})"
    )


def _first(text: str) -> str:
    return " ".join(text.split())[:200]


def judge(error: Exception, hub: str, partition: int | None = None) -> AcmeError:
    """The error to raise instead. An outcome that is not known is Retry: at least once, never lost."""
    for link in _chain(error):
        if isinstance(link, AcmeError):
            return link
    text, condition = str(error), _condition(error)
    status = _STATUS.search(text)
    code = int(status.group(1)) if status else 0
    if condition == "server-busy" or "50002" in text:
        return SlowDown(f"hub {hub} is throttled: {_first(text)}", THROTTLED_S)
    if condition == "link:message-size-exceeded":
        return Stop(
            f"hub {hub}: a message is larger than it takes; lower max_event_bytes in contracts/bridge.yaml ({_first(text)})"
        )
    if condition == "unauthorized-access" and "ExpiredToken" in text:
        return Retry(f"hub {hub}: the token ended under way; a new one is fetched on reconnecting ({_first(text)})")
    if condition in ("unauthorized-access", "not-allowed") or code in (401, 403):
        return _denied(hub, text)
    if condition == "not-found" or code == 404:
        return Stop(f"hub {hub} does not exist there; make it, or correct contracts/bridge.yaml or eventhubs.namespace")
    if condition == "argument-out-of-range" or "Invalid partition" in text:
        return Stop(f"hub {hub} has no partition {partition}; correct the partitions in contracts/bridge.yaml")
    if condition == "entity-disabled":
        return Stop(f"hub {hub} is disabled; enable it in the portal")
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return Retry(
            f"hub {hub}: the other end's certificate is not trusted; check what stands between, or the CA file ({_first(text)})"
        )
    return Retry(f"hub {hub}: {condition or type(error).__name__}: {_first(text)}")
