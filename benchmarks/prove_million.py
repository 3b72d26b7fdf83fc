"""A simulated floor with every fault through the core in memory: each number is the oracle's, or the exit code is 1.

    python -m benchmarks.prove_million [EVENTS]

Duplicates, disorder, late, lost and malformed records; every so often all partitions die in the middle of a flush, are
read back from their changelog, and read on from its marker. Compared with the simulator's oracle: the totals of
every queue, every quarter of an hour by both attributions, the maxima, who waits and who is served at the end; and the
conservation residual of every queue is 0.
"""

from __future__ import annotations

import dataclasses
import sys
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from benchmarks.arguments import positional
from streams import tally as y
from streams import view
from streams.books import net
from streams.counts import Counts
from streams.events import TOPICS
from streams.partition import Partition, Record
from streams.settings import Settings
from streams.simulate import Faults, Item, Oracle, demo, simulate, spoil
from streams.slices import Span
from streams.tally import COHORT

START: Final = 1_760_004_000_000
HOURS: Final = 6
RECORDS_AN_HOUR: Final = 9_000  # of ``demo`` at scale 1, rather less than there are
FAULTS: Final = Faults(duplicates=0.03, disorder_ms=3_000, late=0.01, malformed=0.01)
MISSING_ENDS: Final = 0.02
PARTITIONS: Final = 8
BATCH: Final = 400
FLUSH_EVERY: Final = 20_000
CRASHES: Final = 5

FIELDS: Final = {
    "offered": y.OFFERED, "answered": y.ANSWERED, "abandoned": y.ABANDONED, "short_abandoned": y.SHORT_ABANDONED,
    "answered_within": y.ANSWERED_IN_T, "abandoned_within": y.ABANDONED_IN_T, "flowed_out": y.FLOWED_OUT,
    "orphaned": y.ORPHANED, "answered_wait_ms": y.ANSWERED_WAIT_MS, "abandoned_wait_ms": y.ABANDONED_WAIT_MS,
    "flowed_out_wait_ms": y.FLOWED_OUT_WAIT_MS, "callbacks_within": y.CALLBACKS_IN_T, "segments": y.SEGMENTS,
    "talk_ms": y.TALK_MS, "hold_ms": y.HOLD_MS, "acw_ms": y.WRAP_MS, "holds": y.HOLDS,
    "transferred_within": y.TRANSFERS_WITHIN, "transferred_across": y.TRANSFERS_ACROSS,
    **{f"flowed_out_{reason}": field for reason, field in y.FLOWED_OUT_BY.items()},
}  # fmt: skip
AT_DESKS: Final = {
    "escalated": y.ESCALATIONS, "alerted": y.ALERTS, "missed": y.OFFERS_MISSED, "cancelled": y.OFFERS_CANCELLED,
    "rang": y.RINGS, "ring_ms": y.RING_MS,
}  # fmt: skip
"""What the oracle gives by the time it happened only."""


class Proof(NamedTuple):
    """Of ``events`` (heartbeats apart) ``refused`` were bad; of ``checked`` numbers ``wrong`` are not the oracle's."""

    events: int
    refused: int
    checked: int
    wrong: list[str]
    seconds: float


