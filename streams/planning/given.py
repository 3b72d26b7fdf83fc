"""What a forecast of one queue needs, read off a snapshot and the partitions: plain numbers, nothing that changes.

Reads live state, so it runs on the event loop, one queue at a time; what is done with the numbers runs elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from streams import slices
from streams import tally as y
from streams.books import Slice
from streams.hours.calendar import calendar_of, is_open
from streams.partition import Partition
from streams.planning import MOST_WAITING, goal_of
from streams.slices import DAY, HOUR, MINUTE, Span
from streams.snapshot import Row, Snapshot
from streams.staffing.estimate import Staff
from streams.staffing.forecast import Counted
from streams.staffing.required import Goal
from streams.staffing.warning import AHEAD_SECONDS, WINDOW_SECONDS
from streams.view import Key

QUARTER: Final = 15 * MINUTE
WEEK: Final = 7 * DAY
COMPARABLE: Final = 0.2
"""An earlier day that had less than this share of today's contacts by now was counted in part, or was another day."""

Roster: TypeAlias = Mapping[int, Mapping[str, Staff]]
"""The agents of each queue at moments to come (epoch ms); what is not in it stays as it is."""

_HANDLED: Final = (y.SEGMENTS, y.TALK_MS, y.HOLD_MS, y.WRAP_MS, y.RING_MS)
_WAITED: Final = (y.ABANDONED, y.ANSWERED_WAIT_MS, y.ABANDONED_WAIT_MS, y.FLOWED_OUT_WAIT_MS)
_JUDGED: Final = (y.ANSWERED_IN_T, y.ANSWERED, y.ABANDONED, y.SHORT_ABANDONED)


class Coming(NamedTuple):
    """One interval to come, to the next quarter of an hour: the agents at work then, and whether the queue is open.

    ``quarter`` is its place in the day of the queue, from 0.
    """

    span: Span
    quarter: int
    agents: float
    open: bool


class Given(NamedTuple):
    """One queue, as of ``now`` (epoch ms). Times of waiting in seconds, sums in ms.

    ``handling``: contacts in hand. ``waited``: the next to be answered first, and ``more_waiting`` behind them.
    ``handled``: contacts and ms of the last hour; ``gave_up`` and ``waited_ms``: of the day so far. ``weeks`` and
    ``today``: contacts by quarter of an hour of this weekday; ``recent``: contacts and seconds. ``last``: those who
    left in the last 15 minutes; ``last_but_next`` and ``last_but_soon``: the parts of them that are still in such a
    window in 5 and in 10 minutes.
    """

    key: Key
    now: int
    goal: Goal
    staff: Staff
    handling: int
    waited: tuple[float, ...]
    more_waiting: int
    handled: tuple[int, int]
    gave_up: int
    waited_ms: int
    weeks: tuple[tuple[int, ...], ...]
    today: tuple[int, ...]
    recent: tuple[int, float]
    coming: tuple[Coming, ...]
    last: Counted
    last_but_next: Counted
    last_but_soon: Counted


SOON_SECONDS: Final = 600.0
"""The service level of the last 15 minutes is told as it will be so far ahead."""


class Almanac:
    """This weekday's contacts of earlier weeks, by queue: looked up once a quarter of an hour, they hardly change."""

    def __init__(self) -> None:
        self._quarter = -1
        self._days: dict[Key, list[list[int]]] = {}

    def days(self, key: Key, now: int, look_up: Callable[[], list[list[int]]]) -> list[list[int]]:
        """The days of a queue, ``look_up`` asked for them where they are not known for this quarter of an hour."""
        if self._quarter != now // QUARTER:
            self._quarter, self._days = now // QUARTER, {}
        if key not in self._days:
            self._days[key] = look_up()
        return self._days[key]


