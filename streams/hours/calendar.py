"""Business time: a queue's opening hours and instants (epoch ms) enter, business milliseconds and instants leave.

Everything stands on one function, the business time gone by since a fixed day. A duration is the difference of two of
its values, so durations add up exactly, whatever the day has in it; what an open stretch is says
``streams.hours.opening``. A calendar is a value (changed opening hours are another one) that remembers the days it has
looked at.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from streams.hours.opening import Hours, Stretches, hours_of, open_stretches
from streams.settings import QueueSettings
from streams.slices import DAY, Span, day_span

ANCHOR_DAY: Final = 20_454
"""2026-01-01 in days since 1970: business time is counted from here. Any day would do; near ones are reached sooner."""
LONGEST_CLOSURE_DAYS: Final = 400
"""Closed for so long on end means: it does not open again."""


class _Day(NamedTuple):
    """One UTC day: business time before it (since the anchor, negative before it) and at its end; when it is open."""

    before: int
    after: int
    stretches: Stretches


class Calendar:
    """Business time of one set of opening hours; None is always open.

    Instants are those the contract allows, 1990 to 2099. A day is worked out once (about 10 us, the first look walks
    from the anchor); after that a look takes about half a microsecond. May be read from several threads: whoever works
    out a day comes to the same result.
    """

    __slots__ = ("_days", "_first", "_last", "_shapes", "hours")

    def __init__(self, hours: Hours | None) -> None:
        self.hours = hours
        self._days: dict[int, _Day] = {}
        self._shapes: dict[Stretches, Stretches] = {}
        self._first, self._last = ANCHOR_DAY, ANCHOR_DAY - 1  # no day is known yet

    def opened_ms(self, at_ms: int) -> int:
        """Business time from the anchor to an instant; never falls as time goes on. Always open: the instant itself."""
        if self.hours is None:
            return at_ms
        number, into = divmod(at_ms, DAY)
        day = self._days.get(number) or self._reach(number)
        opened = day.before
        for start, end in day.stretches:
            if into < end:
                return opened + into - start if into > start else opened
            opened += end - start
        return opened

    def day(self, number: int) -> _Day:
        """A UTC day, numbered from 1970-01-01. Only for calendars with hours."""
        return self._days.get(number) or self._reach(number)

    def _reach(self, number: int) -> _Day:
        """Work out every day from those known to this one. A day is stored before it is known to be there."""
        while self._last < number:
            new = self._last + 1
            before = 0 if new == ANCHOR_DAY else self._days[new - 1].after
            stretches, length = self._shape(new)
            self._days[new] = _Day(before, before + length, stretches)
            self._last = new
        while self._first > number:
            new = self._first - 1
            after = 0 if new == ANCHOR_DAY - 1 else self._days[new + 1].before
            stretches, length = self._shape(new)
            self._days[new] = _Day(after - length, after, stretches)
            self._first = new
        return self._days[number]

    def _shape(self, number: int) -> tuple[Stretches, int]:
        """A day's stretches, one object for all days alike, and their length."""
        assert self.hours is not None
        stretches = open_stretches(self.hours, number)
        return self._shapes.setdefault(stretches, stretches), sum(end - start for start, end in stretches)


def calendar_of(queue: QueueSettings) -> Calendar:
    """The calendar in a queue's settings; queues with the same hours, zone and holidays share one."""
    return _calendar(hours_of(queue))


@lru_cache(maxsize=512)
def _calendar(hours: Hours | None) -> Calendar:
    return Calendar(hours)


def business_ms(calendar: Calendar, start_ms: int, end_ms: int) -> int:
    """Business time in [start, end), ms; 0 when the end is not after the start, so never negative.

    Additive: from a to b and from b to c are together from a to c. Always open: the plain difference.
    """
    return calendar.opened_ms(end_ms) - calendar.opened_ms(start_ms) if end_ms > start_ms else 0


def is_open(calendar: Calendar, at_ms: int) -> bool:
    """Whether it is open at an instant: at the opening minute yes, at the closing one no."""
    if calendar.hours is None:
        return True
    number, into = divmod(at_ms, DAY)
    return any(start <= into < end for start, end in calendar.day(number).stretches)


def next_open(calendar: Calendar, at_ms: int) -> int | None:
    """The first open instant at or after this one; None when it stays closed for 400 days, that is for good."""
    if calendar.hours is None:
        return at_ms
    today = at_ms // DAY
    for number in range(today, today + LONGEST_CLOSURE_DAYS):
        for start, end in calendar.day(number).stretches:
            if at_ms < number * DAY + end:
                return max(at_ms, number * DAY + start)
    return None


def due_at(calendar: Calendar, start_ms: int, budget_ms: int) -> int | None:
    """The first instant at which ``budget_ms`` of business time has gone by since ``start_ms``; ``start_ms`` for 0.

    A budget that ends with the day is due at closing time, not at the next opening. None when it stays closed for 400
    days before that. Raises ValueError for a negative budget.
    """
    if budget_ms < 0:
        raise ValueError(f"a budget of {budget_ms} ms is negative")
    if budget_ms == 0 or calendar.hours is None:
        return start_ms + budget_ms
    goal = calendar.opened_ms(start_ms) + budget_ms
    number, closed = start_ms // DAY, 0
    while (day := calendar.day(number)).after < goal:
        closed = 0 if day.stretches else closed + 1
        if closed >= LONGEST_CLOSURE_DAYS:
            return None
        number += 1
    left = goal - day.before
    for start, end in day.stretches:
        if left <= end - start:
            return number * DAY + start + left
        left -= end - start
    raise AssertionError("a day's stretches are as long as the day says")


def yesterday_span(at_ms: int, zone: ZoneInfo) -> Span:
    """The site's day before the one that holds the moment: 23, 24 or 25 hours. Today is ``slices.day_span``."""
    return day_span(day_span(at_ms, zone).start - 1, zone)