class Stored:
    """One partition and what it has stored: a compacted changelog, and the records its marker does not cover yet."""

    def __init__(self, topic: str, number: int) -> None:
        self.topic = topic
        self.number = number
        self.partition = Partition(Settings(), topic, number)
        self.read = 0
        self._changelog: dict[bytes, bytes] = {}
        self._unread: list[Record] = []
        self._since_marker: list[Record] = []
        self.refused: set[int] = set()

    def add(self, key: bytes | None, value: bytes, published_at: int) -> None:
        self._unread.append(Record(self.read, key, value, published_at))
        self.read += 1
        if len(self._unread) == BATCH:
            self.apply()

    def apply(self) -> None:
        self.refused.update(refused.offset for refused in self.partition.apply(self._unread))
        self._since_marker += self._unread
        self._unread = []

    def flush(self) -> None:
        """Store what changed; what is written again moves to the changelog's end, what is forgotten leaves it."""
        flush = self.partition.flush()
        if flush is None:
            return
        self._store([*flush.tallies, *flush.contacts, flush.marker])
        for key in self.partition.flushed(flush):
            self._changelog.pop(key, None)
        self._since_marker = []

    def crash(self) -> None:
        """Die in the middle of a flush, its tallies and half of its contacts stored, its marker not; then recover.

        The changelog is read back, and the records behind its marker are applied again.
        """
        flush = self.partition.flush()
        if flush is not None:
            self._store([*flush.tallies, *flush.contacts[: len(flush.contacts) // 2]])
        self.partition = Partition(Settings(), self.topic, self.number)
        for key, value in self._changelog.items():
            self.partition.restore(key, value)
        begin = self.partition.restored() or 0
        again = [record for record in self._since_marker if record.offset >= begin]
        self.refused.update(refused.offset for refused in self.partition.apply(again))

    def _store(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        for key, value in pairs:
            self._changelog.pop(key, None)
            self._changelog[key] = value


def prove(events: int, seed: int = 1) -> Proof:
    """Simulate at least so many events, apply them, compare."""
    began, oracle = time.perf_counter(), Oracle()
    scale = events / (HOURS * RECORDS_AN_HOUR)
    floor = demo(START, HOURS * 3_600, hour=9.0, scale=scale)
    spec = dataclasses.replace(floor, missing_ends=MISSING_ENDS, heartbeat_ms=60_000)
    stored, applied = _applied(spoil(simulate(spec, seed, oracle), FAULTS, seed), events // (CRASHES + 1))
    compared = list(numbers([each.partition for each in stored], oracle))
    return Proof(
        events=applied,
        refused=sum(len(each.refused) for each in stored),
        checked=len(compared),
        wrong=[f"{name}: {ours} instead of {theirs}" for name, ours, theirs in compared if ours != theirs],
        seconds=time.perf_counter() - began,
    )


def _applied(items: Iterable[Item], crash_every: int) -> tuple[list[Stored], int]:
    """Every partition with all of the items in it; and how many items that were, heartbeats left out."""
    stored = {topic: [Stored(topic, n) for n in range(PARTITIONS)] for topic in TOPICS}
    everyone = [each for partitions in stored.values() for each in partitions]
    count = 0
    for item in items:
        homes = stored[item.topic]
        for home in homes if item.everywhere else [homes[zlib.crc32(item.key or b"") % PARTITIONS]]:
            home.add(item.key, item.value, item.publish_at)
        if item.everywhere:
            continue
        count += 1
        if count % FLUSH_EVERY == 0:
            for each in everyone:
                each.flush()
        if count % crash_every == 0:
            for each in everyone:
                each.crash()
    for each in everyone:
        each.apply()
        each.flush()
    return everyone, count


Number = tuple[str, float | None, float | None]
"""What it is, ours, the oracle's."""


def numbers(partitions: list[Partition], oracle: Oracle) -> Iterator[Number]:
    """Every number that the oracle knows, as the partitions have it and as it must be."""
    settings, now = Settings(), oracle.as_of_ms or 0
    totals = oracle.totals()
    lives = view.live(partitions, settings, now)
    for place, theirs in totals.items():
        name = "/".join(place)
        ours = Counter[int]()
        for partition in partitions:
            book = partition.ledger.books.get(place)
            if book is not None:
                ours.update({field: net(book.total.fields, field) for field in (FIELDS | AT_DESKS).values()})
        for what, field in (FIELDS | AT_DESKS).items():
            yield f"{what} of {name}", ours[field], theirs.get(what, 0)
        live = lives.get(place, view.Live())
        yield f"waiting of {name}", live.waiting, theirs.get("waiting", 0)
        yield f"waiting_over of {name}", live.waiting_past_threshold, theirs.get("waiting_over", 0)
        yield f"handling of {name}", live.handling, theirs.get("handling", 0)
        yield f"conservation residual of {name}", live.conservation_residual, 0
        day = _day(partitions, settings, now, place)
        yield f"max_queue_length of {name}", day.max_queue_length, theirs["max_queue_length"]
        yield f"max_wait_ms of {name}", day.counts.max_wait_ms, theirs.get("max_wait_ms")
        yield f"max_wait_answered_ms of {name}", day.counts.max_answered_wait_ms, theirs.get("max_wait_answered_ms")
    day = _day(partitions, settings, now, (view.FLOOR, ""))
    yield "max_queue_length of the floor", day.max_queue_length, oracle.floor()["max_queue_length"]
    yield from _quarters(partitions, oracle)


def _day(partitions: list[Partition], settings: Settings, now: int, place: tuple[str, str]) -> view.Interval:
    """The day of a queue; an empty one where nothing of it is there: a wrong number, and no crash."""
    found = view.intervals(partitions, settings, START, now, "day", place)
    return found[0] if found else view.Interval(Span(START, now), place, Counts(), 0)


def _quarters(partitions: list[Partition], oracle: Oracle) -> Iterator[Number]:
    """Every quarter of an hour: by the time things happened, and by the arrival of their visit."""
    ours: dict[tuple[str, str, int], Counter[int]] = defaultdict(Counter)
    for partition in partitions:
        for (queue, channel), book in partition.ledger.books.items():
            for start, piece in book.coarse.items():
                ours[queue, channel, start].update(piece.fields)
    for key, theirs in oracle.intervals(15, "event_time").items():
        for what, field in (FIELDS | AT_DESKS).items():
            yield f"{what} of {key}", ours[key][field], theirs.get(what, 0)
    for key, theirs in oracle.intervals(15, "arrival").items():
        for what, field in FIELDS.items():
            yield f"{what} of the arrivals of {key}", ours[key][field + COHORT], theirs.get(what, 0)


def main(events: int = 1_000_000) -> int:
    """Print the verdict; 0 when every number is right."""
    proof = prove(events)
    print(
        f"{proof.events:,} events ({proof.refused:,} of them bad), a crash of every partition every "
        f"{1 / (CRASHES + 1):.0%} of the way, "
        f"{proof.checked:,} numbers compared, {len(proof.wrong)} wrong, {proof.seconds:.0f} s"
    )
    for line in proof.wrong[:50]:
        print(f"  {line}")
    print("PROVED: every number is the oracle's." if not proof.wrong else "NOT PROVED.")
    return 1 if proof.wrong else 0


if __name__ == "__main__":
    sys.exit(main(*positional(__doc__, events=int)))
