"""Facts enter, exact numbers per queue and interval leave: for files, where everything fits in memory.

Unlike the worker's tallies, an interval keeps every duration as it is (how often each occurred), so quantiles and
maxima are exact, and a fact that is taken back leaves no trace. Intervals are hours or days of a site's own clock.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from msgspec import structs

from streams import tally as y
from streams.counts import Counts, counts_of
from streams.facts import Fact, Kind
from streams.settings import Attribution, QueueSettings, Settings

By: TypeAlias = Literal["hour", "day", "all"]
ALL: Final = "ALL"
"""The floor as one queue."""

_WAITED: Final = frozenset({Kind.ANSWERED, Kind.ABANDONED, Kind.FLOWED_OUT})
_LEFT: Final = _WAITED | {Kind.ORPHANED}
_MEASURED: Final = _WAITED | {Kind.HANDLED}
_QUARTER_MS: Final = 900_000  # every time zone in use begins its hours on a quarter of an hour of UTC


class Start(NamedTuple):
    """Where an interval begins; ``local`` is the site's clock with its offset, ISO 8601."""

    epoch_ms: int
    local: str


_ALWAYS: Final = Start(-(2**53), "")


class Interval:
    """Everything counted in one interval of one queue. ``fields`` is a tally; ``values`` maps ms to how often.

    ``cohort``: contacts count where they arrived, so an interval's offered are the base of its ratios.
    """

    def __init__(self, *, cohort: bool) -> None:
        self.cohort = cohort
        self.fields: y.Fields = {}
        self.values: dict[int, Counter[int]] = defaultdict(Counter)
        self.ignored: Counter[str] = Counter()
        self.longest_queue = 0
        self.first_ms = 2**63

    def add(self, sign: int, fact: Fact, threshold_ms: int, short_ms: int) -> None:
        """Count a fact, or take it back."""
        y.add(self.fields, {field: sign * n for field, n in y.counts(fact, threshold_ms, short_ms)})
        if fact.kind in _MEASURED:
            self.values[fact.kind][fact.value] += sign

    def counts(self) -> Counts:
        """What the KPIs are made of."""
        return structs.replace(counts_of(self.fields, cohort=False), cohort=self.cohort)

    def at_most(self, kind: int, ms: int) -> int:
        """How many of a kind took no longer than ``ms``."""
        return sum(n for value, n in self.values[kind].items() if value <= ms)

    def number(self, kind: int) -> int:
        return self.values[kind].total()

    def max_ms(self, kind: int) -> int | None:
        """The longest of a kind; None when there is none."""
        return max((value for value, n in self.values[kind].items() if n > 0), default=None)

    def median_ms(self, kind: int) -> float | None:
        """The middle one of a kind, or the mean of the two in the middle; None when there is none."""
        total = self.number(kind)
        if not total:
            return None
        return (self._ranked(kind, (total - 1) // 2) + self._ranked(kind, total // 2)) / 2

    def _ranked(self, kind: int, rank: int) -> int:
        seen = 0
        for value, n in sorted(self.values[kind].items()):
            seen += n
            if seen > rank:
                return value
        raise IndexError(rank)


class Floor:
    """Intervals of every queue and channel, and of the floor as one (under the queue ``ALL``, in the default zone).

    ``attribution`` and ``zone`` hold for all queues when they are given; else each queue's settings do.
    """

    def __init__(
        self, settings: Settings, by: By, attribution: Attribution | None = None, zone: str | None = None
    ) -> None:
        self._settings = settings
        self._by: By = by
        self._attribution = attribution
        self._zone = zone
        self._intervals: dict[tuple[str, str], dict[Start, Interval]] = defaultdict(dict)
        self._net: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)

    def post(self, sign: int, fact: Fact) -> None:
        """Count one fact, or take it back: in its queue and in the floor as one."""
        rule = self._settings.queue(fact.queue)
        threshold_ms = round(rule.service_level_threshold_seconds * 1000)
        short_ms = round(rule.short_abandon_seconds * 1000)
        attribution = self._attribution or rule.attribution
        match attribution:
            case "event_time":
                at = fact.at
            case "arrival":
                at = fact.arrival
            case "contact_arrival":
                at = fact.started
        for key in ((fact.queue, fact.channel), (ALL, ALL)):
            self._interval(key, at).add(sign, fact, threshold_ms, short_ms)
            if fact.kind == Kind.OFFERED:
                self._net[key][fact.at // 1000] += sign
            elif fact.kind in _LEFT:
                self._net[key][fact.at // 1000] -= sign

    def ignore(self, at_ms: int, queue: str, channel: str, reason: str) -> None:
        """Count a row that was left out on purpose."""
        for key in ((queue, channel), (ALL, ALL)):
            self._interval(key, at_ms).ignored[reason] += 1

    def channels(self) -> set[str]:
        """The channels anything was counted on."""
        return {channel for queue, channel in self._intervals if queue != ALL}

    def intervals(self) -> Iterator[tuple[str, str, Start, Interval]]:
        """Every interval in which something was counted: by queue, channel and time.

        When all is one interval, it is said to start with the day of the first contact.
        """
        for (queue, channel), intervals in sorted(self._intervals.items()):
            self._find_longest_queues((queue, channel), intervals)
            for start, interval in sorted(intervals.items()):
                shown = self._start(queue, interval.first_ms, "day") if self._by == "all" else start
                yield queue, channel, shown, interval

    def _interval(self, key: tuple[str, str], at_ms: int) -> Interval:
        intervals = self._intervals[key]
        start = self._start(key[0], at_ms, self._by)
        if start not in intervals:
            attribution = self._attribution or self._rule(key[0]).attribution
            intervals[start] = Interval(cohort=attribution != "event_time")
        interval = intervals[start]
        interval.first_ms = min(interval.first_ms, at_ms)
        return interval

    def _start(self, queue: str, at_ms: int, by: By) -> Start:
        if by == "all":
            return _ALWAYS
        return interval_start(at_ms // _QUARTER_MS, by, self._zone or self._rule(queue).timezone)

    def _rule(self, queue: str) -> QueueSettings:
        return self._settings.defaults if queue == ALL else self._settings.queue(queue)

    def _find_longest_queues(self, key: tuple[str, str], intervals: Mapping[Start, Interval]) -> None:
        """Walk the net change of every second: within one, leaving comes before entering.

        Who waits when an interval begins counts in it too, unless they leave within its first second.
        """
        changes = sorted(self._net[key].items())
        length = at = 0
        for start, interval in sorted(intervals.items()):
            while at < len(changes) and changes[at][0] * 1000 < start.epoch_ms:
                length += changes[at][1]
                at += 1
            if at == len(changes) or changes[at][0] * 1000 > start.epoch_ms:
                interval.longest_queue = length
            while at < len(changes) and self._start(key[0], changes[at][0] * 1000, self._by) == start:
                length += changes[at][1]
                at += 1
                interval.longest_queue = max(interval.longest_queue, length)


@lru_cache(maxsize=100_000)
def interval_start(quarter: int, by: By, zone: str) -> Start:
    """The start of the local hour or day that a quarter of an hour (since 1970, UTC) belongs to.

    The two hours that clocks repeat are two intervals; a day may have 23 or 25 hours.
    """
    local = datetime.fromtimestamp(quarter * 900, ZoneInfo(zone))
    if by == "day":
        start = local.replace(hour=0, minute=0, fold=0)
    else:
        start = local - timedelta(minutes=local.minute)
        start = start.replace(fold=local.fold)
    return Start(int(start.timestamp()) * 1000, start.isoformat())
