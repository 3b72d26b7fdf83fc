"""The group's offsets: what is stored enters, commits leave, those that never came made up for.

Nobody reads on from them, the markers in the changelog say where. They are for people and lag exporters: a commit that
never came (its worker died behind its transaction, its coordinator was away) must not leave a quiet partition with a
lag that is none. So whatever is stored and the group has not acknowledged is committed again, after a restoration too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from faust.types import TP

from streams.owned import Holdings


class Group(Protocol):
    """What a flush needs of the consumer."""

    def in_group(self) -> bool: ...
    async def commit_durable(self, offsets: Mapping[TP, int]) -> bool: ...
    async def rejoin(self) -> None: ...


class GroupOffsets:
    """Tells ``group`` where a successor would read on in what ``holdings`` has stored; ``known`` is what it knows."""

    def __init__(self, holdings: Holdings, group: Callable[[], Group]) -> None:
        self.known: dict[TP, int] = {}
        self._holdings = holdings
        self._group = group
        self._under_way: asyncio.Future[bool] | None = None

    async def commit(self) -> bool:
        """Tell the group what it does not know. False when it has moved on: these partitions are somebody else's."""
        return await self._commit(self._owed())

    async def follow(self) -> None:
        """Begin to tell the group, after the commit under way has ended; what it refuses is owed still."""
        await self.settle()
        if owed := self._owed():
            self._under_way = asyncio.ensure_future(self._commit(owed))

    async def settle(self) -> None:
        """Wait for the commit under way."""
        if self._under_way is not None:
            await self._under_way

    def forget(self) -> None:
        """The partitions are gone, and whoever has them tells the group."""
        self.known.clear()

    def _owed(self) -> dict[TP, int]:
        stored = {TP(*key): owned.stored_offset for key, owned in self._holdings.items() if owned.stored_offset}
        return {tp: offset for tp, offset in stored.items() if self.known.get(tp) != offset}

    async def _commit(self, offsets: dict[TP, int]) -> bool:
        if not offsets:
            return True
        done = await self._group().commit_durable(offsets)
        if done:
            self.known.update(offsets)
        return done
