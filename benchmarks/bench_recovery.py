"""How long a worker takes from its start to serving, with 200,000 open contacts in the changelog on Apache Kafka."""

from __future__ import annotations

import asyncio
import time
from typing import Final, NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer
from aiokafka.partitioner import murmur2
from aiokafka.structs import TopicPartition

from benchmarks.arguments import positional
from benchmarks.load import PARTITIONS, START, Line
from benchmarks.results import record, spread
from benchmarks.rig import Watch, empty, fresh, kafka, producing, publish, used, working
from streams.events import CallOffered
from streams.settings import Broker
from streams.topics import changelog_topic

CONTACTS: Final = 200_000
QUEUES: Final = 20
RUNS: Final = 3
METRICS_SECONDS: Final = 1.5
"""An answer of /metrics may be a second old, and from before the recovery."""


class Recovered(NamedTuple):
    """Seconds from the start of the process until it answers, and until it is ready; its peak memory in bytes."""

    answers_seconds: float
    ready_seconds: float
    peak_bytes: int


def waiting_contacts() -> list[Line]:
    """Contacts that have been offered, one each 10 ms, and wait."""
    encode = msgspec.json.Encoder().encode
    lines = []
    for n in range(CONTACTS):
        contact = f"c{n}"
        event = CallOffered(
            event_id=f"{contact}-o", occurred_at=START + 10 * n, contact_id=contact, queue=f"q{n % QUEUES}"
        )
        lines.append(Line((murmur2(contact.encode()) & 0x7FFFFFFF) % PARTITIONS, contact.encode(), encode(event)))
    return lines


async def records_in(broker: Broker) -> int:
    """How many records the changelog has."""
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.bootstrap_servers)
    await consumer.start()
    try:
        ends = await consumer.end_offsets(
            [TopicPartition(changelog_topic(broker.app_id), n) for n in range(PARTITIONS)]
        )
        return sum(ends.values())
    finally:
        await consumer.stop()


async def recover(broker: Broker) -> Recovered:
    """Start a worker on what is stored."""
    began = time.monotonic()
    async with working(broker) as worker:
        answers = time.monotonic() - began
        await worker.ready()
        ready = time.monotonic() - began
        await asyncio.sleep(METRICS_SECONDS)
        waiting = (await worker.metrics()).sum("waiting")
        if waiting != CONTACTS:
            raise AssertionError(f"{waiting:,.0f} contacts wait after the recovery instead of {CONTACTS:,}")
        found = Recovered(answers, ready, used(worker.pid).peak_bytes)
        await worker.leave()
        return found


async def measure() -> None:
    """Measure and record."""
    with kafka() as bootstrap:
        empty(bootstrap)
        broker = fresh(bootstrap)
        async with producing(bootstrap) as producer:
            await publish(producer, waiting_contacts())
        async with working(broker) as worker, Watch(broker, worker.pid) as watch:
            await watch.until(CONTACTS)
            await worker.leave()
        records = await records_in(broker)
        runs = [await recover(broker) for _ in range(RUNS)]
    record(
        "From the changelog to serving",
        "python -m benchmarks.bench_recovery",
        ("open contacts", "records in the changelog", "answers after, s", "ready after, s", "peak memory, MiB"),
        [
            (
                f"{CONTACTS:,}",
                f"{records:,}",
                spread([run.answers_seconds for run in runs], ".1f"),
                spread([run.ready_seconds for run in runs], ".1f"),
                spread([run.peak_bytes / 2**20 for run in runs]),
            )
        ],
        f"{PARTITIONS} partitions, one worker on one core, Kafka on the other; from the start of the process, Python's "
        f"own included; medians of {RUNS} (least-most).",
    )


if __name__ == "__main__":
    positional(__doc__)
    asyncio.run(measure())
