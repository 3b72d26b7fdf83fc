"""The time a number from outside is about: text such as "2026-03" or "2026-Q1" enters, a ``Period`` of days leaves.

| text | what |
|---|---|
| ``2026-03-31`` | a day |
| ``2026-W13`` | a week, from Monday (ISO 8601) |
| ``2026-03`` | a month |
| ``2026-Q1`` | a quarter of the calendar year |
| ``2026`` | a year |
| ``2026-03-01..2026-03-14`` | from a day to another, both included |

Each period has one text: a range that is a whole day, week, month, quarter or year is written as that.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Final, Literal, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from streams.slices import Span, midnight

PeriodKind: TypeAlias = Literal["day", "week", "month", "quarter", "year", "range"]
FIRST_YEAR: Final = 1990
LAST_YEAR: Final = 2099
FORMS: Final = "2026-03-31, 2026-W13, 2026-03, 2026-Q1, 2026 or 2026-03-01..2026-03-14"

_FORM: Final = re.compile(
    r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2}))?|-W(?P<week>[0-9]{2})|-Q(?P<quarter>[1-4]))?"
)
_ONE_DAY: Final = timedelta(days=1)


class PeriodError(ValueError):
    """The text is no period; ``outside`` when it is one, but not within the years 1990 to 2099."""

    def __init__(self, text: str, *, outside: bool = False) -> None:
        self.outside = outside
        wanted = f"within the years {FIRST_YEAR} to {LAST_YEAR}" if outside else f"written like {FORMS}"
        super().__init__(f"{text!r} is not a period {wanted}")


class Period(NamedTuple):
    """Whole days, from ``start`` to before ``end``. Sorts by start, a longer one after a shorter one."""

    start: date
    end: date
    kind: PeriodKind

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.start).days

    def __str__(self) -> str:
        """The period's one text; ``parse`` reads it back."""
        start = self.start
        match self.kind:
            case "day":
                return start.isoformat()
            case "week":
                return f"{start.isocalendar().year}-W{start.isocalendar().week:02}"
            case "month":
                return f"{start:%Y-%m}"
            case "quarter":
                return f"{start.year}-Q{(start.month + 2) // 3}"
            case "year":
                return f"{start.year}"
            case "range":
                return f"{start.isoformat()}..{(self.end - _ONE_DAY).isoformat()}"


def parse(text: str) -> Period:
    """The period a text names. Raises PeriodError."""
    first, dots, last = text.partition("..")
    if not dots:
        return _named(text)
    start, end = _named(first), _named(last)
    if (start.kind, end.kind) != ("day", "day") or end.start < start.start:
        raise PeriodError(text)
    return between(start.start, end.end)


def between(start: date, end: date) -> Period:
    """The period from a day to before another, by its name if it has one. Raises PeriodError when it has no day."""
    if not start < end:
        raise PeriodError(f"{start}..{end - _ONE_DAY}")
    for named in (_day, _week, _month, _quarter, _year):
        found = named(start)
        if found.start == start and found.end == end:
            return found
    return Period(start, end, "range")


def previous(period: Period) -> Period:
    """The period of the same kind before this one; before a range, as many days."""
    last = period.start - _ONE_DAY
    match period.kind:
        case "month":
            return _month(last)
        case "quarter":
            return _quarter(last)
        case "year":
            return _year(last)
        case _:
            return between(period.start - timedelta(days=period.days), period.start)


def covering(kind: str, day: date) -> Period:
    """The day, week, month, quarter or year that a day is in."""
    return {"day": _day, "week": _week, "month": _month, "quarter": _quarter, "year": _year}[kind](day)


def span_of(period: Period, zone: ZoneInfo) -> Span:
    """When a period begins and ends at a site, epoch ms: what our own counts of it are taken from."""
    return Span(midnight(period.start, zone), midnight(period.end, zone))


def _named(text: str) -> Period:
    form = _FORM.fullmatch(text)
    if form is None:
        raise PeriodError(text)
    year, month, day, week, quarter = (int(n) if n else None for n in form.groups())
    assert year is not None  # the form has one
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise PeriodError(text, outside=True)
    try:
        if week is not None:
            return _week(date.fromisocalendar(year, week, 1))
        if quarter is not None:
            return _quarter(date(year, 3 * quarter, 1))
        if day is not None:
            return _day(date(year, month or 1, day))
        return _year(date(year, 1, 1)) if month is None else _month(date(year, month, 1))
    except ValueError as error:  # there is no such day, week or month
        raise PeriodError(text) from error


def _day(day: date) -> Period:
    return Period(day, day + _ONE_DAY, "day")


def _week(day: date) -> Period:
    monday = day - timedelta(days=day.weekday())
    return Period(monday, monday + timedelta(days=7), "week")


def _month(day: date) -> Period:
    return Period(day.replace(day=1), _months_on(day.replace(day=1), 1), "month")


def _quarter(day: date) -> Period:
    start = date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    return Period(start, _months_on(start, 3), "quarter")


def _year(day: date) -> Period:
    return Period(date(day.year, 1, 1), date(day.year + 1, 1, 1), "year")


def _months_on(first: date, months: int) -> date:
    years, month = divmod(first.month - 1 + months, 12)
    return date(first.year + years, month + 1, 1)
