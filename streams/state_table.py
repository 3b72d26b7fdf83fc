"""The one Faust table: its changelog is where the state lives; restored records leave for ``Holdings``.

What a worker had before a rebalance and has again, it goes on with: behind a fence, where the changelog ends where its
own last transaction ended, so that nobody can have written in between.

Faust keeps the topic and assigns its partitions beside those of the inputs. The state itself is not in Faust's store
(one dict for all partitions, a write per event): each ``Partition`` holds its own, and ``flusher`` writes the
changelog. Reading it back is ours as well, with a consumer that knows nothing of the group: what Faust has fetched when
a rebalance interrupts it is dropped, and a recovery then waits for ever or, worse, ends without it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable
from time import monotonic
from typing import Any, Final

import faust
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition
from faust.tables.table import Table

from streams.connection import client_arguments
from streams.fence import Fence
from streams.owned import Holdings
from streams.partition import Record
from streams.settings import Broker
from streams.transport import RawSchema, fetch_bytes
from streams.unpacking import free_what_is_taken

APART_SECONDS: Final = 60.0
ASK_AGAIN_SECONDS: Final = 1.0
_AT_ONCE: Final = 16_000
_IN_HAND: Final = 100_000
"""Keys read and not yet taken into memory: of those that follow each other soon only the latest is decoded."""
_ENTERED_AT_ONCE: Final = 500
_POLL_MS = 250
_TELL_SECONDS: Final = 5.0
log = logging.getLogger(__name__)

_Latest = dict[tuple[int, bytes], Record]
"""Records by partition number and key, each where its last value stood."""


class RawTopic(faust.Topic):
    """A topic that exists already (``topics.ensure_topics``): Faust need not declare it."""

    async def maybe_declare(self) -> None:
        """Do nothing."""


class StateTable(Table):
    """Restores ``Holdings`` from the changelog after each rebalance, and ends the worker (``on_error``) when it can't.

    Where there is a ``fence``, it is taken before the changelog's end is asked for: nobody else writes behind that end.
    ``trust_end_offsets`` is False for the demo's broker, which says that a topic ends before its last batch. ``left``
    is how many offsets of the changelog are still to be read, 0 when nothing is being restored.
    """

    def __init__(
        self,
        app: Any,
        *,
        changelog: str,
        broker: Broker,
        holdings: Holdings,
        on_error: Callable[[Exception], None],
        trust_end_offsets: bool,
        fence: Fence | None = None,
    ) -> None:
        topic = RawTopic(app, topics=[changelog], schema=RawSchema(), acks=False, internal=True, allow_empty=True)
        # Two, not one: with one, Faust goes on reading the changelog after the recovery, as for a standby.
        super().__init__(app, name="state", changelog_topic=topic, recovery_buffer_size=2)
        self.changelog = changelog
        self.broker = broker
        self.holdings = holdings
        self.on_error = on_error
        self.trust_end_offsets = trust_end_offsets
        self.fence = fence
        self.left = 0
        self._round = 0
        self._apart_since: float | None = None

    async def on_start(self) -> None:
        """Before Faust's recovery service starts: tell it that there is nothing for it to read."""
        await super().on_start()
        self.app.tables.recovery.need_recovery = lambda: False

    def abandon(self) -> None:
        """The partitions are about to go: a restoration that is under way restores nothing more."""
        self._round += 1

    async def on_recovery_completed(self, active_tps: set[Any], standby_tps: set[Any]) -> None:
        """The partitions are assigned and everything is paused: restore them, then let each input read on.

        Faust may call this for an assignment that is no longer, and then for the next with no revocation between. So
        each call begins with nothing owned, whatever the last one has restored.
        """
        await super().on_recovery_completed(active_tps, standby_tps)
        self.abandon()
        current = self._round
        self.holdings.start_over()
        try:
            inputs = [tp for tp in self.app.consumer.assignment() if tp.topic in self.holdings.topics]
            there = {tp.partition for tp in active_tps}
            apart = sorted(f"{tp.topic}[{tp.partition}]" for tp in inputs if tp.partition not in there)
            if apart:
                await self._ask_again(apart, current)
                return
            self._apart_since = None
            for tp in inputs:
                self.holdings.take(tp.topic, tp.partition)
            numbers = {tp.partition for tp in inputs}  # of a stale call's others somebody else is the only writer
            # Looked at again: while its client was ending, another restoration may have begun with nothing.
            if await self._restore(numbers, current) and current == self._round:
                for tp in inputs:
                    self.holdings[tp.topic, tp.partition].begin()
                self.holdings.let_go()
        except Exception as error:  # noqa: BLE001 - Faust would log it and count on with half a state
            if current == self._round:
                self.on_error(error)

    async def _ask_again(self, apart: list[str], current: int) -> None:
        """Inputs are assigned without their part of the changelog: restore nothing, have the group assign anew.

        Seen when a broker had just come back. Raises RuntimeError when it stays so.
        """
        now = monotonic()
        self._apart_since = now if self._apart_since is None else self._apart_since
        if now - self._apart_since > APART_SECONDS:
            raise RuntimeError(
                f"{', '.join(apart)}: assigned without their part of the changelog for {APART_SECONDS:.0f} s. Have all "
                f"workers of the group the same settings, and {self.changelog} as many partitions as the inputs?"
            )
        log.warning("%s assigned without their part of the changelog: asking the group again", ", ".join(apart))
        await asyncio.sleep(ASK_AGAIN_SECONDS)
        if current == self._round:
            await self.app.consumer.rejoin()

    async def _restore(self, numbers: Collection[int], current: int) -> bool:
        """Read these partitions of the changelog to their ends; False when that was abandoned."""
        if not numbers:
            return True
        if self.fence is not None and not await self.fence.take(numbers):
            return False
        consumer = AIOKafkaConsumer(
            **client_arguments(self.broker), enable_auto_commit=False, auto_offset_reset="earliest",
            max_partition_fetch_bytes=fetch_bytes(len(numbers)), fetch_max_wait_ms=_POLL_MS // 2,
            isolation_level="read_committed" if self.trust_end_offsets else "read_uncommitted",
        )  # fmt: skip
        try:
            await consumer.start()
            free_what_is_taken(consumer)
            partitions = [TopicPartition(self.changelog, number) for number in sorted(numbers)]
            ends = await consumer.end_offsets(partitions)
            if current != self._round:
                return False
            if self.fence is not None and self.fence.on:
                partitions = [tp for tp in partitions if not self.holdings.take_up(tp.partition, ends[tp])]
                if not partitions:
                    log.info("partitions %s are as they were", sorted(numbers))
                    return True
            consumer.assign(partitions)
            await consumer.seek_to_beginning(*partitions)
            behind = {tp: left for tp in partitions if (left := ends[tp] - await consumer.position(tp)) > 0}
            began, all_of_it = monotonic(), sum(behind.values())
            self.left, told_at = all_of_it, began
            those = [tp.partition for tp in partitions]
            log.info("restoring partitions %s: %d offsets of the changelog", those, all_of_it)
            idle, latest = self.trust_end_offsets, _Latest()
            while current == self._round and (behind or not idle):
                fetched = await consumer.getmany(timeout_ms=_POLL_MS, max_records=_AT_ONCE)
                idle = self.trust_end_offsets or not fetched
                for tp, records in fetched.items():
                    _keep_latest(latest, tp.partition, records)
                    await asyncio.sleep(0)
                if len(latest) > _IN_HAND and not await self._enter(latest, current):
                    return False
                behind = {tp: left for tp in behind if (left := ends[tp] - await consumer.position(tp)) > 0}
                self.left = sum(behind.values())
                if monotonic() - told_at > _TELL_SECONDS:
                    told_at = monotonic()
                    log.info("restoring: %d of %d offsets are left", self.left, all_of_it)
            if await self._enter(latest, current):
                log.info("restored partitions %s in %.1f s", those, monotonic() - began)
            return current == self._round
        finally:
            self.left = 0
            await consumer.stop()

    async def _enter(self, latest: _Latest, current: int) -> bool:
        """Take what was read into memory, in the order of the changelog; False when that was abandoned."""
        waiting: dict[int, list[Record]] = {}
        for n, ((number, _), record) in enumerate(latest.items(), 1):
            waiting.setdefault(number, []).append(record)
            if n % _ENTERED_AT_ONCE == 0 or n == len(latest):
                if current != self._round:
                    return False
                for partition, records in waiting.items():
                    self.holdings.restore(partition, records)
                waiting.clear()
                await asyncio.sleep(0)
        latest.clear()
        return current == self._round


def _keep_latest(latest: _Latest, number: int, records: Iterable[Any]) -> None:
    for record in records:
        key = (number, record.key)
        latest.pop(key, None)  # so that the latest is the last
        latest[key] = Record(record.offset, record.key, record.value, 0)
