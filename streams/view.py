"""What anybody may ask of the state: the live queue, an interval; ``streams.windows`` has the windows.

Partitions, settings and ``now`` (epoch ms) enter; plain values leave. Nothing here changes state, and ``now`` is an
argument: the wall clock for a live floor, the stream's own watermark for a replay.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct

from streams import slices
from streams import tally as y
from streams.books import ROWS_APART, Book
from streams.counts import Counts, counts_of
from streams.hours.calendar import Calendar, calendar_of, is_open
from streams.lengths import longest_queues
from streams.partition import Partition, Waiting
from streams.pieces import at_once
from streams.settings import Settings
from streams.signed_in import SignedIn
from streams.slices import Span
from streams.sums import once

FLOOR: Final = "ALL"
"""The name of the row that is the whole floor."""

Key = tuple[str, str]
"""Queue and channel; the floor is (FLOOR, "")."""


class Live(Struct, frozen=True, kw_only=True):
    """One queue now. ``oldest_offered_at`` is epoch ms, None when nobody waits.

    ``waiting_since`` has when each waiting visit entered, the next to be answered first: by priority, then by time.

    ``open``: by its opening hours, or by the source's own word where that came since they last changed.
    """

    waiting: int = 0
    waiting_past_threshold: int = 0
    waiting_callbacks: int = 0
    by_priority: Mapping[int, int] = {}
    oldest_offered_at: int | None = None
    waiting_since: tuple[int, ...] = ()
    handling: int = 0
    agents: Mapping[str, int] = {}
    open: bool = True
    conservation_residual: int = 0

    @property
    def staffed(self) -> int:
        """Agents signed in."""
        return sum(n for state, n in self.agents.items() if state != "signed_out")

    def oldest_wait_seconds(self, now: int) -> float:
        """How long the longest waiter has waited; 0 when nobody waits."""
        return 0.0 if self.oldest_offered_at is None else max(0, now - self.oldest_offered_at) / 1000


class Window(NamedTuple):
    """The counts of a window and what it truly covers."""

    span: Span
    counts: Counts


class Interval(NamedTuple):
    """One hour or day of one queue, with the longest the queue was in it."""

    span: Span
    key: Key
    counts: Counts
    max_queue_length: int


def now_of(partitions: Iterable[Partition], settings: Settings, wall_ms: int) -> int:
    """The moment the numbers are as of: the wall clock, or the stream's watermark when the settings say so."""
    if settings.clock == "wall":
        return wall_ms
    return max((p.watermark for p in partitions), default=0)


def keys_of(partitions: Iterable[Partition]) -> list[Key]:
    """Every queue and channel known, sorted; rows of agents only (no channel), of tags and of teams left out."""
    return sorted({key for p in partitions for key in p.ledger.books if key[1] and not key[0].startswith(ROWS_APART)})


# --- now -------------------------------------------------------------------------------------------------------------


def live(
    partitions: Sequence[Partition], settings: Settings, now: int, signed_in: SignedIn | None = None
) -> dict[Key, Live]:
    """Every queue as it is now, and the floor. Callbacks are counted, but never the longest wait.

    ``signed_in`` is of this moment, for whoever needs it again.
    """
    return at_once(live_in_steps(partitions, settings, now, signed_in or SignedIn(partitions, now)))


def live_in_steps(
    partitions: Sequence[Partition], settings: Settings, now: int, signed_in: SignedIn
) -> Generator[None, None, dict[Key, Live]]:
    """The same in steps: what is told of a partition is of one moment, of two partitions it may not be."""
    waiting: dict[Key, list[Waiting]] = defaultdict(list)
    handling: dict[Key, int] = defaultdict(int)
    balance: dict[Key, int] = defaultdict(int)
    for partition in partitions:
        for visits in partition.waiting.values():
            for visit in visits:
                waiting[visit.queue, visit.channel].append(visit)
        for key in partition.handling.values():
            handling[key] += 1
        for key, book in partition.ledger.books.items():
            balance[key] += book.balance()
        yield
    said = _queue_states(partitions)
    found: dict[Key, Live] = {}
    for key in {*keys_of(partitions), *waiting, *handling}:
        agents = signed_in.by_state(key[0]) if key[0] else {}  # what happened before any queue has no agents
        found[key] = _live(settings, key[0], waiting[key], handling[key], agents, balance[key], now, said.get(key[0]))
        yield
    everybody = [visit for visits in waiting.values() for visit in visits]
    total = sum(balance.values())
    past = sum(row.waiting_past_threshold for row in found.values())
    floor = _live(settings, FLOOR, everybody, sum(handling.values()), signed_in.by_state(""), total, now, past=past)
    return {**found, (FLOOR, ""): floor}


