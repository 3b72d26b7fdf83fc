"""The nouns of the ledger: a slice of one queue, and the book of all its slices."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Final

from msgspec import Struct

from streams import tally as y
from streams.editions import Limits
from streams.facts import Kind
from streams.tally import Fields

CORRECTED: Final = 20_000
"""Added to a field number in the totals: how much of it was taken back by corrections."""

TOTAL: Final = "t"
OTHER: Final = "other"
"""Where queues beyond ``retention.max_queues`` are counted together."""

TAG_ROW: Final = "#"
"""Begins the name of a row that is a tag, not a queue."""

TEAM_ROW: Final = "@"
"""Begins the name of a row that is a team of agents: what was said about them."""

ROWS_APART: Final = (TAG_ROW, TEAM_ROW)
"""Beginnings of rows whose numbers are those of queues once more."""

CELL_MS: Final = 10_000

LEFT: Final = frozenset({int(Kind.ANSWERED), int(Kind.ABANDONED), int(Kind.FLOWED_OUT), int(Kind.ORPHANED)})
WAITED: Final = frozenset({int(Kind.ANSWERED), int(Kind.ABANDONED), int(Kind.FLOWED_OUT)})


class Slice(Struct):
    """One slice of one queue: what adds (``fields``), what does not (``maxima``), and the offset it includes."""

    key: bytes
    fields: Fields
    maxima: dict[int, int]
    stamp: int = -1
    dirty: bool = False


class Book(Struct):
    """All slices of one queue and channel, by start; the limits in force now; ``total`` since the beginning.

    ``cells`` holds what was posted and has not reached the slices yet: fields (with ``CORRECTED`` added where they are
    taken back) by the ten seconds in which it happened and those of its arrival, packed into one number.
    """

    queue: str
    channel: str
    limits: Limits
    total: Slice
    fine: MutableMapping[int, Slice] = {}
    minute: MutableMapping[int, Slice] = {}
    coarse: MutableMapping[int, Slice] = {}
    length: MutableMapping[int, Slice] = {}
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


def net(total: Mapping[int, int], field: int) -> int:
    """A field of the totals after corrections."""
    return total.get(field, 0) - total.get(field + CORRECTED, 0)
