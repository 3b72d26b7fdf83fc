"""From an event produced to its number in ``/metrics``: a worker on Apache Kafka at a stated rate, looked at on and on.

    python -m benchmarks.latency [--rate 20000] [--seconds 30] [--record]

Every twentieth of a second a batch is published. ``/metrics`` is read twenty times a second; an event is visible in the
first answer whose counters hold as many events as were published up to it. So the figures are the whole way: producer,
broker, fetch, counting, flush, commit, the snapshot and the second for which a rendered text is given again.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import re
import time
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Final, NamedTuple

import aiohttp

from benchmarks.load import PARTITIONS
from benchmarks.peers.records import plain_calls
from benchmarks.results import FILE, record
from benchmarks.rig import PATIENCE_SECONDS, acknowledged, batches, fresh, kafka, producing, send, used, working

TICK_SECONDS: Final = 0.05
LOOK_SECONDS: Final = 0.05
WARM_SECONDS: Final = 5
TRIAL: Final = Path(__file__).parents[1] / ".cache" / "latency.md"
_EVENTS: Final = re.compile(r"^contactcenter_events_total\{[^}]*\} ([0-9.e+]+)$", re.MULTILINE)


class Look(NamedTuple):
    """One answer of ``/metrics``: when it had come (s), how many events it counts."""

    at: float
    events: int


class Sent(NamedTuple):
    """One batch: when it was handed to the producer (s), how many events there were with it."""

    at: float
    events: int


def latencies(sent: Sequence[Sent], looks: Sequence[Look]) -> list[float]:
    """Seconds from each batch to the first look that shows it all; both in order of time.

    Raises ValueError when none does.
    """
    found, n = [], 0
    for batch in sent:
        while n < len(looks) and looks[n].events < batch.events:
            n += 1
        if n == len(looks):
            raise ValueError(f"{batch.events:,} events were never seen")
        found.append(looks[n].at - batch.at)
    return found


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


async def measure(rate: int, seconds: int) -> tuple[list[float], float]:
    """The latencies of all batches but those of the first seconds, and the share of its core the worker used."""
    records = plain_calls(rate * (seconds + WARM_SECONDS))
    size = int(rate * TICK_SECONDS)
    with kafka() as bootstrap:
        broker = fresh(bootstrap)
        async with working(broker) as worker, producing(bootstrap) as producer:
            await worker.ready()
            ticks = [list(batches(producer, records[n : n + size])) for n in range(0, len(records), size)]
            counts = list(accumulate(len(records[n : n + size]) for n in range(0, len(records), size)))
            looks: list[Look] = []
            looking = asyncio.create_task(_look(f"http://127.0.0.1:{worker.port}/metrics", len(records), looks))
            began, before = time.monotonic(), used(worker.pid).cpu_seconds
            sent, under_way = [], []
            for n, (tick, count) in enumerate(zip(ticks, counts, strict=True)):
                await asyncio.sleep(max(0.0, began + n * TICK_SECONDS - time.monotonic()))
                sent.append(Sent(time.monotonic(), count))
                under_way += [await send(producer, batch) for batch in tick]
            await acknowledged(under_way)
            share = (used(worker.pid).cpu_seconds - before) / (time.monotonic() - began)
            await asyncio.wait_for(looking, PATIENCE_SECONDS)
    return latencies([batch for batch in sent if batch.at >= began + WARM_SECONDS], looks), share


async def _look(url: str, until: int, looks: list[Look]) -> None:
    async with aiohttp.ClientSession() as session:
        while not looks or looks[-1].events < until:
            async with session.get(url) as answer:
                text = await answer.text()
            looks.append(Look(time.monotonic(), int(sum(float(count) for count in _EVENTS.findall(text)))))
            await asyncio.sleep(LOOK_SECONDS)


def main() -> None:
    """Measure, print, and record when asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description=__doc__)
    parser.add_argument("--rate", type=int, default=20_000, help="events a second")
    parser.add_argument("--seconds", type=int, default=30, help="for so long, after five to warm up")
    parser.add_argument("--record", action="store_true", help="into benchmarks/results.md")
    asked = parser.parse_args()
    found, share = asyncio.run(measure(asked.rate, asked.seconds))
    cells = [f"{1000 * quantile(found, q):,.0f}" for q in (0.5, 0.9, 0.99, 1.0)]
    TRIAL.parent.mkdir(exist_ok=True)
    record(
        "From an event to /metrics",
        f"python -m benchmarks.latency --rate {asked.rate} --seconds {asked.seconds}",
        ("events/s", "p50, ms", "p90, ms", "p99, ms", "most, ms", "processor used"),
        [(f"{asked.rate:,}", *cells, f"{share:.0%}")],
        f"{asked.seconds} s, {PARTITIONS} partitions, one worker on one core, Kafka and the publisher on the other; "
        f"from handing a batch to the producer to the end of the first answer that counts it; /metrics read every "
        f"{1000 * LOOK_SECONDS:.0f} ms, flush every 200 ms, a rendered text is given again for a second.",
        FILE if asked.record else TRIAL,
    )


if __name__ == "__main__":
    main()
