"""Long-lived child processes: started with a log, awaited until ready, ended by their id, never outliving us."""

from __future__ import annotations

import ctypes
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from acme_lib.errors import Stop

__all__ = ["Process", "free_port", "port_taken"]

_PR_SET_PDEATHSIG = 1
BELOW_EPHEMERAL = range(20_000, 32_000)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def port_taken(port: int, host: str = "127.0.0.1") -> bool:
    """True where something already listens."""
    with socket.socket() as s:
        s.settimeout(0.5)
        return s.connect_ex((host, port)) == 0


def free_port() -> int:
    """A loopback port that is free now, below those that systems give to outgoing connections: one of these could take it
    before its owner does. Raises Stop where there is none."""
    for port in random.SystemRandom().sample(BELOW_EPHEMERAL, 200):
        with socket.socket() as s, suppress(OSError):
            s.bind(("127.0.0.1", port))
            return port
    raise Stop("no free port between 20,000 and 32,000; end what listens there")


class Process:
    """One child. `ready()` is polled until true; a child that ends before that raises Stop with the log's last lines."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        log: Path,
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        ready: Callable[[], bool] = lambda: True,
        ready_within_s: float = 60.0,
        show_stderr: bool = False,
    ) -> None:
        self.name, self.argv, self.log, self.cwd = name, list(argv), log, cwd
        self.env = {**os.environ, **(env or {})}
        self.ready, self.ready_within_s = ready, ready_within_s
        self.show_stderr = show_stderr  # its progress bar belongs on the terminal
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._child.poll() if self._child else None

    def alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def start(self) -> Process:
        """Starts the child and returns once it is ready."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as out:
            self._child = subprocess.Popen(  # own session: Ctrl-C reaches us alone, and we end it in order
                self.argv,
                stdout=out,
                stderr=None if self.show_stderr else subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=self.env,
                cwd=self.cwd,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        deadline = time.monotonic() + self.ready_within_s
        while not self.ready():
            if not self.alive():
                raise Stop(f"{self.name} ended at start (exit {self._child.returncode}): {self.tail()}; see {self.log}")
            if time.monotonic() > deadline:
                self.kill()
                raise Stop(
                    f"{self.name} was not ready within {self.ready_within_s:.0f} s: {self.tail()}; see {self.log}"
                )
            time.sleep(0.05)
        return self

    def tail(self, lines: int = 3) -> str:
        try:
            return " | ".join(self.log.read_text(errors="replace").strip().splitlines()[-lines:])
        except OSError:
            return "no log"

    def stop(self, within_s: float = 10.0) -> None:
        """SIGTERM, then SIGKILL to the child's whole group."""
        if self._child is None:
            return
        self._signal(signal.SIGTERM)
        try:
            self._child.wait(within_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        if self._child is not None:
            self._signal(signal.SIGKILL)
            self._child.wait()

    def _signal(self, number: int) -> None:
        if self._child is not None and self.alive():
            try:
                os.killpg(self._child.pid, number)
            except ProcessLookupError:
                return

    def __enter__(self) -> Process:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
