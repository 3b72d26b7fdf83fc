"""The rig: Apache Kafka and the publisher on one core, a worker on the other, and what the worker used meanwhile.

Linux only: processor time and memory are read from ``/proc``, and processes are pinned.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import aiohttp
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError
from aiokafka.structs import TopicPartition
from kafka.admin import KafkaAdminClient

from benchmarks.built import insist_on_built
from benchmarks.load import PARTITIONS, Line
from benchmarks.seen import Look, Sent
from streams.broker import apache_kafka
from streams.events import CALL_EVENTS
from streams.quiet import quiet_libraries
from streams.settings import Broker, Settings
from streams.topics import ensure_topics
from tests.integration import line

KAFKA_CORE: Final = 0
WORKER_CORE: Final = 1
PATIENCE_SECONDS: Final = 180.0
_CORES: Final = frozenset(os.sched_getaffinity(0))  # of the machine: a rig that runs keeps itself on one of them
_TICKS: Final = os.sysconf("SC_CLK_TCK")
TICK_SECONDS: Final = 0.05
LOOK_SECONDS: Final = 0.05
_EVENTS: Final = re.compile(r"^contactcenter_events_total\{[^}]*\} ([0-9.e+]+)$", re.MULTILINE)
_BATCH_BYTES: Final = 256 * 1024


class Use(NamedTuple):
    """What a process has used so far: seconds of processor time, and the most memory it ever had (bytes)."""

    cpu_seconds: float
    peak_bytes: int


class Sample(NamedTuple):
    """One look at a worker: the wall clock (s), records flushed and committed, processor time used (s)."""

    at: float
    committed: int
    cpu_seconds: float


def pin(pid: int, core: int) -> None:
    """Keep a process, and what it starts from now on, on one core; where this machine has not got it, do nothing."""
    if core in _CORES:
        os.sched_setaffinity(pid, {core})


def free(pid: int) -> None:
    """Let a process run on any core: what a rig starts would stay on the rig's own."""
    os.sched_setaffinity(pid, _CORES)


def used(pid: int) -> Use:
    """What the kernel says of a process. Raises ProcessLookupError when it has ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    status = dict(entry.split(":", 1) for entry in Path(f"/proc/{pid}/status").read_text().splitlines())
    if "VmHWM" not in status:
        raise ProcessLookupError(f"process {pid} has ended: what it used is not to be had any more")
    return Use((int(fields[11]) + int(fields[12])) / _TICKS, int(status["VmHWM"].split()[0]) * 1024)


@contextmanager
def kafka(more: str = "") -> Iterator[str]:
    """Apache Kafka, with ``more`` properties, and this process, on one core; gives the bootstrap address.

    Meanwhile SIGTERM is as good as Ctrl-C: nothing that was started is left running. Ends the process where the core
    was compiled from other sources than those that stand here.
    """
    insist_on_built()
    quiet_libraries()
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {KAFKA_CORE})
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with apache_kafka(more=more) as bootstrap:
            yield bootstrap
    finally:
        signal.signal(signal.SIGTERM, before)
        os.sched_setaffinity(0, everywhere)


def fresh(bootstrap: str) -> Broker:
    """A group of its own, with topics; inputs that exist keep their records."""
    broker = Broker(bootstrap_servers=bootstrap, app_id=f"bench-{uuid.uuid4().hex[:8]}", partitions=PARTITIONS)
    ensure_topics(Settings(broker=broker))
    return broker


def topic(bootstrap: str, name: str) -> None:
    """Make a topic that is none of the worker's, with as many partitions."""
    admin: Any = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics({name: {"num_partitions": PARTITIONS, "replication_factor": 1}})
    admin.wait_for_topics([name], timeout_ms=30_000)
    admin.close()


def empty(bootstrap: str) -> None:
    """Delete every topic of ours."""
    admin: Any = KafkaAdminClient(bootstrap_servers=bootstrap)
    doomed = [topic for topic in admin.list_topics() if not topic.startswith("__")]
    if doomed:
        admin.delete_topics(doomed)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while set(doomed) & set(admin.list_topics()):
        if time.monotonic() > deadline:
            raise TimeoutError("Kafka did not delete the topics")
    admin.close()


