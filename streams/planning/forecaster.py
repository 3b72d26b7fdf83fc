"""Forecasts made once a minute, beside the event loop: snapshots enter, the latest ``Ahead`` of every queue leaves.

What a forecast needs is read on the loop, half a millisecond a queue; the forecast itself is made in a thread, one
queue at a time, with pauses, so that all of it together takes ``SHARE`` of one processor at the most: on a floor too
large for a minute, forecasts are older, and say so. An old one is served until the new one is there. A worker that is
behind catches up first: until then a floor of the past would be looked at every few seconds.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from time import thread_time
from typing import Final, TypeAlias

from streams.partition import Partition
from streams.planning import can_be_planned
from streams.planning.ahead import Ahead, ahead
from streams.planning.given import Almanac, Given, Roster, gather
from streams.planning.roster import roster
from streams.snapshot import Snapshot
from streams.staffing.warning import Watch
from streams.view import Key

EVERY_SECONDS: Final = 60.0
"""How old a forecast is when the next one is begun."""

RETRY_SECONDS: Final = 5.0
"""Until the first round, and while there is nothing to forecast yet."""

SHARE: Final = 0.05
"""Of one processor, over a whole round."""

FRESH_MS: Final = 15_000
"""A snapshot so old is good enough to forecast from; one that others asked for costs nothing."""

FORGOTTEN_MS: Final = 300_000
"""A forecast older than this is of another time: it is no longer told."""

Take: TypeAlias = Callable[[int], Awaitable[Snapshot]]
"""A snapshot not older than so many milliseconds."""

log = logging.getLogger(__name__)


class Forecaster:
    """The latest forecast of every queue that can be planned, while this worker sees the whole floor.

    ``take(within_ms)`` gives a snapshot; ``partitions()`` those owned at the moment of asking; while the worker
    ``is_behind`` a round begins no sooner than ``every_seconds`` after the last one, or the start.
    """

    def __init__(
        self,
        take: Take,
        partitions: Callable[[], Collection[Partition]],
        *,
        is_behind: Callable[[], bool] = lambda: False,
        every_seconds: float = EVERY_SECONDS,
        share: float = SHARE,
    ) -> None:
        self._take = take
        self._partitions = partitions
        self._is_behind = is_behind
        self._every_seconds = every_seconds
        self._share = share
        self._found: dict[Key, Ahead] = {}
        self._almanac = Almanac()
        self._task: asyncio.Task[None] | None = None

    def latest(self, now: int) -> dict[Key, Ahead]:
        """The forecasts that are not too old at ``now`` (epoch ms)."""
        return {key: found for key, found in self._found.items() if 0 <= now - found.made_at <= FORGOTTEN_MS}

    def start(self) -> None:
        """Begin; the first forecasts are there as soon as there is something to forecast."""
        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(self._ended)

    async def stop(self) -> None:
        """End. Stopping twice, or before starting, is fine."""
        if self._task is not None:
            task, self._task = self._task, None
            task.cancel()
            await asyncio.wait({task})

    async def _run(self) -> None:
        clock = asyncio.get_running_loop().time
        began = clock()
        await asyncio.sleep(RETRY_SECONDS)
        while True:
            if clock() - began < self._every_seconds and self._is_behind():
                await asyncio.sleep(RETRY_SECONDS)
                continue
            began = clock()
            await self.round()
            every = self._every_seconds if self._found else RETRY_SECONDS
            await asyncio.sleep(max(0.0, every - (clock() - began)))

    async def round(self) -> None:
        """Make the forecasts of all queues, one after the other; those of queues that have gone are forgotten."""
        snapshot = await self._take(FRESH_MS)
        keys = [(row.queue, row.channel) for row in snapshot.rows] if not snapshot.missing else []
        self._found = {key: found for key, found in self._found.items() if key in keys}
        plans: Roster = {}
        planned_at = -1
        for key in keys:
            snapshot = await self._take(FRESH_MS)
            row = next((row for row in snapshot.rows if (row.queue, row.channel) == key), None)
            if row is None or not can_be_planned(snapshot, row):
                self._found.pop(key, None)
                continue
            partitions = list(self._partitions())
            if snapshot.now != planned_at:
                planned_at, plans = snapshot.now, roster(partitions, snapshot.now)
            given = gather(partitions, snapshot, row, plans, self._almanac)
            before = self._found[key].watch if key in self._found else None
            found, spent = await asyncio.to_thread(_timed, given, before)
            self._found[key] = found
            await asyncio.sleep(spent / self._share - spent)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A bug in a forecast ends the forecasts, not the worker, and is told."""
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("forecasts could not be made", exc_info=error)
            self._found.clear()


def _timed(given: Given, before: Watch | None) -> tuple[Ahead, float]:
    """The forecast, and the seconds of processor time it took."""
    began = thread_time()
    return ahead(given, before), thread_time() - began
