"""The flush: what changed in the owned partitions enters, acknowledged records in the changelog leave.

The order is what makes a crash at any moment harmless (``docs/decisions``): rejected records and changed tallies; then
changed contacts; then the markers; each phase acknowledged before the next begins. Only then the group commits, the
counters of the flush become visible, and what may be forgotten is deleted. All partitions go through a phase together,
so that a flush costs four round trips however many partitions there are.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any, Final, Protocol, TypeAlias

from faust.types import TP

from streams.owned import Holdings, Owned
from streams.partition import Flush
from streams.rejected import rejected_record
from streams.topics import rejected_topic

Pairs: TypeAlias = Iterable[tuple[bytes, bytes | None]]
Acknowledgements: TypeAlias = list[asyncio.Future[Any]]
LOST_SECONDS: Final = 60.0
log = logging.getLogger(__name__)


class Producer(Protocol):
    """What a flush needs of aiokafka's producer."""

    def create_batch(self) -> Any: ...
    async def send_batch(self, batch: Any, topic: str, *, partition: int) -> asyncio.Future[Any]: ...


class Group(Protocol):
    """What a flush needs of the consumer."""

    def in_group(self) -> bool: ...
    async def commit_durable(self, offsets: Mapping[TP, int]) -> bool: ...


class LostOwnershipError(RuntimeError):
    """The group has given the partitions to somebody else during a flush; nothing more may be written."""


async def append(producer: Producer, topic: str, partition: int, pairs: Pairs) -> Acknowledgements:
    """Send pairs, in order, in as many batches as they need; the futures are their acknowledgements."""
    acknowledgements = []
    batch = producer.create_batch()
    for key, value in pairs:
        if batch.append(key=key, value=value, timestamp=None) is None:  # full: an empty one takes a record of any size
            acknowledgements.append(await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            batch.append(key=key, value=value, timestamp=None)
    if batch.record_count():
        batch.close()
        acknowledgements.append(await producer.send_batch(batch, topic, partition=partition))
    return acknowledgements


class Flusher:
    """Flushes ``holdings`` to ``changelog``; flushes never overlap.

    ``interval_seconds`` is the pause between two; ``lease_seconds`` is the session timeout of the group. A worker that
    was away for half of it (stopped, swapped out) asks the broker whether it is still a member before it writes: its
    values may be stale.
    """

    def __init__(
        self,
        holdings: Holdings,
        changelog: str,
        producer: Callable[[], Producer],
        group: Callable[[], Group],
        *,
        interval_seconds: float,
        lease_seconds: float,
    ) -> None:
        self.holdings = holdings
        self.changelog = changelog
        self.flushes = 0
        self.last_seconds = 0.0
        self._producer = producer
        self._group = group
        self._interval_seconds = interval_seconds
        self._lease_seconds = lease_seconds
        self._durable: dict[TP, int] = {}
        self._here_at = monotonic()
        self._busy = asyncio.Lock()
        self._ending = asyncio.Event()
        self._broken = False

    async def run(self) -> None:
        """Flush until ``end``. Raises what a flush raises."""
        while not self._ending.is_set():
            await self.flush()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), self._interval_seconds)

    def end(self) -> None:
        """Let ``run`` return, after the flush under way. Never cancel it: what a flush took, no other will write."""
        self._ending.set()

    async def flush(self) -> None:
        """Write what changed since the last flush; nothing when the group has moved on: a rebalance is on its way.

        What a flush took that did not come to its end is ahead of the changelog for good: nothing more is written until
        ``forget``. Raises KafkaError when the broker would not take it, and LostOwnershipError when no rebalance
        follows; the worker must end then.
        """
        async with self._busy:
            if self._broken:
                self._give_up_in_time()
            elif self.holdings and await self._still_owner():
                started = monotonic()
                self._broken = True
                try:
                    await self._flush()
                except LostOwnershipError as error:
                    log.warning("%s: what it held is read again from the changelog", error)
                    return
                self._broken = False
                self.last_seconds = monotonic() - started

    def forget(self) -> None:
        """The partitions are gone, and what was in memory with them."""
        self._durable.clear()
        self._broken = False

    def _give_up_in_time(self) -> None:
        if monotonic() - self._here_at > LOST_SECONDS:
            raise LostOwnershipError(f"the group moved on {LOST_SECONDS:.0f} s ago, and no rebalance has come")

    async def _still_owner(self) -> bool:
        group = self._group()
        away = monotonic() - self._here_at - self._interval_seconds
        self._here_at = monotonic()
        if not group.in_group():
            return False
        if away < self._lease_seconds / 2 or not self._durable:
            return True
        log.warning("away for %.1f s: asking the group before more is written", away)
        return await group.commit_durable(self._durable)

    async def _flush(self) -> None:
        refused: list[Awaitable[Acknowledgements]] = []
        flushes: list[tuple[Owned, Flush]] = []
        for owned in list(self.holdings.values()):
            if owned.next_offset is not None:
                # In this order, with nothing awaited between: whatever the marker covers, its refused records go first.
                flush = owned.partition.flush()
                refused += self._write_refused(owned)
                if flush is not None:
                    flushes.append((owned, flush))
                await asyncio.sleep(0)
        await self._phase(refused + [self._write(owned, flush.tallies) for owned, flush in flushes])
        await self._phase([self._write(owned, flush.contacts) for owned, flush in flushes])
        await self._phase([self._write(owned, [flush.marker]) for owned, flush in flushes])
        if not flushes:
            return
        offsets = {TP(owned.topic, owned.number): flush.next_offset for owned, flush in flushes}
        if not await self._group().commit_durable(offsets):
            raise LostOwnershipError("the group moved on while a flush was written")
        self._durable.update(offsets)
        forgotten = [(owned, owned.partition.flushed(flush)) for owned, flush in flushes]
        await self._phase([self._write(owned, [(key, None) for key in keys]) for owned, keys in forgotten if keys])
        self.flushes += 1

    async def _phase(self, writes: Iterable[Awaitable[Acknowledgements]]) -> None:
        """Send, and wait until the broker has acknowledged everything."""
        sent = await asyncio.gather(*writes)
        await asyncio.gather(*[future for futures in sent for future in futures])
        if not await self._still_owner():
            raise LostOwnershipError("the group moved on while a flush was written")

    def _write_refused(self, owned: Owned) -> list[Awaitable[Acknowledgements]]:
        pairs = [rejected_record(owned.topic, owned.number, refused) for refused in owned.take_refused()]
        return [append(self._producer(), rejected_topic(owned.topic), owned.number, pairs)] if pairs else []

    def _write(self, owned: Owned, pairs: Pairs) -> Awaitable[Acknowledgements]:
        return append(self._producer(), self.changelog, owned.number, pairs)
