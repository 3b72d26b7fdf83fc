"""The tallies of one source partition: every queue's slices, and the totals since the beginning.

Changes enter (a sign and a fact, with the source offset they came from); what leaves are changed slices, each stamped
with the last offset it includes, so that a change seen again after a crash is ignored by the slices that have it.
The totals only ever grow: what a correction takes back is counted beside them (``CORRECTED``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from streams import cells, maxima
from streams import facts as k
from streams import tally as y
from streams.books import (
    CELL_MS,
    CORRECTED,
    NO_MAXIMA,
    OTHER,
    TAG_ROW,
    TEAM_ROW,
    TOTAL,
    Book,
    Limits,
    Slice,
    Slices,
)
from streams.cells import Three
from streams.editions import NOW, Editions
from streams.facts import Change, Fact
from streams.maxima import Broken
from streams.presence import Spent
from streams.settings import Settings
from streams.slices import Rings, rings
from streams.starts import Starts
from streams.stirred import Stirred
from streams.tally import COHORT, Fields, Pairs, conversations, people


class Ledger:
    """Every book of one partition.

    Recent changes gather in ten-second cells first, and reach the slices when somebody looks (``books``, ``changed``):
    a busy queue pays for its slices once per flush, not once per event. Offsets up to ``guard_until`` may be included
    in stored slices already; they are entered one by one, and only where the stamp says they are missing.
    """

    def __init__(self, settings: Settings, prefix: bytes) -> None:
        self._settings = settings
        self._prefix = prefix
        self.rings: Rings = rings(settings.retention.fine_minutes, settings.retention.coarse_days)
        self._coarse_ms = self.rings.coarse.keep_ms
        self._fine = Starts(self.rings.fine, prefix, with_maxima=False)
        self._minute = Starts(self.rings.minute, prefix, with_maxima=True)
        self._coarse = Starts(self.rings.coarse, prefix, with_maxima=True)
        self._length = Starts(self.rings.length, prefix, with_maxima=False)
        self.guard_until = -1
        self._watermark = 0
        self.editions = Editions(settings, prefix + b"v|")
        self._books: dict[tuple[str, str], Book] = {}
        self._unsettled: list[Book] = []
        self.broken_maxima: list[Broken] = []
        self._dirty: list[Slice] = []
        self.stirred = Stirred()
        self._grown: list[Book] = []
        self._read_back = False

    @property
    def books(self) -> dict[tuple[str, str], Book]:
        """Every book by queue and channel, with everything posted so far in its slices."""
        if self._unsettled:
            self._settle()
        return self._books

    def book(self, queue: str, channel: str) -> Book:
        """The book of a queue and channel, opened when it is new; beyond the limit of queues it is that of OTHER."""
        book = self._books.get((queue, channel))
        if book is not None:
            return book
        full = len(self._books) >= self._settings.retention.max_queues
        return self._open(OTHER if full else queue, channel)

    def _open(self, queue: str, channel: str) -> Book:
        book = self._books.get((queue, channel))
        if book is None:
            book = self._books[queue, channel] = Book(
                queue, channel, self.editions.current.limits(queue),
                Slice(self._prefix + f"s|{TOTAL}|0|{channel}|{queue}".encode(), {}, NO_MAXIMA), {}, {}, {}, {}, {},
            )  # fmt: skip
            self._grown.append(book)
        return book

    def limits(self, book: Book, born: int) -> Limits:
        """The limits of a queue for a contact first heard of at offset ``born``."""
        return book.limits if born >= self.editions.since else self.editions.of(born).limits(book.queue)

    def post(self, change: Change, offset: int, watermark: int, born: int = NOW) -> bool:
        """Enter one change of a contact first heard of at offset ``born``, under the definitions in force then.

        False when it is older than the longest ring keeps (the totals have it all the same).
        """
        sign, fact = change
        kind, value, at = fact.kind, fact.value, fact.at
        queue = self._row_apart(fact, born) if kind in (k.TAGGED, k.TEAM_RATED) else fact.queue
        if queue is None:
            return True
        book = self._books.get((queue, fact.channel)) or self.book(queue, fact.channel)
        limits = book.limits if born >= self.editions.since else self.limits(book, born)
        waited = k.ANSWERED <= kind <= k.FLOWED_OUT  # the kinds of ``WAITED``
        if kind < k.CREATED:
            fields = y.counts(fact, limits.threshold_ms, limits.short_ms)
            first = y.HISTOGRAMS.get(kind)
            if first is not None:
                fields += ((first + y.bucket(value), 1),)
            if kind == k.RANG:
                fields += limits.beyond_band(value)
        elif not k.CONTACTED <= kind <= k.BETWEEN:
            fields = conversations.counts(fact, limits.conversations)
        else:
            fields = people.counts(fact)
        cohort = fact.started if limits.by_contact else fact.arrival
        oldest = watermark - self._coarse_ms
        self._watermark = watermark
        if offset > self.guard_until and at >= oldest and cohort >= oldest:
            if sign < 0:
                fields = cells.taken_back(fields)
            elif kind == k.ANSWERED:
                fields += ((y.MAX_WAIT, value), (y.MAX_ANSWERED_WAIT, value))
            elif waited:
                fields += ((y.MAX_WAIT, value),)
            if not book.cells:
                self._unsettled.append(book)
            cells.post(book, at, cohort, fields)
        else:
            self._enter_total(book, sign, fields, offset)
            self._enter(book, at, sign, fields, 0, offset, watermark)
            self._enter(book, cohort, sign, fields, COHORT, offset, watermark)
            if sign > 0 and waited:
                for piece, shift, _, _ in self._held(book, at, cohort, watermark):
                    if piece.stamp < offset:
                        maxima.raised(piece, kind, value, shift)
        if kind == k.OFFERED:
            self._enter_length(book, at, sign, offset, watermark)
        elif waited or kind == k.ORPHANED:
            self._enter_length(book, at, -sign, offset, watermark)
            if sign < 0 and waited:
                self._retract_maxima(book, fact, cohort, offset, watermark)
        return at >= oldest or cohort >= oldest

    def _row_apart(self, fact: Fact, born: int) -> str | None:
        """The row of a tag: its own when the settings name it, else that of all others. That of a team, or None."""
        edition = self.editions.of(born)
        if fact.kind == k.TAGGED:
            return TAG_ROW + (fact.detail if fact.detail in edition.definitions.tags else OTHER)
        _, team, agent = fact.detail.split("\n")
        found = edition.team(team, agent)
        return None if found is None else TEAM_ROW + found

    def _settle(self) -> None:
        """Bring every gathered cell into its slices and the totals."""
        fine_from, minute_from = self._watermark - self._fine.keep_ms, self._watermark - self._minute.keep_ms
        for book in self._unsettled:
            total, known_at, of_time = self._total(book), -1, _SINKS
            for key, cell in book.cells.items():
                at, cohort = (key >> 30) * CELL_MS, (key & _COHORT_CELL) * CELL_MS
                if at != known_at:  # most of what came has just happened
                    of_time, known_at = self._three(book, at, fine_from, minute_from, known_at, of_time), at
                of_arrival = of_time if cohort == at else self._three(book, cohort, fine_from, minute_from, at, of_time)
                cells.enter(cell, total, of_time, of_arrival)
            book.cells = {}
        _SINK.fields.clear()
        _SINK.maxima.clear()
        self._unsettled.clear()

    def _three(self, book: Book, at: int, fine_from: int, minute_from: int, near_at: int, near: Three) -> Three:
        """The slices of a moment; those of another, maybe ``near``, are known."""
        width = self._coarse.width_ms
        return (
            self._slice(book.fine, self._fine, at, book) if at >= fine_from else _SINK,
            self._slice(book.minute, self._minute, at, book) if at >= minute_from else _SINK,
            near[2] if at // width == near_at // width else self._slice(book.coarse, self._coarse, at, book),
        )

    def _enter(self, book: Book, at: int, sign: int, fields: Pairs, shift: int, offset: int, watermark: int) -> None:
        """Enter fields into the slices of a moment that still exist and do not include the offset."""
        for ring, store in self._stores(book):
            if at < watermark - ring.keep_ms:
                continue
            piece = self._slice(store, ring, at, book)
            if piece.stamp >= offset:
                continue
            for field, n in fields:
                if field < y.ANSWERED_WAITS or ring.code != "f":
                    piece.fields[field + shift] = piece.fields.get(field + shift, 0) + sign * n

    def _enter_total(self, book: Book, sign: int, fields: Pairs, offset: int) -> None:
        total = self._total(book)
        if total.stamp < offset:
            shift = 0 if sign > 0 else CORRECTED
            for field, n in fields:
                total.fields[field + shift] = total.fields.get(field + shift, 0) + n

    def _enter_length(self, book: Book, at: int, change: int, offset: int, watermark: int) -> None:
        ring = self._length
        if at >= watermark - ring.keep_ms:
            piece = self._slice(book.length, ring, at, book)
            if piece.stamp < offset:
                second = at % ring.width_ms // 1000
                piece.fields[second] = piece.fields.get(second, 0) + change

    def _held(self, book: Book, at: int, cohort: int, watermark: int) -> Iterator[tuple[Slice, int, Starts, int]]:
        """The slices with maxima of a moment and of an arrival, where they still exist: slice, shift, ring, moment."""
        for ring, store in ((self._minute, book.minute), (self._coarse, book.coarse)):
            for moment, shift in ((at, 0), (cohort, COHORT)):
                if moment >= watermark - ring.keep_ms:
                    yield self._slice(store, ring, moment, book), shift, ring, moment

    def _retract_maxima(self, book: Book, fact: Fact, cohort: int, offset: int, watermark: int) -> None:
        self._settle()
        for piece, shift, ring, moment in self._held(book, fact.at, cohort, watermark):
            if piece.stamp < offset:
                for field in maxima.fields_of(fact.kind):
                    known = piece.maxima.get(field + shift, -1)
                    if fact.value >= known:
                        start = moment - moment % ring.width_ms
                        broken = Broken(book, piece, start, start + ring.width_ms, field + shift, known)
                        self.broken_maxima.append(broken)

    def spend(self, span: Spent, queue: str, offset: int, watermark: int) -> None:
        """Add the time an agent spent in a state (ms), spread over the slices it overlaps."""
        field, book = y.STATE_MS[span.state], self.book(queue, "")
        self._enter_total(book, span.sign, ((field, span.end - span.start),), offset)
        for ring, store in self._stores(book):
            at = max(span.start, watermark - ring.keep_ms)
            while at < span.end:
                until = min(span.end, at - at % ring.width_ms + ring.width_ms)
                piece = self._slice(store, ring, at, book)
                if piece.stamp < offset:
                    piece.fields[field] = piece.fields.get(field, 0) + span.sign * (until - at)
                at = until

    def _stores(self, book: Book) -> tuple[tuple[Starts, Slices], ...]:
        return ((self._fine, book.fine), (self._minute, book.minute), (self._coarse, book.coarse))

    def _slice(self, store: Slices, ring: Starts, at: int, book: Book) -> Slice:
        start = at - at % ring.width_ms
        assert isinstance(store, dict)  # here nothing is packed (``streams.packed``): compiled, this is found sooner
        piece: Slice | None = store.get(start)
        if piece is None:
            piece = ring.open(store, start, book)
        if not piece.dirty:
            piece.dirty = True
            self._dirty.append(piece)
        if piece.turn != self.stirred.turn:
            piece.turn = self.stirred.turn
            self.stirred.tell(piece.key)
        return piece

    def _total(self, book: Book) -> Slice:
        total = book.total
        if not total.dirty:
            total.dirty = True
            self._dirty.append(total)
            self._grown.append(book)
        return total

    # --- storing and reading back ------------------------------------------------------------------------------------

    def changed(self, stamp: int) -> list[tuple[bytes, bytes]]:
        """Every slice changed since the last call, encoded and stamped with the offset it includes."""
        self._settle()  # all of it before the first is encoded: what bears the stamp includes everything up to it
        written = []
        for piece in self._dirty:
            piece.dirty = False
            piece.stamp = max(piece.stamp, stamp)
            written.append((piece.key, _encode((piece.stamp, piece.fields, piece.maxima))))
        self._dirty.clear()
        return written

    def grown(self) -> dict[tuple[str, str], Fields]:
        """The totals of every book that is new or has grown since the last call."""
        grown = {(book.queue, book.channel): book.total.fields.copy() for book in self._grown}
        self._grown.clear()
        return grown

    def read_back(self, key: bytes, value: bytes) -> None:
        """Take one stored slice."""
        code, start, queue, channel = self.parts_of(key)
        book = self._open(queue, channel)
        piece = decode_slice(value, key)
        if code == TOTAL:
            book.total = piece
        else:
            book.slices(code)[int(start)] = piece
            self.stirred.tell(key)
        self.guard_until = max(self.guard_until, piece.stamp)
        self._read_back = True

    def parts_of(self, key: bytes) -> tuple[str, str, str, str]:
        """The ring, start, queue and channel of a stored slice."""
        code, start, channel, queue = key[len(self._prefix) + 2 :].decode().split("|", 3)
        return code, start, queue, channel

    def forget(self, key: bytes) -> None:
        """Drop one stored slice (its tombstone was read)."""
        code, start, queue, channel = self.parts_of(key)
        book = self._books.get((queue, channel))
        if book is not None and code != TOTAL:
            book.slices(code).pop(int(start), None)
            self.stirred.tell(key)

    def purge(self, watermark: int) -> list[bytes]:
        """Drop the slices that are older than their ring keeps; returns their keys."""
        all_rings = (self._fine, self._minute, self._coarse, self._length)
        if self._read_back:
            self._read_back = False
            for ring in all_rings:
                for book in self._books.values():
                    ring.take_back(book)
        gone = [key for ring in all_rings for key in ring.purge(watermark)]
        for key in gone:
            self.stirred.tell(key)
        return gone

    def mend_maxima(self, facts: Iterable[tuple[int, Fact]]) -> None:
        """Find the maxima again that a correction took away, from the facts still known, each with its ``born``."""
        if self.broken_maxima:
            self._settle()
            known = [(fact, self.editions.of(born).limits(fact.queue).by_contact) for born, fact in facts]
            maxima.mend(self.broken_maxima, known)
            self.broken_maxima.clear()


_COHORT_CELL: Final = (1 << 30) - 1
_SINK: Final = Slice(b"", {}, {})
"""Takes what is older than a ring keeps."""
_SINKS: Final[Three] = (_SINK, _SINK, _SINK)


def decode_slice(value: bytes, key: bytes = b"") -> Slice:
    """A slice as it was stored under ``key``."""
    stamp, fields, maxima = _decode(value)
    return Slice(key, fields, maxima, stamp)


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(tuple[int, dict[int, int], dict[int, int]]).decode
