"""Batches for Faust agents: what one fetch brought of one partition enters as Kafka records, leaves as one ``Batch``.

Stock Faust spends about 170 microseconds on each message. Here an agent, and the recovery of the state table, receive
one message per partition and fetch; Faust's checks of generation, flow control and full buffers stay as they are, once
per batch. The other topics of an app go message by message as ever.

Where to read on after a recovery comes from the restored state (``positions``), not from the committed offsets. Each
such seek opens a new ``epoch``, stamped on the batches in the thread in which seeks and fetches happen, so that a batch
fetched before a seek can be told from one fetched after it.

This leans on private names of two libraries: they are pinned, ``check_versions`` refuses others, and
``tests/integration/test_transport_contract.py`` guards each name.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, NamedTuple

import faust
from aiokafka.errors import IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from streams.records import Plain
from streams.unpacking import Fetched

TESTED_VERSIONS: Final = {"faust-streaming": "0.15.3", "aiokafka": "0.14.0"}
FETCH_WAIT_MS: Final = 100
FETCHED_BYTES: Final = 64 * 1024 * 1024
"""What may lie with the client as it came from the broker, of all batched partitions together."""
LARGEST_FETCH_BYTES: Final = 4 * 1024 * 1024
UNPACKED_BYTES: Final = 4 * 1024 * 1024
"""What one look at the client may take out, unpacked: values of compressed records are many times what came."""
_SMALLEST_FETCH_BYTES: Final = 64 * 1024
log = logging.getLogger(__name__)


class Batch(NamedTuple):
    """Consecutive records of one partition, as one fetch brought them; never empty."""

    topic: str
    partition: int
    epoch: int
    records: list[Plain]


class VersionError(RuntimeError):
    """An installed library is not the version the transport was tested with."""


class PositionError(RuntimeError):
    """The state says to read on at an offset that its topic never had; the message says what to do."""


def check_versions(*, untested: bool = False) -> None:
    """Raise VersionError unless exactly the tested versions are installed; ``untested``: only say so in the log."""
    for name, tested in TESTED_VERSIONS.items():
        found = importlib.metadata.version(name)
        if found == tested:
            continue
        if not untested:
            raise VersionError(
                f"{name} {found} is installed; the transport is tested with {tested}. Install that one, or try "
                "the other where a wrong number does no harm: worker.untested_versions = true."
            )
        log.warning("%s %s is installed, and untested: the transport is tested with %s", name, found, tested)


class RawSchema(faust.Schema):
    """Hands a message's value on untouched: bytes are decoded in the agent, where an error is a value."""

    def loads_key(self, _app: Any, message: Any, **_: Any) -> Any:
        return message.key

    def loads_value(self, _app: Any, message: Any, **_: Any) -> Any:
        return message.value


class BatchTransport(driver.Transport):
    """Faust's Kafka transport with a consumer that batches ``batched`` topics.

    ``positions()`` names, for each partition whose state is restored, the offset to read next; ``on_seek(epoch)`` is
    told before the seek to them; ``on_error`` gets a PositionError, after which nothing is read.
    """

    def __init__(
        self,
        url: Any,
        app: Any,
        *,
        batched: Collection[str],
        positions: Callable[[], Mapping[TP, int]],
        on_seek: Callable[[int], None],
        on_error: Callable[[Exception], None],
        trust_end_offsets: bool = True,
    ) -> None:
        super().__init__(url, app)
        self.batched = frozenset(batched)
        self.positions = positions
        self.on_seek = on_seek
        self.on_error = on_error
        self.trust_end_offsets = trust_end_offsets


class BatchThread(driver.AIOKafkaConsumerThread):
    """The thread that talks to the broker: makes the batches, and orders seeks among the fetches."""

    epoch = 0

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # Faust says 1500. A client has one fetch under way: what is to be read after a seek waits for the idle one.
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        if self.transport.trust_end_offsets:
            consumer._isolation_level = "read_committed"  # what a transaction wrote and took back is no event
        return consumer

    async def on_start(self) -> None:
        """Once the client is there, have it make plain records of what is batched."""
        await super().on_start()
        fetcher = self._ensure_consumer()._fetcher
        fetcher._records = Fetched(fetcher._records, self.transport.batched)

    async def _fetch_records(self, *args: Any, **kwargs: Any) -> Any:
        self._ensure_consumer()._fetcher._records.room = UNPACKED_BYTES
        fetched = await super()._fetch_records(*args, **kwargs)
        # Nothing is awaited from here on: a seek happens before these records were taken, or after they are stamped.
        batched = self.transport.batched
        return {tp: [self._batch(tp, records)] if tp.topic in batched else records for tp, records in fetched.items()}

    def _batch(self, tp: TopicPartition, records: list[Plain]) -> Batch:
        return Batch(tp.topic, tp.partition, self.epoch, records)

    async def on_thread_stop(self) -> None:
        """End the client. One that has lost its broker lets the cancellation of its own fetches out of ``close``.

        The thread would die of it without a word to whoever waits for its end.
        """
        try:
            await super().on_thread_stop()
        except (asyncio.CancelledError, KafkaError) as error:
            log.warning("the Kafka client did not end cleanly: %s", type(error).__name__)

    async def seek_all(self, positions: Mapping[TP, int], epoch: int) -> None:
        """Read on from ``positions``; batches taken from now on bear ``epoch``."""
        await self.call_thread(self._seek_all, positions, epoch)

    async def _seek_all(self, positions: Mapping[TP, int], epoch: int) -> None:
        consumer = self._ensure_consumer()
        for tp, offset in positions.items():
            consumer.seek(TopicPartition(tp.topic, tp.partition), offset)
        consumer._fetcher._max_partition_fetch_bytes = fetch_bytes(len(positions))
        self.epoch = epoch  # after all of them: a seek that fails leaves every batch stale

    async def commit_quietly(self, offsets: Mapping[TP, int]) -> bool:
        """Commit; False, and a line in the log, when the broker refuses: the offsets then belong to somebody else."""
        return bool(await self.call_thread(self._commit_quietly, offsets))

    async def _commit_quietly(self, offsets: Mapping[TP, int]) -> bool:
        assigned = self.assignment()
        wanted = {
            TopicPartition(tp.topic, tp.partition): OffsetAndMetadata(offset, "")
            for tp, offset in offsets.items()
            if tp in assigned
        }
        try:
            if wanted:
                await self._ensure_consumer().commit(wanted)
        except KafkaError as error:
            log.warning("offsets not committed, the group has moved on: %s", type(error).__name__)
            return False
        return len(wanted) == len(offsets)

    async def rejoin(self) -> None:
        """Ask the group for an assignment anew."""
        await self.call_thread(self._rejoin)

    async def _rejoin(self) -> None:
        self._ensure_consumer()._coordinator.request_rejoin()

    def in_group(self) -> bool:
        """Whether this worker still holds the membership under which its partitions were assigned."""
        coordinator = self._consumer._coordinator if self._consumer is not None else None
        return coordinator is not None and coordinator.generation == self.app.consumer_generation_id


