"""``queuepulse grow``: a floor that was drained enters, the same floor with more partitions leaves, under another name.

Where a key's events go changes with the number of partitions, so the state has to be regrouped (``streams.regroup``),
and nothing may be under way meanwhile: sources hold back, every record is counted, the workers have left. The new
generation is another ``broker.app_id`` with a changelog and facts topics of its own; the old one's stay as they are.
The inputs get their partitions last of all, when what was written has been read back: up to there nothing that the old
generation needs has changed, and it can go on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

import kafka
import kafka.errors
import msgspec
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import NoError
from kafka.structs import OffsetAndMetadata

from streams.connection import client_arguments
from streams.crossing.fact import DESTINATIONS, facts_topic
from streams.events import TOPICS
from streams.fence import Fence, LostOwnershipError, Send
from streams.regroup import Part, next_offsets, regroup
from streams.settings import Broker, Settings
from streams.topics import (
    administering,
    changelog_topic,
    check_topics,
    create_own,
    input_topics,
    partition_counts,
    rejected_topic,
)

_POLL_MS: Final = 250
_VISIBLE_SECONDS: Final = 20.0
"""How long what a transaction wrote may take to be seen by who reads only what is committed."""
_TOLD: Final = 5


class GrowthError(RuntimeError):
    """The floor can't be given more partitions now; the message says why, and what to do."""


class Grown(NamedTuple):
    """What was done, or would be: partitions before and after, and how many pieces of state were written."""

    before: int
    after: int
    stored: int


async def grow(
    settings: Settings, partitions: int, app_id: str, partitioner: str, *, only_check: bool = False
) -> Grown:
    """Give the floor so many partitions, as the generation ``app_id``. ``only_check``: change nothing.

    Raises GrowthError, PlacingError, StateRefusedError, TopicsError, BrokerUnreachableError, TransactionsError.
    """
    old, new = settings.broker, msgspec.structs.replace(settings.broker, app_id=app_id)
    before = _partitions_of(settings, app_id, partitions)
    async with _held(old, before) as state:
        parts = regroup(state, partitions, renamed(old.app_id, app_id), partitioner)
        grown = Grown(before, partitions, sum(len(part.pairs) for part in parts))
        if only_check:
            return grown
        await begin(msgspec.structs.replace(settings, broker=new), parts, before)
        await _insist_on_drained(old, state)
    _insist_on_no_workers(old)
    _add_partitions(old, partitions)
    check_topics(msgspec.structs.replace(settings, broker=new))
    return grown


async def drained(settings: Settings) -> list[dict[bytes, bytes]]:
    """The whole state of a floor that nobody counts and of which nothing waits; raises what ``grow`` raises."""
    broker = settings.broker
    before = partition_counts(settings).get(changelog_topic(broker.app_id))
    if before is None:
        raise GrowthError(f"there is no state of {broker.app_id} ({changelog_topic(broker.app_id)} does not exist).")
    _insist_on_no_workers(broker)
    async with _held(broker, before) as state:
        return state


async def begin(settings: Settings, parts: Sequence[Part], inputs: int) -> None:
    """Write the state of a new generation, and read it back; the inputs have ``inputs`` partitions as yet.

    Raises TopicsError when anything of that name exists, and GrowthError when it does not come back.
    """
    changelog = changelog_topic(settings.broker.app_id)
    create_own(settings, len(parts))
    await _write(settings.broker, parts)
    _tell_group(settings.broker, parts, inputs)
    written, deadline = [dict(part.pairs) for part in parts], time.monotonic() + _VISIBLE_SECONDS
    while await _read(settings.broker, changelog, len(parts)) != written:
        if time.monotonic() > deadline:
            raise GrowthError(f"what was written to {changelog} did not come back: delete it, and try again.")
        await asyncio.sleep(0.5)


@asynccontextmanager
async def _held(broker: Broker, count: int) -> AsyncIterator[list[dict[bytes, bytes]]]:
    """The state, while a worker that was forgotten somewhere can't write; nothing waits to be counted."""
    fence = Fence(broker, insist=True)
    try:
        await fence.take(range(count))
        state = await _read(broker, changelog_topic(broker.app_id), count)
        await _insist_on_drained(broker, state)
        yield state
    finally:
        await fence.drop()


def _partitions_of(settings: Settings, app_id: str, partitions: int) -> int:
    """How many partitions the state has now. Raises GrowthError when it can't get as many as are wanted."""
    broker, counts = settings.broker, partition_counts(settings)
    before = counts.get(changelog_topic(broker.app_id))
    if before is None:
        raise GrowthError(f"there is no state of {broker.app_id} ({changelog_topic(broker.app_id)} does not exist).")
    if app_id == broker.app_id:
        raise GrowthError("the new generation needs another name: its state stands beside the old one's.")
    if partitions <= before:
        raise GrowthError(f"{broker.app_id} has {before} partitions already: Kafka can add some, and take none away.")
    others = {topic: n for topic in TOPICS if (n := counts.get(topic, before)) not in (before, partitions)}
    if others:
        told = ", ".join(f"{topic} has {n}" for topic, n in others.items())
        raise GrowthError(f"{told}: the inputs must have {before} partitions, as the state has, or {partitions}.")
    with administering(broker) as admin:
        admin.create_partitions(_smaller(counts, partitions), validate_only=True)
    _insist_on_no_workers(broker)
    return before


