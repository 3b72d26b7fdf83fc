"""Sums of slices over partitions, remembered: what a snapshot adds up again is what changed since the last one.

Slices and a span enter, a tally leaves. Of each start the slices of all partitions are added once and known again for
as long as none of them has changed; and a window that moves on takes from what it was the starts that are no longer in
it, and adds those that are new or have changed. Nothing shown depends on what is remembered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from streams import tally as y
from streams.books import Book, Slice, Slices
from streams.slices import Ring, Span, floor_to
from streams.tally import Fields


class _Sum:
    """What the slices of one start are together, and which they were, each at which version."""

    def __init__(self, pieces: list[Slice]) -> None:
        self.pieces = pieces
        self.versions = [piece.version for piece in pieces]
        self.fields, self.maxima = added(pieces)

    def still(self, stores: list[Slices], start: int) -> bool:
        """Whether it is the sum of the slices that begin then, as they are now."""
        n, count = 0, len(self.pieces)
        for store in stores:
            piece = _at(store, start)
            if piece is None:
                continue
            if n == count or piece is not self.pieces[n] or piece.version != self.versions[n] or piece.dirty:
                return False
            n += 1
        return n == count


class _Run:
    """What a window of one row was when it was last asked for: its tally, and the sums it is made of, by start."""

    def __init__(self) -> None:
        self.fields: Fields = {}
        self.parts: dict[int, _Sum] = {}


class Sums:
    """The sums of one set of partitions; another set's are forgotten when ``of_partitions`` is told of it."""

    def __init__(self) -> None:
        self._partitions: list[object] = []
        self._known: dict[tuple[str, str, str], dict[int, _Sum]] = {}
        self._runs: dict[tuple[str, str, str, str], _Run] = {}
        self._widest_ms: dict[str, int] = {}

    @property
    def remembered(self) -> int:
        """How many sums are known: of the starts of every row, and of its windows."""
        return sum([len(known) for known in self._known.values()]) + len(self._runs)

    def of_partitions(self, partitions: Sequence[object]) -> None:
        """Whose slices are asked for from now on."""
        same = len(partitions) == len(self._partitions) and all(
            one is other for one, other in zip(partitions, self._partitions, strict=True)
        )
        if not same:
            self._partitions = list(partitions)
            self._known.clear()
            self._runs.clear()

    def of(self, books: Sequence[Book], ring: Ring, span: Span, window: str) -> tuple[Fields, dict[int, int]]:
        """What the slices of one ring that touch a span are together: fields, maxima.

        ``books``: of one row. ``window``: the name of the span, which may move from one time to the next.
        """
        maxima: dict[int, int] = {}
        if not books:
            return {}, maxima
        queue, channel = books[0].queue, books[0].channel
        known = self._known.setdefault((queue, channel, ring.code), {})
        run = self._runs.get((queue, channel, ring.code, window))
        if run is None:
            run = self._runs[queue, channel, ring.code, window] = _Run()
        parts: dict[int, _Sum] = {}
        stores = [book.slices(ring.code) for book in books]
        for start in _starts(stores, ring, span):
            one = known.get(start)
            if one is None or not one.still(stores, start):
                pieces = [piece for store in stores if (piece := _at(store, start)) is not None]
                if not pieces:
                    continue
                one = known[start] = _Sum(pieces)
            parts[start] = one
            was = run.parts.get(start)
            if was is not one:
                if was is not None:
                    y.take(run.fields, was.fields)
                y.add(run.fields, one.fields)
            raise_to(maxima, one.maxima)
        for start, gone in run.parts.items():
            if start not in parts:
                y.take(run.fields, gone.fields)
        run.parts = parts
        self._trim(known, ring, span)
        return dict(run.fields), maxima

    def _trim(self, known: dict[int, _Sum], ring: Ring, span: Span) -> None:
        """Forget what is older than the longest span asked for, once it is as much again."""
        widest = self._widest_ms[ring.code] = max(self._widest_ms.get(ring.code, 0), span.end - span.start)
        if len(known) > 2 * (widest // ring.width_ms) + 8:
            oldest = span.end - widest - ring.width_ms
            for start in [start for start in known if start < oldest]:
                del known[start]


def once(books: Iterable[Book], ring: Ring, span: Span) -> tuple[Fields, dict[int, int]]:
    """The same of any books, for whoever asks once."""
    stores = [book.slices(ring.code) for book in books]
    pieces: list[Slice] = []
    for start in _starts(stores, ring, span):
        pieces += [piece for store in stores if (piece := store.get(start)) is not None]
    return added(pieces)


def added(pieces: Iterable[Slice]) -> tuple[Fields, dict[int, int]]:
    """What slices are together: fields, maxima."""
    fields: Fields = {}
    maxima: dict[int, int] = {}
    for piece in pieces:
        y.add(fields, piece.fields)
        raise_to(maxima, piece.maxima)
    return fields, maxima


def _at(store: Slices, start: int) -> Slice | None:
    if isinstance(store, dict):  # what is counted here: compiled, a dictionary is asked much sooner than a mapping
        return store.get(start)
    return store.get(start)


def _starts(stores: list[Slices], ring: Ring, span: Span) -> list[int]:
    """Where slices may begin: every moment of a short span, what there is of a long one."""
    first = floor_to(span.start, ring.width_ms)
    if (span.end - first) // ring.width_ms <= sum([len(store) for store in stores]):
        return list(range(first, span.end, ring.width_ms))
    return list({start for store in stores for start in store if first <= start < span.end})


def raise_to(maxima: dict[int, int], other: Mapping[int, int]) -> None:
    """Let each maximum be the larger of the two."""
    for field, value in other.items():
        known = maxima.get(field)
        if known is None or value > known:
            maxima[field] = value
