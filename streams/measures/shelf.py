"""Everything read from the topic ``measures``: its records enter in log order, the book and what was refused leave.

Every worker reads the whole topic, so each has the same shelf. It is bounded: beyond ``most`` numbers a new one is
refused, while those that are there may still be replaced or withdrawn.
"""

from __future__ import annotations

from typing import Final

from streams.decode import Rejected
from streams.measures.book import Book
from streams.measures.record import Measure, Withdrawn, decode
from streams.partition import Record, Refused

MOST_NUMBERS: Final = 100_000


class Shelf:
    """``complete`` once everything that stood on the topic when the worker started has been read.

    ``counters`` counts records understood and refused, in the words of ``Partition.counters``; they begin anew with
    each worker, which reads everything again.
    """

    def __init__(self, most: int = MOST_NUMBERS) -> None:
        self.complete = False
        self.counters: dict[str, int] = {}
        self._book = Book()
        self._most = most
        self._shared: Book | None = None

    def take(self, record: Record) -> Refused | None:
        """Take one record; returns it with the reason when it can't be used."""
        found: Measure | Withdrawn | Rejected = decode(record.key, record.value)
        if isinstance(found, Measure) and len(self._book) >= self._most and not self._book.has(found.identity):
            detail = f"there are {self._most:,} numbers already: withdraw some with `queuepulse measure unset`"
            found = Rejected("out_of_range", detail)
        if isinstance(found, Rejected):
            self._count("rejected|" + found.reason)
            offset, key, value, published_at = record
            return Refused(offset, found.reason, found.detail, key, value, published_at)
        self._count("events|measure" if isinstance(found, Measure) else "events|measure_withdrawn")
        self._book.put(found)
        self._shared = None
        return None

    def book(self) -> Book:
        """The numbers that hold now, in a book that no later record changes."""
        if self._shared is None:
            self._shared = self._book.copy()
        return self._shared

    def _count(self, name: str) -> None:
        self.counters[name] = self.counters.get(name, 0) + 1
