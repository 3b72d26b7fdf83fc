"""Reads what other workers tell of the partitions they count: the floor topic enters, ``Elsewhere`` is filled.

Only partition numbers that this worker does not count are read, so one that counts everything reads nothing. Whether
anybody listens at all, the group is asked after every change of owners: a worker alone tells rarely. What a worker of
another version told is read anew as often: it may have been replaced.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from time import monotonic
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from streams.connection import client_arguments
from streams.elsewhere import Elsewhere
from streams.partition import Record
from streams.settings import Broker
from streams.topics import floor_topic
from streams.unpacking import free_what_is_taken

_POLL_MS: Final = 200
_SETTLED_SECONDS: Final = 1.0
"""Partitions change hands all at once and come back: before others are followed, it has to be quiet for so long."""
_ASK_SECONDS: Final = 30.0
_RETRY_SECONDS: Final = 1.0
_AT_ONCE: Final = 500
_END_SECONDS: Final = 5.0
log = logging.getLogger(__name__)


class Follower:
    """Follows what is not in ``owned()``, the partition numbers counted here, until ``stop``.

    ``on_alone`` is told whether this worker is the only one of its group; what goes wrong goes to ``on_error``, once.
    """

    def __init__(
        self,
        broker: Broker,
        elsewhere: Elsewhere,
        owned: Callable[[], Collection[int]],
        *,
        partitions: int,
        on_alone: Callable[[bool], None],
        on_error: Callable[[BaseException], None],
        whole_floor: bool = True,
    ) -> None:
        self._broker = broker
        self._elsewhere = elsewhere
        self._owned = owned
        self._numbers = frozenset(range(partitions))
        self._on_alone = on_alone
        self._on_error = on_error
        self._whole_floor = whole_floor
        self._consumer: Any = None
        self._ends: dict[TopicPartition, int] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin; returns at once."""
        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(self._ended)

    async def stop(self) -> None:
        """Read no more. Stopping twice is fine."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task}, timeout=_END_SECONDS)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._on_error(error)

    async def _run(self) -> None:
        try:
            while True:
                try:
                    await self._keep_up()
                except KafkaError as error:
                    log.warning("what other workers tell can't be read, and is missing until it can: %r", error)
                    await self._let_go()
                    await asyncio.sleep(_RETRY_SECONDS)
        finally:
            await self._let_go()

    async def _let_go(self) -> None:
        """Follow nothing."""
        consumer, self._consumer = self._consumer, None
        self._elsewhere.follow(())
        self._ends.clear()
        if consumer is not None:
            await consumer.stop()

    async def _keep_up(self) -> None:
        owned, since, asked_at = frozenset(self._owned()), monotonic(), float("-inf")
        while True:
            if (found := frozenset(self._owned())) != owned:
                owned, since, asked_at = found, monotonic(), float("-inf")
            if owned and monotonic() - asked_at > _ASK_SECONDS:
                asked_at = monotonic()
                self._on_alone(await self._is_alone())
                self._elsewhere.try_again()
            if self._whole_floor and monotonic() - since > _SETTLED_SECONDS:
                await self._follow(self._numbers - owned)
            if self._elsewhere.numbers:
                await self._read()
            else:
                await asyncio.sleep(_POLL_MS / 1_000)

    async def _follow(self, numbers: frozenset[int]) -> None:
        if numbers == self._elsewhere.numbers:
            return
        if not numbers:
            await self._let_go()
            return
        new = numbers - self._elsewhere.numbers
        self._elsewhere.follow(numbers)
        if self._consumer is None:
            self._consumer = AIOKafkaConsumer(
                **client_arguments(self._broker), enable_auto_commit=False, auto_offset_reset="earliest",
                fetch_max_wait_ms=_POLL_MS, isolation_level="read_committed",
            )  # fmt: skip
            await self._consumer.start()
            free_what_is_taken(self._consumer)
        topic = floor_topic(self._broker.app_id)
        at = {tp: await self._consumer.position(tp) for tp in self._consumer.assignment() if tp.partition in numbers}
        self._consumer.assign([TopicPartition(topic, number) for number in sorted(numbers)])
        for tp, position in at.items():
            self._consumer.seek(tp, position)
        unread = [TopicPartition(topic, number) for number in sorted(new)]
        await self._consumer.seek_to_beginning(*unread)
        self._ends = {tp: end for tp, end in self._ends.items() if tp.partition in numbers}
        self._ends |= await self._consumer.end_offsets(unread)

    async def _read(self) -> None:
        fetched = await self._consumer.getmany(timeout_ms=_POLL_MS)
        for tp, records in fetched.items():
            for first in range(0, len(records), _AT_ONCE):
                some = records[first : first + _AT_ONCE]
                self._elsewhere.take(
                    tp.partition, [Record(r.offset, r.key, r.value, r.timestamp) for r in some], monotonic()
                )
                await asyncio.sleep(0)
        for tp, end in list(self._ends.items()):
            if await self._consumer.position(tp) >= end:
                self._elsewhere.read_to_end(tp.partition)
                del self._ends[tp]

    async def _is_alone(self) -> bool:
        """Whether the group has no other member; False when it can't be asked: then others may be there."""
        admin = AIOKafkaAdminClient(**client_arguments(self._broker))
        try:
            await admin.start()
            described = await admin.describe_consumer_groups([self._broker.app_id])
            return len(described[0].to_object()["groups"][0]["members"]) <= 1
        except (KafkaError, LookupError) as error:
            log.info("the group can't be asked who is in it: %s", error)
            return False
        finally:
            await admin.close()
