"""Event time in slices: which slice a moment belongs to, how long each ring keeps its slices, and what a window is.

Pure arithmetic on epoch milliseconds; only the day of a site needs its time zone. A window is the current, partial
slice and the ones before it that it still touches, so its true start is at or before ``now - length``.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


class Ring(NamedTuple):
    """Slices of one width; ``code`` stands for it in stored keys."""

    code: str
    width_ms: int
    keep_ms: int


class Rings(NamedTuple):
    """The rings a queue is counted in. ``length`` holds per-second net changes of the queue's length."""

    fine: Ring
    minute: Ring
    coarse: Ring
    length: Ring


def rings(fine_minutes: int = 70, coarse_days: int = 8) -> Rings:
    """The rings for these retentions; ten-second slices are kept for the windows up to five minutes only."""
    return Rings(
        Ring("f", 10 * SECOND, 10 * MINUTE),
        Ring("m", MINUTE, fine_minutes * MINUTE),
        Ring("c", 15 * MINUTE, coarse_days * DAY),
        Ring("l", 5 * MINUTE, coarse_days * DAY),
    )


def floor_to(at_ms: int, width_ms: int) -> int:
    """The start of the slice of this width that holds the moment."""
    return at_ms - at_ms % width_ms


class Span(NamedTuple):
    """From ``start`` (inclusive) to ``end`` (exclusive), epoch milliseconds."""

    start: int
    end: int


def day_of(at_ms: int, zone: ZoneInfo) -> date:
    """The calendar day of a moment at a site."""
    return datetime.fromtimestamp(at_ms / 1000, zone).date()


def midnight(day: date, zone: ZoneInfo) -> int:
    """The instant a site's day begins. Where clocks skip midnight, the first instant of that day."""
    start = datetime(day.year, day.month, day.day, tzinfo=zone)
    return round(start.timestamp() * 1000)


def day_span(at_ms: int, zone: ZoneInfo) -> Span:
    """The site's day that holds the moment: 23, 24 or 25 hours."""
    day = day_of(at_ms, zone)
    return Span(midnight(day, zone), midnight(day + timedelta(days=1), zone))


def window_span(window: str, now_ms: int, zone: ZoneInfo, ring: Ring) -> Span:
    """What a window of this name covers at ``now``: whole slices of ``ring``; "today" begins at the site's midnight.

    Raises ValueError for a name that is neither "today" nor a number with s, m, h or d.
    """
    end = floor_to(now_ms, ring.width_ms) + ring.width_ms
    if window == "today":
        return Span(floor_to(day_span(now_ms, zone).start, ring.width_ms), end)
    return Span(end - max(ring.width_ms, length_ms(window)), end)


def length_ms(window: str) -> int:
    """The length of a window such as "5m" or "1h"; "today" has none. Raises ValueError for another word."""
    unit = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}.get(window[-1:])
    if unit is None or not window[:-1].isdigit():
        raise ValueError(f"{window!r} is no window: write a number and s, m, h or d, or today")
    return int(window[:-1]) * unit


def intervals(start_ms: int, end_ms: int, by: str, zone: ZoneInfo) -> list[Span]:
    """The site's hours or days (``by`` is "hour" or "day") that touch [start, end), in order.

    Hours are clock hours: the repeated hour of autumn comes twice, the skipped one of spring not at all, and zones
    with half or quarter hours have their hours begin there.
    """
    spans: list[Span] = []
    at = day_span(start_ms, zone).start if by == "day" else hour_start(start_ms, zone)
    while at < end_ms:
        step = day_span(at, zone).end if by == "day" else at + HOUR
        spans.append(Span(at, step))
        at = step
    return spans


def hour_start(at_ms: int, zone: ZoneInfo) -> int:
    """The start of the clock hour at the site, whatever its offset from UTC."""
    local = datetime.fromtimestamp(at_ms / 1000, zone)
    return at_ms - ((local.minute * 60 + local.second) * 1000 + at_ms % 1000)
