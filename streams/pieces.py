"""Long work, piece by piece on the event loop or at once: a generator enters, what it returns leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Iterator
from time import perf_counter
from typing import Final, Generic, TypeVar

HOLD_SECONDS: Final = 0.015
"""What a piece may take before others have their turn; less, and a snapshot of a busy floor takes longer (0019)."""
T = TypeVar("T")


class _Kept(Generic[T]):
    """The pieces of some work; ``result`` is what it returns, once there are no more."""

    result: T

    def __init__(self, work: Generator[None, None, T]) -> None:
        self._work = work

    def __iter__(self) -> Iterator[None]:
        self.result = yield from self._work


async def in_pieces(work: Generator[None, None, T]) -> T:
    """Do the work, letting the loop go on at the first ``yield`` after every few milliseconds."""
    began, pieces = perf_counter(), _Kept(work)
    for _ in pieces:
        if perf_counter() - began > HOLD_SECONDS:
            await asyncio.sleep(0)
            began = perf_counter()
    return pieces.result


def at_once(work: Generator[None, None, T]) -> T:
    """Do the work in one go."""
    pieces = _Kept(work)
    for _ in pieces:
        pass
    return pieces.result
