"""The flush: what changed in the owned partitions enters, acknowledged records in the changelog leave.

The order is what makes a crash at any moment harmless (``docs/decisions``): rejected records, changed tallies and the
facts for partitions of other topics; then changed contacts; then the markers; each phase acknowledged before the next
begins. Only then the group commits, the counters of the flush become visible, and what may be forgotten is deleted.
All partitions go through a phase together, so that a flush costs four round trips however many partitions there are.

Behind a ``Fence`` all of this is one transaction for each partition number, what may be forgotten is deleted by the
next one, and the commit follows by itself. What the other workers are told (``streams.sharing``) goes with it, or,
without a fence, behind it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from time import monotonic, time_ns
from typing import Any, Final, NamedTuple, Protocol

from streams.crossing.wire import bundled, head_of
from streams.fence import Acknowledgements, Fence, LostOwnershipError, Pairs, Send, append
from streams.group_offsets import Group, GroupOffsets
from streams.owned import Holdings, Owned
from streams.partition import Flush, Refused
from streams.placing import by_murmur2
from streams.rejected import rejected_record
from streams.sharing import Sharing, Telling, deleted
from streams.topics import rejected_topic

LOST_SECONDS: Final = 60.0
_HOLD_SECONDS: Final = 0.01
_PAUSES: Final = 4
"""So many times as long as a flush is the pause after it when a worker is far behind; less far, less in proportion."""
_LONGEST_PAUSE_SECONDS: Final = 2.5
_LOOK_SECONDS: Final = 0.2
SLOW_SECONDS: Final = 10.0
"""After which nothing more is applied while a flush is under way, or was broken off."""
REFUSED_BYTES: Final = 32 * 1024 * 1024
"""What refused records may take that wait for a flush."""
_EBB_SECONDS: Final = 0.02
log = logging.getLogger(__name__)


class Producer(Protocol):
    """What a flush needs of aiokafka's producer."""

    def create_batch(self) -> Any: ...
    async def send_batch(self, batch: Any, topic: str, *, partition: int) -> asyncio.Future[Any]: ...
    async def partitions_for(self, topic: str) -> set[int]: ...


class _Taken(NamedTuple):
    """What a flush takes of one source topic and partition."""

    owned: Owned
    refused: list[Refused]
    flush: Flush