def _live(
    settings: Settings, queue: str, waiting: list[Waiting], handling: int, agents: Mapping[str, int], balance: int,
    now: int, said: tuple[int, bool] | None = None, past: int | None = None,
) -> Live:  # fmt: skip
    threshold = now - round(settings.queue(queue).service_level_threshold_seconds * 1000)
    by_priority: dict[int, int] = {}
    for visit in waiting:
        by_priority[visit.priority] = by_priority.get(visit.priority, 0) + 1
    return Live(
        waiting=len(waiting),
        waiting_past_threshold=sum(v.offered_at < threshold for v in waiting) if past is None else past,
        waiting_callbacks=sum(v.callback for v in waiting),
        by_priority=by_priority,
        oldest_offered_at=min((v.offered_at for v in waiting if not v.callback), default=None),
        waiting_since=_in_line(waiting, by_priority),
        handling=handling,
        agents=agents,
        open=_is_open(calendar_of(settings.queue(queue)), said, now),
        conservation_residual=balance - len(waiting),
    )


def _in_line(waiting: list[Waiting], by_priority: Mapping[int, int]) -> tuple[int, ...]:
    """When each of them entered, the next to be answered first."""
    if len(by_priority) > 1:
        return tuple(v.offered_at for v in sorted(waiting, key=lambda v: (-v.priority, v.offered_at)))
    return tuple(sorted([v.offered_at for v in waiting]))  # a tenth of the time, and by far the most common


def _queue_states(partitions: Iterable[Partition]) -> dict[str, tuple[int, bool]]:
    latest: dict[str, tuple[int, bool]] = {}
    for partition in partitions:
        for queue, (at, word) in partition.queue_states.items():
            latest[queue] = max(latest.get(queue, (at, word)), (at, word))
    return latest


def _is_open(calendar: Calendar, said: tuple[int, bool] | None, now: int) -> bool:
    """What the source said holds until the opening hours change next; without its word they decide."""
    by_hours = is_open(calendar, now)
    if said is None:
        return by_hours
    at, word = said
    changed_since = calendar.hours is not None and is_open(calendar, at) != by_hours
    return by_hours if changed_since else word


# --- intervals -------------------------------------------------------------------------------------------------------


def _books(partitions: Iterable[Partition]) -> Mapping[Key, Sequence[Book]]:
    """The books of each queue and channel, of those partitions that have one."""
    found: dict[Key, list[Book]] = defaultdict(list)
    for partition in partitions:
        for key, book in partition.ledger.books.items():
            found[key].append(book)
    return found


def intervals(
    partitions: Sequence[Partition], settings: Settings, start: int, end: int, by: str, key: Key
) -> list[Interval]:
    """The hours or days of one queue (or the floor) that touch [start, end), those with nothing left out.

    Hours and days are those of the queue's time zone; they begin on quarter hours everywhere.
    """
    floor = key[0] == FLOOR
    rule = settings.defaults if floor else settings.queue(key[0])
    keys = [k for k in keys_of(partitions) if not key[1] or k[1] == key[1]] if floor else [key]
    spans = slices.intervals(start, end, by, ZoneInfo(rule.timezone))
    ring = partitions[0].ledger.rings.coarse if partitions else slices.rings().coarse
    found, books = [], _books(partitions)
    own = [book for k in keys for book in books[k]]
    for span, longest in zip(spans, longest_queues(partitions, keys, spans), strict=True):
        fields, maxima = once(own, ring, span)
        cohort = rule.attribution != "event_time"
        if any((field >= y.COHORT) == cohort and n for field, n in fields.items()):
            counts = counts_of(fields, cohort=cohort, maxima=maxima)
            found.append(Interval(span, key, counts, longest))
    return found
