"""What bad input costs: processor time per good event with 1 % bad records, against none, on a whole worker.

Runs alternate, so that whatever else the machine does falls on both.
"""

from __future__ import annotations

import asyncio

from benchmarks.load import PARTITIONS, Line, lines, spoilt, voice_events
from benchmarks.results import median, record, spread
from benchmarks.rig import Watch, empty, fresh, kafka, producing, publish, used, working

GOOD = 150_000
BAD_SHARE = 0.01
RUNS = 4


async def cpu_us(bootstrap: str, records: list[Line]) -> float:
    """Microseconds of processor time per good event, from the worker's start to its last commit."""
    empty(bootstrap)
    broker = fresh(bootstrap)
    async with working(broker) as worker, Watch(broker, worker.pid) as watch:
        before = used(worker.pid).cpu_seconds
        async with producing(bootstrap) as producer:
            await publish(producer, records)
        await watch.until(len(records))
        return (used(worker.pid).cpu_seconds - before) / GOOD * 1e6


async def measure() -> None:
    """Measure and record."""
    items = voice_events(GOOD)
    good, mixed = list(lines(items)), list(lines(spoilt(items, BAD_SHARE)))
    clean, spoiled = list[float](), list[float]()
    with kafka() as bootstrap:
        for _ in range(RUNS):
            clean.append(await cpu_us(bootstrap, good))
            spoiled.append(await cpu_us(bootstrap, mixed))
    more = median(spoiled) / median(clean) - 1
    record(
        "Bad input",
        "python -m benchmarks.bench_bad_input",
        ("input", "us of processor time a good event"),
        [
            ("all good", spread(clean, ".1f")),
            (f"and {len(mixed) - len(good):,} bad ones ({BAD_SHARE:.0%})", spread(spoiled, ".1f")),
            ("more", f"{more:+.1%}"),
        ],
        f"{GOOD:,} good voice events in {PARTITIONS} partitions; bad ones of every kind there is, among them one in "
        f"twenty of 900 kB; {RUNS} runs each, alternating; medians (least-most).",
    )


if __name__ == "__main__":
    asyncio.run(measure())
