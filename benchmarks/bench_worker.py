"""A whole worker on Apache Kafka: how fast it drains a backlog, and whether it keeps up with 30,000 events a second.

Everything is on, as in production: KPIs, changelog, a flush every 200 ms, acknowledged and committed.
"""

from __future__ import annotations

import asyncio
import time
from typing import NamedTuple

from benchmarks.arguments import positional
from benchmarks.load import PARTITIONS, RATE, Line, lines, voice_events
from benchmarks.results import median, record, spread
from benchmarks.rig import Watch, drain, empty, fresh, kafka, paced, producing, publish, ticks, used, working

BACKLOG = 1_200_000
RUNS = 3
LIVE_SECONDS = 60
"""Twenty look kept up with where an event becomes dearer with the minutes."""
PARTS = 6


class Kept(NamedTuple):
    """How far the worker was behind, in records, while 30,000 a second were published."""

    published_per_second: float
    lag_median: float
    lag_most: int
    lag_medians: tuple[float, ...]
    lag_at_the_end: int
    caught_up_seconds: float
    cpu_share: float


async def keep_up(bootstrap: str, records: list[Line]) -> Kept:
    """Publish at 30,000 a second to a worker that is there already."""
    broker = fresh(bootstrap)
    async with working(broker) as worker, Watch(broker, worker.pid) as watch, producing(bootstrap) as producer:
        await worker.ready()
        packed = ticks(producer, records, RATE)
        lags = list[int]()
        began, began_cpu, sent = time.monotonic(), used(worker.pid).cpu_seconds, 0
        async for _, sent in paced(producer, packed):
            if sent // packed[0].sent % 5 == 1:
                lags.append(sent - (await watch.look()).committed)
        ended, ended_cpu = time.monotonic(), used(worker.pid).cpu_seconds
        lags.append(sent - (await watch.look()).committed)
        await watch.until(sent)
        return Kept(
            sent / (ended - began),
            median(lags),
            max(lags),
            tuple(median(lags[n * len(lags) // PARTS : (n + 1) * len(lags) // PARTS]) for n in range(PARTS)),
            lags[-1],
            watch.samples[-1].at - ended,
            (ended_cpu - began_cpu) / (ended - began),
        )


async def measure() -> None:
    """Measure and record."""
    records = list(lines(voice_events(RATE * LIVE_SECONDS)))
    with kafka() as bootstrap:
        fresh(bootstrap)
        async with producing(bootstrap) as producer:
            await publish(producer, records[:BACKLOG])
        runs = [await drain(fresh(bootstrap), BACKLOG) for _ in range(RUNS)]
        empty(bootstrap)
        kept = await keep_up(bootstrap, records)
    record(
        "One worker on Apache Kafka: a backlog",
        "python -m benchmarks.bench_worker",
        ("events/s", "us of processor time an event", "peak memory, MiB"),
        [
            (
                spread([run.per_second for run in runs]),
                spread([run.cpu_us for run in runs], ".1f"),
                spread([run.peak_bytes / 2**20 for run in runs]),
            )
        ],
        f"{BACKLOG:,} voice events in {PARTITIONS} partitions, drained by one worker on one core, Kafka on the other; "
        f"from when it is ready to the last commit; medians of {RUNS} (least-most).",
    )
    record(
        f"One worker on Apache Kafka: {RATE:,} events a second, live",
        "python -m benchmarks.bench_worker",
        (
            "published/s",
            "lag, median",
            "lag, most",
            f"lag, median of each {LIVE_SECONDS // PARTS} s",
            "lag at the end",
            "caught up after, s",
            "processor used",
        ),
        [
            (
                f"{kept.published_per_second:,.0f}",
                f"{kept.lag_median:,.0f}",
                f"{kept.lag_most:,}",
                ", ".join(f"{part:,.0f}" for part in kept.lag_medians),
                f"{kept.lag_at_the_end:,}",
                f"{kept.caught_up_seconds:.1f}",
                f"{kept.cpu_share:.0%}",
            )
        ],
        f"{LIVE_SECONDS} s; lag is what was published and is not yet counted, flushed, acknowledged and committed: "
        "a worker at its limit flushes once a second or two, and is as far behind just before.",
    )


if __name__ == "__main__":
    positional(__doc__)
    asyncio.run(measure())
