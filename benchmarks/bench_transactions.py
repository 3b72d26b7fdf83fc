"""What fencing costs: one worker on Apache Kafka drains a backlog with and without transactions, in turn.

With transactions each partition number that changed has a transaction of its own at every flush, 200 ms apart.
"""

from __future__ import annotations

import asyncio

from benchmarks.arguments import positional
from benchmarks.load import PARTITIONS, lines, voice_events
from benchmarks.results import record, spread
from benchmarks.rig import Drained, drain, fresh, kafka, producing, publish

BACKLOG = 200_000
RUNS = 3


async def measure() -> None:
    """Measure and record."""
    runs: dict[str, list[Drained]] = {"off": [], "on": []}
    with kafka() as bootstrap:
        fresh(bootstrap)
        async with producing(bootstrap) as producer:
            await publish(producer, lines(voice_events(BACKLOG)))
        for _ in range(RUNS):
            for transactions, found in runs.items():
                found.append(await drain(fresh(bootstrap), BACKLOG, broker__transactions=transactions))
    record(
        "What transactions cost",
        "python -m benchmarks.bench_transactions",
        ("transactions", "events/s", "us of processor time an event"),
        [
            (name, spread([run.per_second for run in found]), spread([run.cpu_us for run in found], ".1f"))
            for name, found in runs.items()
        ],
        f"{BACKLOG:,} voice events in {PARTITIONS} partitions, drained by one worker on one core, Kafka on the other; "
        f"from when it is ready to the last commit; medians of {RUNS} (least-most), on and off in turn.",
    )


if __name__ == "__main__":
    positional(__doc__)
    asyncio.run(measure())
