"""The nouns of the ledger: a slice of one queue, and the book of all its slices."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Final, TypeAlias

from mypy_extensions import mypyc_attr

from streams import tally as y
from streams.facts import ABANDONED, ANSWERED, FLOWED_OUT
from streams.tally import Fields, Pairs
from streams.tally.rules import ConversationRules

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

WAITED: Final = frozenset({ANSWERED, ABANDONED, FLOWED_OUT})


@mypyc_attr(acyclic=True)
class Slice:
    """One slice of one queue: what adds (``fields``), what does not (``maxima``), and the offset it includes.

    ``dirty`` since it was changed and not yet flushed; ``turn``: the one in which it was told last that it
    changed (``streams.stirred``).
    """

    def __init__(
        self, key: bytes, fields: Fields, maxima: Fields, stamp: int = -1, dirty: bool = False,
    ) -> None:  # fmt: skip
        self.key = key
        self.fields = fields
        self.maxima = maxima
        self.stamp = stamp
        self.dirty = dirty
        self.turn = -1


NO_MAXIMA: Final[Fields] = {}
"""Those of all slices that have none and get none: nothing is ever put into it."""

Slices: TypeAlias = MutableMapping[int, Slice]
"""Slices of one ring, by start."""

Cell: TypeAlias = list[Pairs]
"""What was posted of the same ten seconds, and of the same ten seconds of arrival; see ``streams.cells``."""


class Limits:
    """How one queue is counted; ``by_contact``: its cohorts are those of the contact's beginning."""

    def __init__(
        self, threshold_ms: int, short_ms: int, by_contact: bool, ring_from_ms: int, ring_to_ms: int,
        conversations: ConversationRules,
    ) -> None:  # fmt: skip
        self.threshold_ms = threshold_ms
        self.short_ms = short_ms
        self.by_contact = by_contact
        self.ring_from_ms = ring_from_ms
        self.ring_to_ms = ring_to_ms
        self.conversations = conversations

    def beyond_band(self, ring_ms: int) -> tuple[tuple[int, int], ...]:
        """The field of a ring that was too quick or too slow; none within the band, its edges included."""
        if ring_ms < self.ring_from_ms:
            return ((y.RINGS_TOO_QUICK, 1),)
        return ((y.RINGS_TOO_SLOW, 1),) if ring_ms > self.ring_to_ms else ()


class Book:
    """All slices of one queue and channel, by start; the limits in force now; ``total`` since the beginning.

    ``cells`` holds what was posted and has not reached the slices yet: by the ten seconds in which it happened and
    those of its arrival, packed into one number. ``tail`` is how the keys of its slices end.
    """

    def __init__(
        self, queue: str, channel: str, limits: Limits, total: Slice, fine: Slices, minute: Slices, coarse: Slices,
        length: Slices, cells: dict[int, Cell],
    ) -> None:  # fmt: skip
        self.queue = queue
        self.channel = channel
        self.limits = limits
        self.total = total
        self.fine = fine
        self.minute = minute
        self.coarse = coarse
        self.length = length
        self.cells = cells
        self.tail = f"|{channel}|{queue}".encode()

    def slices(self, code: str) -> Slices:
        """The slices of one ring, by start."""
        if code == "f":
            return self.fine
        if code == "m":
            return self.minute
        if code == "c":
            return self.coarse
        if code == "l":
            return self.length
        raise KeyError(code)

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
