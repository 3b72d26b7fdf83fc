"""Publish toy records, run workers in the process or beside it, and read what they counted."""

from __future__ import annotations

import asyncio
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.structs import TopicPartition

from streams.app import Worker, build
from streams.events import TOPICS
from streams.settings import Settings
from streams.topics import input_topics
from tests.integration.toy_partition import TallyKey, ToyPartition, oracle

PARTITIONS = 4
Log = dict[tuple[str, int], list[bytes]]
"""What was published: the values of each topic and partition, in order."""


def toy_records(seed: int, contacts: int) -> list[tuple[str, int, bytes]]:
    """Interleaved contacts with duplicates, disorder and odd times: topic, partition and value of each record."""
    rng = random.Random(seed)
    waiting: list[list[tuple[str, str, str]]] = []
    records: list[tuple[str, int, bytes]] = []
    started = 0
    while started < contacts or waiting:
        if started < contacts and len(waiting) < 50:
            types = ["offered", "answered", "ended"] if rng.random() < 0.7 else ["offered", "abandoned"]
            for _ in range(rng.choice([0, 0, 0, 1, 2])):
                types.insert(rng.randrange(len(types) + 1), rng.choice(types))
            if rng.random() < 0.2:
                rng.shuffle(types)
            waiting.append([(f"c{seed}-{started}", kind, f"q{started % 3}") for kind in types])
            started += 1
            continue
        events = rng.choice(waiting)
        contact, kind, queue = events.pop(0)
        if not events:
            waiting.remove(events)
        number = int(contact.rpartition("-")[2])
        at = len(records) + rng.choice([0, 0, 0, -3, 2])
        records.append((TOPICS[number % 3], number // 3 % PARTITIONS, f"{contact},{kind},{queue},{at}".encode()))
    return records


@asynccontextmanager
async def producing(settings: Settings) -> AsyncIterator[Any]:
    """An aiokafka producer while the block lasts."""
    producer = AIOKafkaProducer(bootstrap_servers=settings.broker.bootstrap_servers)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def publish(settings: Settings, records: Iterable[tuple[str, int, bytes]], log: Log, per_second: float) -> None:
    """Publish records to their partitions at about ``per_second``, and note them in ``log``."""
    async with producing(settings) as producer:
        pending = []
        for n, (topic, partition, value) in enumerate(records, 1):
            pending.append(await producer.send(topic, value, key=value[:8], partition=partition))
            log.setdefault((topic, partition), []).append(value)
            if n % 100 == 0:
                await asyncio.gather(*pending)
                pending.clear()
                await asyncio.sleep(100 / per_second)
        await asyncio.gather(*pending)


def expected(log: Log) -> dict[TallyKey, int]:
    """What plain code counts in everything that was published."""
    return summed(oracle(values) for values in log.values())


def summed(parts: Iterable[Mapping[TallyKey, int]]) -> dict[TallyKey, int]:
    """Totals of several partitions together."""
    total: Counter[TallyKey] = Counter()
    for part in parts:
        total.update(part)
    return dict(total)


def counted(*workers: Worker) -> dict[TallyKey, int]:
    """What the workers have counted and flushed."""
    parts = [partition for worker in workers for partition in worker.partitions.values()]
    return summed(partition.flushed_totals for partition in parts if isinstance(partition, ToyPartition))


async def until(condition: Callable[[], bool], what: Callable[[], object] = lambda: "", seconds: float = 60.0) -> None:
    """Wait for the condition; fails, saying ``what`` was the case instead, after ``seconds``."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, what()
        await asyncio.sleep(0.01)


INPUTS: Final = len(input_topics("any"))


def restored(worker: Worker, partitions: int = INPUTS * PARTITIONS) -> bool:
    """Whether the worker owns so many partitions, all restored."""
    return len(worker.partitions) == partitions and not worker.restoring


@asynccontextmanager
async def running(settings: Settings, **options: Any) -> AsyncIterator[Worker]:
    """A toy worker in this process while the block lasts; raises what it raised."""
    worker = build(settings, **{"partition_factory": ToyPartition, **options})
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.leave()
        await task


@asynccontextmanager
async def worker_process(settings: Settings, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A toy worker as a process of its own; killed at the end of the block if it is still there.

    Prints ``restored`` when it owns and has restored partitions.
    """
    broker = settings.broker
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.worker_process", broker.bootstrap_servers, broker.app_id,
        *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def says(process: asyncio.subprocess.Process, line: str) -> None:
    """Wait until the process prints the line; it may print nothing else first."""
    assert process.stdout is not None
    said = (await asyncio.wait_for(process.stdout.readline(), 30)).decode().rstrip()
    assert said == line, f"it said {said!r} instead"


async def until_committed(settings: Settings, log: Log) -> None:
    """Wait until the group has committed everything that was published."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.broker.bootstrap_servers,
        group_id=settings.broker.app_id,
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(*key) for key in log])
        for key, values in log.items():
            async with asyncio.timeout(30):
                while await consumer.committed(TopicPartition(*key)) != len(values):
                    pass  # asking again is a round trip: no busy loop
    finally:
        await consumer.stop()


async def read_all(settings: Settings, topic: str) -> list[Any]:
    """Every record of a topic."""
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.broker.bootstrap_servers)
    await consumer.start()
    try:
        partitions: Sequence[TopicPartition] = [TopicPartition(topic, n) for n in range(PARTITIONS)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        found: list[Any] = []
        while any([await consumer.position(tp) < ends[tp] for tp in partitions]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += records
        return found
    finally:
        await consumer.stop()
