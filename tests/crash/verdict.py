"""The verdict: what the changelog holds enters; every number that is not what plain reading gives, in words, leaves.

Compared are, for each input and partition, every total, slice, histogram, counter, day, open contact, stub, agent,
customer, comment and source with those of a partition that read the same records in one go; and the whole floor with
the simulator's oracle.
"""

from __future__ import annotations

from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition
from msgspec import structs

from benchmarks.prove_million import numbers as floor_numbers
from streams.connection import client_arguments
from streams.crossing.agents import Agent
from streams.crossing.customers import Customer
from streams.crossing.state import FactsPartition
from streams.events import TOPICS
from streams.partition import Partition, Record
from streams.presence_pages import PresencePages
from streams.settings import Settings
from streams.simulate import Oracle
from streams.topics import changelog_topic, input_topics
from tests.crash.worker import empty

Key = tuple[str, int]


async def differences(settings: Settings, oracle: Oracle) -> list[str]:
    """Every number that is lost or doubled, in words; empty when all are right."""
    found = await restored(settings)
    right = await _read_in_one_go(settings, found)
    wrong = []
    for (topic, number), partition in right.items():
        ours, theirs = _numbers(found[topic, number]), _numbers(partition)
        wrong += [
            f"{topic}[{number}] {name}: {_told(ours.get(name))} instead of {_told(theirs.get(name))}"
            for name in sorted(ours.keys() | theirs.keys())
            if ours.get(name) != theirs.get(name)
        ]
    by_oracle = floor_numbers([partition for key, partition in found.items() if key[0] in TOPICS], oracle)
    return wrong + [
        f"{name}: {ours} instead of the oracle's {truth}" for name, ours, truth in by_oracle if ours != truth
    ]


async def ends(settings: Settings) -> dict[TopicPartition, int]:
    """Where each partition of the inputs ends."""
    consumer = _consumer(settings)
    await consumer.start()
    try:
        found: dict[TopicPartition, int] = await consumer.end_offsets(
            [TopicPartition(topic, n) for topic in TOPICS for n in range(settings.broker.partitions)]
        )
        return found
    finally:
        await consumer.stop()


async def restored(settings: Settings) -> dict[Key, Partition]:
    """What a worker would hold that starts now."""
    topics = input_topics(settings.broker.app_id)
    found = {(topic, n): empty(settings, topic, n) for topic in topics for n in range(settings.broker.partitions)}
    changelog = changelog_topic(settings.broker.app_id)
    for number, records in (await _records(settings, [changelog])).items():
        for record in records:
            topic = record.key.partition(b"|")[0].decode()
            found[topic, number[1]].restore(record.key, record.value)
    for partition in found.values():
        partition.restored()
    return found


async def _read_in_one_go(settings: Settings, found: dict[Key, Partition]) -> dict[Key, Partition]:
    """The inputs to their end; the application's facts as far as they were read, for nobody waits until they are."""
    right = {}
    for (topic, number), records in (await _records(settings, input_topics(settings.broker.app_id))).items():
        partition = right[topic, number] = empty(settings, topic, number)
        end = None if topic in TOPICS else found[topic, number].next_offset
        read = [r for r in records if end is None or r.offset < end]
        partition.apply([Record(r.offset, r.key, r.value, max(0, r.timestamp)) for r in read])
    return right


async def _records(settings: Settings, topics: list[str]) -> dict[Key, list[Any]]:
    """Every committed record of these topics."""
    consumer = _consumer(settings)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, n) for topic in topics for n in range(settings.broker.partitions)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        last = await consumer.end_offsets(partitions)
        found: dict[Key, list[Any]] = {(tp.topic, tp.partition): [] for tp in partitions}
        while any([await consumer.position(tp) < last[tp] for tp in partitions]):
            for tp, records in (await consumer.getmany(timeout_ms=200)).items():
                found[tp.topic, tp.partition] += records
        return found
    finally:
        await consumer.stop()


def _consumer(settings: Settings) -> Any:
    arguments = client_arguments(settings.broker)
    return AIOKafkaConsumer(**arguments, isolation_level="read_committed", enable_auto_commit=False)


def _numbers(partition: Partition) -> dict[str, object]:
    """Everything anybody could see, by name; what cancelled out to 0, and what retention has ended, left out."""
    found: dict[str, object] = {"watermark": partition.watermark, "next offset": partition.next_offset}
    for (queue, channel), book in partition.ledger.books.items():
        slices = {"total": book.total}
        for name, ring in partition.ledger.rings._asdict().items():
            oldest = partition.watermark - ring.keep_ms
            slices |= {f"{name} slice {start}": s for start, s in getattr(book, name).items() if start >= oldest}
        for name, piece in slices.items():
            for field, value in [*piece.fields.items(), *((f"max {n}", most) for n, most in piece.maxima.items())]:
                if value:
                    found[f"{queue}/{channel} {name} field {field}"] = value
    found |= {f"counter {name}": count for name, count in partition.counters.items()}
    for name, contact in partition.contacts.items():
        found[f"contact {name}"] = (contact.head, contact.log, contact.base_at, contact.digests)
    found |= {f"waiting {name}": waits for name, waits in partition.waiting.items()}
    found |= {f"handling {name}": place for name, place in partition.handling.items()}
    for name, agent in partition.agents.items():
        found[f"agent {name}"] = structs.replace(agent, stamp=-1, pages=PresencePages())  # these are as flushes came
    found |= {f"day {day} {name}": n for day, counts in partition.days.days() for name, n in counts.items() if n}
    found |= {f"comment {comment}": True for comment in partition.comments}
    if isinstance(partition, FactsPartition):
        for who, known in partition.people.by_who.items():
            found |= {f"{who} {name}": value for name, value in _of_person(known).items()}
        found |= {f"heard of {source}": mark for source, mark in partition.heard.items()}
    found |= {"sources": partition.sources, "open or not": partition.queue_states}
    return found | {"feeds": partition.trust.feeds, "gaps": partition.trust.gaps}


def _of_person(known: Agent | Customer) -> dict[str, object]:
    """What is stored of one person, by name; what follows from it, and when it is looked at again, left out."""
    if isinstance(known, Agent):
        return {f"work on {contact}": work for contact, work in known.work.items()} | {"left": known.left}
    return {
        **{f"contact {case.contact_id}": case for case in known.cases},
        **{f"past contact {case.contact_id}": case for case in known.past},
        **{f"attempt {attempt.contact_id}": attempt for attempt in known.attempts},
        "clock": known.clock,
    }


def _told(value: object) -> str:
    return "nothing" if value is None else str(value)[:120]