@asynccontextmanager
async def producing(bootstrap: str) -> AsyncIterator[Any]:
    """A producer while the block lasts."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", max_batch_size=_BATCH_BYTES, max_request_size=2 * 1024 * 1024
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def publish(producer: Any, records: Iterable[Line], topic: str = CALL_EVENTS) -> None:
    """Publish, batch by batch, and wait until all is acknowledged."""
    await acknowledged([await send(producer, batch, topic) for batch in batches(producer, records)])


class Tick(NamedTuple):
    """What is published in a twentieth of a second: how many records there are with it, and the batches."""

    sent: int
    batches: Sequence[tuple[int, Any]]


def ticks(producer: Any, records: Sequence[Line], per_second: float) -> list[Tick]:
    """So many records a second, packed before the clock runs: the publisher shares a core with Kafka."""
    size = int(per_second * TICK_SECONDS)
    starts = range(0, len(records), size)
    return [Tick(min(n + size, len(records)), list(batches(producer, records[n : n + size]))) for n in starts]


async def paced(producer: Any, packed: Sequence[Tick]) -> AsyncIterator[Sent]:
    """Publish each tick when it is due; gives when that was, how many are sent with it. Ends acknowledged."""
    under_way = []
    began = time.monotonic()
    for n, tick in enumerate(packed):
        await asyncio.sleep(max(0.0, began + n * TICK_SECONDS - time.monotonic()))
        at = time.monotonic()
        under_way += [await send(producer, batch) for batch in tick.batches]
        yield Sent(at, tick.sent)
    await acknowledged(under_way)


def batches(producer: Any, records: Iterable[Line]) -> Iterator[tuple[int, Any]]:
    """Records packed by partition, each batch as soon as it is full; the open ones at the end."""
    opened: dict[int, Any] = {}
    for partition, key, value in records:
        batch = opened.get(partition)
        if batch is None or batch.append(key=key, value=value, timestamp=None) is None:
            if batch is not None:
                yield partition, batch
            batch = opened[partition] = producer.create_batch()
            batch.append(key=key, value=value, timestamp=None)
    yield from opened.items()


async def send(producer: Any, batch: tuple[int, Any], topic: str = CALL_EVENTS) -> Any:
    """Hand a batch over; gives the future of its acknowledgement."""
    return await producer.send_batch(batch[1], topic, partition=batch[0])


async def acknowledged(futures: Iterable[Any]) -> None:
    """Wait for the acknowledgements."""
    await asyncio.gather(*futures)


@asynccontextmanager
async def working(broker: Broker, module: str = "streams.cli", **settings: str) -> AsyncIterator[line.Line]:
    """A worker, as ``queuepulse worker`` or another ``module`` starts it, on its core while the block lasts."""
    with tempfile.TemporaryDirectory(prefix="queuepulse-bench-") as folder:
        async with line.Line(broker, Path(folder), module, clock="stream", **settings) as worker:
            await worker.start(lambda pid: pin(pid, WORKER_CORE))
            yield worker


async def look(url: str, looks: list[Look], until: int) -> None:
    """Read ``/metrics`` twenty times a second until so many events are in it; every look is added to ``looks``."""
    async with aiohttp.ClientSession() as session:
        while not looks or looks[-1].events < until:
            async with session.get(f"{url}/metrics") as answer:
                text = await answer.text()
            looks.append(Look(time.monotonic(), int(sum(float(count) for count in _EVENTS.findall(text)))))
            await asyncio.sleep(LOOK_SECONDS)


class Watch:
    """Follows what a group has flushed and committed; use as a context manager."""

    def __init__(self, broker: Broker, pid: int) -> None:
        self._broker = broker
        self._pid = pid
        self._admin: Any = None
        self.samples: list[Sample] = []

    async def __aenter__(self) -> Self:
        self._admin = AIOKafkaAdminClient(bootstrap_servers=self._broker.bootstrap_servers)
        await self._admin.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._admin.close()

    async def look(self) -> Sample:
        """One look, remembered."""
        try:
            offsets: Mapping[TopicPartition, Any] = await self._admin.list_consumer_group_offsets(self._broker.app_id)
        except GroupCoordinatorNotAvailableError:  # a new cluster makes its topic of offsets when somebody asks
            offsets = {}
        committed = sum(found.offset for tp, found in offsets.items() if tp.topic == CALL_EVENTS)
        sample = Sample(time.monotonic(), committed, used(self._pid).cpu_seconds)
        self.samples.append(sample)
        return sample

    async def until(self, committed: int) -> None:
        """Look on, some twenty times a second, until so many records are committed. Raises TimeoutError."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (await self.look()).committed < committed:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.samples[-1].committed:,} of {committed:,} records after all that time")
            await asyncio.sleep(0.05)

    async def ready(self, worker: line.Line) -> Sample:
        """Wait until the worker is ready; gives the last look before, when it had not counted anything."""
        found = await self.look()

        async def is_ready() -> bool:
            nonlocal found
            before = await self.look()
            if await worker.is_ready():
                return True
            found = before
            return False

        await worker.until(is_ready, PATIENCE_SECONDS)
        return found


class Drained(NamedTuple):
    """Events a second, processor time an event (us), the most memory (bytes)."""

    per_second: float
    cpu_us: float
    peak_bytes: int


async def drain(broker: Broker, records: int, **settings: str) -> Drained:
    """A new group reads everything there is on ``call-events``, from when its worker is ready to the last commit.

    Until an event is counted, flushed, acknowledged and committed it is not there; start-up is left out.
    """
    async with working(broker, **settings) as worker, Watch(broker, worker.pid) as watch:
        first = await watch.ready(worker)
        await watch.until(records)
        last, peak_bytes = watch.samples[-1], used(worker.pid).peak_bytes
        await worker.leave()
    cpu_seconds = last.cpu_seconds - first.cpu_seconds
    return Drained(records / (last.at - first.at), cpu_seconds / records * 1e6, peak_bytes)


async def end_of(bootstrap: str) -> int:
    """How many records ``call-events`` has."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        ends = await consumer.end_offsets([TopicPartition(CALL_EVENTS, n) for n in range(PARTITIONS)])
        return sum(ends.values())
    finally:
        await consumer.stop()
