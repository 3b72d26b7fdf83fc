"""The partitions that other workers count, as far as they have told of them: records of the floor topic enter.

Each becomes a ``Partition`` that is only read: tallies, agents, sources and what is to be seen of its contacts; the
contacts themselves are with their owner. It is **known** from the first beat after its topic was read to the end, and
for as long as beats come; else it is missing, and whoever shows the floor names it. What stands between two beats is
taken at once, so that no number is of two moments. A record that includes less than what is known already comes from
somebody who was replaced, and is left out. Pure; times are seconds of a clock that never goes back.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from typing import Final

import msgspec

from streams import sight
from streams.crossing.state import partitions_of
from streams.packed import ToldLedger
from streams.partition import Partition, Record
from streams.settings import Settings
from streams.sharing import BEAT, STAMP_BYTES, decode_beat
from streams.stored import StateRefusedError

PATIENCE: Final = 5
"""So many beats may fail to come."""
LEAST_SECONDS: Final = 5.0
MOST_WAITING: Final = 100_000
"""Records kept until the beat comes; of an owner who tells more between two beats nothing is known meanwhile."""

log = logging.getLogger(__name__)

PartitionKey = tuple[str, int]


class _Number:
    """One partition number of every input."""

    def __init__(self) -> None:
        self.partitions: dict[str, Partition] = {}
        self.stamps: dict[str, int] = {}
        self.bases: dict[str, int] = {}
        self.baseless: set[str] = set()
        self.waiting: list[Record] = []
        self.read_to_end = False
        self.known_until = float("-inf")
        self.refused = False


class Elsewhere:
    """What others count."""

    def __init__(self, settings: Settings, topics: Iterable[str]) -> None:
        self._settings = settings
        self._topics = frozenset(topics)
        self._new = partitions_of(settings)
        self._numbers: dict[int, _Number] = {}

    @property
    def numbers(self) -> frozenset[int]:
        """The partition numbers followed."""
        return frozenset(self._numbers)

    def follow(self, numbers: Collection[int]) -> None:
        """Follow these partition numbers from now on, and no others; of those that are new nothing is known yet."""
        self._numbers = {number: self._numbers.get(number) or _Number() for number in numbers}

    def try_again(self) -> None:
        """Follow no more what another version told: who counts it may be of this one now, and can be followed anew."""
        self._numbers = {n: number for n, number in self._numbers.items() if not number.refused}

    def partitions(self, now: float) -> dict[PartitionKey, Partition]:
        """Those that are known now, by source topic and partition."""
        return {
            (topic, n): partition
            for n, number in self._numbers.items()
            if now <= number.known_until
            for topic, partition in number.partitions.items()
        }

    def take(self, n: int, records: Iterable[Record], now: float) -> None:
        """Take records of the floor topic's partition ``n`` in their order."""
        number = self._numbers.get(n)
        if number is None or number.refused:
            return
        try:
            for record in records:
                if record.key == BEAT:
                    self._beat(number, n, record, now)
                elif number.read_to_end:
                    number.waiting.append(record)
                    if len(number.waiting) > MOST_WAITING:
                        number.known_until = float("-inf")
                        self._enter_waiting(number, n)
                else:
                    self._enter(number, n, record)
        except (StateRefusedError, msgspec.DecodeError) as error:
            log.error("partition %d of the floor can't be shown here, another version counts it: %s", n, error)  # noqa: TRY400
            self._numbers[n] = number = _Number()
            number.refused = True

    def read_to_end(self, n: int) -> None:
        """All that was told before is taken: from the next beat on it is known."""
        if n in self._numbers:
            self._numbers[n].read_to_end = True

    def _beat(self, number: _Number, n: int, record: Record, now: float) -> None:
        self._enter_waiting(number, n)
        for partition in number.partitions.values():
            partition.flushed_counters = partition.counters
        every_seconds = decode_beat(record.value or b"").every_ms / 1_000
        if number.read_to_end:
            known = every_seconds and not number.baseless
            number.known_until = now + max(LEAST_SECONDS, PATIENCE * every_seconds) if known else float("-inf")

    def _enter_waiting(self, number: _Number, n: int) -> None:
        for record in number.waiting:
            self._enter(number, n, record)
        number.waiting.clear()

    def _enter(self, number: _Number, n: int, record: Record) -> None:
        key, value = record.key or b"", record.value
        raw_topic, _, rest = key.partition(b"|")
        topic = raw_topic.decode()
        partition = number.partitions.get(topic)
        if partition is None:
            if topic not in self._topics:
                return
            partition = number.partitions[topic] = self._new(topic, n)
            partition.ledger = ToldLedger(self._settings, f"{topic}|".encode())
        if value is None:
            partition.restore(key, None)
            return
        stamp = int.from_bytes(value[:STAMP_BYTES], "big")
        if stamp < number.stamps.get(topic, 0):
            return
        number.stamps[topic] = stamp
        value = value[STAMP_BYTES:]
        if rest == sight.CONTACTS:
            number.bases[topic] = sight.see_contacts(partition, value)
            number.baseless.discard(topic)
        elif rest.startswith(sight.CHANGES):
            base = number.bases.get(topic, -1)
            if sight.see_changes(partition, value, base) > base:  # the base was left out: of a moment before
                number.baseless.add(topic)
        elif rest == sight.OPEN:
            sight.see_open(partition, value)
        else:
            partition.restore(key, value)


NOWHERE: Final[Mapping[PartitionKey, Partition]] = {}
"""What is counted elsewhere where nothing is followed."""
