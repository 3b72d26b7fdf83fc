"""What being watched costs a worker: fifty walls and ten scrapes a second, against nobody.

Runs alternate, so that whatever else the machine does falls on both. The watchers share a core with Kafka.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp

from benchmarks.arguments import positional
from benchmarks.load import PARTITIONS, Line, lines, voice_events
from benchmarks.results import median, record, spread
from benchmarks.rig import Watch, empty, fresh, kafka, producing, publish, used, working

EVENTS: Final = 300_000
RUNS: Final = 3
WALLS: Final = 50
SCRAPES_A_SECOND: Final = 10
PATHS: Final = ("/metrics", "/metrics/floor")


class Seen:
    """What the watchers got: proof that somebody looked."""

    def __init__(self) -> None:
        self.snapshots = 0
        self.scrapes = 0


@asynccontextmanager
async def watched(url: str, seen: Seen) -> AsyncIterator[None]:
    """Fifty walls, each reading its stream, and Prometheus ten times a second, while the block lasts."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        tasks = [asyncio.create_task(_wall(session, url, seen)) for _ in range(WALLS)]
        tasks.append(asyncio.create_task(_prometheus(session, url, seen)))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            for done in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(done, Exception):
                    raise done


async def _wall(session: aiohttp.ClientSession, url: str, seen: Seen) -> None:
    async with session.get(f"{url}/api/events", timeout=aiohttp.ClientTimeout(total=None)) as answer:
        answer.raise_for_status()
        async for line in answer.content:
            seen.snapshots += line.startswith(b"event: snapshot")


async def _prometheus(session: aiohttp.ClientSession, url: str, seen: Seen) -> None:
    while True:
        for path in PATHS:
            async with session.get(url + path) as answer:
                answer.raise_for_status()
                await answer.read()
            seen.scrapes += 1
            await asyncio.sleep(1 / SCRAPES_A_SECOND)


async def cpu_us(bootstrap: str, records: list[Line], seen: Seen | None) -> float:
    """Microseconds of processor time an event, of a worker that is ready (and watched) when the first one comes."""
    empty(bootstrap)
    broker = fresh(bootstrap)
    async with working(broker) as worker, Watch(broker, worker.pid) as watch, producing(bootstrap) as producer:
        await worker.ready()
        before = used(worker.pid).cpu_seconds
        if seen is None:
            await publish(producer, records)
            await watch.until(len(records))
        else:
            async with watched(f"http://127.0.0.1:{worker.port}", seen):
                await publish(producer, records)
                await watch.until(len(records))
        return (used(worker.pid).cpu_seconds - before) / len(records) * 1e6


async def measure() -> None:
    """Measure and record."""
    records = list(lines(voice_events(EVENTS)))
    alone: list[float] = []
    looked_at: list[float] = []
    seen = Seen()
    with kafka() as bootstrap:
        for _ in range(RUNS):
            alone.append(await cpu_us(bootstrap, records, None))
            looked_at.append(await cpu_us(bootstrap, records, seen))
    more = median([b / a for a, b in zip(alone, looked_at, strict=True)]) - 1
    record(
        "Being watched",
        "python -m benchmarks.bench_watched",
        ("", "us of processor time an event", "more"),
        [
            ("nobody looks", spread(alone, ".1f"), ""),
            (f"{WALLS} walls, {SCRAPES_A_SECOND} scrapes a second", spread(looked_at, ".1f"), f"{more:+.1%}"),
        ],
        f"{EVENTS:,} voice events in {PARTITIONS} partitions, taken at full speed; {RUNS} runs each, taking turns; "
        f"medians (least-most), the last column the median of the pairs. The walls were sent {seen.snapshots:,} "
        f"snapshots, Prometheus {seen.scrapes:,} answers.",
    )


if __name__ == "__main__":
    positional(__doc__)
    asyncio.run(measure())
