"""Bad records through Apache Kafka and a worker: counted by reason, kept whole, and nobody waits for them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import random
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from streams.events import CALL_EVENTS, TOPICS, ContactEvent
from streams.feed import publish
from streams.publish import Publisher
from streams.settings import Settings
from streams.simulate import Item, Oracle, demo, simulate
from streams.simulate.malformed import ZOO
from streams.topics import rejected_topic
from tests.integration.by_oracle import differences
from tests.integration.harness import PARTITIONS, producing, read_all
from tests.integration.line import Metrics, Sample, worker_on

START = 1_760_004_000_000
KEPT = 64 * 1024
STALLED_SECONDS = 5.0


class Bad(NamedTuple):
    """What must be known of a refused record."""

    topic: str
    reason: str
    size: int
    sha256: str | None
    value: bytes | None


def bad_of(topic: str, reason: str, value: bytes | None) -> Bad:
    if value is None:
        return Bad(topic, reason, 0, None, None)
    return Bad(topic, reason, len(value), hashlib.sha256(value).hexdigest(), value[:KEPT])


async def publish_zoo(settings: Settings, beside: list[Item], times: int) -> Counter[Bad]:
    """Publish each kind of bad record ``times``, beside good ones, and a tombstone; what must be kept of them."""
    dice, expected = random.Random(3), Counter[Bad]()
    async with producing(settings) as producer:
        pending = []
        for n in range(times):
            for kind, maker in ZOO.items():
                item = dice.choice(beside)
                key, value = maker.make(dice, item)
                expected[bad_of(item.topic, maker.reason, value)] += 1
                partition = dice.randrange(PARTITIONS)
                pending.append(await producer.send(item.topic, value, key=key, partition=partition))
                assert kind != "900 kB" or len(value) > 900_000
            pending.append(await producer.send(CALL_EVENTS, None, key=b"c", partition=n % PARTITIONS))
            expected[bad_of(CALL_EVENTS, "empty", None)] += 1
        await asyncio.gather(*pending)
    return expected


async def kept(settings: Settings) -> Counter[Bad]:
    """What is on the rejected topics."""
    found = Counter[Bad]()
    for topic in TOPICS:
        for record in await read_all(settings, rejected_topic(topic)):
            told: dict[str, Any] = orjson.loads(record.value)
            value = told["value"] if told["value"] is None else base64.b64decode(told["value"])
            found[Bad(told["topic"], told["reason"], told["size"], told["sha256"], value)] += 1
    return found


async def send(items: list[Item], settings: Settings) -> int:
    """Publish good items; how many records that makes."""
    async with Publisher(settings.broker) as publisher:
        await publish(items, publisher, PARTITIONS, None, asyncio.Event())
        await publisher.flush()
        return sum(publisher.published.values())


async def test_every_kind_of_bad_record_is_counted_by_its_reason_and_kept_and_changes_nothing_else(
    settings: Settings, tmp_path: Path
) -> None:
    oracle = Oracle()
    items = list(simulate(demo(START, 900, hour=11.0), 4, oracle))
    middle = len(items) // 2
    contacts = [item for item in items[:middle] if isinstance(item.event, ContactEvent)]
    async with worker_on(settings.broker, tmp_path, clock="stream") as line:
        sent = await send(items[:middle], settings)
        before = await line.counted(sent)

        bad = await publish_zoo(settings, contacts, 3)
        with_bad = await line.counted(sent + bad.total(), seconds=STALLED_SECONDS)
        sent += await send(items[middle:], settings)
        after = await line.counted(sent + bad.total(), seconds=STALLED_SECONDS)

        assert with_bad.by("reason", "rejected_total") == Counter(
            reason for (_, reason, *_), n in bad.items() for _ in range(n)
        )
        assert counters_of_queues(with_bad) == counters_of_queues(before) != []
        assert after.sum("rejected_total") == bad.total()
        assert after.sum("duplicates_total") == 0
        assert differences(after, oracle) == []
        assert await line.leave() == 0
    assert await kept(settings) == bad
    assert line.complaints == []


def counters_of_queues(found: Metrics) -> list[Sample]:
    """Everything that the events' own partitions count of a queue; facts of it may still be under way."""
    counted = [s for s in found.samples if s.name.endswith("_total") and "queue" in s.labels]
    return sorted((s for s in counted if s.labels["topic"] in TOPICS), key=lambda s: (s.name, sorted(s.labels.items())))
