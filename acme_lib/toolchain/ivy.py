"""Jars with all they need, by the Ivy that pyspark ships. Several resolutions run side by side, each with its own cache."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from acme_lib.errors import Stop
from acme_lib.processes import Process
from acme_lib.toolchain.jars import Root
from acme_lib.toolchain.java import Java

__all__ = ["Resolution", "resolve"]

CACHE = Path("~/.ivy2/acme")
WITHIN_S = 600.0


@dataclass(frozen=True)
class Resolution:
    """One root into one folder."""

    root: Root
    folder: Path

    @property
    def log(self) -> Path:
        return self.folder.with_suffix(".log")

    @property
    def cache(self) -> Path:
        # one cache a root: Ivy's cache has no lock, and runs side by side would share artefacts
        return CACHE.expanduser() / f"{self.root.name}-{self.root.version}"


def resolve(java: Java, wanted: Sequence[Resolution], seen: Callable[[Resolution, int], None]) -> None:
    """Fills every folder, side by side. `seen(resolution, jars)` is called while they run. Raises Stop."""
    runs = [(r, Process(f"ivy {r.root.name}", _argv(java, r), r.log)) for r in wanted]
    try:
        for r, process in runs:
            r.folder.mkdir(parents=True)
            process.start()
        _watch(runs, seen)
    finally:  # also on Ctrl-C: nothing of ours goes on running
        for _, process in runs:
            process.kill()
    for r, _ in runs:
        if not any(r.folder.glob("*.jar")):
            raise Stop(f"{r.root.name} {r.root.version} could not be fetched: {_reason(r.log)}")


def _watch(runs: list[tuple[Resolution, Process]], seen: Callable[[Resolution, int], None]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while any(process.alive() for _, process in runs):
        if time.monotonic() > deadline:
            raise Stop(f"jars did not arrive within {WITHIN_S:.0f} s; check the network, then run make setup again")
        for r, _ in runs:
            seen(r, r.log.read_text(errors="replace").count("[SUCCESSFUL"))
        time.sleep(0.1)


def _argv(java: Java, r: Resolution) -> list[str]:
    words = ["-cache", str(r.cache), "-dependency", r.root.org, r.root.name, r.root.version, "-confs", "default"]
    pattern = str(r.folder / "[artifact]-[revision].[ext]")
    return [java.exe, "-jar", str(_ivy()), *words, "-types", "jar", "bundle", "-retrieve", pattern]


def _ivy() -> Path:
    spec = find_spec("pyspark")
    jars = sorted((Path(spec.origin).parent / "jars").glob("ivy-*.jar")) if spec and spec.origin else []
    if not jars:
        raise Stop(
            "pyspark is not installed, and set-up needs the Ivy it ships; run make setup (pip install acme-platform-lib[spark])"
        )
    return jars[-1]


def _reason(log: Path) -> str:
    """Ivy's own words, without its stack traces."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
    told = [line for line in lines if line.startswith(("::", "[FAILED", "Server access error", "UNRESOLVED"))]
    telling = [line for line in told if "not found" in line or "FAILED" in line or "error" in line.lower()]
    return (telling or lines or ["no output"])[0].strip(
        ": "
    ) + "; check the network or the proxy, then run make setup again"
