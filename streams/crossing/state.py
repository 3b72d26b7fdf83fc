"""The state of one partition of a facts topic: facts in, tallies and people out. Pure: no clock, no I/O.

The sibling of ``streams.partition``: same stamps, same flush, same restoring. What it must know besides is which facts
are repeats. Each source partition tells in order, so the last (offset, index) heard of each is enough, whoever told it
twice: a worker after a crash, or one that did not know yet that it had been replaced.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec
from mypy_extensions import mypyc_attr

from streams.crossing.agents import Agents
from streams.crossing.customers import Customers
from streams.crossing.fact import AGENTS, DESTINATIONS, Bundle, CrossFact, facts_topic
from streams.crossing.wire import decode
from streams.facts import Change
from streams.partition import Partition, Refused
from streams.records import Plain
from streams.roster import NEVER, Roster
from streams.settings import Settings
from streams.slices import DAY
from streams.stored import of_this_version

_UNHEARD: Final = (-1, -1, -1)
SILENT_MS: Final = 7 * DAY
"""A source partition this far behind the others holds their time back no longer: it has fallen silent."""


@mypyc_attr(allow_interpreted_subclasses=True)
class FactsPartition(Partition):
    """One partition of a facts topic: to whoever reads numbers, a partition without open contacts and presence.

    ``destination`` says which of the two topics. ``heard`` has, by source topic and partition, the last offset and
    index, and how far that partition's time is. The ``watermark`` is that of the slowest, so that what one worker has
    not read yet is not taken for late.
    """

    def __init__(self, settings: Settings, topic: str, partition: int, destination: str) -> None:
        super().__init__(settings, topic, partition)
        self.destination = destination
        self.heard: dict[str, tuple[int, int, int]] = {}
        self._slowest = NEVER
        self._next_slowest = NEVER
        agents = Agents() if destination == AGENTS else None
        rules: Any = agents or Customers(round(settings.retention.repeat_days * DAY))
        self.people: Roster[Any, CrossFact, Change] = Roster(rules, self._prefix + b"p|", agents)
        self._kept = [self.people]
        self._tells_people = destination == AGENTS

    # --- records in --------------------------------------------------------------------------------------------------

    def apply(self, records: Sequence[Plain]) -> list[Refused]:
        """Take records in offset order; return those that are no facts. Records already included change nothing."""
        refused: list[Refused] = []
        for offset, key, value, published_at in records:
            if offset < self.next_offset:
                continue
            bundle = decode(value)
            if isinstance(bundle, str):
                self._count("rejected|no_fact", offset)
                refused.append(Refused(offset, "no_fact", bundle, key, value, published_at))
            else:
                self._hear(bundle, offset)
            self.next_offset = offset + 1
        return refused

    def _hear(self, bundle: Bundle, offset: int) -> None:
        source = f"{bundle.topic}/{bundle.partition}"
        last_offset, last_index, heard_at = self.heard.get(source, _UNHEARD)
        count = 0
        for told in bundle.told:
            if told.offset < last_offset or (told.offset == last_offset and told.index <= last_index):
                self._count("repeated_facts", offset)
                continue
            was_heard_at = heard_at
            last_offset, last_index, heard_at = told.offset, told.index, max(heard_at, told.watermark)
            if was_heard_at == self._slowest and heard_at <= self._next_slowest:
                self._slowest = heard_at  # the slowest still, and nobody falls silent by it
            elif was_heard_at <= self._slowest or told.watermark >= self._slowest + SILENT_MS:
                self.heard[source] = (last_offset, last_index, heard_at)
                self._find_slowest()
            if self._slowest > self.watermark:
                self.watermark = self._slowest
            if told.fact is not None:
                count += 1
                changes = self.people.take(told.who, told.fact, offset, self.watermark)
                if isinstance(changes, str):
                    self._count(changes, offset)
                else:
                    self._enter(changes, offset)
            if self.people.next_due <= self.watermark:
                for changes in self.people.fire(self.watermark, offset):
                    self._enter(changes, offset)
        if heard_at >= 0:
            self.heard[source] = (last_offset, last_index, heard_at)
        if count:
            self._count("facts", offset, count)

    def _find_slowest(self) -> None:
        """How far everything told here is, those that have fallen silent aside."""
        marks = sorted([at for _, _, at in self.heard.values()])
        first = bisect_right(marks, marks[-1] - SILENT_MS)
        self._slowest, self._next_slowest = [*marks, NEVER][first : first + 2]

    def _enter(self, changes: Iterable[Change], offset: int) -> None:
        for change in changes:
            self.ledger.post(change, offset, self.watermark)

    # --- storing and reading back ------------------------------------------------------------------------------------

    def _marks(self) -> tuple[object, ...]:
        return (self.heard,)

    def restore(self, key: bytes, value: bytes | None) -> None:
        start = len(self._prefix)
        code, name = key[start : start + 1], key[start + 2 :]
        if code == b"p":
            self.people.restore(name, value)
        elif code == b"P":
            self.people.restore_page(name, value)
        elif code == b"m" and value:
            _, self.next_offset, self.watermark, self.heard = of_this_version(_decode_marker, value, "marker")
            self._marked_offset = self.next_offset
        else:
            super().restore(key, value)

    def restored(self) -> int | None:
        """The changelog has been read: rebuild the rest; returns the next offset to read, None for the beginning."""
        self.people.restored()
        return super().restored()


def partitions_of(settings: Settings) -> Callable[[str, int], Partition]:
    """What makes the empty state of a source topic and partition: of the contract's topics, and of the facts'."""
    facts = {facts_topic(settings.broker.app_id, destination): destination for destination in DESTINATIONS}

    def new(topic: str, number: int) -> Partition:
        if topic in facts:
            return FactsPartition(settings, topic, number, facts[topic])
        return Partition(settings, topic, number)

    return new


_decode_marker: Final = msgspec.msgpack.Decoder(tuple[int, int, int, dict[str, tuple[int, int, int]]]).decode
