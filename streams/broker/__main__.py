"""``python -m streams.broker [apache [NODES]|embedded]``: run one until Ctrl-C and print its address."""

from __future__ import annotations

import signal
import socket
import sys
import threading
from collections.abc import Sequence
from typing import Final

from streams.broker import BrokerFailedError, BrokerUnavailableError, apache_kafka, embedded_broker
from streams.writing import NoPlaceError

_LOOK_SECONDS: Final = 1.0


def main(arguments: Sequence[str]) -> int:
    """Run the broker named, by default one node of Apache Kafka; an exit code leaves."""
    kind, *rest = arguments or ["apache"]
    if kind not in ("apache", "embedded") or len(rest) > (kind == "apache") or not all(n.isdigit() for n in rest):
        print("usage: python -m streams.broker [apache [NODES]|embedded]", file=sys.stderr)
        return 2
    leave = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: leave.set())
    try:
        with embedded_broker() if kind == "embedded" else apache_kafka(nodes=int((rest or ["1"])[0])) as found:
            print(f"Kafka listens on {found}; Ctrl-C ends it and deletes its data.", flush=True)
            _wait(leave, found)
    except (BrokerUnavailableError, BrokerFailedError, NoPlaceError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _wait(leave: threading.Event, servers: str) -> None:
    """Until told to leave. Raises BrokerFailedError when none of the servers (``host:port,...``) is there any more."""
    while not leave.wait(_LOOK_SECONDS):
        if not any(_answers(*server.rsplit(":", 1)) for server in servers.split(",")):
            raise BrokerFailedError(f"the broker on {servers} has ended by itself: start it again")


def _answers(host: str, port: str) -> bool:
    try:
        socket.create_connection((host, int(port)), timeout=_LOOK_SECONDS).close()
    except ConnectionRefusedError:
        return False
    except OSError:
        return True  # busy, perhaps; it has not said that it is gone
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
