"""The topic ``measures`` in Kafka: ``Reader`` keeps a worker's shelf, ``read_whole`` fills one, ``publish`` writes.

Every worker reads the whole topic at its start and follows it from then on, with a consumer that is in no group: the
numbers are few, and each worker needs them all. Nothing of it is stored again; the compacted topic is the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.structs import TopicPartition

from streams.connection import client_arguments
from streams.measures.record import MEASURES, PARTITION
from streams.measures.shelf import Shelf
from streams.partition import Record, Refused
from streams.rejected import rejected_record
from streams.settings import Broker
from streams.topics import rejected_topic

_POLL_MS: Final = 250
_END_SECONDS: Final = 5.0


class Reader:
    """Reads the topic into ``shelf`` until ``stop``; what goes wrong is told to ``on_error``, once, and ends it.

    ``trust_end_offsets`` is False for the demo's broker, which says that a topic ends before its last batch. What is
    refused goes to the rejected topic; a worker that starts again writes the same record with the same key.
    """

    def __init__(
        self, broker: Broker, on_error: Callable[[BaseException], None], *, trust_end_offsets: bool = True
    ) -> None:
        self.shelf = Shelf()
        self._broker = broker
        self._on_error = on_error
        self._trust_end_offsets = trust_end_offsets
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to read; returns at once."""
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
        refused: list[Refused] = []
        producer = AIOKafkaProducer(**client_arguments(self._broker), acks="all")
        await producer.start()
        try:
            async for _ in _reading(self._broker, self.shelf, refused, self._trust_end_offsets):
                await _keep(producer, refused)
                refused.clear()
        finally:
            await producer.stop()


async def read_whole(broker: Broker, *, trust_end_offsets: bool = True) -> Shelf:
    """Everything that stands on the topic now."""
    shelf = Shelf()
    async for _ in _reading(broker, shelf, [], trust_end_offsets):
        if shelf.complete:
            break
    return shelf


async def publish(broker: Broker, records: Iterable[tuple[bytes, bytes | None]]) -> None:
    """Write keys and values to the topic; returns when the broker has acknowledged them."""
    producer = AIOKafkaProducer(**client_arguments(broker), acks="all")
    await producer.start()
    try:
        for key, value in records:
            await producer.send_and_wait(MEASURES, value, key=key)
    finally:
        await producer.stop()


async def _reading(
    broker: Broker, shelf: Shelf, refused: list[Refused], trust_end_offsets: bool
) -> AsyncIterator[None]:
    """Read the topic into the shelf, for ever; yields after each fetch, with what was refused of it in ``refused``."""
    consumer = AIOKafkaConsumer(
        **client_arguments(broker), enable_auto_commit=False, auto_offset_reset="earliest", fetch_max_wait_ms=_POLL_MS
    )
    await consumer.start()
    try:
        tp = TopicPartition(MEASURES, PARTITION)
        consumer.assign([tp])
        await consumer.seek_to_beginning(tp)
        end = (await consumer.end_offsets([tp]))[tp]
        while True:
            fetched = (await consumer.getmany(timeout_ms=_POLL_MS)).get(tp, [])
            for each in fetched:
                found = shelf.take(Record(each.offset, each.key, each.value, each.timestamp))
                if found is not None:
                    refused.append(found)
            if not shelf.complete and (trust_end_offsets or not fetched):
                shelf.complete = await consumer.position(tp) >= end
            yield
    finally:
        await consumer.stop()


async def _keep(producer: Any, refused: Iterable[Refused]) -> None:
    for one in refused:
        key, value = rejected_record(MEASURES, PARTITION, one)
        await producer.send_and_wait(rejected_topic(MEASURES), value, key=key, partition=PARTITION)
