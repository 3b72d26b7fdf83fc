"""The slices of one ring in the order of their time: opened here, and dropped when they are older than the ring keeps.

Whose slices begin at a time is written down as they are opened, so nobody has to search every book for old ones.
"""

from __future__ import annotations

from heapq import heappop, heappush

from mypy_extensions import mypyc_attr

from streams.books import NO_MAXIMA, Book, Slice, Slices
from streams.slices import Ring


@mypyc_attr(acyclic=True)
class Start:
    """What begins at one time: how the keys of its slices begin, and whose they are."""

    def __init__(self, head: bytes) -> None:
        self.head = head
        self.books: list[Book] = []


class Starts:
    """One ring of a ledger whose stored keys begin with ``prefix``."""

    def __init__(self, ring: Ring, prefix: bytes, *, with_maxima: bool) -> None:
        self.code = ring.code
        self.width_ms = ring.width_ms
        self.keep_ms = ring.keep_ms
        self._with_maxima = with_maxima
        self._prefix = prefix + f"s|{ring.code}|".encode()
        self._known: dict[int, Start] = {}
        self._order: list[int] = []

    def open(self, store: Slices, start: int, book: Book) -> Slice:
        """A new slice in a book's store of this ring."""
        head = self._at(start, book).head
        assert isinstance(store, dict)  # compiled, it is entered sooner
        piece = store[start] = Slice(head + book.tail, {}, {} if self._with_maxima else NO_MAXIMA)
        return piece

    def take_back(self, book: Book) -> None:
        """Write down the slices of a book that were not opened here, but read back."""
        for start in book.slices(self.code):
            self._at(start, book)

    def purge(self, watermark: int) -> list[bytes]:
        """Drop the slices that are older than the ring keeps; returns their keys."""
        gone: list[bytes] = []
        oldest = watermark - self.keep_ms - self.width_ms
        while self._order and self._order[0] < oldest:
            start = heappop(self._order)
            for book in self._known.pop(start).books:
                piece = book.slices(self.code).pop(start, None)
                if piece is not None:
                    gone.append(piece.key)
        return gone

    def _at(self, start: int, book: Book) -> Start:
        known = self._known.get(start)
        if known is None:
            known = self._known[start] = Start(self._prefix + str(start).encode())
            heappush(self._order, start)
        known.books.append(book)
        return known
