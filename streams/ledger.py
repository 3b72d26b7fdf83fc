"""The tallies of one source partition: every queue's slices, and the totals since the beginning.

Changes enter (a sign and a fact, with the source offset they came from); what leaves are changed slices, each stamped
with the last offset it includes, so that a change seen again after a crash is ignored by the slices that have it.
The totals only ever grow: what a correction takes back is counted beside them (``CORRECTED``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from streams import tally as y
from streams.facts import Change, Fact, Kind
from streams.presence import Spent
from streams.settings import Settings
from streams.slices import Ring, Rings, rings
from streams.tally import COHORT, Fields

CORRECTED: Final = 20_000
"""Added to a field number in the totals: how much of it was taken back by corrections."""

TOTAL: Final = "t"
OTHER: Final = "other"
"""Where queues beyond ``retention.max_queues`` are counted together."""

_CELL_MS: Final = 10_000
_NEVER: Final = 2**63
Pairs = tuple[tuple[int, int], ...]

_LEFT: Final = frozenset({int(Kind.ANSWERED), int(Kind.ABANDONED), int(Kind.FLOWED_OUT), int(Kind.ORPHANED)})
_WAITED: Final = frozenset({int(Kind.ANSWERED), int(Kind.ABANDONED), int(Kind.FLOWED_OUT)})


class Slice(Struct):
    """One slice of one queue: what adds (``fields``), what does not (``maxima``), and the offset it includes."""

    key: bytes
    fields: Fields
    maxima: dict[int, int]
    stamp: int = -1
    dirty: bool = False


class Book(Struct):
    """All slices of one queue and channel, by start; the limits in force; ``total`` since the beginning.

    ``cells`` holds what was posted and has not reached the slices yet: fields by ten-second cell, with ``COHORT``,
    ``CORRECTED`` (taken back) or both added.
    """

    queue: str
    channel: str
    threshold_ms: int
    short_ms: int
    by_contact: bool
    total: Slice
    fine: dict[int, Slice] = {}
    minute: dict[int, Slice] = {}
    coarse: dict[int, Slice] = {}
    length: dict[int, Slice] = {}
    cells: dict[int, Fields] = {}

    def balance(self) -> int:
        """Visits that entered and have not left: offered - answered - abandoned - flowed out - orphaned."""
        total = self.total.fields
        return (
            net(total, y.OFFERED)
            - net(total, y.ANSWERED)
            - net(total, y.ABANDONED)
            - net(total, y.FLOWED_OUT)
            - net(total, y.ORPHANED)
        )


def net(total: Fields, field: int) -> int:
    """A field of the totals after corrections."""
    return total.get(field, 0) - total.get(field + CORRECTED, 0)


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
        self.guard_until = -1
        self._books: dict[tuple[str, str], Book] = {}
        self._unsettled: list[Book] = []
        self.broken_maxima: list[tuple[Book, Slice, int, int]] = []
        self._dirty: list[Slice] = []

    @property
    def books(self) -> dict[tuple[str, str], Book]:
        """Every book by queue and channel, with everything posted so far in its slices."""
        if self._unsettled:
            self._settle()
        return self._books

    def book(self, queue: str, channel: str) -> Book:
        """The book of a queue and channel, opened when it is new."""
        book = self._books.get((queue, channel))
        if book is None:
            if len(self._books) >= self._settings.retention.max_queues and queue != OTHER:
                return self.book(OTHER, channel)
            rule = self._settings.queue(queue)
            book = self._books[queue, channel] = Book(
                queue, channel, round(rule.service_level_threshold_seconds * 1000),
                round(rule.short_abandon_seconds * 1000), rule.attribution == "contact_arrival",
                Slice(self._key(TOTAL, 0, queue, channel), {}, {}), {}, {}, {}, {}, {},
            )  # fmt: skip
        return book

    def post(self, change: Change, offset: int, watermark: int) -> bool:
        """Enter one change; False when it is older than the longest ring keeps (the totals have it all the same)."""
        sign, fact = change
        book = self.book(fact.queue, fact.channel)
        fields = y.counts(fact, book.threshold_ms, book.short_ms) + y.buckets(fact)
        kind, at = fact.kind, fact.at
        cohort = fact.started if book.by_contact else fact.arrival
        recent = watermark - self.rings.fine.keep_ms if offset > self.guard_until else _NEVER
        if at >= recent:
            self._gather(book, at, fields, 0 if sign > 0 else CORRECTED)
        else:
            self._enter(book, at, sign, fields, 0, offset, watermark)
            self._enter_total(book, sign, fields, offset)
        if cohort >= recent:
            self._gather(book, cohort, fields, COHORT if sign > 0 else COHORT + CORRECTED)
        else:
            self._enter(book, cohort, sign, fields, COHORT, offset, watermark)
        if kind in _LEFT:
            self._enter_length(book, at, -sign, offset, watermark)
            if kind != Kind.ORPHANED:
                self._enter_maxima(book, fact, at, 0, sign, offset, watermark)
                self._enter_maxima(book, fact, cohort, COHORT, sign, offset, watermark)
        elif kind == Kind.OFFERED:
            self._enter_length(book, at, sign, offset, watermark)
        return max(at, cohort) >= watermark - self.rings.coarse.keep_ms

    def _gather(self, book: Book, at: int, fields: Pairs, shift: int) -> None:
        cells = book.cells
        if not cells:
            self._unsettled.append(book)
        start = at - at % _CELL_MS
        cell = cells.get(start)
        if cell is None:
            cell = cells[start] = {}
        for field, n in fields:
            cell[field + shift] = cell.get(field + shift, 0) + n

    def _settle(self) -> None:
        """Bring every gathered cell into its slices and the totals."""
        fine, minute, coarse, _ = self.rings
        for book in self._unsettled:
            total = self._touch(book.total).fields
            for at, cell in book.cells.items():
                minute_slice, coarse_slice = (
                    self._slice(book.minute, minute, at, book).fields,
                    self._slice(book.coarse, coarse, at, book).fields,
                )
                fine_slice = self._slice(book.fine, fine, at, book).fields
                for field, n in cell.items():
                    kind = field % COHORT
                    if field >= CORRECTED:
                        if field < COHORT + CORRECTED:
                            total[field] = total.get(field, 0) + n
                        field, n = field - CORRECTED, -n  # noqa: PLW2901 the same field, taken back
                    elif field < COHORT:
                        total[field] = total.get(field, 0) + n
                    minute_slice[field] = minute_slice.get(field, 0) + n
                    coarse_slice[field] = coarse_slice.get(field, 0) + n
                    if kind < y.ANSWERED_WAITS:
                        fine_slice[field] = fine_slice.get(field, 0) + n
            book.cells = {}
        self._unsettled.clear()

    def _enter(self, book: Book, at: int, sign: int, fields: Pairs, shift: int, offset: int, watermark: int) -> None:
        """Enter fields into the slices of a moment that still exist and do not include the offset."""
        for ring, store in zip(self.rings[:3], (book.fine, book.minute, book.coarse), strict=True):
            if at < watermark - ring.keep_ms:
                continue
            piece = self._slice(store, ring, at, book)
            if piece.stamp >= offset:
                continue
            for field, n in fields:
                if field < y.ANSWERED_WAITS or ring.code != "f":
                    piece.fields[field + shift] = piece.fields.get(field + shift, 0) + sign * n

    def _enter_total(self, book: Book, sign: int, fields: Pairs, offset: int) -> None:
        total = self._touch(book.total)
        if total.stamp < offset:
            shift = 0 if sign > 0 else CORRECTED
            for field, n in fields:
                total.fields[field + shift] = total.fields.get(field + shift, 0) + n

    def _enter_length(self, book: Book, at: int, change: int, offset: int, watermark: int) -> None:
        ring = self.rings.length
        if at >= watermark - ring.keep_ms:
            piece = self._slice(book.length, ring, at, book)
            if piece.stamp < offset:
                second = at % ring.width_ms // 1000
                piece.fields[second] = piece.fields.get(second, 0) + change

    def _enter_maxima(
        self, book: Book, fact: Fact, at: int, shift: int, sign: int, offset: int, watermark: int
    ) -> None:
        kinds = (y.MAX_WAIT, y.MAX_ANSWERED_WAIT) if fact.kind == Kind.ANSWERED else (y.MAX_WAIT,)
        for ring, store in ((self.rings.minute, book.minute), (self.rings.coarse, book.coarse)):
            if at < watermark - ring.keep_ms:
                continue
            piece = self._slice(store, ring, at, book)
            if piece.stamp >= offset:
                continue
            for kind in kinds:
                known = piece.maxima.get(kind + shift, -1)
                if sign > 0:
                    if fact.value > known:
                        piece.maxima[kind + shift] = fact.value
                elif fact.value >= known:
                    self.broken_maxima.append((book, piece, kind + shift, known))

    def spend(self, span: Spent, queue: str, offset: int, watermark: int) -> None:
        """Add the time an agent spent in a state (ms), spread over the slices it overlaps."""
        field, book = y.STATE_MS[span.state], self.book(queue, "")
        self._enter_total(book, span.sign, ((field, span.end - span.start),), offset)
        for ring, store in zip(self.rings[:3], (book.fine, book.minute, book.coarse), strict=True):
            at = max(span.start, watermark - ring.keep_ms)
            while at < span.end:
                until = min(span.end, at - at % ring.width_ms + ring.width_ms)
                piece = self._slice(store, ring, at, book)
                if piece.stamp < offset:
                    piece.fields[field] = piece.fields.get(field, 0) + span.sign * (until - at)
                at = until

    def _slice(self, store: dict[int, Slice], ring: Ring, at: int, book: Book) -> Slice:
        start = at - at % ring.width_ms
        piece = store.get(start)
        if piece is None:
            piece = store[start] = Slice(self._key(ring.code, start, book.queue, book.channel), {}, {})
        if not piece.dirty:
            piece.dirty = True
            self._dirty.append(piece)
        return piece

    def _touch(self, piece: Slice) -> Slice:
        if not piece.dirty:
            piece.dirty = True
            self._dirty.append(piece)
        return piece

    def _key(self, code: str, start: int, queue: str, channel: str) -> bytes:
        return self._prefix + f"s|{code}|{start}|{channel}|{queue}".encode()

    # --- storing and reading back ------------------------------------------------------------------------------------

    def changed(self, stamp: int) -> list[tuple[bytes, bytes]]:
        """Every slice changed since the last call, encoded and stamped with the offset it includes."""
        self._settle()
        written = []
        for piece in self._dirty:
            piece.dirty = False
            piece.stamp = max(piece.stamp, stamp)
            written.append((piece.key, _encode((piece.stamp, piece.fields, piece.maxima))))
        self._dirty.clear()
        return written

    def read_back(self, key: bytes, value: bytes) -> None:
        """Take one stored slice."""
        code, start, channel, queue = key[len(self._prefix) + 2 :].decode().split("|", 3)
        stamp, fields, maxima = _decode(value)
        book = self.book(queue, channel)
        piece = Slice(key, fields, maxima, stamp)
        if code == TOTAL:
            book.total = piece
        else:
            self._store(book, code)[int(start)] = piece
        self.guard_until = max(self.guard_until, stamp)

    def forget(self, key: bytes) -> None:
        """Drop one stored slice (its tombstone was read)."""
        code, start, channel, queue = key[len(self._prefix) + 2 :].decode().split("|", 3)
        book = self._books.get((queue, channel))
        if book is not None and code != TOTAL:
            self._store(book, code).pop(int(start), None)

    def purge(self, watermark: int) -> list[bytes]:
        """Drop the slices that are older than their ring keeps; returns their keys."""
        gone: list[bytes] = []
        for book in self._books.values():
            for ring in self.rings:
                store, oldest = self._store(book, ring.code), watermark - ring.keep_ms - ring.width_ms
                while store and (start := next(iter(store))) < oldest:
                    gone.append(store.pop(start).key)
                if len(store) > 2 * (ring.keep_ms // ring.width_ms + 2):  # opened out of order
                    gone.extend(store.pop(start).key for start in [s for s in store if s < oldest])
        return gone

    @staticmethod
    def _store(book: Book, code: str) -> dict[int, Slice]:
        return {"f": book.fine, "m": book.minute, "c": book.coarse, "l": book.length}[code]

    # --- maxima after a correction -----------------------------------------------------------------------------------

    def mend_maxima(self, facts: Iterator[Fact]) -> None:
        """Find the maxima again that a correction took away, from the facts still known.

        Exact while every wait of the slice's highest bucket is still known; else the bucket's upper edge.
        """
        if not self.broken_maxima:
            return
        self._settle()
        known = list(facts)
        for book, piece, field, before in self.broken_maxima:
            shift, kinds = (COHORT, field - COHORT) if field >= COHORT else (0, field)
            firsts = [y.ANSWERED_WAITS]
            if kinds == y.MAX_WAIT:
                firsts += [y.ABANDONED_WAITS, y.FLOWED_OUT_WAITS]
            top: dict[int, int] = {}
            for first in firsts:
                for n, count in y.histogram(piece.fields, first + shift):
                    top[n] = top.get(n, 0) + count
            if not top:
                piece.maxima.pop(field, None)
                continue
            highest = max(top)
            waits = [w for w in self._waits(known, book, piece, shift, kinds) if y.bucket(w) == highest]
            piece.maxima[field] = max(waits) if len(waits) >= top[highest] else min(before, y.EDGES_MS[highest])
        self.broken_maxima.clear()

    def _waits(self, facts: list[Fact], book: Book, piece: Slice, shift: int, field: int) -> Iterator[int]:
        code, start = piece.key[len(self._prefix) + 2 :].split(b"|", 2)[:2]
        width = self.rings.minute.width_ms if code == b"m" else self.rings.coarse.width_ms
        for fact in facts:
            if fact.kind not in _WAITED or (field == y.MAX_ANSWERED_WAIT and fact.kind != Kind.ANSWERED):
                continue
            at = fact.at if not shift else fact.started if book.by_contact else fact.arrival
            if fact.queue == book.queue and fact.channel == book.channel and at - at % width == int(start):
                yield fact.value


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[int, dict[int, int], dict[int, int]]).decode
