"""Is the broker there? Asked as a client would: an MQTT CONNECT, not merely an open port."""

from __future__ import annotations

import ssl
import time
from pathlib import Path

from acme_lib.processes import port_taken

__all__ = ["ACCEPTED", "PROBE_IDENTITY", "connack", "reachable"]

PROBE_IDENTITY = "operator"
ACCEPTED = "Success"


def reachable(host: str) -> str:
    """The address to ask at, where the broker listens on every one."""
    return "127.0.0.1" if host == "0.0.0.0" else host


def connack(host: str, port: int, tls: Path | None = None, within_s: float = 3.0) -> str | None:
    """The CONNACK's reason ("Success", "Not authorized"), None where no broker answers. `tls`: folder of ca.pem, probe.pem."""
    import paho.mqtt.client as mqtt
    from paho.mqtt.enums import CallbackAPIVersion

    host = reachable(host)
    if not port_taken(port, host):
        return None
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="acme-probe", protocol=mqtt.MQTTv5)
    client.username_pw_set(PROBE_IDENTITY)
    if tls:
        context = ssl.create_default_context(cafile=str(tls / "ca.pem"))
        context.load_cert_chain(tls / "probe.pem")
        client.tls_set_context(context)
    answers: list[str] = []
    client.on_connect = lambda _client, _data, _flags, reason, _properties: answers.append(str(reason))
    deadline = time.monotonic() + within_s
    try:
        client.connect(host, port)
        while not answers and time.monotonic() < deadline and client.loop(0.1) == mqtt.MQTT_ERR_SUCCESS:
            pass
        client.disconnect()
    except OSError:
        return None
    return answers[0] if answers else None
