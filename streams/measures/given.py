"""The numbers from outside as one snapshot has them: a shelf and our own counts enter, what no later record changes
leaves."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from streams.measures.book import Book
from streams.measures.period import Period
from streams.measures.shelf import Shelf

NO_COUNTS: Final[Mapping[Period, Mapping[str, float]]] = MappingProxyType({})


class Given(Struct, frozen=True, kw_only=True):
    """``own`` has our counts of whole periods. ``complete``: all that stood on the topic at the start has been read;
    until then nothing is shown, for a number still to come may replace one that is here.
    """

    book: Book
    own: Mapping[Period, Mapping[str, float]] = NO_COUNTS
    counters: Mapping[str, int] = {}
    complete: bool = False


NOTHING: Final = Given(book=Book())
"""Nobody reads the topic here."""


def given(shelf: Shelf | None, own: Mapping[Period, Mapping[str, float]]) -> Given:
    """What holds now."""
    if shelf is None:
        return NOTHING
    return Given(book=shelf.book(), own=own, counters=dict(shelf.counters), complete=shelf.complete)