def gather(
    partitions: Sequence[Partition], snapshot: Snapshot, row: Row, roster: Roster, almanac: Almanac | None = None
) -> Given:
    """All that a forecast of this row needs. The row has a line: ``can_be_planned``."""
    now, rule, key = snapshot.now, row.rule, (row.queue, row.channel)
    zone = ZoneInfo(rule.timezone)
    pieces = _Pieces(partitions, key)
    minute = slices.floor_to(now, MINUTE) + MINUTE
    kept = min(HOUR, snapshot.settings.retention.fine_minutes * MINUTE)
    recent = Span(minute - min(QUARTER, kept), now)
    hour = pieces.minutes(Span(minute - kept, now), _HANDLED)
    day = slices.day_span(now, zone)
    waits = pieces.quarters(Span(day.start, now), _WAITED)
    kept_days = snapshot.settings.retention.coarse_days
    earlier = (almanac or Almanac()).days(key, now, lambda: _earlier(pieces, day, zone, kept_days))
    today, weeks = _comparable(_day(pieces, Span(day.start, now), zone)[: (now - day.start) // QUARTER], earlier)
    waited = [max(0, now - since) for since in row.live.waiting_since]
    window = round(WINDOW_SECONDS * 1000)
    return Given(
        key=key,
        now=now,
        goal=goal_of(rule),
        staff=row.staff,
        handling=row.live.handling,
        waited=tuple(ms / 1000 for ms in waited[:MOST_WAITING]),
        more_waiting=max(0, len(waited) - MOST_WAITING),
        handled=(hour[0], sum(hour[1:])),
        gave_up=waits[0],
        waited_ms=sum(waits[1:]) + sum(waited),
        weeks=weeks,
        today=today,
        recent=(pieces.minutes(recent, (y.OFFERED,))[0], max(1, now - recent.start) / 1000),
        coming=_coming(roster, snapshot, row, zone),
        last=_counted(pieces, Span(minute - window, now)),
        last_but_next=_counted(pieces, Span(minute - window + round(AHEAD_SECONDS * 1000), now)),
        last_but_soon=_counted(pieces, Span(minute - window + round(SOON_SECONDS * 1000), now)),
    )


class _Pieces:
    """The slices of one queue in all partitions."""

    def __init__(self, partitions: Iterable[Partition], key: Key) -> None:
        self._books = [book for p in partitions if (book := p.ledger.books.get(key)) is not None]

    def minutes(self, span: Span, fields: tuple[int, ...]) -> list[int]:
        """The sums of these fields over the one-minute slices that begin in the span."""
        return _sums([book.minute for book in self._books], range(span.start, span.end, MINUTE), fields)

    def quarters(self, span: Span, fields: tuple[int, ...]) -> list[int]:
        """The same over slices of a quarter of an hour."""
        return _sums([book.coarse for book in self._books], range(span.start, span.end, QUARTER), fields)

    def offered(self, span: Span) -> Counter[int]:
        """Contacts offered by quarter of an hour, by where it begins; in order, those with a slice only."""
        found: Counter[int] = Counter()
        for start in range(span.start, span.end, QUARTER):
            for book in self._books:
                if start in book.coarse:
                    found[start] += book.coarse[start].fields.get(y.OFFERED, 0)
        return found


def _sums(stores: list[Mapping[int, Slice]], starts: range, fields: tuple[int, ...]) -> list[int]:
    counted = [store[start].fields for store in stores for start in starts if start in store]
    return [sum([one.get(field, 0) for one in counted]) for field in fields]


def _counted(pieces: _Pieces, span: Span) -> Counted:
    in_time, answered, abandoned, short = pieces.minutes(span, _JUDGED)
    return Counted(in_time, answered + abandoned - short)


def _earlier(pieces: _Pieces, day: Span, zone: ZoneInfo, kept_days: int) -> list[list[int]]:
    """This weekday's contacts by quarter of an hour, of every earlier week that is kept."""
    backs = range(WEEK, (kept_days - 1) * DAY + 1, WEEK)
    return [_day(pieces, slices.day_span(day.start - back + HOUR, zone), zone) for back in backs]


def _comparable(today: list[int], earlier: list[list[int]]) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]:
    """Today's quarters that are over, and those of the weeks that compare; those before counting began today are 0."""
    began = next((n for n, count in enumerate(today) if count), len(today))
    weeks = []
    for counts in earlier:
        week = [0] * began + counts[began:]
        if any(week) and sum(week[: len(today)]) >= COMPARABLE * sum(today):
            weeks.append(tuple(week))
    return tuple(today), tuple(weeks)


def _day(pieces: _Pieces, day: Span, zone: ZoneInfo) -> list[int]:
    """Contacts by quarter of an hour on the clock of the site: 96, however long the day was."""
    counts = [0] * (DAY // QUARTER)
    for start, offered in pieces.offered(day).items():
        counts[quarter_of(start, zone)] = offered
    return counts


def quarter_of(at: int, zone: ZoneInfo) -> int:
    """The place of a moment's quarter of an hour in the day, by the clock of the site: 0 to 95."""
    local = datetime.fromtimestamp(at / 1000, zone)
    return (local.hour * 60 + local.minute) // 15


def _coming(roster: Roster, snapshot: Snapshot, row: Row, zone: ZoneInfo) -> tuple[Coming, ...]:
    """The hour to come, cut at the quarters; what is left of this one has the agents at work now."""
    now, calendar = snapshot.now, calendar_of(row.rule)
    found, start = [], now
    while start < now + HOUR:
        end = min(now + HOUR, slices.floor_to(start, QUARTER) + QUARTER)
        if start == now:
            agents, opened = row.staff.at_work, row.live.open
        else:
            agents = roster[start].get(row.queue, Staff()).at_work if start in roster else row.staff.at_work
            opened = is_open(calendar, start)
        found.append(Coming(Span(start, end), quarter_of(start, zone), agents, opened))
        start = end
    return tuple(found)
