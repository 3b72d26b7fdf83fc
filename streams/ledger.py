"""The tallies of one source partition: every queue's slices, and the totals since the beginning.

Changes enter (a sign and a fact, with the source offset they came from); what leaves are changed slices, each stamped
with the last offset it includes, so that a change seen again after a crash is ignored by the slices that have it.
The totals only ever grow: what a correction takes back is counted beside them (``CORRECTED``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
    """All slices of one queue and channel, by start; the limits in force; ``total`` since the beginning."""

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
    """Every book of one partition."""

    def __init__(self, settings: Settings, prefix: bytes) -> None:
        self._settings = settings
        self._prefix = prefix
        self.rings: Rings = rings(settings.retention.fine_minutes, settings.retention.coarse_days)
        self.books: dict[tuple[str, str], Book] = {}
        self.broken_maxima: list[tuple[Book, Slice, int, int]] = []
        self._dirty: list[Slice] = []

    def book(self, queue: str, channel: str) -> Book:
        """The book of a queue and channel, opened when it is new."""
        book = self.books.get((queue, channel))
        if book is None:
            if len(self.books) >= self._settings.retention.max_queues and queue != OTHER:
                return self.book(OTHER, channel)
            rule = self._settings.queue(queue)
            book = self.books[queue, channel] = Book(
                queue, channel, round(rule.service_level_threshold_seconds * 1000),
                round(rule.short_abandon_seconds * 1000), rule.attribution == "contact_arrival",
                Slice(self._key(TOTAL, 0, queue, channel), {}, {}), {}, {}, {}, {},
            )  # fmt: skip
        return book

    def post(self, change: Change, offset: int, watermark: int) -> bool:
        """Enter one change; False when it is older than the longest ring keeps (the totals have it all the same)."""
        sign, fact = change
        book = self.book(fact.queue, fact.channel)
        pairs = y.counts(fact, book.threshold_ms, book.short_ms)
        buckets = y.buckets(fact)
        kind, value = fact.kind, fact.value
        cohort = fact.started if book.by_contact else fact.arrival
        self._post_total(book, sign, pairs, buckets, offset)
        fine, minute, coarse, length = self.rings
        for ring, store, rough in ((fine, book.fine, True), (minute, book.minute, False), (coarse, book.coarse, False)):
            oldest = watermark - ring.keep_ms
            for at, shift in ((fact.at, 0), (cohort, COHORT)):
                if at < oldest:
                    continue
                piece = self._slice(store, ring, at, book)
                if piece.stamp >= offset:
                    continue
                fields = piece.fields
                for field, n in pairs:
                    fields[field + shift] = fields.get(field + shift, 0) + sign * n
                if rough:
                    continue
                for field in buckets:
                    fields[field + shift] = fields.get(field + shift, 0) + sign
                if kind in _WAITED:
                    self._post_maximum(book, piece, y.MAX_WAIT + shift, sign, value)
                    if kind == Kind.ANSWERED:
                        self._post_maximum(book, piece, y.MAX_ANSWERED_WAIT + shift, sign, value)
        if kind == Kind.OFFERED or kind in _LEFT:
            at = fact.at
            if at >= watermark - length.keep_ms:
                piece = self._slice(book.length, length, at, book)
                if piece.stamp < offset:
                    second = at % length.width_ms // 1000
                    n = piece.fields.get(second, 0) + (sign if kind == Kind.OFFERED else -sign)
                    piece.fields[second] = n
        return max(fact.at, cohort) >= watermark - coarse.keep_ms

    def spend(self, span: Spent, queue: str, offset: int, watermark: int) -> None:
        """Add the time an agent spent in a state (ms), spread over the slices it overlaps."""
        field, book = y.STATE_MS[span.state], self.book(queue, "")
        self._post_total(book, span.sign, ((field, span.end - span.start),), (), offset)
        for ring, store in zip(self.rings[:3], (book.fine, book.minute, book.coarse), strict=True):
            at = max(span.start, watermark - ring.keep_ms)
            while at < span.end:
                until = min(span.end, at - at % ring.width_ms + ring.width_ms)
                piece = self._slice(store, ring, at, book)
                if piece.stamp < offset:
                    piece.fields[field] = piece.fields.get(field, 0) + span.sign * (until - at)
                at = until

    def _post_total(
        self, book: Book, sign: int, pairs: Iterable[tuple[int, int]], buckets: Iterable[int], offset: int
    ) -> None:
        total = self._touch(book.total)
        if total.stamp >= offset:
            return
        shift = 0 if sign > 0 else CORRECTED
        fields = total.fields
        for field, n in pairs:
            fields[field + shift] = fields.get(field + shift, 0) + n
        for field in buckets:
            fields[field + shift] = fields.get(field + shift, 0) + 1

    def _post_maximum(self, book: Book, piece: Slice, field: int, sign: int, value: int) -> None:
        known = piece.maxima.get(field, -1)
        if sign > 0:
            if value > known:
                piece.maxima[field] = value
        elif value >= known:
            self.broken_maxima.append((book, piece, field, known))

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
        written = []
        for piece in self._dirty:
            piece.dirty = False
            piece.stamp = max(piece.stamp, stamp)
            written.append((piece.key, _encode((piece.stamp, piece.fields, piece.maxima))))
        self._dirty.clear()
        return written

    def read_back(self, key: bytes, value: bytes) -> int:
        """Take one stored slice; returns its stamp."""
        code, start, channel, queue = key[len(self._prefix) + 2 :].decode().split("|", 3)
        stamp, fields, maxima = _decode(value)
        book = self.book(queue, channel)
        piece = Slice(key, fields, maxima, stamp)
        if code == TOTAL:
            book.total = piece
        else:
            self._store(book, code)[int(start)] = piece
        return stamp

    def forget(self, key: bytes) -> None:
        """Drop one stored slice (its tombstone was read)."""
        code, start, channel, queue = key[len(self._prefix) + 2 :].decode().split("|", 3)
        book = self.books.get((queue, channel))
        if book is not None and code != TOTAL:
            self._store(book, code).pop(int(start), None)

    def purge(self, watermark: int) -> list[bytes]:
        """Drop the slices that are older than their ring keeps; returns their keys."""
        gone: list[bytes] = []
        for book in self.books.values():
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
