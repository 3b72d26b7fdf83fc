"""Events enter, Kafka records leave: whole batches per partition, acknowledged by the broker.

Topic and key are the contract's. An event that belongs to no topic (``source.*``, ``queue.*``) goes to every partition
of every topic, because every partition keeps its own time.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from types import TracebackType
from typing import Any, Final, Self

import msgspec
from aiokafka import AIOKafkaProducer

from streams.connection import client_arguments
from streams.events import TOPICS, Event, SourceHeartbeat, key_of, topic_of
from streams.placing import by_murmur2
from streams.settings import Broker

_encoder: Final = msgspec.json.Encoder()
_BATCHES_UNDER_WAY: Final = 64
_TOPIC_PATIENCE_SECONDS: Final = 2.0


class MissingTopicError(RuntimeError):
    """A topic is not there: names it, and the mend."""


class Publisher:
    """An async context manager. ``idempotent`` guards against repeats by retries; the embedded broker has none of it.

    Records are sent when a batch is full or on ``flush``; leaving the context flushes. A record counts as published
    when the broker has acknowledged it; an error of the broker is raised by the call that waits for it. What
    no broker takes is such an error when it was tried for ``patience_seconds``.
    """

    def __init__(self, broker: Broker, *, idempotent: bool = True, patience_seconds: float = 40.0) -> None:
        self._connection = client_arguments(broker)
        self._patience_ms = round(patience_seconds * 1000)
        self._idempotent = idempotent
        self._producer: Any = None
        self._partitions: dict[str, int] = {}
        self._open: dict[tuple[str, int], Any] = {}
        self._sent: deque[asyncio.Future[Any]] = deque()
        self.published: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        self._producer = AIOKafkaProducer(
            **self._connection, acks="all", enable_idempotence=self._idempotent, max_batch_size=256 * 1024,
            request_timeout_ms=self._patience_ms,
        )  # fmt: skip
        await self._producer.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                await self.flush()
        finally:
            await self._producer.stop()

    async def event(self, event: Event) -> None:
        """Publish one event where the contract says."""
        topic, key = topic_of(event), key_of(event)
        if topic is None:
            await self.everywhere(event)
        else:
            await self.record(topic, key.encode() if key is not None else None, _encoder.encode(event))

    async def everywhere(self, event: Event) -> None:
        """Publish one event to every partition of every topic."""
        value = _encoder.encode(event)
        for topic in TOPICS:
            for partition in range(await self._partition_count(topic)):
                await self.record(topic, None, value, partition)

    async def heartbeat(self, source: str, at_ms: int) -> None:
        """Say in every partition that everything of ``source`` before ``at_ms`` has been sent."""
        name = source or "queuepulse"
        await self.everywhere(
            SourceHeartbeat(event_id=f"{name}/heartbeat/{at_ms}"[:200], occurred_at=at_ms, source=name)
        )

    async def record(self, topic: str, key: bytes | None, value: bytes, partition: int | None = None) -> None:
        """Publish raw bytes, to the partition of the key (as Kafka's own clients choose it) when none is named."""
        count = await self._partition_count(topic)
        if partition is None:
            partition = by_murmur2(key, count) if key is not None else 0
        batch = self._open.get((topic, partition))
        if batch is None or batch.append(key=key, value=value, timestamp=None) is None:
            if batch is not None:
                await self._send(topic, partition, batch)
            batch = self._open[topic, partition] = self._producer.create_batch()
            if batch.append(key=key, value=value, timestamp=None) is None:
                del self._open[topic, partition]
                future = await self._producer.send(topic, value, key=key, partition=partition)  # larger than a batch
                await self._under_way(future)
        self.published[topic] += 1

    async def flush(self) -> None:
        """Send what is collected and wait until the broker has acknowledged everything."""
        batches, self._open = self._open, {}
        for (topic, partition), batch in batches.items():
            await self._send(topic, partition, batch)
        while self._sent:
            await self._sent.popleft()

    async def _send(self, topic: str, partition: int, batch: Any) -> None:
        await self._under_way(await self._producer.send_batch(batch, topic, partition=partition))

    async def _under_way(self, future: asyncio.Future[Any]) -> None:
        self._sent.append(future)
        if len(self._sent) > _BATCHES_UNDER_WAY:
            await self._sent.popleft()

    async def _partition_count(self, topic: str) -> int:
        """How many partitions a topic has; one just created may take a moment to show (aiokafka itself waits 40 s)."""
        if count := self._partitions.get(topic):
            return count
        until = time.monotonic() + _TOPIC_PATIENCE_SECONDS
        while True:
            metadata = await self._producer.client.fetch_all_metadata()
            if partitions := metadata.partitions_for_topic(topic):
                self._partitions[topic] = len(partitions)
                return len(partitions)
            if time.monotonic() >= until:
                raise MissingTopicError(f"topic {topic} does not exist: create it with `queuepulse topics`")
            await asyncio.sleep(0.1)
