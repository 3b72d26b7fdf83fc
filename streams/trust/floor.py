"""How far the numbers of a floor can be trusted: its partitions' sources enter, a verdict by source and queue leaves.

A source is stale when it has been silent for too long, and cut off while a gap is open. A queue is **stale** when all
sources that feed it are stale, and **incomplete** when any of them is stale or cut off: then some of its contacts are
not in its numbers. Pure; ``now`` is an argument.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from msgspec import Struct

from streams.trust import COUNTED, FEEDS_FOR_MS, OPEN, Sources


class Partition(Protocol):
    """What is needed of a partition: its sources, and its counters as they were last flushed."""

    @property
    def trust(self) -> Sources: ...

    @property
    def flushed_counters(self) -> Mapping[str, int]: ...


class Gap(NamedTuple):
    """From ``since`` to ``until`` (epoch ms) a source told nothing; None: no snapshot has closed it yet."""

    source: str
    since: int
    until: int | None


class Source(Struct, frozen=True, kw_only=True):
    """One source over all partitions. ``heard_at`` is epoch ms of its own clock; ``counts`` by ``COUNTED``.

    ``least_delay_ms``: see ``Sources.least_delay_ms``; None when unknown. ``queues``: those it feeds, sorted.
    """

    heard_at: int
    counts: Mapping[str, int] = {}
    least_delay_ms: int | None = None
    gaps: tuple[Gap, ...] = ()
    queues: tuple[str, ...] = ()

    @property
    def cut_off_since(self) -> int | None:
        """When the gap that is still open began; None while there is none."""
        return min((gap.since for gap in self.gaps if gap.until is None), default=None)


class Verdict(NamedTuple):
    """What is to be said of a queue's numbers: the sources that feed it, those of them that are silent, its gaps."""

    sources: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()

    @property
    def stale(self) -> bool:
        """Every source that feeds the queue is silent; a queue nobody feeds is not stale."""
        return bool(self.sources) and len(self.silent) == len(self.sources)

    @property
    def incomplete(self) -> bool:
        """A source that feeds the queue is silent or cut off now."""
        return bool(self.silent) or any(gap.until is None for gap in self.gaps)

    def holes(self, start: int, end: int, now: int) -> bool:
        """Whether a window [start, end) overlaps a gap of a source that feeds the queue."""
        return any(gap.since < end and start < (now if gap.until is None else gap.until) for gap in self.gaps)


def sources_of(partitions: Iterable[Partition], now: int) -> dict[str, Source]:
    """Every source, by name: the latest word, the sum of its counts, and the queues it has told of lately."""
    heard: dict[str, int] = {}
    counts: dict[str, dict[str, int]] = {}
    delays: dict[str, int] = {}
    gaps: dict[str, dict[int, int]] = {}
    queues: dict[str, set[str]] = {}
    for partition in partitions:
        trust = partition.trust
        for name, at in trust.heard_at.items():
            heard[name] = max(at, heard.get(name, at))
            delay = trust.least_delay_ms(name)
            if delay is not None:
                delays[name] = min(delay, delays.get(name, delay))
        for counter, n in partition.flushed_counters.items():
            kind, _, rest = counter.partition("|")
            if kind == "source":
                what, _, name = rest.partition("|")
                own = counts.setdefault(name, dict.fromkeys(COUNTED, 0))
                own[what] += n
        for name, own_gaps in trust.gaps.items():
            known = gaps.setdefault(name, {})
            for since, until in own_gaps.items():
                known[since] = OPEN if OPEN in (until, known.get(since)) else max(until, known.get(since, until))
        for queue, told in trust.feeds.items():
            for name, at in told.items():
                if now - at <= FEEDS_FOR_MS:
                    queues.setdefault(name, set()).add(queue)
    return {
        name: Source(
            heard_at=at,
            counts=counts.get(name, dict.fromkeys(COUNTED, 0)),
            least_delay_ms=delays.get(name),
            gaps=tuple(
                Gap(name, since, None if until == OPEN else until)
                for since, until in sorted(gaps.get(name, {}).items())
            ),
            queues=tuple(sorted(queues.get(name, ()))),
        )
        for name, at in sorted({**dict.fromkeys(gaps, 0), **heard}.items())
    }


def verdict(sources: Mapping[str, Source], queues: Sequence[str] | None, now: int, stale_after_ms: float) -> Verdict:
    """What is to be said of these queues together; of the whole floor when ``queues`` is None."""
    feeding = {
        name: source for name, source in sources.items() if queues is None or not set(queues).isdisjoint(source.queues)
    }
    return Verdict(
        tuple(feeding),
        tuple(name for name, source in feeding.items() if now - source.heard_at > stale_after_ms),
        tuple(gap for source in feeding.values() for gap in source.gaps),
    )
