"""Maxima do not add and cannot be taken back: after a correction they are found again.

Slices whose longest wait was retracted enter, with the facts still known (and whether their cohort is that of the
contact's beginning); each slice's maximum is set right. It is
exact while every wait of the slice's highest bucket is still known; else it is the upper edge of that bucket.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from streams import tally as y
from streams.books import WAITED, Book, Slice
from streams.facts import Fact, Kind
from streams.tally import COHORT


class Broken(NamedTuple):
    """A maximum that was taken back: ``field`` of ``piece``, which covers [start, end) epoch ms; it was ``before``."""

    book: Book
    piece: Slice
    start: int
    end: int
    field: int
    before: int


def fields_of(kind: int) -> tuple[int, ...]:
    """The maxima that a visit which left in this way takes part in."""
    return (y.MAX_WAIT, y.MAX_ANSWERED_WAIT) if kind == Kind.ANSWERED else (y.MAX_WAIT,)


def raised(piece: Slice, kind: int, value: int, shift: int) -> None:
    """A wait of this length came into the slice."""
    for field in fields_of(kind):
        if value >= piece.maxima.get(field + shift, 0):
            piece.maxima[field + shift] = value


def mend(broken: Iterable[Broken], facts: Sequence[tuple[Fact, bool]]) -> None:
    """Set every broken maximum right; one with no wait left goes."""
    for each in broken:
        shift, field = (COHORT, each.field - COHORT) if each.field >= COHORT else (0, each.field)
        top = _buckets(each.piece, field, shift)
        if not top:
            each.piece.maxima.pop(each.field, None)
            continue
        highest = max(top)
        waits = [wait for wait in _waits(each, facts, field, shift) if y.bucket(wait) == highest]
        longest = max(waits, default=0)
        if len(waits) < top[highest]:
            longest = max(longest, min(each.before, y.EDGES_MS[highest]))
        each.piece.maxima[each.field] = longest


def _buckets(piece: Slice, field: int, shift: int) -> dict[int, int]:
    firsts = [y.ANSWERED_WAITS]
    if field == y.MAX_WAIT:
        firsts += [y.ABANDONED_WAITS, y.FLOWED_OUT_WAITS]
    counts: dict[int, int] = {}
    for first in firsts:
        for n, count in y.histogram(piece.fields, first + shift):
            counts[n] = counts.get(n, 0) + count
    return counts


def _waits(broken: Broken, facts: Iterable[tuple[Fact, bool]], field: int, shift: int) -> Iterator[int]:
    book = broken.book
    for fact, by_contact in facts:
        if fact.kind not in WAITED or (field == y.MAX_ANSWERED_WAIT and fact.kind != Kind.ANSWERED):
            continue
        at = fact.at if not shift else fact.started if by_contact else fact.arrival
        if fact.queue == book.queue and fact.channel == book.channel and broken.start <= at < broken.end:
            yield fact.value
