"""Flat cost: what an event costs must not depend on how many queues, windows or open contacts there are.

    python -m benchmarks.flat [--full] [--record]

No Kafka: the pure core as a worker drives it at 30,000 events a second, where a flush takes so long that there is one a
second, and once a second a snapshot with the text of ``/metrics``. The two sides of a comparison take turns. Counting
and watching are told apart: watching is paid by the second, not by the event, and grows with what there is to show.
"""

from __future__ import annotations

import argparse
import gc
import re
import time
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.load import PARTITIONS, RATE, START, Line
from benchmarks.peers.records import plain_calls
from benchmarks.results import FILE, median, record, spread
from streams import snapshot
from streams.events import CALL_EVENTS
from streams.exposition import Exposition
from streams.exposition.worker import worker_families
from streams.partition import Partition, Record
from streams.settings import Settings
from streams.snapshot import WorkerStatus

A_FLUSH: Final = RATE
FEW_OPEN: Final = 10_000
ONE_WINDOW: Final = ("15m",)
TWELVE_WINDOWS: Final = ("1m", "2m", "5m", "10m", "15m", "20m", "30m", "45m", "1h", "2h", "4h", "today")
TRIAL: Final = Path(__file__).parents[1] / ".cache" / "flat.md"
_QUEUE: Final = re.compile(rb'"queue":"[^"]*"')


class Side(NamedTuple):
    """One floor: how many queues calls go to, which windows are shown, how many calls are open before it begins."""

    name: str
    queues: int = 20
    windows: tuple[str, ...] = ONE_WINDOW
    open_calls: int = FEW_OPEN


class Cost(NamedTuple):
    """Processor time (s) for a million events."""

    counting: float
    watching: float


def sides(open_calls: int) -> tuple[tuple[Side, Side], ...]:
    """The comparisons, the small floor first."""
    return (
        (Side("20 queues"), Side("2,000 queues", queues=2_000)),
        (Side("1 window"), Side("12 windows", windows=TWELVE_WINDOWS)),
        (Side("10,000 open"), Side(f"{open_calls:,} open", open_calls=open_calls)),
    )


def cost(side: Side, calls: Sequence[Line]) -> Cost:
    """Drive a new floor through these records."""
    settings = Settings(clock="stream", windows=side.windows)
    partitions = [Partition(settings, CALL_EVENTS, n) for n in range(PARTITIONS)]
    offsets = [0] * PARTITIONS
    for lines in _chunks(_open(side)):
        _count(partitions, offsets, lines)
    text = Exposition(10**9, with_process=False)
    counting = watching = 0.0
    for lines in _chunks(_spread(side, calls)):
        counting += _count(partitions, offsets, lines)
        began = time.process_time()
        taken = snapshot.take(partitions, settings, WorkerStatus(), START)
        text.text(worker_families(taken))
        watching += time.process_time() - began
    millions = len(calls) / 1e6
    return Cost(counting / millions, watching / millions)


def open_bytes(side: Side) -> float:
    """Memory that this process takes for each of a side's open calls (bytes). Right only where it has done nothing yet.

    What was used and given back before would be used again, and not be seen.
    """
    gc.disable()
    settings = Settings(clock="stream", windows=side.windows)
    partitions = [Partition(settings, CALL_EVENTS, n) for n in range(PARTITIONS)]
    offsets, before = [0] * PARTITIONS, _resident()
    for lines in _chunks(_open(side)):
        _count(partitions, offsets, lines)
    return (_resident() - before) / side.open_calls


def _count(partitions: Sequence[Partition], offsets: list[int], lines: Sequence[Line]) -> float:
    """One flush's worth of records; the processor time of applying and flushing."""
    batches: list[list[Record]] = [[] for _ in partitions]
    for number, key, value in lines:
        batches[number].append(Record(offsets[number], key, value, 0))
        offsets[number] += 1
    began = time.process_time()
    for partition, batch in zip(partitions, batches, strict=True):
        partition.apply(batch)
        flush = partition.flush()
        if flush is not None:
            partition.flushed(flush)
    return time.process_time() - began