def _insist_on_no_workers(broker: Broker) -> None:
    with administering(broker) as admin:
        members = _members(admin, broker.app_id)
    if members:
        raise GrowthError(
            f"{members} workers of {broker.app_id} are there: wait until they have counted everything, then stop them "
            f"(one that died is there for {broker.session_timeout_seconds:.0f} s more)."
        )


def _members(admin: KafkaAdminClient, group: str) -> int:
    try:
        return len(admin.describe_groups([group])[group]["members"])
    except kafka.errors.GroupIdNotFoundError:
        return 0


async def _insist_on_drained(broker: Broker, state: Sequence[Mapping[bytes, bytes]]) -> None:
    """Raise GrowthError when anything that was published is not in the state."""
    counts, offsets = partition_counts(Settings(broker=broker)), [next_offsets(changelog) for changelog in state]
    waiting: dict[str, int] = {}
    consumer = _consumer(broker)
    await consumer.start()
    try:
        for topic in input_topics(broker.app_id):
            for number in range(counts[topic]):
                done = offsets[number].get(topic, 0) if number < len(offsets) else 0
                if unread := await _unread(consumer, TopicPartition(topic, number), done):
                    waiting[f"{topic}[{number}]"] = unread
    finally:
        await consumer.stop()
    if waiting:
        told = ", ".join(f"{n:,} in {name}" for name, n in list(waiting.items())[:_TOLD])
        raise GrowthError(
            f"{sum(waiting.values()):,} records are not counted yet ({told}). Let the sources hold back, and a worker "
            "count until nothing waits; stop it, and try again."
        )


async def _unread(consumer: Any, tp: TopicPartition, offset: int) -> int:
    """How many records stand in a partition from an offset on; the end of a transaction is none."""
    consumer.assign([tp])
    end, found = (await consumer.end_offsets([tp]))[tp], 0
    if offset < end:
        consumer.seek(tp, offset)
        while await consumer.position(tp) < end:
            found += len((await consumer.getmany(timeout_ms=_POLL_MS)).get(tp, ()))
    return found


async def _read(broker: Broker, changelog: str, count: int) -> list[dict[bytes, bytes]]:
    """What stands in a changelog now, by partition and key."""
    found: list[dict[bytes, bytes]] = [{} for _ in range(count)]
    consumer = _consumer(broker)
    await consumer.start()
    try:
        partitions = [TopicPartition(changelog, number) for number in range(count)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        behind = await consumer.end_offsets(partitions)
        while behind := {tp: end for tp, end in behind.items() if await consumer.position(tp) < end}:
            for tp, records in (await consumer.getmany(timeout_ms=_POLL_MS)).items():
                for record in records:
                    if record.value:
                        found[tp.partition][record.key] = record.value
                    else:
                        found[tp.partition].pop(record.key, None)
    finally:
        await consumer.stop()
    return found


async def _write(broker: Broker, parts: Sequence[Part]) -> None:
    """All of it, one transaction a partition."""
    fence, changelog = Fence(broker, insist=True), changelog_topic(broker.app_id)
    try:
        await fence.take(range(len(parts)))
        for number, part in enumerate(parts):
            await fence.write(number, [Send(changelog, number, part.pairs)])
    except LostOwnershipError as error:
        raise GrowthError(f"writing the new state failed: {error}. Delete {changelog} and try again.") from error
    finally:
        await fence.drop()


def _tell_group(broker: Broker, parts: Sequence[Part], inputs: int) -> None:
    """Commit where the inputs are to be read on, for whoever looks at lag; of partitions that they have already."""
    offsets = {
        kafka.TopicPartition(topic, number): OffsetAndMetadata(offset)
        for number, part in enumerate(parts)
        for topic, offset in part.next_offsets.items()
        if number < inputs or topic not in TOPICS
    }
    with administering(broker) as admin:
        errors = admin.alter_group_offsets(broker.app_id, offsets).items()
    refused = [f"{tp.topic}[{tp.partition}]: {error.__name__}" for tp, error in errors if error is not NoError]
    if refused:
        raise GrowthError(
            f"the group {broker.app_id} did not take its offsets ({', '.join(refused[:_TOLD])}). Is somebody in it, or "
            f"not allowed to? Delete the topics of {broker.app_id} and try again."
        )


def _add_partitions(broker: Broker, partitions: int) -> None:
    with administering(broker) as admin:
        smaller = _smaller(partition_counts(Settings(broker=broker)), partitions)
        admin.create_partitions(smaller)
        admin.wait_for_topics(list(smaller), timeout_ms=30_000)


def _smaller(counts: Mapping[str, int], partitions: int) -> dict[str, int]:
    """The inputs, and what is refused of them, that have fewer partitions than are wanted."""
    ours = [*TOPICS, *map(rejected_topic, TOPICS)]
    return {topic: partitions for topic in ours if counts.get(topic, partitions) < partitions}


def renamed(old: str, new: str) -> dict[str, str]:
    """The facts topics of another application, by those of this one."""
    return {facts_topic(old, d): facts_topic(new, d) for d in DESTINATIONS}


def _consumer(broker: Broker) -> Any:
    return AIOKafkaConsumer(
        **client_arguments(broker), enable_auto_commit=False, auto_offset_reset="earliest", fetch_max_wait_ms=_POLL_MS,
        isolation_level="read_committed",
    )  # fmt: skip
