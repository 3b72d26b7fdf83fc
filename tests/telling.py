"""A worker without Kafka that counts partitions and tells of them: what it flushes is stored, and arrives, at once."""

from __future__ import annotations

from zlib import crc32

from streams.crossing.state import partitions_of
from streams.owned import Holdings
from streams.partition import Partition, Record
from streams.settings import Settings
from streams.sharing import Sharing, deleted
from streams.topics import facts_topics, input_topics


class Owner:
    """Counts ``numbers`` partitions of each input. ``now`` is the clock of tellings, in seconds."""

    def __init__(self, settings: Settings, numbers: int = 1) -> None:
        self.settings = settings
        self.numbers = numbers
        self.topics = input_topics(settings.broker.app_id)
        self.holdings = Holdings(self.topics, partitions_of(settings))
        self.holdings.keeps_untold = True
        self.sharing = Sharing(settings, self.holdings)
        self.changelog: list[tuple[bytes, bytes | None]] = []
        self.now = 0.0
        self._facts = {destination: topic for topic, destination in facts_topics(settings.broker.app_id).items()}
        self.begin()

    def begin(self) -> None:
        """Own everything, with what is restored so far."""
        for topic in self.topics:
            for number in range(self.numbers):
                self.holdings.take(topic, number).begin()

    @property
    def partitions(self) -> list[Partition]:
        """Everything that is counted."""
        return [owned.partition for owned in self.holdings.values() if isinstance(owned.partition, Partition)]

    def put(self, topic: str, key: bytes | None, value: bytes) -> None:
        """One record, to the partition of its key or, without one, to the first."""
        owned = self.holdings[topic, crc32(key or b"") % self.numbers]
        assert owned.next_offset is not None
        owned.partition.apply([Record(owned.next_offset, key, value, 0)])
        owned.next_offset += 1

    def flush(self, wall_ms: int, *, tell: bool = True, farewell: bool = False) -> dict[int, list[Record]]:
        """Flush everything; the records of the floor topic by partition, if anything is told."""
        for owned in self.holdings.values():
            flush = owned.partition.flush()
            self.sharing.note(owned, flush)
            if tell:
                self.sharing.look(owned, self.now, wall_ms)
            if flush is not None:
                gone = owned.partition.flushed(flush)
                deleted(owned, gone)
                self.changelog += [*flush.tallies, *flush.contacts, flush.marker, *((key, None) for key in gone)]
                for destination, key, value in flush.facts:
                    self.put(self._facts[destination], key, value)
        self.now += 1
        if not tell:
            return {}
        told = self.sharing.take(self.now, farewell=farewell)
        for telling in told.values():
            self.changelog += telling.marks
        return {n: [Record(0, key, value, 0) for key, value in telling.records] for n, telling in told.items()}
