"""What another worker adds: one worker, then two, drain the same backlog from Apache Kafka.

On a machine of two cores there is no core left for Kafka when both have a worker: it shares one with the first of the
two. So besides the events a second as they were, the table has the processor time of an event in each worker, and what
follows from it for workers that have a core each and a broker apart from them: the sum of what each core could do.
Sharing is in it: two workers tell each other once a second what they count, and each reads what the other tells.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.arguments import positional
from benchmarks.load import PARTITIONS, lines, voice_events
from benchmarks.results import median, record, spread
from benchmarks.rig import KAFKA_CORE, WORKER_CORE, Watch, end_of, fresh, kafka, pin, producing, publish, used
from streams.topics import input_topics
from tests.integration.line import Line

BACKLOG: Final = 1_000_000
RUNS: Final = 3
CORES: Final = (WORKER_CORE, KAFKA_CORE)


class Drained(NamedTuple):
    """Events a second of all workers together, and of each the processor time (us) of an event of its own."""

    per_second: float
    cpu_us: tuple[float, ...]

    @property
    def on_cores_of_their_own(self) -> float:
        """Events a second if each worker had a core for itself."""
        return sum(1e6 / us for us in self.cpu_us)


async def drain(bootstrap: str, workers: int) -> Drained:
    """A new group reads everything; measured from when all its partitions are owned, by everybody, to the last."""
    total, broker = await end_of(bootstrap), fresh(bootstrap)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="queuepulse-bench-")))
        lines_: list[Line] = []
        for n in range(workers):
            (folder / str(n)).mkdir()
            lines_.append(await stack.enter_async_context(Line(broker, folder / str(n), clock="stream")))
        await asyncio.gather(*[one.start(lambda pid, n=n: pin(pid, CORES[n])) for n, one in enumerate(lines_)])  # type: ignore[misc]
        watch = await stack.enter_async_context(Watch(broker, lines_[0].pid))
        await lines_[0].until(lambda: _all_at_work(lines_), 60)
        before = [(await _counted(one), used(one.pid).cpu_seconds) for one in lines_]
        began, first = time.monotonic(), await watch.look()
        await watch.until(total)
        seconds = time.monotonic() - began
        after = [(await _counted(one), used(one.pid).cpu_seconds) for one in lines_]
        left = total - first.committed
        if left < total / 3:
            raise RuntimeError(f"only {left:,} of {total:,} events were left when all were at work")
        cpu = tuple((a[1] - b[1]) / max(1, a[0] - b[0]) * 1e6 for a, b in zip(after, before, strict=True))
        return Drained(left / seconds, cpu)


async def _all_at_work(workers: list[Line]) -> bool:
    owned = [(await one.metrics()).sum("partition_owned") for one in workers]
    return min(owned) > 0 and sum(owned) == len(input_topics("any")) * PARTITIONS


async def _counted(worker: Line) -> int:
    """Events of the partitions that a worker owns."""
    return int((await worker.metrics()).sum("events_total", topic="call-events"))


async def measure() -> None:
    """Measure and record."""
    runs: dict[int, list[Drained]] = {1: [], 2: []}
    with kafka() as bootstrap:
        fresh(bootstrap)
        async with producing(bootstrap) as producer:
            await publish(producer, lines(voice_events(BACKLOG)))
        for _ in range(RUNS):
            for workers, found in runs.items():
                found.append(await drain(bootstrap, workers))
    alone = median([run.on_cores_of_their_own for run in runs[1]])
    record(
        "One worker and two",
        "python -m benchmarks.bench_scale",
        (
            "workers",
            "events/s, Kafka on one of two cores",
            "us of processor time an event",
            "cores of their own",
        ),
        [
            (
                str(workers),
                spread([run.per_second for run in found]),
                spread([us for run in found for us in run.cpu_us], ".1f"),
                f"{median([run.on_cores_of_their_own for run in found]) / alone:.2f} times one",
            )
            for workers, found in runs.items()
        ],
        f"{BACKLOG:,} voice events in {PARTITIONS} partitions, from when all partitions are owned to the last commit; "
        f"medians of {RUNS} (least-most), in turn. One worker has a core and Kafka the other; of two one shares its "
        "core with Kafka, so the first column is what two cores give, and the last what follows from the processor "
        "time for workers with a core each and a broker apart.",
    )


if __name__ == "__main__":
    positional(__doc__)
    asyncio.run(measure())
