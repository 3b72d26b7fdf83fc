"""A broker's process: a command and its port enter, a process that answers leaves, and ends when it is told to."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path


class BrokerUnavailableError(RuntimeError):
    """The broker can't be had on this machine (a program or a download is missing); the message names it."""


class BrokerFailedError(RuntimeError):
    """The broker started and did not come up; the message carries what it printed."""


def free_ports(count: int = 1) -> list[int]:
    """Distinct loopback ports that were free a moment ago."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


class BrokerProcess:
    """One broker, running or not; what it prints is kept in ``folder``."""

    def __init__(self, command: Sequence[str], port: int, folder: Path, patience: float) -> None:
        self.port = port
        self._command = command
        self._folder = folder
        self._patience = patience
        self._printed = folder / f"printed-{port}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether there is a process that has not ended."""
        return self._process is not None and self._process.poll() is None

    def begin(self) -> None:
        """Start the process; it may not answer yet."""
        with self._printed.open("ab") as out:
            # A session of its own: Ctrl-C in the terminal reaches the worker first, the broker once that has left.
            self._process = subprocess.Popen(
                self._command, stdout=out, stderr=subprocess.STDOUT, cwd=self._folder, start_new_session=True,
            )  # fmt: skip

    def until_it_answers(self) -> None:
        """Wait until the port takes a connection. Raises BrokerFailedError when it does not in time."""
        deadline = time.monotonic() + self._patience
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                if not self.is_running or time.monotonic() > deadline:
                    last = self._printed.read_text(errors="replace")[-2_000:]
                    raise BrokerFailedError(f"the broker did not come up on port {self.port}:\n{last}") from None
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def end(self) -> None:
        """Ask it to end, and kill it when it does not within ten seconds."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.kill()
