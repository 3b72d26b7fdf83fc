"""A worker that can't keep up holds a bounded part of its backlog, in records and in bytes, and counts it all later."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from streams.app import Worker
from streams.events import CALL_EVENTS
from streams.fence import append
from streams.settings import Settings
from streams.transport import Batch
from tests.integration.harness import counted, read_all, restored, running, until
from tests.integration.toy_partition import TallyKey

pytestmark = pytest.mark.timeout(120)

MIB: Final = 1024 * 1024
STILL_SECONDS: Final = 0.5
"""What does not change for so long, while a fetch takes a tenth of a second, stays."""


async def publish(settings: Settings, values: list[bytes], partitions: int, compression: str | None = None) -> None:
    """Publish the values to each of the first partitions of the calls, in large batches."""
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.broker.bootstrap_servers, compression_type=compression, max_batch_size=MIB // 2
    )
    await producer.start()
    try:
        for partition in range(partitions):
            pairs: list[tuple[bytes, bytes | None]] = [(b"k", value) for value in values]
            await asyncio.gather(*await append(producer, CALL_EVENTS, partition, pairs))
    finally:
        await producer.stop()


class Stopped:
    """A worker whose agent stands, and what lies between the broker and that agent."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._apply = worker.apply
        self._go_on = asyncio.Event()
        self._in_hand: list[Batch] = []
        worker.apply = self._wait  # type: ignore[method-assign]

    async def _wait(self, batch: Batch) -> None:
        self._in_hand = [batch]
        await self._go_on.wait()
        await self._apply(batch)

    @property
    def batches(self) -> list[Batch]:
        """Those in the agent's hand and in its queue."""
        queues = self._worker.app.flow_control._queues
        return self._in_hand + [event.value for queue in queues for event in queue._queue]

    @property
    def fetched(self) -> dict[int, int]:
        """How many bytes of each partition of the calls lie with the client as they came from the broker."""
        records = dict(self._worker.app.consumer._thread._consumer._fetcher._records)
        return {
            tp.partition: result._partition_records._records.size_in_bytes()
            for tp, result in records.items()
            if tp.topic == CALL_EVENTS and result.has_more()
        }

    async def still(self) -> None:
        """Wait until nothing more is taken in."""
        now = asyncio.get_running_loop().time
        seen, since = (0, 0), now()
        while now() - since < STILL_SECONDS or not self.batches:
            found = len(self.batches), sum(self.fetched.values())
            if found != seen:
                seen, since = found, now()
            await asyncio.sleep(0.01)

    async def count(self, partitions: int) -> dict[TallyKey, int]:
        """Let the agent go on; what is counted when it has all."""
        self._go_on.set()
        keys = [(CALL_EVENTS, partition) for partition in range(partitions)]
        await until(lambda: all(self._worker.lag.get(key) == 0 for key in keys))
        await self._worker.flusher.flush()
        return counted(self._worker)


@asynccontextmanager
async def stopped(settings: Settings) -> AsyncIterator[Stopped]:
    """A worker that has taken in what it will take in while its agent stands."""
    async with running(settings) as worker:
        found = Stopped(worker)
        await until(lambda: restored(worker))
        await found.still()
        yield found


async def test_of_small_records_it_holds_no_more_than_so_many(settings: Settings) -> None:
    await publish(settings, [b"c%d,offered,q,%d" % (n, n) for n in range(100_000)], partitions=2)

    async with stopped(settings) as found:
        sizes = [len(batch.records) for batch in found.batches]

        assert max(sizes) == 8_000
        assert len(sizes) <= 17
        assert await found.count(2) == {("q", "offered"): 200_000}


async def test_of_large_records_that_came_compressed_it_holds_no_more_than_so_many_bytes(settings: Settings) -> None:
    values = [b"%d%s,offered,q,%d" % (n, b"x" * 500_000, n) for n in range(400)]
    await publish(settings, values, 1, "gzip")

    async with stopped(settings) as found:
        sizes = [sum(len(value or b"") for _, _, value, _ in batch.records) for batch in found.batches]

        assert max(sizes) < 4 * MIB + 501_000  # one record over
        assert len(sizes) <= 17
        assert await found.count(1) == {("q", "offered"): 400}


async def test_what_its_partitions_have_fetched_ahead_is_bounded_together(settings: Settings) -> None:
    values = [b"%d%s,offered,q,%d" % (n, b"x" * 50_000, n) for n in range(500)]
    await publish(settings, values, 4)

    async with stopped(settings) as found:
        assert found.fetched == dict.fromkeys(range(4), 64 * MIB // 20)  # 4 partitions of 5 topics
        assert await found.count(4) == {("q", "offered"): 2_000}


async def test_refused_records_do_not_pile_up_between_two_flushes(settings: Settings) -> None:
    slow = msgspec.structs.replace(settings.worker, flush_interval_seconds=60.0)
    await publish(settings, [b"?" * 500_000 + os.urandom(100) for _ in range(300)], 1, "gzip")
    most = 0

    async with running(msgspec.structs.replace(settings, worker=slow)) as worker:
        wait = worker.flusher.ebb

        async def seen() -> None:
            nonlocal most
            most = max(most, worker.holdings.refused_bytes)
            await wait()

        worker.flusher.ebb = seen  # type: ignore[method-assign]
        await until(lambda: worker.lag.get((CALL_EVENTS, 0)) == 0, lambda: worker.lag, 60.0)

    assert 32 * MIB < most < 37 * MIB
    assert worker.flusher.flushes == 5  # of 150 MB, 36 at a time
    assert len(await read_all(settings, "call-events-rejected")) == 300
