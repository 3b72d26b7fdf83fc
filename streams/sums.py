"""Sums of slices over partitions, remembered: what a snapshot adds up again is what changed since the last one.

Ledgers enter, and say which slices have changed (``streams.stirred``); a tally for each row and window leaves. A window
that moves on takes from what it was the starts that are no longer in it or have changed, and adds those that are new or
have changed: where nothing happened nothing is looked at. Nothing shown depends on what is remembered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from streams import tally as y
from streams.books import ROWS_APART, Book, Slice, Slices
from streams.ledger import Ledger
from streams.slices import Ring, Span, floor_to
from streams.tally import Fields

Key = tuple[str, str]
"""Queue and channel."""


class _Sum:
    """What the slices of one start are together; ``windows``: how many contain it."""

    def __init__(self, pieces: list[Slice]) -> None:
        self.fields, self.maxima = added(pieces)
        self.windows = 0


class Summed:
    """What a window of one row is, to be read only; it is another ``version`` when it is another tally.

    It is that of [first, end) without the starts ``left_out``. ``exact``: no maximum has been taken out of it.
    """

    def __init__(self) -> None:
        self.fields: Fields = {}
        self.maxima: dict[int, int] = {}
        self.version = 0
        self.first = 0
        self.end = 0
        self.left_out: set[int] = set()
        self.exact = True

    def put(self, fields: Mapping[int, int], maxima: Mapping[int, int]) -> None:
        """Add one more."""
        self.version += 1
        y.add(self.fields, fields)
        raise_to(self.maxima, maxima)

    def take(self, fields: Mapping[int, int], maxima: Mapping[int, int]) -> None:
        """Take out what was put in; unless it is ``exact`` then, its maxima have to be found again."""
        self.version += 1
        y.take(self.fields, fields)
        for field, value in maxima.items():
            if self.maxima.get(field) == value:
                self.exact = False


class _Row:
    """One ring of one queue and channel in all partitions."""

    def __init__(self, stores: list[Slices]) -> None:
        self.stores = stores
        self.windows: dict[str, Summed] = {}
        self.known: dict[int, _Sum] = {}

    def stir(self, start: int) -> None:
        """The slices that begin then are no longer those that are known."""
        old = self.known.pop(start, None)
        for window in self.windows.values():
            if window.first <= start < window.end and start not in window.left_out:
                window.left_out.add(start)
                if old is not None:
                    window.take(old.fields, old.maxima)

    def window(self, name: str, ring: Ring, span: Span) -> Summed:
        """The window of this name, which covers this span now."""
        window = self.windows.get(name)
        if window is None:
            window = self.windows[name] = Summed()
        width, was_first, was_end, left_out = ring.width_ms, window.first, window.end, window.left_out
        first, end = floor_to(span.start, width), floor_to(span.end - 1, width) + width
        if first != was_first or end != was_end:
            self._leave(window, range(was_first, min(first, was_end), width))
            self._leave(window, range(max(end, was_first), was_end, width))
            self._enter(window, ring, first, min(was_first, end))
            self._enter(window, ring, max(was_end, first), end)
            window.first, window.end = first, end
        if left_out:
            self._put(window, [start for start in left_out if first <= start < end])
            left_out.clear()
        if not window.exact:
            window.maxima, window.exact = {}, True
            for start in range(first, end, width):
                one = self.known.get(start)
                if one is not None:
                    raise_to(window.maxima, one.maxima)
        return window

    def _leave(self, window: Summed, starts: range) -> None:
        for start in starts:
            one = self.known.get(start)
            if one is not None and start not in window.left_out:
                window.take(one.fields, one.maxima)
                one.windows -= 1
                if not one.windows:
                    del self.known[start]

    def _enter(self, window: Summed, ring: Ring, first: int, end: int) -> None:
        if first < end:
            self._put(window, _starts(self.stores, ring, Span(first, end)))

    def _put(self, window: Summed, starts: list[int]) -> None:
        for start in starts:
            one = self.known.get(start)
            if one is None:
                pieces = [piece for store in self.stores if (piece := _at(store, start)) is not None]
                if not pieces:
                    continue
                one = self.known[start] = _Sum(pieces)
            one.windows += 1
            window.put(one.fields, one.maxima)


class Sums:
    """The sums of one set of ledgers. ``queues``: every row there is but those of agents only, of tags and of teams."""

    def __init__(self) -> None:
        self.queues: list[Key] = []
        self._ledgers: list[Ledger] = []
        self._changed: list[set[bytes]] = []
        self._read: list[int] = []
        self._books: dict[Key, list[Book]] = {}
        self._rows: dict[tuple[str, str, str], _Row] = {}

    @property
    def remembered(self) -> int:
        """How many sums are known: of the starts of every row, and of its windows."""
        return sum([len(row.known) + len(row.windows) for row in self._rows.values()])

    def look(self, ledgers: Sequence[Ledger]) -> bool:
        """See what has changed: what is asked for from now on is of these ledgers as they are now.

        False: they are others than before, or too much has changed; whatever was asked for before is of no use.
        """
        whole = len(ledgers) == len(self._ledgers)
        for one, other in zip(ledgers, self._ledgers, strict=False):
            whole = whole and one is other
        if not whole:
            self._begin(list(ledgers))
        for n, ledger in enumerate(self._ledgers):
            books = ledger.books
            if len(books) > self._read[n]:
                self._open(list(books.values())[self._read[n] :])
                self._read[n] = len(books)
            keys = ledger.stirred.taken(self._changed[n])
            if keys is None:
                self._rows.clear()
                whole = False
                continue
            for key in keys:
                code, start, queue, channel = ledger.parts_of(key)
                row = self._rows.get((queue, channel, code))
                if row is not None:
                    row.stir(int(start))
        return whole

    def _begin(self, ledgers: list[Ledger]) -> None:
        self._ledgers, self._read = ledgers, [0] * len(ledgers)
        self._changed = [set() for _ in ledgers]
        for ledger, changed in zip(ledgers, self._changed, strict=True):
            ledger.stirred.reads(changed)
        self._books.clear()
        self._rows.clear()
        self.queues = []

    def _open(self, books: list[Book]) -> None:
        """There are more books in a ledger; there are never fewer."""
        for book in books:
            self._books.setdefault((book.queue, book.channel), []).append(book)
            for code in "fmc":
                row = self._rows.get((book.queue, book.channel, code))
                if row is not None:
                    row.stores.append(book.slices(code))
        self.queues = sorted([key for key in self._books if key[1] and not key[0].startswith(ROWS_APART)])

    def channels(self, queue: str) -> list[str]:
        """The channels of which there is a row of this name."""
        return [key[1] for key in self._books if key[0] == queue]

    def of(self, key: Key, ring: Ring, span: Span, window: str) -> Summed:
        """What the slices of one ring of a row that touch a span are together.

        ``window``: the name of the span, which may move from one time to the next.
        """
        row = self._rows.get((key[0], key[1], ring.code))
        if row is None:
            books = self._books.get(key)
            if books is None:
                return Summed()
            row = self._rows[key[0], key[1], ring.code] = _Row([book.slices(ring.code) for book in books])
        return row.window(window, ring, span)


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
