"""Our own counts day by day, for the KPIs composed with numbers from outside: changes enter, day counts leave.

The slices are forgotten after days; what a month cost is known weeks after it. So a handful of sums is kept for each
day of the zone of ``[measures]``, of the whole floor: calls, conversations, agents' hours, staff surveys, the help
centre. Like every tally, each day is stamped with the offset it includes, and a change seen again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from streams.facts import Fact, Kind
from streams.measures.period import Period
from streams.presence import Spent
from streams.slices import DAY, HOUR, day_of, midnight

KEPT_DAYS: Final = 800
"""Two years and some weeks: last year's quarter can still be compared with the one before it."""

_OF_KIND: Final[dict[int, str]] = {
    Kind.CALL_ENDED: "calls",
    Kind.CREATED: "conversations",
    Kind.HELPED: "",
    Kind.RESOLVED: "",
    Kind.RATED: "",
}
RATINGS_OF: Final = {"satisfaction": "employees_asked", "engagement": "engagement_answers"}
HIGH_OF: Final = {"satisfaction": "employees_satisfied", "engagement": "employees_engaged"}
"""The staff survey's questions, by kind of rating: what its answers count as, and those that are satisfied."""

_WORKING: Final = ("on_contact", "after_contact_work")
_SATISFIED: Final = 750
"""From this score (thousandths of the scale) an answer of the staff survey is satisfied: its upper quarter."""


class DayCounts:
    """The sums of one day and the offset they include."""

    def __init__(self, stamp: int, counts: dict[str, int]) -> None:
        self.stamp = stamp
        self.counts = counts


class Days:
    """The days of one partition. ``since``: the event time (epoch ms) of the first event ever applied, 0 before it."""

    def __init__(self, zone: str, prefix: bytes) -> None:
        self.since = 0
        self._zone = ZoneInfo(zone)
        self._prefix = prefix + b"d|"
        self._days: dict[int, DayCounts] = {}
        self._dirty: set[int] = set()
        self._since_is_new = False
        self._span = (0, 0)
        self._purged_at = 0

    def began(self, at: int) -> None:
        """Counting began with an event of this time."""
        if not self.since:
            self.since, self._since_is_new = at, True

    def post(self, sign: int, fact: Fact, offset: int) -> None:
        """Enter one change, if it is of a kind that is kept by the day."""
        if fact.kind in _OF_KIND:
            for name in _names(fact):
                self._add(fact.at, name, sign, offset)

    def spend(self, span: Spent, offset: int) -> None:
        """Add the time an agent worked (ms), each day its part."""
        if span.state not in _WORKING:
            return
        at = span.start
        while at < span.end:
            until = min(span.end, self._end_of(at))
            self._add(at, "worked_ms", span.sign * (until - at), offset)
            at = until

    def days(self) -> Iterator[tuple[date, Mapping[str, int]]]:
        """Every day with anything in it."""
        for start, day in self._days.items():
            yield day_of(start, self._zone), day.counts

    # --- storing and reading back ------------------------------------------------------------------------------------

    def changed(self, stamp: int) -> list[tuple[bytes, bytes]]:
        """Every day changed since the last call, encoded and stamped with the offset it includes."""
        written = []
        if self._since_is_new:
            written.append((self._prefix, _encode(self.since)))
            self._since_is_new = False
        for start in sorted(self._dirty):
            day = self._days[start]
            day.stamp = max(day.stamp, stamp)
            written.append((self._key(start), _encode((day.stamp, day.counts))))
        self._dirty.clear()
        return written

    def purge(self, watermark: int) -> list[bytes]:
        """Drop the days that are too old, once a day of event time; returns their stored keys."""
        if watermark - self._purged_at < DAY:
            return []
        self._purged_at = watermark
        gone = [start for start in self._days if start < watermark - KEPT_DAYS * DAY and start not in self._dirty]
        for start in gone:
            del self._days[start]
        return [self._key(start) for start in gone]

    def restore(self, name: bytes, value: bytes | None) -> None:
        """Take one stored day back; an empty value deletes."""
        if not name and value:
            self.since = _decode_since(value)
        elif value:
            self._days[int(name)] = DayCounts(*_decode_day(value))
        elif name:
            self._days.pop(int(name), None)

    def _add(self, at: int, name: str, n: int, offset: int) -> None:
        self._end_of(at)
        start = self._span[0]
        day = self._days.get(start)
        if day is None:
            day = self._days[start] = DayCounts(-1, {})
        if day.stamp < offset:
            day.counts[name] = day.counts.get(name, 0) + n
            self._dirty.add(start)

    def _end_of(self, at: int) -> int:
        """When the day of a moment ends; the day is remembered, for the next moment is mostly of the same."""
        if not self._span[0] <= at < self._span[1]:
            day = day_of(at, self._zone)
            self._span = (midnight(day, self._zone), midnight(day + timedelta(days=1), self._zone))
        return self._span[1]

    def _key(self, start: int) -> bytes:
        return self._prefix + str(start).encode()


