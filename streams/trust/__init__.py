"""What one partition knows of its sources: when each was last heard of, what it feeds, and where it was cut off.

Events enter as plain values, in any order; what is kept is bounded by ``MAX_SOURCES`` and changes no number: it says
how far numbers can be trusted. Everything stored is idempotent (the later time wins), so reading records again after a
crash ends the same. Pure; ``streams.trust.floor`` puts the partitions together.
"""

from __future__ import annotations

from typing import Final

import msgspec

from streams.slices import DAY, HOUR

MAX_SOURCES: Final = 50
"""Sources told apart, so that they can be labels; those beyond are one, ``OTHER``."""
OTHER: Final = "other"

MAX_GAPS: Final = 20
"""Gaps remembered of one source, the latest ones."""
FEEDS_FOR_MS: Final = 7 * DAY
"""A source feeds a queue for so long after it last told of it."""
MAX_FEEDS: Final = 2_000
"""Pairs of a queue and a source remembered; queues beyond are marked by no source."""

COUNTED: Final = ("events", "duplicates", "out_of_order", "late", "negative_durations", "rejected")
"""What is counted of each source."""

OPEN: Final = -1
"""The end of a gap that no snapshot has closed yet."""

Gaps = dict[int, int]
"""Since when nothing is known (epoch ms) to when a snapshot closed it, or ``OPEN``."""


class Sources:
    """The sources of one partition. Times are epoch ms of the sources' own clocks.

    ``heard_at``: the latest event of each. ``feeds``: by queue, when each source last told of it, to the hour.
    ``gaps``: by source. ``changed`` is True while the last two differ from what is stored. ``told_delays``: what
    another worker that counts them measured.
    """

    def __init__(self) -> None:
        self.heard_at: dict[str, int] = {}
        self.feeds: dict[str, dict[str, int]] = {}
        self.gaps: dict[str, Gaps] = {}
        self.changed = False
        self.told_delays: dict[str, int | None] = {}
        self._pairs = 0
        self._delays: dict[str, tuple[int, int, int | None]] = {}

    def name(self, source: str) -> str:
        """The name a source is told apart by: its own while there is room, else ``OTHER``."""
        return source if source in self.heard_at or len(self.heard_at) < MAX_SOURCES - 1 else OTHER

    def hear(self, source: str, at: int, queue: str | None, published_at: int) -> str:
        """An event of this source, about this queue where it names one; returns the name it is told apart by.

        ``published_at`` is the record's Kafka timestamp in ms, 0 when unknown.
        """
        known = self.heard_at.get(source)
        if known is None:
            source = self.name(source)
            known = self.heard_at.get(source, at)
            self.heard_at[source] = known
        if at > known:
            self.heard_at[source] = at
        if queue is not None:
            told = self.feeds.get(queue)
            if told is None or at - told.get(source, -HOUR) >= HOUR:
                self.feed(source, at, queue)
        if published_at > 0:
            self._time(source, published_at - at, published_at // HOUR)
        return source

    def feed(self, source: str, at: int, queue: str) -> None:
        """The source told of this queue."""
        told = self.feeds.get(queue)
        if told is None:
            if self._pairs >= MAX_FEEDS:
                return
            told = self.feeds[queue] = {}
        known = told.get(source)
        if known is None:
            if self._pairs >= MAX_FEEDS:
                return
            self._pairs += 1
        if known is None or at - known >= HOUR:
            told[source] = at - at % HOUR
            self.changed = True

    def lost_sight(self, source: str, since: int) -> None:
        """A gap begins: what happened at this source from ``since`` on may never be told."""
        gaps = self.gaps.setdefault(source, {})
        if since not in gaps:
            gaps[since] = OPEN
            while len(gaps) > MAX_GAPS:
                del gaps[min(gaps)]
            self.changed = True

    def has_sight(self, source: str, at: int) -> None:
        """A snapshot: what is open at ``at`` is known again, so the gaps that began before end there."""
        gaps = self.gaps.get(source, {})
        for since, until in gaps.items():
            if since <= at and (until == OPEN or at < until):
                gaps[since] = at
                self.changed = True

    def least_delay_ms(self, source: str) -> int | None:
        """The shortest way of an event from its own time to Kafka's, in this hour and the one before; ms.

        Below 0 the source's clock is ahead of Kafka's by at least that. None while no record bore a timestamp since
        this process took the partition over: it is an estimate, and not stored.
        """
        found = self._delays.get(source)
        if found is None:
            return self.told_delays.get(source)
        _, least, before = found
        return least if before is None else min(least, before)

    def _time(self, source: str, delay: int, hour: int) -> None:
        found = self._delays.get(source)
        if found is None or hour > found[0]:
            before = found[1] if found is not None and hour == found[0] + 1 else None
            self._delays[source] = (hour, delay, before)
        elif delay < found[1]:
            self._delays[source] = (found[0], delay, found[2])

    # --- storing and reading back ------------------------------------------------------------------------------------

    def stored(self) -> bytes:
        """Feeds and gaps, encoded; ``heard_at`` is in the partition's marker."""
        self.changed = False
        return _encode((self.feeds, self.gaps))

    def restore(self, value: bytes) -> None:
        """Take stored feeds and gaps back."""
        self.feeds, self.gaps = _decode(value)
        self._pairs = sum(map(len, self.feeds.values()))
        self.changed = False


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(tuple[dict[str, dict[str, int]], dict[str, Gaps]]).decode
