"""The last quarter of an hour of every row of the wall: what a sparkline shows before the page has seen anything.

Partitions and ``now`` enter; per row the longest the queue was in each 15 s leaves, and the service level as the wall
would have shown it at the end of each minute. Pure. Reading is done queue by queue, so that the event loop can go on;
the rest can be done in another thread.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from streams import kpis, slices
from streams import tally as y
from streams.board.wall import window_of
from streams.counts import Counts, counts_of
from streams.merged import merged
from streams.partition import Partition
from streams.settings import QueueSettings, Settings
from streams.slices import MINUTE, SECOND
from streams.view import FLOOR, Key, keys_of

SPAN_MS: Final = 15 * MINUTE
STEP_MS: Final = 15 * SECOND
_LENGTH_SLICE_MS: Final = 5 * MINUTE

Minutes: TypeAlias = dict[int, dict[int, int]]
"""Start of a minute to what was counted in it, without histograms."""
Part: TypeAlias = tuple[QueueSettings, Minutes]
"""A rule and what is judged by it."""


class Gathered(NamedTuple):
    """What rows are made of, by queue and channel; shares nothing with the state. ``kept_ms``: how far back it goes."""

    nets: Mapping[Key, list[int]]
    minutes: Mapping[Key, Minutes]
    kept_ms: int


def gather(partitions: Sequence[Partition], settings: Settings, now: int) -> Generator[None, None, Gathered]:
    """Read what is needed of the partitions, yielding between two queues."""
    since = now - SPAN_MS - _window_ms(settings)
    nets: dict[Key, list[int]] = {}
    minutes: dict[Key, Minutes] = {}
    for key in keys_of(partitions):
        if key[0]:
            nets[key] = _nets(partitions, key, now)
        minutes[key] = _minutes(partitions, key, since)
        yield
    return Gathered(nets, minutes, partitions[0].ledger.rings.minute.keep_ms if partitions else 0)


def trend(gathered: Gathered, settings: Settings, now: int) -> dict[str, Any]:
    """``{"as_of_ms", "rows": [{"kind", "queue", "channel", "waiting", "service_level"}]}``, each a list of [at, value].

    A service level is None over nothing, and where the minutes it would need are no longer kept; ``live_adjusted``
    counts nobody who waited then.
    """
    nets, minutes = gathered.nets, gathered.minutes

    def row(kind: str, key: Key, keys: Sequence[Key], parts: Sequence[Part]) -> dict[str, Any]:
        return {
            "kind": kind,
            "queue": key[0],
            "channel": key[1],
            "waiting": _longest([sum(second) for second in zip(*(nets[key] for key in keys), strict=True)], now),
            "service_level": _levels(parts, _window_ms(settings), gathered.kept_ms, now),
        }

    rows = [row("queue", key, [key], [(settings.queue(key[0]), minutes[key])]) for key in nets]
    for name, members in settings.groups.items():
        inside = [key for key in nets if key[0] in members]
        rows.append(row("group", (name, ""), inside, [(settings.queue(key[0]), minutes[key]) for key in inside]))
    rows.append(row("floor", (FLOOR, ""), list(nets), [(settings.defaults, _together(minutes.values()))]))
    return {"as_of_ms": now, "rows": rows}


def _window_ms(settings: Settings) -> int:
    window = window_of(tuple(settings.windows))
    return slices.length_ms(window) if window not in ("", "today") else 0


def _nets(partitions: Iterable[Partition], key: Key, now: int) -> list[int]:
    """How many entered less how many left, second by second; the last number is how many wait now."""
    first = slices.floor_to(now - SPAN_MS, STEP_MS)
    nets = [0] * ((now - first) // SECOND + 2)
    for partition in partitions:
        book = partition.ledger.books.get(key)
        if book is None:
            continue
        nets[-1] += book.balance()
        for start in range(slices.floor_to(first, _LENGTH_SLICE_MS), now + 1, _LENGTH_SLICE_MS):
            piece = book.length.get(start)
            for second, n in () if piece is None else piece.fields.items():
                at = (start - first) // SECOND + second
                if at >= 0:
                    nets[min(at, len(nets) - 2)] += n  # what is ahead of our clock has happened by now
    return nets


def _longest(nets: Sequence[int], now: int) -> list[tuple[int, int]]:
    """The most that waited at once in each step, backwards from how many wait now."""
    first = slices.floor_to(now - SPAN_MS, STEP_MS)
    width, length = STEP_MS // SECOND, nets[-1] if nets else 0
    most: dict[int, int] = {}
    for second in range(len(nets) - 2, -1, -1):
        step = second // width
        most[step] = max(most.get(step, 0), length)
        length -= nets[second]
        most[step] = max(most[step], length)
    return [(first + step * STEP_MS, n) for step, n in sorted(most.items())]


def _minutes(partitions: Iterable[Partition], key: Key, since: int) -> Minutes:
    found: Minutes = defaultdict(dict)
    for partition in partitions:
        book = partition.ledger.books.get(key)
        for start, piece in () if book is None else book.minute.items():
            if start >= slices.floor_to(since, MINUTE):
                fields = found[start]
                for field, n in piece.fields.items():
                    if field % y.COHORT < y.ANSWERED_WAITS:
                        fields[field] = fields.get(field, 0) + n
    return found


def _together(many: Iterable[Minutes]) -> Minutes:
    found: Minutes = defaultdict(dict)
    for minutes in many:
        for start, fields in minutes.items():
            y.add(found[start], fields)
    return found


def _levels(parts: Sequence[Part], window_ms: int, kept_ms: int, now: int) -> list[tuple[int, float | None]]:
    """The level at the end of each minute; a group is judged, as on the wall, by its first member's rule."""
    if not parts or not window_ms:
        return []
    preset = kpis.PRESETS[parts[0][0].preset]
    last = slices.floor_to(now, MINUTE)
    return [
        (end, preset(merged([_counts(part, end, window_ms) for part in parts])))
        if end - window_ms >= now - kept_ms
        else (end, None)
        for end in range(last - SPAN_MS + MINUTE, last + 1, MINUTE)
    ]


def _counts(part: Part, end: int, window_ms: int) -> Counts:
    rule, minutes = part
    total: dict[int, int] = {}
    for start in range(end - window_ms, end, MINUTE):
        y.add(total, minutes.get(start, _NOTHING))
    return counts_of(total, cohort=rule.attribution != "event_time")


_NOTHING: Final[Mapping[int, int]] = {}