def _names(fact: Fact) -> Iterable[str]:
    """What one fact counts as."""
    match fact.kind:
        case Kind.RESOLVED:
            return ("resolutions",) if fact.detail == "final" else ()
        case Kind.HELPED:
            return (fact.detail,)
        case Kind.RATED if fact.detail in RATINGS_OF:
            asked = RATINGS_OF[fact.detail]
            return (asked, HIGH_OF[fact.detail]) if fact.value >= _SATISFIED else (asked,)
        case Kind.RATED:
            return ()
        case _:
            return (_OF_KIND[fact.kind],)


class OwnCounts(Mapping[Period, Mapping[str, float]]):
    """Our counts of whole periods: those that began after counting began, and are over by ``until``.

    Of any other there is nothing: a part of a period is never taken for the whole.
    """

    def __init__(self, parts: Iterable[Days], until: date, zone: ZoneInfo) -> None:
        parts = [part for part in parts if part.since]
        self._until = until
        self._sums: dict[date, dict[str, int]] = {}
        self._since = min((_first_whole_day(part.since, zone) for part in parts), default=None)
        for part in parts:
            for day, counts in part.days():
                sums = self._sums.setdefault(day, {})
                for name, n in counts.items():
                    sums[name] = sums.get(name, 0) + n

    def __getitem__(self, period: Period) -> Mapping[str, float]:
        if self._since is None or period.start < self._since or period.end > self._until:
            raise KeyError(period)
        sums: dict[str, float] = {"calls": 0, "conversations": 0, "resolutions": 0}
        for day, counts in self._sums.items():
            if period.start <= day < period.end:
                for name, n in counts.items():
                    sums[name] = sums.get(name, 0) + n
        sums["contacts"] = sums["calls"] + sums.pop("conversations")
        if "worked_ms" in sums:
            sums["worked_hours"] = sums.pop("worked_ms") / HOUR
        for asked, content in ((RATINGS_OF[kind], HIGH_OF[kind]) for kind in RATINGS_OF):
            if sums.get(asked):
                sums.setdefault(content, 0)
        if sums.get("help_visits"):
            sums.setdefault("help_visits_alone", 0)
        if sums.get("help_searches"):
            sums.setdefault("help_searches_failed", 0)
        return sums

    def __iter__(self) -> Iterator[Period]:
        return iter(())  # periods overlap, and nobody needs a list of them

    def __len__(self) -> int:
        return len(self._sums)


def _first_whole_day(at: int, zone: ZoneInfo) -> date:
    day = day_of(at, zone)
    return day if at == midnight(day, zone) else day + timedelta(days=1)


_encode: Final = msgspec.msgpack.Encoder().encode
_decode_since: Final = msgspec.msgpack.Decoder(int).decode
_decode_day: Final = msgspec.msgpack.Decoder(tuple[int, dict[str, int]]).decode
