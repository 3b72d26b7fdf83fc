"""From an event produced to its number in ``/metrics`` and on the wall: a worker on Apache Kafka at a stated rate.

    python -m benchmarks.latency [--rate 20000] [--seconds 30] [--record]

Every twentieth of a second a batch is published. ``/metrics`` is read twenty times a second, and one wall is open; a
batch is visible in the first answer whose counters hold as many events as were published up to it, and in the first
frame whose floor was offered as many calls. So the figures are the whole way: producer, broker, fetch, counting, flush,
commit, the snapshot and the time for which a rendered text is given again. Meanwhile each step of the worker's event
loop is timed (``benchmarks.loop_holds``).
"""

from __future__ import annotations

import argparse
import asyncio
import time
from itertools import accumulate
from pathlib import Path
from typing import Final, NamedTuple

import aiohttp
import orjson

from benchmarks import loop_holds
from benchmarks.load import PARTITIONS
from benchmarks.peers.records import plain_calls
from benchmarks.results import FILE, record
from benchmarks.rig import LOOK_SECONDS, PATIENCE_SECONDS, fresh, kafka, look, paced, producing, ticks, used, working
from benchmarks.seen import Look, Sent, after, latencies, quantile

WARM_SECONDS: Final = 5
TRIAL: Final = Path(__file__).parents[1] / ".cache" / "latency.md"
LONG: Final = f"in steps over {1000 * loop_holds.LONG_SECONDS:.0f} ms"
_OFFER: Final = b'"type":"call.offered"'


class Found(NamedTuple):
    """Seconds until ``/metrics`` and the wall showed each batch but those of the first seconds; share of a core.

    ``holds`` is how long each step held the loop, in seconds.
    """

    metrics: list[float]
    wall: list[float]
    used: float
    holds: list[float]


async def measure(rate: int, seconds: int) -> Found:
    """Publish, look, and compare."""
    records = plain_calls(rate * (seconds + WARM_SECONDS))
    offers = list(accumulate(_OFFER in line.value for line in records))
    with kafka() as bootstrap:
        broker = fresh(bootstrap)
        async with working(broker, loop_holds.MODULE) as worker, producing(bootstrap) as producer:
            await worker.ready()
            packed = ticks(producer, records, rate)
            url = f"http://127.0.0.1:{worker.port}"
            looks: list[Look] = []
            frames: list[Look] = []
            looking = asyncio.gather(look(url, looks, len(records)), _watch(url, offers[-1], frames))
            began, before = time.monotonic(), used(worker.pid).cpu_seconds
            warm = asyncio.get_running_loop().call_later(WARM_SECONDS, loop_holds.begin, worker)
            sent = [batch async for batch in paced(producer, packed)]
            warm.cancel()
            holds = await loop_holds.found(worker)
            share = (used(worker.pid).cpu_seconds - before) / (time.monotonic() - began)
            await asyncio.wait_for(looking, PATIENCE_SECONDS)
    events = after(sent, WARM_SECONDS)
    calls = [Sent(batch.at, offers[batch.events - 1]) for batch in events]
    return Found(latencies(events, looks), latencies(calls, frames), share, holds)


async def _watch(url: str, until: int, frames: list[Look]) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/api/events") as answer:
        async for text in answer.content:
            if text.startswith(b"data: "):
                frames.append(Look(time.monotonic(), orjson.loads(text[6:])["floor"]["offered"]))
                if frames[-1].events >= until:
                    return


def main() -> None:
    """Measure, print, and record when asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description=__doc__)
    parser.add_argument("--rate", type=int, default=20_000, help="events a second")
    parser.add_argument("--seconds", type=int, default=30, help="for so long, after five to warm up")
    parser.add_argument("--record", action="store_true", help="into benchmarks/results.md")
    asked = parser.parse_args()
    found = asyncio.run(measure(asked.rate, asked.seconds))
    rows = [
        (
            name,
            f"{asked.rate:,}",
            *(f"{1000 * quantile(seen, q):,.0f}" for q in (0.5, 0.9, 0.99, 1.0)),
            f"{found.used:.0%}",
        )
        for name, seen in (("/metrics", found.metrics), ("the wall", found.wall))
    ]
    command = f"python -m benchmarks.latency --rate {asked.rate} --seconds {asked.seconds}"
    TRIAL.parent.mkdir(exist_ok=True)
    record(
        "From an event to /metrics and the wall",
        command,
        ("", "events/s", "p50, ms", "p90, ms", "p99, ms", "most, ms", "processor used"),
        rows,
        f"{asked.seconds} s, {PARTITIONS} partitions, one worker on one core, Kafka and the publisher on the other; "
        f"from handing a batch to the producer to the end of the first answer, or frame, that counts it; /metrics read "
        f"every {1000 * LOOK_SECONDS:.0f} ms, one wall open, flush every 200 ms.",
        FILE if asked.record else TRIAL,
    )
    record(
        "How long a step holds the event loop",
        command,
        ("events/s", "steps a second", "one in 100, ms", "one in 1,000, ms", "one in 10,000, ms", "longest, ms", LONG),
        [_holds(asked.rate, asked.seconds, found.holds)],
        "The same run, /metrics read and a wall open: callbacks of asyncio's in the worker's main thread, by the wall "
        "clock; the last column is the share of the time that was spent in steps so long.",
        FILE if asked.record else TRIAL,
    )


def _holds(rate: int, seconds: int, steps: list[float]) -> tuple[str, ...]:
    longest = (quantile(steps, share) for share in (0.99, 0.999, 0.9999, 1.0))
    late = sum(step for step in steps if step > loop_holds.LONG_SECONDS)
    return (
        f"{rate:,}", f"{len(steps) / seconds:,.0f}", *(f"{1000 * step:.1f}" for step in longest),
        f"{late / seconds:.1%}",
    )  # fmt: skip


if __name__ == "__main__":
    main()
