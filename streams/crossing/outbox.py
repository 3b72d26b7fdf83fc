"""What one source partition has to tell until its next flush: tellings and the passing of time enter, records leave.

Each record bears the offset of the event that led to it and a number within that offset, so that it is the same record
when the event is applied again.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from streams.crossing.fact import DESTINATIONS, Outgoing, Telling, Told, key_of
from streams.crossing.wire import encode, head_of
from streams.slices import HOUR

TICK_MS: Final = HOUR
"""How often, in event time, the partitions that keep facts hear of the time even when there is nothing to tell."""


Address: TypeAlias = tuple[str, str, int]
"""Whom a fact is about, the contact and the part; the facts of one address take each other's place."""


class Outbox:
    """The records to be written with the next flush of one source partition, in order.

    Of several facts of one address that one hour of event time brings, only the last is written: it holds all that is
    true. Not of those of a longer time, as a flush of a backlog has it: what is old by then of an agent's work would
    count no more (``crossing.agents.KEEP_MS``).
    """

    def __init__(self, topic: str, number: int) -> None:
        self._head = head_of(topic, number)
        self._told: dict[Address, tuple[str, Told]] = {}
        self._before: list[tuple[str, Told]] = []
        """Of the hours before this one."""
        self._offset = -1
        self._index = 0

    def tell(self, tellings: list[Telling], offset: int, watermark: int) -> None:
        """Keep what other partitions have to hear of an event."""
        for telling in tellings:
            fact = telling.fact
            told = Told(offset, self._next(offset), watermark, telling.who, fact)
            address = (telling.who, fact.contact_id, fact.part)
            if address in self._told:
                del self._told[address]  # so that the latest is the last
            self._told[address] = (telling.destination, told)

    def time_passes(self, before: int, at: int, offset: int) -> None:
        """Tell everybody who keeps facts how far the time of this partition is, once in ``TICK_MS``."""
        if at // TICK_MS > before // TICK_MS:
            self._before += self._told.values()
            self._told.clear()
            told = Told(offset, self._next(offset), at)
            for destination in DESTINATIONS:
                self._told["", destination, offset] = (destination, told)

    def take(self) -> list[Outgoing]:
        """Everything since the last call."""
        told, self._before = self._before, []
        told += self._told.values()
        self._told.clear()
        return [(where, key_of(one.who) if one.who else None, encode(self._head, one)) for where, one in told]

    def _next(self, offset: int) -> int:
        self._index = self._index + 1 if offset == self._offset else 0
        self._offset = offset
        return self._index
