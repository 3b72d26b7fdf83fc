"""Long work, piece by piece on the event loop or at once: a generator enters, what it returns leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from time import perf_counter
from typing import Final, TypeVar

HOLD_SECONDS: Final = 0.005
T = TypeVar("T")


async def in_pieces(work: Generator[None, None, T]) -> T:
    """Do the work, letting the loop go on at the first ``yield`` after every few milliseconds."""
    began = perf_counter()
    while True:
        try:
            next(work)
        except StopIteration as done:
            result: T = done.value
            return result
        if perf_counter() - began > HOLD_SECONDS:
            await asyncio.sleep(0)
            began = perf_counter()


def at_once(work: Generator[None, None, T]) -> T:
    """Do the work in one go."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            result: T = done.value
            return result
