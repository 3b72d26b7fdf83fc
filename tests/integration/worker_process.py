"""``python -m tests.integration.worker_process BOOTSTRAP APP_ID``: a toy worker until it is told to leave, or killed."""

from __future__ import annotations

import asyncio
import logging
import sys

from streams.app import build
from tests.integration.conftest import settings_for
from tests.integration.toy_partition import ToyPartition


async def main(bootstrap: str, app_id: str) -> None:
    """Work, and say so once there are restored partitions."""
    worker = build(settings_for(bootstrap, app_id), ToyPartition)
    task = asyncio.create_task(worker.run())
    while not task.done() and (not worker.partitions or worker.restoring):
        await asyncio.sleep(0.01)
    print("restored", flush=True)
    await task


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    asyncio.run(main(sys.argv[1], sys.argv[2]))
