"""What bad input costs: processor time per good event with 1 % bad records, against none, on a whole worker.

Live, at a stated rate: a worker costs something each second, so the inputs that are compared must take equally long.
Runs alternate, so that whatever else the machine does falls on all.
"""

from __future__ import annotations

import asyncio

from benchmarks.arguments import positional
from benchmarks.load import PARTITIONS, Line, lines, spoilt, voice_events
from benchmarks.results import median, record, spread
from benchmarks.rig import Watch, empty, fresh, kafka, paced, producing, ticks, used, working
from streams.simulate.malformed import ZOO

GOOD = 300_000
GOOD_A_SECOND = 20_000
BAD_SHARE = 0.01
RUNS = 5
LARGE = "900 kB"
SMALL = tuple(kind for kind in ZOO if kind != LARGE)


async def cpu_us(bootstrap: str, records: list[Line]) -> float:
    """Microseconds of processor time per good event, of a worker that is ready when the first one comes."""
    empty(bootstrap)
    broker = fresh(bootstrap)
    async with working(broker) as worker, Watch(broker, worker.pid) as watch, producing(bootstrap) as producer:
        await worker.ready()
        packed = ticks(producer, records, GOOD_A_SECOND * len(records) / GOOD)
        before = used(worker.pid).cpu_seconds
        async for _ in paced(producer, packed):
            pass
        await watch.until(len(records))
        return (used(worker.pid).cpu_seconds - before) / GOOD * 1e6


async def measure() -> None:
    """Measure and record."""
    items = voice_events(GOOD)
    inputs = {
        "all good": list(lines(items)),
        f"and 1 % bad: every kind but {LARGE}": list(lines(spoilt(items, BAD_SHARE, SMALL))),
        f"and 1 % bad: every kind, one in {len(ZOO)} of {LARGE}": list(lines(spoilt(items, BAD_SHARE))),
    }
    found: dict[str, list[float]] = {name: [] for name in inputs}
    with kafka() as bootstrap:
        for _ in range(RUNS):
            for name, records in inputs.items():
                found[name].append(await cpu_us(bootstrap, records))
    rows = [
        (
            name,
            f"{len(inputs[name]) - GOOD:,}",
            f"{sum(len(record.value) for record in inputs[name]) / 2**20:,.0f}",
            spread(runs, ".1f"),
            f"{median([run / good for run, good in zip(runs, found['all good'], strict=True)]) - 1:+.1%}",
        )
        for name, runs in found.items()
    ]
    record(
        "Bad input",
        "python -m benchmarks.bench_bad_input",
        ("input", "bad records", "MiB", "us of processor time a good event", "more"),
        rows,
        f"{GOOD:,} good voice events in {PARTITIONS} partitions, {GOOD_A_SECOND:,} of them a second; {RUNS} runs each, "
        "taking turns; medians (least-most), the last column the median of the pairs.",
    )


if __name__ == "__main__":
    positional(__doc__)
    asyncio.run(measure())
