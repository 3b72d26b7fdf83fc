"""``python -m tests.integration.worker_process BOOTSTRAP APP_ID [send|commit|tell]``: a toy worker until told to leave.

With the third argument it stops itself at that point of a flush when it gets SIGUSR1, and kills itself by SIGUSR2:
at the second record sent, the second transaction committed, or before the group is told how far it read.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Final

from streams.app import build, work
from tests.integration.conftest import settings_for
from tests.integration.faults import COMMITTING, SENDING, TELLING_THE_GROUP, Faults
from tests.integration.harness import until
from tests.integration.toy_partition import ToyPartition

_POINTS: Final = {"send": (SENDING, 1), "commit": (COMMITTING, 1), "tell": (TELLING_THE_GROUP, 0)}


def main(bootstrap: str, app_id: str, strikes_at: str = "") -> None:
    """Work, and say so once there are restored partitions."""
    if strikes_at:
        point, lets_through = _POINTS[strikes_at]
        Faults(after=lambda: lets_through).install((point,))
    worker = build(settings_for(bootstrap, app_id), ToyPartition)
    telling: list[asyncio.Task[None]] = []

    async def tell() -> None:
        await until(lambda: bool(worker.partitions) and not worker.restoring)
        print("restored", flush=True)

    async def begin() -> None:
        telling.append(asyncio.create_task(tell()))

    async def end() -> None:
        telling[0].cancel()

    worker.on_start.append(begin)
    worker.on_stop.append(end)
    work(worker)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    main(*sys.argv[1:])
