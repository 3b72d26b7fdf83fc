"""Long work on the event loop, piece by piece: a generator enters, what it returns leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")


async def in_pieces(work: Generator[None, None, T]) -> T:
    """Do the work, letting the loop go on at every ``yield``."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            result: T = done.value
            return result
        await asyncio.sleep(0)