def _open(side: Side) -> Iterator[Line]:
    """Calls that were answered just before and do not end."""
    for n in range(side.open_calls):
        contact, queue = f"open-{n}", n % side.queues
        for number, kind in enumerate(("offered", "answered")):
            agent = f',"agent_id":"open-{n}"' if number else ""
            value = (
                f'{{"type":"call.{kind}","event_id":"{contact}.{number}","occurred_at":{START - 60_000 + number},'
                f'"source":"pbx-north","contact_id":"{contact}","channel":"voice","queue":"flat-{queue:04}"{agent}}}'
            )
            yield Line(n % PARTITIONS, contact.encode(), value.encode())


def _spread(side: Side, calls: Sequence[Line]) -> Iterator[Line]:
    """The same calls, each in one of the side's queues."""
    for line in calls:
        queue = zlib.crc32(line.key or b"") % side.queues
        yield line._replace(value=_QUEUE.sub(b'"queue":"flat-%04d"' % queue, line.value))


def _chunks(lines: Iterator[Line]) -> Iterator[list[Line]]:
    while chunk := [line for _, line in zip(range(A_FLUSH), lines, strict=False)]:
        yield chunk


def _resident() -> int:
    """Bytes of memory this process holds now."""
    gc.collect()
    status = dict(entry.split(":", 1) for entry in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmRSS"].split()[0]) * 1024


def row(pair: tuple[Side, Side], found: Sequence[tuple[Cost, Cost]], memory: str = "") -> tuple[str, ...]:
    """One comparison: both sides' counting, the median of the pairs' ratios, both sides' watching, memory."""
    small, large = ([each[n] for each in found] for n in (0, 1))
    more = median([b.counting / a.counting for a, b in found]) - 1
    return (
        f"{pair[0].name}, {pair[1].name}",
        spread([each.counting for each in small], ".1f"),
        spread([each.counting for each in large], ".1f"),
        f"{more:+.1%}",
        f"{median([each.watching for each in small]):.1f}",
        f"{median([each.watching for each in large]):.1f}",
        memory,
    )


def memory_of(side: Side) -> str:
    """What an open call takes, measured in a process of its own; nothing for a side with few of them."""
    if side.open_calls <= FEW_OPEN:
        return ""
    with ProcessPoolExecutor(1, get_context("spawn")) as another:
        return f"{another.submit(open_bytes, side).result():,.0f}"


def main() -> None:
    """Measure, print, and record when asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flat", description=__doc__)
    parser.add_argument("--full", action="store_true", help="a million open calls, five runs: most of half an hour")
    parser.add_argument("--record", action="store_true", help="into benchmarks/results.md")
    asked = parser.parse_args()
    gc.disable()  # as good as a worker does: streams.garbage
    events, open_calls, runs = (300_000, 1_000_000, 5) if asked.full else (90_000, 200_000, 3)
    calls = plain_calls(events)
    rows = []
    for pair in sides(open_calls):
        found = [(cost(pair[0], calls), cost(pair[1], calls)) for _ in range(runs)]
        rows.append(row(pair, found, memory_of(pair[1])))
        print(*rows[-1], sep="  ", flush=True)
    TRIAL.parent.mkdir(exist_ok=True)
    record(
        "Flat cost",
        f"python -m benchmarks.flat{' --full' if asked.full else ''}",
        ("", "counting, small", "counting, large", "more", "watching, small", "watching, large", "bytes an open call"),
        rows,
        f"Seconds of processor time for a million events; {events:,} voice events in {PARTITIONS} partitions at "
        f"{RATE:,} a second, a flush, a snapshot and /metrics every second; medians of {runs} in turn "
        f"(least-most), the fourth column the median of the pairs.",
        FILE if asked.record else TRIAL,
    )


if __name__ == "__main__":
    main()
