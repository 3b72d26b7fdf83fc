"""How a worker has cycles of garbage sought: by the clock. Its state is large and has none; hardly anything else has.

Python looks whenever so many objects are new. At full speed that is a dozen times a second, at records that are only on
their way through: an eighth of a worker's time, to find a dozen objects. Here everything is looked at each ten minutes,
or so seldom that it costs a ten-thousandth of the time.

When partitions change hands, Kafka's client leaves cycles: every tenth time all is looked at as well. What is free
then, and each time, goes back to the system: C's allocator would keep for good what a worker needed once that was
behind.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from time import monotonic
from typing import Final

LEAST_SECONDS: Final = 600.0
SHARE: Final = 10_000
REBALANCES: Final = 10
_rebalances = count(1)  # of this process, as its garbage is


def pause_after(seconds: float) -> float:
    """Seconds until garbage is sought again, when the last time took so many."""
    return max(LEAST_SECONDS, SHARE * seconds)


def after_rebalance() -> None:
    """Partitions have changed hands; whoever has waited for them can, every tenth time, wait a moment more."""
    if next(_rebalances) % REBALANCES == 0:
        gc.collect()
    give_back()


def give_back() -> None:
    """Give back to the system what is free, where the C library can (glibc): some milliseconds."""
    if (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)


@asynccontextmanager
async def sought_by_the_clock() -> AsyncIterator[None]:
    """While the block lasts, this process looks for garbage by the clock, not by counting objects."""
    was_on = gc.isenabled()
    gc.disable()
    seeking = asyncio.create_task(_seek_by_the_clock())
    try:
        yield
    finally:
        seeking.cancel()
        if was_on:
            gc.enable()


async def _seek_by_the_clock() -> None:
    pause = pause_after(0.0)
    while True:
        await asyncio.sleep(pause)
        began = monotonic()
        gc.collect()
        give_back()
        pause = pause_after(monotonic() - began)
