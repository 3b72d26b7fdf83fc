"""The load: a busy simulated floor enters, its voice events leave as they would stand in Kafka, partition by partition.

The same seed makes the same bytes. ``spoilt`` puts bad records of every kind beside the good ones.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from aiokafka.partitioner import murmur2

from streams.events import CALL_EVENTS
from streams.simulate import Item, for_rate, simulate
from streams.simulate.faults import malformed
from streams.simulate.malformed import ZOO, is_spoilable

START: Final = 1_760_004_000_000
PARTITIONS: Final = 8
RATE: Final = 30_000


class Line(NamedTuple):
    """One record to publish."""

    partition: int
    key: bytes | None
    value: bytes


def voice_events(count: int, seed: int = 1) -> list[Item]:
    """The first ``count`` events on ``call-events`` of a floor that makes 30,000 a second (agents' and chats' apart).

    Queue states and heartbeats left out: they are few, and go to every partition.
    """
    items = simulate(for_rate(RATE, START, 3_600), seed)
    return list(islice((i for i in items if i.topic == CALL_EVENTS and not i.everywhere), count))


def lines(items: Iterable[Item]) -> Iterator[Line]:
    """Where each record goes: where Kafka's own clients would put it."""
    for item in items:
        partition = (murmur2(item.key) & 0x7FFFFFFF) % PARTITIONS if item.key is not None else 0
        yield Line(partition, item.key, item.value)


def spoilt(items: Iterable[Item], share: float, kinds: Sequence[str] = tuple(ZOO), seed: int = 2) -> Iterator[Item]:
    """The same items with bad records of these kinds among them: ``share`` bad ones for each good one."""
    dice = random.Random(seed)
    for item in items:
        yield item
        if is_spoilable(item.event) and dice.random() < share:
            yield malformed(dice, item, dice.choice(kinds))
