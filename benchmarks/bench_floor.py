"""What it costs that every worker shows the whole floor: bytes, processor time and memory, without Kafka.

    python -m benchmarks.bench_floor [QUEUES] [PARTITIONS] [CALLS_A_SECOND] [MINUTES]

One worker counts all partitions of a floor and tells of them once a second; another takes what it is told. Every call
is offered, rings, is answered and ends. What Kafka and its clients cost besides is not in here.
"""

from __future__ import annotations

import gc
import random
import tracemalloc
from collections.abc import Iterator
from heapq import heappop, heappush
from time import process_time
from typing import Any, Final

import msgspec

from benchmarks.arguments import positional
from benchmarks.results import record
from streams import events as e
from streams import snapshot
from streams.elsewhere import Elsewhere
from streams.partition import Partition, Record
from streams.settings import Settings
from streams.snapshot import WorkerStatus
from tests.telling import Owner

START: Final = 1_772_409_600_000
SECOND: Final = 1_000
_encode = msgspec.json.Encoder().encode


def calls(queues: int, per_second: float, seconds: int) -> Iterator[tuple[int, e.Event]]:
    """Events in order of time, with the second they happen in."""
    dice = random.Random(1)
    ahead: list[tuple[int, int, e.Event]] = []
    agents = round(200 * per_second)
    for n in range(round(per_second * seconds)):
        at = START + int(n * SECOND / per_second)
        about: dict[str, Any] = {"source": "acd", "contact_id": f"call-{n:09d}"}
        about["queue"] = f"queue-{dice.randrange(queues)}"
        by = {**about, "agent_id": f"agent-{dice.randrange(agents)}"}
        wait, talk = dice.randrange(60) * SECOND, dice.randrange(30, 300) * SECOND
        heappush(ahead, (at, 3 * n, e.CallOffered(event_id=f"{n}o", occurred_at=at, **about)))
        heappush(ahead, (at + wait, 3 * n + 1, e.CallAnswered(event_id=f"{n}a", occurred_at=at + wait, **by)))
        ended_at = at + wait + talk
        heappush(ahead, (ended_at, 3 * n + 2, e.CallEnded(event_id=f"{n}e", occurred_at=ended_at, **by)))
        while ahead and ahead[0][0] <= at:
            moment, _, due = heappop(ahead)
            yield (moment - START) // SECOND, due


def _key(event: e.Event) -> bytes:
    return (e.key_of(event) or "").encode()


def snapshot_seconds(partitions: list[Partition], settings: Settings, now: int) -> float:
    """Processor seconds of one snapshot."""
    began = process_time()
    snapshot.take(partitions, settings, WorkerStatus(), now)
    return process_time() - began


def followed(owner: Owner, told: list[dict[int, list[Record]]]) -> Elsewhere:
    """What another worker has of everything that was told."""
    elsewhere = Elsewhere(owner.settings, owner.topics)
    elsewhere.follow(range(owner.numbers))
    for n in range(owner.numbers):
        elsewhere.read_to_end(n)
    for one in told:
        for n, records in one.items():
            elsewhere.take(n, records, 0.0)
    return elsewhere


def main(queues: int = 200, partitions: int = 32, per_second: float = 50.0, minutes: int = 5) -> None:
    """Measure, print, and write the section of ``results.md``."""
    settings = Settings()
    owner = Owner(settings, partitions)
    told: list[dict[int, list[Record]]] = []
    counting = telling = 0.0
    events = tick = 0
    began = process_time()
    for second, event in calls(queues, per_second, minutes * 60):
        if second > tick:
            counting += process_time() - began
            began, tick = process_time(), second
            told.append(owner.flush(START + second * SECOND))
            telling += process_time() - began
            began = process_time()
        owner.put(e.CALL_EVENTS, _key(event), _encode(event))
        events += 1
    now = START + tick * SECOND
    gc.collect()
    began = process_time()
    elsewhere = followed(owner, told)
    taking = process_time() - began
    shown = list(elsewhere.partitions(0.0).values())
    own, whole = snapshot_seconds(owner.partitions, settings, now), snapshot_seconds(shown, settings, now)
    del elsewhere, shown
    gc.collect()
    tracemalloc.start()
    again = followed(owner, told)
    gc.collect()
    kept = tracemalloc.get_traced_memory()[0]
    slices = sum(
        len(store)
        for partition in again.partitions(0.0).values()
        for book in partition.ledger.books.values()
        for store in (book.fine, book.minute, book.coarse, book.length)
    )
    records, size = owner.sharing.records, owner.sharing.bytes
    seconds = max(1, tick)
    record(
        "The whole floor in every worker",
        "python -m benchmarks.bench_floor",
        ("what", "figure"),
        [
            ("floor", f"{queues} queues, {partitions} partitions, {per_second:g} calls a second, {minutes} minutes"),
            ("events", f"{events:,}, {events / seconds:,.0f} a second"),
            ("told", f"{records / seconds:,.0f} records a second, {size / seconds / 1024:,.0f} KiB a second"),
            ("processor, counting", f"{counting / events * 1e6:,.1f} s per million events"),
            ("processor, flushing and telling", f"{telling / seconds * 100:,.1f} % of one"),
            ("processor, taking what is told", f"{taking / seconds * 100:,.1f} % of one"),
            ("the same, each record", f"{taking / records * 1e6:,.1f} us"),
            ("one snapshot, counted here", f"{own * 1e3:,.0f} ms"),
            ("one snapshot, counted elsewhere", f"{whole * 1e3:,.0f} ms"),
            ("memory of what is told", f"{kept / 2**20:,.0f} MiB, {slices:,} slices"),
        ],
        "Without Kafka: what its clients cost to send and to fetch comes on top.",
    )  # fmt: skip


if __name__ == "__main__":
    main(*positional(__doc__, queues=int, partitions=int, calls_a_second=float, minutes=int))
