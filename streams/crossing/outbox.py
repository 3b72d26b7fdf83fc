"""What one source partition has to tell until its next flush: tellings and the passing of time enter, records leave.

Each record bears the offset of the event that led to it and a number within that offset, so that it is the same record
when the event is applied again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from streams.crossing.fact import DESTINATIONS, VERSION, Outgoing, Telling, Told, encode, key_of
from streams.slices import HOUR

TICK_MS: Final = HOUR
"""How often, in event time, the partitions that keep facts hear of the time even when there is nothing to tell."""


class Outbox:
    """The records to be written with the next flush of one source partition, in order."""

    def __init__(self, topic: str, number: int) -> None:
        self._topic = topic
        self._number = number
        self._records: list[Outgoing] = []
        self._offset = -1
        self._index = 0

    def tell(self, tellings: Iterable[Telling], offset: int, watermark: int) -> None:
        """Keep what other partitions have to hear of an event."""
        for destination, who, fact in tellings:
            told = Told(VERSION, self._topic, self._number, offset, self._next(offset), watermark, who, fact)
            self._records.append(Outgoing(destination, key_of(who), encode(told)))

    def time_passes(self, before: int, at: int, offset: int) -> None:
        """Tell everybody who keeps facts how far the time of this partition is, once in ``TICK_MS``."""
        if at // TICK_MS > before // TICK_MS:
            told = encode(Told(VERSION, self._topic, self._number, offset, self._next(offset), at))
            self._records += [Outgoing(destination, None, told) for destination in DESTINATIONS]

    def take(self) -> list[Outgoing]:
        """Everything since the last call."""
        records, self._records = self._records, []
        return records

    def _next(self, offset: int) -> int:
        self._index = self._index + 1 if offset == self._offset else 0
        self._offset = offset
        return self._index