def fetch_bytes(partitions: int) -> int:
    """What to ask the broker for of each of so many partitions: a slow worker holds that of each, whatever waits."""
    return max(_SMALLEST_FETCH_BYTES, min(LARGEST_FETCH_BYTES, FETCHED_BYTES // max(1, partitions)))


class _ReadOffsets(defaultdict[Any, Any]):
    """Faust's last offset read of each partition, which forgets the batched ones.

    Faust drops what is not above it. A batch handed over while a seek goes on would raise it after the seek has lowered
    it, and good records would be dropped. Whoever applies batches compares offsets itself.
    """

    def __init__(self, batched: Collection[str]) -> None:
        super().__init__(lambda: None)
        self._batched = batched

    def __setitem__(self, tp: Any, offset: Any) -> None:
        super().__setitem__(tp, None if tp.topic in self._batched else offset)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """As ``dict.update``, which would pass ``__setitem__`` by."""
        for tp, offset in dict(*args, **kwargs).items():
            self[tp] = offset


class BatchConsumer(driver.Consumer):
    """Faust's consumer; its messages of batched topics have a ``Batch`` for a value and the batch's last offset."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read_offset = _ReadOffsets(self.transport.batched)
        self._epoch = 0

    def _new_consumer_thread(self) -> BatchThread:
        return BatchThread(self, loop=self.loop, beacon=self.beacon)

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        if not isinstance(record, Batch):
            return super()._to_message(tp, record)
        offset, _, _, published_at = record.records[-1]
        generation = self.app.consumer_generation_id
        return ConsumerMessage(
            record.topic, record.partition, offset, published_at / 1000, 0, (), b"", record, None, 0, 0, tp,
            generation_id=generation,
        )  # fmt: skip

    async def read_on(self) -> None:
        """After a recovery: read the batched topics from where the restored state ends.

        To be called when Faust has let the flow go on and not before: that empties the agents' queues, of good batches
        as well. What is read until then is from the committed offsets and stale. Does nothing when the group has moved
        on meanwhile: that ends in another recovery.
        """
        generation = self.app.consumer_generation_id
        positions = dict(self.transport.positions())
        try:
            if self.transport.trust_end_offsets:
                positions = await self._checked(positions)
            if self.app.consumer_generation_id == generation:
                self._epoch += 1
                self.transport.on_seek(self._epoch)  # first: the batches that follow the seek may be quick
                await self._thread.seek_all(positions, self._epoch)
        except PositionError as error:
            self.transport.on_error(error)
        except IllegalStateError:
            log.info("partitions went away before they were read")

    async def _checked(self, positions: Mapping[TP, int]) -> dict[TP, int]:
        """The positions, raised to where their topics begin. Raises PositionError for one beyond a topic's end."""
        plain = [TopicPartition(tp.topic, tp.partition) for tp in positions]
        # One after the other: Faust's thread does two things at a time, and one of them is a fetch that waits.
        begins = await self._thread.earliest_offsets(*plain)
        ends = await self._thread.highwaters(*plain)
        checked = {}
        for tp, position in positions.items():
            begin, end = begins[tp], ends[tp]
            if position > end:
                raise PositionError(
                    f"{tp.topic}[{tp.partition}]: the state includes everything below offset {position}, but the topic "
                    f"ends at {end}: it was deleted and created again. Delete the changelog topic as well (counting "
                    "starts anew), or use another broker.app_id."
                )
            if 0 < position < begin:
                lost = begin - position
                log.error("%s[%d]: %d records expired before they were read", tp.topic, tp.partition, lost)
            checked[tp] = max(position, begin)
        return checked

    async def commit_durable(self, offsets: Mapping[TP, int]) -> bool:
        """Commit offsets whose effects are in the changelog. False when the group has moved on."""
        return bool(await self._thread.commit_quietly(offsets))

    def in_group(self) -> bool:
        """Whether this worker still holds the membership under which its partitions were assigned."""
        return bool(self._thread.in_group())

    async def rejoin(self) -> None:
        """Ask the group for an assignment anew: what is assigned now is revoked first, and restored after."""
        await self._thread.rejoin()

    def end_offsets(self) -> dict[TP, int]:
        """Where the partitions that are assigned here ended at the last fetch; without those of no fetch yet."""
        ends = {tp: self.highwater(tp) for tp in self.assignment()}
        return {tp: end for tp, end in ends.items() if end is not None}


BatchTransport.Consumer = BatchConsumer
