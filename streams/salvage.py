"""Rejected records read back: filters enter, what was kept leaves, or goes to its source topic once more.

Reads each rejected topic from its beginning to where it ends at that moment, with a consumer of no group, so it
disturbs nobody and can be done again. Of records with one id (a crash writes some twice) the first is taken.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import AsyncIterator, Collection
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.structs import TopicPartition
from msgspec import Struct, field

from streams.connection import client_arguments
from streams.events import TOPICS
from streams.publish import MissingTopicError, Publisher
from streams.rejected import Kept, read_kept
from streams.settings import Broker
from streams.topics import rejected_topic

_POLL_MS: Final = 250
_REMEMBERED: Final = 50_000
"""So many records back a repeat is recognised: far more than one flush can refuse."""
_TOLD: Final = 20


class Choice(Struct, frozen=True, kw_only=True):
    """Which records: of these topics, reasons and ids; an empty collection is any."""

    topics: Collection[str] = ()
    reasons: Collection[str] = ()
    ids: Collection[str] = ()

    def takes(self, kept: Kept) -> bool:
        """Whether a record is chosen."""
        return (
            (not self.topics or kept.topic in self.topics)
            and (not self.reasons or kept.reason in self.reasons)
            and (not self.ids or kept.id in self.ids)
        )


class Found(Struct):
    """The newest of the chosen records, at most as many as were asked for, and how many there are of each kind."""

    records: deque[Kept]
    total: int = 0
    by_topic: dict[str, Counter[str]] = field(default_factory=dict)


class Fed(Struct):
    """What became of chosen records: fed again by topic, or not, and why (id and words, the first 20)."""

    fed: Counter[str] = field(default_factory=Counter)
    left: int = 0
    why: list[tuple[str, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


async def find(broker: Broker, choice: Choice, limit: int) -> Found:
    """Look through the rejected topics. Raises MissingTopicError."""
    found = Found(deque(maxlen=limit))
    async for kept in _all(broker, choice):
        found.records.append(kept)
        found.total += 1
        found.by_topic.setdefault(kept.topic, Counter())[kept.reason] += 1
    return found


async def feed(broker: Broker, choice: Choice, *, dry_run: bool = False, idempotent: bool = True) -> Fed:
    """Publish the chosen records again as they were: key, value, and the partition they stood in.

    In that partition are the other events of their contact. A record of which only a part was kept is left, with the
    reason. What is refused again comes back as a rejected record with another id; it is not fed in the same run.
    Raises MissingTopicError.
    """
    done, missing = Fed(), set(choice.ids)
    async with Publisher(broker, idempotent=idempotent) as publisher:
        async for kept in _all(broker, choice):
            missing.discard(kept.id)
            obstacle = kept.obstacle
            if obstacle is not None or kept.value is None:
                done.left += 1
                if obstacle is not None and len(done.why) < _TOLD:
                    done.why.append((kept.id, obstacle))
                continue
            if not dry_run:
                await publisher.record(kept.topic, kept.key, kept.value, kept.partition)
            done.fed[kept.topic] += 1
    done.missing = sorted(missing)
    return done


async def _all(broker: Broker, choice: Choice) -> AsyncIterator[Kept]:
    """Every chosen record, by topic and partition in the order of their refusal, without repeats."""
    consumer = AIOKafkaConsumer(
        **client_arguments(broker), enable_auto_commit=False, auto_offset_reset="earliest", fetch_max_wait_ms=_POLL_MS,
        isolation_level="read_committed",
    )  # fmt: skip
    partitions = await _partitions(broker, [rejected_topic(topic) for topic in choice.topics or TOPICS])
    await consumer.start()
    try:
        for tp in partitions:
            async for kept in _partition(consumer, tp):
                if choice.takes(kept):
                    yield kept
    finally:
        await consumer.stop()


async def _partitions(broker: Broker, topics: list[str]) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(**client_arguments(broker))
    await admin.start()
    try:
        counts = {found["topic"]: len(found["partitions"]) for found in await admin.describe_topics(topics)}
    finally:
        await admin.close()
    for topic in topics:
        if not counts.get(topic):
            raise MissingTopicError(f"topic {topic} does not exist: create it with `queuepulse topics`")
    return [TopicPartition(topic, number) for topic in topics for number in range(counts[topic])]


async def _partition(consumer: Any, tp: TopicPartition) -> AsyncIterator[Kept]:
    consumer.assign([tp])
    await consumer.seek_to_beginning(tp)
    end = (await consumer.end_offsets([tp]))[tp]
    seen: dict[tuple[str, str | None, int], None] = {}
    while await consumer.position(tp) < end:
        for record in (await consumer.getmany(timeout_ms=_POLL_MS)).get(tp, ()):
            kept = read_kept(record.value)
            if kept is None or record.offset >= end:
                continue
            same = (kept.id, kept.sha256, kept.published_at)  # a topic that was made anew has the same ids again
            if same in seen:
                continue
            seen[same] = None
            if len(seen) > _REMEMBERED:
                del seen[next(iter(seen))]
            yield kept
