"""``python -m streams.broker [apache [NODES]|embedded]``: run one until Ctrl-C and print its address."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Sequence

from streams.broker import BrokerFailedError, BrokerUnavailableError, apache_kafka, embedded_broker
from streams.writing import NoPlaceError


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
            leave.wait()
    except (BrokerUnavailableError, BrokerFailedError, NoPlaceError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
