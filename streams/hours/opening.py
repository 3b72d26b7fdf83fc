"""When a queue is open: its opening hours, time zone and holidays enter, open stretches of UTC days leave.

Open is what the door says when one looks at the clock beside it: an instant is open when the local clock then shows a
time within the hours of that day. So an hour that spring skips is not open at all, an hour that autumn repeats is open
twice, and a night shift that spans the change is as long as it was lived. A span belongs to the day it begins on: the
hours after midnight of "22:00-02:00" go with the evening before, also when one of the two days is a holiday.

Nothing here goes by local days, which can be skipped, repeated or torn by a change at midnight; it goes by stretches of
one offset from UTC, of which a UTC day has one, or two where clocks change.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from streams.hours.public_holidays import public_holidays
from streams.settings import QueueSettings
from streams.settings.values import WEEKDAYS, span_minutes
from streams.slices import DAY, MINUTE, SECOND

_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
_EPOCH_WEEKDAY: Final = date(1970, 1, 1).weekday()

Stretches = tuple[tuple[int, int], ...]
"""Open from (inclusive) and to (exclusive), ms; ascending, apart."""


class Hours(NamedTuple):
    """The opening hours of a queue, ready to be reckoned with; equal hours are one calendar.

    ``week`` has a day's spans for each day from Monday, ms from local midnight; a span may close up to a day later.
    ``holidays`` are the days named in the settings, ``holiday_calendar`` names those of a country or region.
    """

    zone: str
    week: tuple[Stretches, ...]
    holidays: frozenset[date] = frozenset()
    holiday_calendar: str | None = None


def hours_of(queue: QueueSettings) -> Hours | None:
    """The opening hours in a queue's settings; None when it has none and is always open.

    Holidays alone close nothing: without opening hours there is nothing to close.
    """
    if not queue.opening_hours:
        return None
    week = tuple(tuple(_span_ms(span) for span in queue.opening_hours.get(day, ())) for day in WEEKDAYS)
    return Hours(queue.timezone, week, frozenset(queue.holidays), queue.holiday_calendar)


def _span_ms(span: str) -> tuple[int, int]:
    opening, closing = span_minutes(span)
    return opening * MINUTE, closing * MINUTE


def open_stretches(hours: Hours, day: int) -> Stretches:
    """When it is open in a UTC day (numbered from 1970-01-01), in ms from that day's start; () when it is not.

    Raises ValueError or OverflowError for days outside the years 1 to 9999.
    """
    found: list[tuple[int, int]] = []
    for start, end, offset in _offsets(ZoneInfo(hours.zone), day * DAY, (day + 1) * DAY):
        # The local days this stretch shows, and the one before them for what is open past midnight.
        for local in range((start + offset) // DAY - 1, (end + offset - 1) // DAY + 1):
            midnight = local * DAY - offset
            for opening, closing in _spans_on(hours, local):
                first, last = max(start, midnight + opening), min(end, midnight + closing)
                if first < last:
                    found.append((first - day * DAY, last - day * DAY))
    return _joined(found)


def _spans_on(hours: Hours, local: int) -> Stretches:
    """The spans that begin on a local day (numbered from 1970-01-01): none on a holiday."""
    spans = hours.week[(local + _EPOCH_WEEKDAY) % 7]
    if not spans:
        return ()
    day = date.fromordinal(local + _EPOCH_ORDINAL)
    if day in hours.holidays:
        return ()
    name = hours.holiday_calendar
    return () if name is not None and day in public_holidays(name, day.year) else spans


def _offsets(zone: ZoneInfo, start: int, end: int) -> list[tuple[int, int, int]]:
    """The stretches of one offset in [start, end), one or two: (start, end, offset), ms. Clocks change on a second."""
    before, after = _offset(zone, start), _offset(zone, end - SECOND)
    if before == after:
        return [(start, end, before)]
    low, high = start, end - SECOND  # the offset is `before` at low and another at high
    while high - low > SECOND:
        middle = (low + high) // (2 * SECOND) * SECOND
        low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
    return [(start, high, before), (high, end, after)]


def _offset(zone: ZoneInfo, at_ms: int) -> int:
    offset = datetime.fromtimestamp(at_ms // SECOND, UTC).astimezone(zone).utcoffset()
    assert offset is not None  # a ZoneInfo always knows
    return offset.days * DAY + offset.seconds * SECOND


def _joined(stretches: list[tuple[int, int]]) -> Stretches:
    """The same, ascending, with what touches or overlaps made one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(stretches):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)
