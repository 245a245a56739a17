"""The broker's command line: Java, heap, class path, and the doors into the JDK that HiveMQ's storage needs."""

from __future__ import annotations

import os
from pathlib import Path

from acme_lib.settings import Settings
from acme_lib.toolchain import class_path, compiled, find_java, shared_classes

__all__ = ["INFLIGHT", "MAIN", "argv"]

MAIN = "com.acme.broker.launcher.Launcher"
INFLIGHT = 10_000  # unacknowledged messages a subscriber; its own Receive Maximum bounds it further
OPENS = (
    "java.base/java.lang",
    "java.base/java.nio",
    "java.base/sun.nio.ch",
    "jdk.management/com.sun.management.internal",
)


def argv(settings: Settings, home: Path) -> list[str]:
    """The whole command."""
    path = os.pathsep.join([str(compiled(settings, "broker-launcher")), class_path(settings, "hivemq")])
    doors = [word for door in OPENS for word in ("--add-opens", f"{door}=ALL-UNNAMED")]
    exports = ["--add-exports", "java.base/jdk.internal.misc=ALL-UNNAMED"]
    # without memory it would go on half alive: end, so that its keeper starts it again
    memory = [f"-Xmx{settings.broker.heap}", "-XX:+ExitOnOutOfMemoryError"]
    facts = [f"-Dhivemq.home={home}", f"-Dacme.inflight={INFLIGHT}"]
    java = find_java()
    start = shared_classes(settings, java, "broker", path)
    return [java.exe, *start, *memory, *facts, *doors, *exports, "-cp", path, MAIN]
