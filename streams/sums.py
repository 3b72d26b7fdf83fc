"""Sums of slices over partitions, remembered: what a snapshot adds up again is what changed since the last one.

Slices and a span enter, a tally leaves. Of each start the slices of all partitions are added once and known again for
as long as none of them has changed; a window then adds one tally a start, not one for each partition. Nothing shown
depends on what is remembered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from streams import tally as y
from streams.books import Book, Slice
from streams.slices import MINUTE, SECOND, Span, floor_to
from streams.tally import Fields

WIDTHS_MS: Final = {"f": 10 * SECOND, "m": MINUTE, "c": 15 * MINUTE, "l": 5 * MINUTE}
"""How long a slice of each ring is."""


class _Sum:
    """What the slices of one start are together, and which they were, each at which version."""

    def __init__(self, pieces: list[Slice]) -> None:
        self.pieces = pieces
        self.versions = [piece.version for piece in pieces]
        self.fields: Fields = {}
        self.maxima: dict[int, int] = {}
        for piece in pieces:
            y.add(self.fields, piece.fields)
            raise_to(self.maxima, piece.maxima)

    def still(self, pieces: list[Slice]) -> bool:
        """Whether it is the sum of these slices as they are now."""
        if len(pieces) != len(self.pieces):
            return False
        for n, piece in enumerate(pieces):
            if piece is not self.pieces[n] or piece.version != self.versions[n] or piece.dirty:
                return False
        return True


class Sums:
    """The sums of one set of partitions; another set's are forgotten when ``of_partitions`` is told of it."""

    def __init__(self) -> None:
        self._partitions: list[object] = []
        self._known: dict[tuple[str, str, str], dict[int, _Sum]] = {}
        self._widest_ms: dict[str, int] = {}

    @property
    def remembered(self) -> int:
        """How many starts of how many rows are known."""
        return sum([len(known) for known in self._known.values()])

    def of_partitions(self, partitions: Sequence[object]) -> None:
        """Whose slices are asked for from now on."""
        same = len(partitions) == len(self._partitions) and all(
            one is other for one, other in zip(partitions, self._partitions, strict=True)
        )
        if not same:
            self._partitions = list(partitions)
            self._known.clear()

    def of(self, books: Sequence[Book], code: str, span: Span) -> tuple[Fields, dict[int, int]]:
        """What the slices of one ring that begin in a span are together: fields, maxima. ``books``: of one row."""
        fields: Fields = {}
        maxima: dict[int, int] = {}
        if not books:
            return fields, maxima
        width = WIDTHS_MS[code]
        known = self._known.setdefault((books[0].queue, books[0].channel, code), {})
        stores = [store_of(book, code) for book in books]
        for start in _starts(stores, span, width):
            pieces = [piece for store in stores if (piece := store.get(start)) is not None]
            if not pieces:
                continue
            one = known.get(start)
            if one is None or not one.still(pieces):
                one = known[start] = _Sum(pieces)
            y.add(fields, one.fields)
            raise_to(maxima, one.maxima)
        self._trim(known, code, span, width)
        return fields, maxima

    def _trim(self, known: dict[int, _Sum], code: str, span: Span, width: int) -> None:
        """Forget what is older than the longest span asked for, once it is as much again."""
        widest = self._widest_ms[code] = max(self._widest_ms.get(code, 0), span.end - span.start)
        if len(known) > 2 * (widest // width) + 8:
            oldest = span.end - widest - width
            for start in [start for start in known if start < oldest]:
                del known[start]


def _starts(stores: list[Mapping[int, Slice]], span: Span, width: int) -> list[int]:
    """Where slices may begin: every moment of a short span, what there is of a long one."""
    first = floor_to(span.start, width)
    if (span.end - first) // width <= sum([len(store) for store in stores]):
        return list(range(first, span.end, width))
    return list({start for store in stores for start in store if first <= start < span.end})


def store_of(book: Book, code: str) -> Mapping[int, Slice]:
    """The slices of one ring."""
    return {"f": book.fine, "m": book.minute, "c": book.coarse, "l": book.length}[code]


def raise_to(maxima: dict[int, int], other: Mapping[int, int]) -> None:
    """Let each maximum be the larger of the two."""
    for field, value in other.items():
        known = maxima.get(field)
        if known is None or value > known:
            maxima[field] = value