class Flusher:
    """Flushes ``holdings`` to ``changelog``, to the ``facts`` topics by destination, and what is shared to ``floor``.

    Flushes never overlap. ``interval_seconds`` is the pause between two, longer the further the worker is ``behind``
    (1.0: far): what changes often is then written once. ``lease_seconds`` is the session timeout of the group: without
    a ``fence``, a worker that was away for half of it (stopped, swapped out) asks the broker whether it is still a
    member before it writes, as its values may be stale.
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
        behind: Callable[[], float] = lambda: 0.0,
        fence: Fence | None = None,
        facts: Mapping[str, str] | None = None,
        sharing: Sharing | None = None,
        floor: str = "",
    ) -> None:
        self.holdings = holdings
        self.sharing = sharing
        self.floor = floor
        self.changelog = changelog
        self.facts = facts or {}
        self.flushes = 0
        self.last_seconds = 0.0
        self._producer = producer
        self._group = group
        self._interval_seconds = interval_seconds
        self._pause_seconds = interval_seconds
        self._behind = behind
        self._lease_seconds = lease_seconds
        self._fence = fence
        self._offsets = GroupOffsets(holdings, group)
        self._here_at = monotonic()
        self._busy = asyncio.Lock()
        self._ending = asyncio.Event()
        self._wanted = asyncio.Event()
        self._broken = False
        self._begun_at = 0.0

    async def run(self) -> None:
        """Flush until ``end``. Raises what a flush raises."""
        while not self._ending.is_set():
            self._wanted.clear()
            await self.flush()
            await self._pause()

    async def _pause(self) -> None:
        """Wait until the next flush is due or wanted; no longer behind, it is due sooner than it seemed before."""
        self._pause_seconds = 0.0
        while not self._wanted.is_set():
            left = pause_seconds(self._interval_seconds, self.last_seconds, self._behind()) - self._pause_seconds
            if left <= 0.0:
                break
            wait = min(left, _LOOK_SECONDS)
            self._pause_seconds += wait
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), wait)

    def end(self) -> None:
        """Let ``run`` return, after the flush under way. Never cancel it: what a flush took, no other will write."""
        self._ending.set()
        self._wanted.set()

    async def ebb(self) -> None:
        """To be awaited before more is applied: wait while too much is in memory that is not written.

        That is refused records, for which the next flush is made at once, and whatever a slow flush keeps waiting.
        """
        while self._is_high:
            self._wanted.set()
            async with self._busy:
                pass  # the flush under way has ended
            await asyncio.sleep(_EBB_SECONDS)

    @property
    def under_way(self) -> bool:
        """Whether a flush is being made."""
        return self._busy.locked()

    @property
    def _is_high(self) -> bool:
        slow = self._broken and monotonic() - self._begun_at > SLOW_SECONDS
        return slow or self.holdings.refused_bytes > REFUSED_BYTES

    async def flush(self, *, farewell: bool = False) -> bool:
        """Write what changed since the last flush; nothing when the group has moved on: a rebalance is on its way.

        True when everything applied before is stored now. ``farewell``: it is the last one, and the other workers are
        told so.

        What a flush took that did not come to its end is ahead of the changelog for good: nothing more is written until
        ``forget``. Raises KafkaError when the broker would not take it, and LostOwnershipError when no rebalance
        follows; the worker must end then.
        """
        async with self._busy:
            if self._broken:
                self._give_up_in_time()
            elif self.holdings and await self._still_owner():
                started = self._begun_at = monotonic()
                self._broken = True
                try:
                    await self._flush(farewell)
                except LostOwnershipError as error:
                    log.warning("%s: what it held is read again from the changelog", error)
                    if self._fenced:
                        await self._group().rejoin()
                    return False
                self._broken = False
                self.last_seconds = monotonic() - started
                return True
            return False

    def forget(self) -> None:
        """The partitions are gone, and what was in memory with them."""
        self._offsets.forget()
        self._broken = False
        if self.sharing is not None:
            self.sharing.forget()

    @property
    def _fenced(self) -> bool:
        return self._fence is not None and self._fence.on

    def _give_up_in_time(self) -> None:
        if monotonic() - self._here_at > LOST_SECONDS:
            raise LostOwnershipError(f"the group moved on {LOST_SECONDS:.0f} s ago, and no rebalance has come")

    async def _still_owner(self) -> bool:
        group = self._group()
        away = monotonic() - self._here_at - self._pause_seconds
        self._here_at = monotonic()
        if not group.in_group():
            return False
        if self._fenced or away < self._lease_seconds / 2 or not self._offsets.known:
            return True
        log.warning("away for %.1f s: asking the group before more is written", away)
        return await group.commit_durable(self._offsets.known)

    async def _flush(self, farewell: bool) -> None:
        taken = []
        sharing, now = self.sharing, monotonic()
        telling = sharing is not None and (farewell or sharing.is_due(now))
        held_since = now
        for owned in list(self.holdings.values()):
            if owned.next_offset is not None:
                # With nothing awaited between: whatever the marker covers, its refused records go with it or before.
                flush = owned.partition.flush()
                if flush is not None:
                    taken.append(_Taken(owned, owned.take_refused(), flush))
                if sharing is not None:
                    sharing.note(owned, flush)
                    if telling:
                        sharing.look(owned, now, time_ns() // 1_000_000)
                if monotonic() - held_since > _HOLD_SECONDS:  # not for each: behind each waits a batch to be applied
                    await asyncio.sleep(0)
                    held_since = monotonic()
        told = sharing.take(now, farewell=farewell) if sharing is not None and telling else {}
        if taken or told:
            await (self._in_transactions(taken, told) if self._fenced else self._in_phases(taken, told))
            self.flushes += bool(taken)
        await self._offsets.follow()
        if farewell:
            await self._offsets.settle()

    async def _in_transactions(self, taken: list[_Taken], told: Mapping[int, Telling]) -> None:
        writes = [
            self._transaction(number, [one for one in taken if one.owned.number == number], told.get(number))
            for number in {*told, *(one.owned.number for one in taken)}
        ]
        results = await asyncio.gather(*writes, return_exceptions=True)  # all have ended: nothing is under way any more
        errors = [error for error in results if error is not None]
        for error in sorted(errors, key=lambda error: isinstance(error, LostOwnershipError)):
            raise error

    async def _transaction(self, number: int, taken: list[_Taken], told: Telling | None) -> None:
        assert self._fence is not None
        sends = []
        for owned, refused, flush in taken:
            if refused:
                sends.append(Send(rejected_topic(owned.topic), number, self._refused(owned, refused)))
            gone = [(key, None) for key in owned.take_forgotten()]
            # What was forgotten goes first: a contact that came back since is written again behind it.
            state = [*gone, *owned.identity(), *flush.tallies, *flush.contacts, flush.marker]
            sends.append(Send(self.changelog, number, state))
        sends += await self._facts(taken)
        if told is not None:
            sends += [Send(self.floor, number, told.records), Send(self.changelog, number, told.marks)]
        before = self.holdings.ends.pop(number, None)
        ends = await self._fence.write(number, sends)
        if (end := ends.get((self.changelog, number), before)) is not None:
            self.holdings.ends[number] = end
        for owned, _, flush in taken:
            owned.stored_offset = flush.next_offset
            owned.forgotten = self._flushed(owned, flush)

    def _flushed(self, owned: Owned, flush: Flush) -> list[bytes]:
        owned.stored_id = owned.topic_id
        keys = owned.partition.flushed(flush)
        if self.sharing is not None:
            deleted(owned, keys)
        return keys

    async def _in_phases(self, taken: list[_Taken], told: Mapping[int, Telling]) -> None:
        if taken:
            await self._store_in_phases(taken)
        await self._phase([append(self._producer(), self.floor, n, one.records) for n, one in told.items()])
        await self._phase([append(self._producer(), self.changelog, n, one.marks) for n, one in told.items()])

    async def _store_in_phases(self, taken: list[_Taken]) -> None:
        refused = [
            append(self._producer(), rejected_topic(one.owned.topic), one.owned.number, pairs)
            for one in taken
            if (pairs := self._refused(one.owned, one.refused))
        ]
        facts = [append(self._producer(), *send) for send in await self._facts(taken)]
        tallies = [self._write(one.owned, one.owned.identity() + one.flush.tallies) for one in taken]
        await self._phase(refused + facts + tallies)
        await self._phase([self._write(one.owned, one.flush.contacts) for one in taken])
        await self._phase([self._write(one.owned, [one.flush.marker]) for one in taken])
        for one in taken:
            one.owned.stored_offset = one.flush.next_offset
        if not await self._offsets.commit():
            raise LostOwnershipError("the group moved on while a flush was written")
        forgotten = [(one.owned, self._flushed(one.owned, one.flush)) for one in taken]
        await self._phase([self._write(owned, [(key, None) for key in keys]) for owned, keys in forgotten if keys])

    async def _phase(self, writes: Iterable[Awaitable[Acknowledgements]]) -> None:
        """Send, and wait until the broker has acknowledged everything."""
        sent = await asyncio.gather(*writes)
        await asyncio.gather(*[future for futures in sent for future in futures])
        if not await self._still_owner():
            raise LostOwnershipError("the group moved on while a flush was written")

    def _refused(self, owned: Owned, refused: list[Refused]) -> list[tuple[bytes, bytes]]:
        return [rejected_record(owned.topic, owned.number, one) for one in refused]

    async def _facts(self, taken: Iterable[_Taken]) -> list[Send]:
        """Facts of each source partition in its order, to the partition of their key or, without one, to all."""
        records: dict[tuple[str, int], list[tuple[bytes, bytes | None]]] = {}
        for owned, _, flush in taken:
            told: dict[str, list[list[bytes]]] = {}  # by topic and number
            for destination, key, value in flush.facts:
                topic = self.facts[destination]
                homes = told.get(topic)
                if homes is None:
                    homes = told[topic] = [[] for _ in await self._producer().partitions_for(topic)]
                for values in homes if key is None else (homes[by_murmur2(key, len(homes))],):
                    values.append(value)
            head = head_of(owned.topic, owned.number)
            for topic, homes in told.items():
                for number, values in enumerate(homes):
                    if values:
                        bundles = [(b"", value) for value in bundled(head, values)]
                        records.setdefault((topic, number), []).extend(bundles)
        return [Send(topic, number, pairs) for (topic, number), pairs in records.items()]

    def _write(self, owned: Owned, pairs: Pairs) -> Awaitable[Acknowledgements]:
        return append(self._producer(), self.changelog, owned.number, pairs)


def pause_seconds(interval_seconds: float, flush_seconds: float, behind: float) -> float:
    """How long to wait after a flush that took so long, for a worker that is so far behind."""
    longest = min(_PAUSES * flush_seconds, _LONGEST_PAUSE_SECONDS)
    return max(interval_seconds, longest * min(1.0, behind))
