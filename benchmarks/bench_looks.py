"""What a look at the floor costs a worker whose floor has been open for minutes, and for hours: without Kafka.

A snapshot, what ``/metrics`` says and a frame of the wall; looks come 0.4 s of event time apart. History is what makes
the difference: windows are full, agents have changed their state hundreds of times.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from functools import partial
from time import process_time
from typing import Final, NamedTuple, TypeVar

from aiokafka.partitioner import murmur2

from benchmarks.arguments import positional
from benchmarks.load import PARTITIONS, START
from benchmarks.results import record, spread
from streams import snapshot
from streams.board.wall import wall
from streams.events import AGENT_EVENTS, CALL_EVENTS, CONVERSATION_EVENTS
from streams.exposition import Exposition
from streams.exposition.worker import worker_families
from streams.partition import Partition, Record
from streams.settings import Settings
from streams.simulate import Item, for_rate, simulate
from streams.snapshot import Snapshot, WorkerStatus
from streams.windows import Windows

RATE: Final = 60.0
MINUTES: Final = (5, 120)
LOOKS: Final = 40
LOOK_MS: Final = 400
FLUSH_MS: Final = 20_000
"""Between two flushes until it is looked at."""
Made = TypeVar("Made")


class Looked(NamedTuple):
    """Milliseconds of processor time of each look's snapshot, ``/metrics`` and frame; agents known; series shown."""

    snapshots: list[float]
    texts: list[float]
    frames: list[float]
    agents: int
    series: int


class Floor:
    """All partitions of the three topics in one worker."""

    def __init__(self, settings: Settings) -> None:
        topics = CALL_EVENTS, CONVERSATION_EVENTS, AGENT_EVENTS
        self.partitions = {(topic, n): Partition(settings, topic, n) for topic in topics for n in range(PARTITIONS)}
        self._batches: dict[tuple[str, int], list[Record]] = {place: [] for place in self.partitions}
        self._offsets = dict.fromkeys(self.partitions, 0)

    def put(self, item: Item) -> None:
        """Publish one event."""
        numbers = range(PARTITIONS) if item.everywhere else [(murmur2(item.key or b"") & 0x7FFFFFFF) % PARTITIONS]
        for place in [(item.topic, n) for n in numbers]:
            self._batches[place].append(Record(self._offsets[place], item.key, item.value, 0))
            self._offsets[place] += 1

    def flush(self) -> None:
        """Apply what was published, and flush."""
        for place, batch in self._batches.items():
            if batch:
                self.partitions[place].apply(batch)
                batch.clear()
                if flush := self.partitions[place].flush():
                    self.partitions[place].flushed(flush)


def floors(minutes: int, settings: Settings) -> Iterator[Floor]:
    """The floor once it has been open for so long, and again each time it is looked at."""
    floor, flushed_at, opened_until = Floor(settings), START, START + minutes * 60_000
    for item in simulate(for_rate(RATE, START, minutes * 60 + LOOKS * LOOK_MS / 1000 + 60), 1):
        at = item.publish_at
        if at - flushed_at >= (LOOK_MS if at > opened_until else FLUSH_MS):
            floor.flush()
            flushed_at = at
            if at > opened_until:
                yield floor
        floor.put(item)


def look(minutes: int) -> Looked:
    """Look at such a floor."""
    settings, remembered = Settings(clock="stream"), Windows()
    exposition = Exposition(10**9, with_process=False)
    found = Looked([], [], [], 0, 0)
    for _, floor in zip(range(LOOKS + 1), floors(minutes, settings), strict=False):  # the first one remembers nothing
        owned = list(floor.partitions.values())
        took = partial(snapshot.take, owned, settings, WorkerStatus(), START, None, remembered)
        taken = timed(found.snapshots, took)
        text = timed(found.texts, partial(text_of, exposition, taken))
        timed(found.frames, partial(wall, taken, agents_reported=True, page=""))
    agents = sum(len(partition.agents) for partition in owned)
    series = sum(not line.startswith(b"#") for line in text.splitlines())
    return found._replace(agents=agents, series=series)


def text_of(exposition: Exposition, taken: Snapshot) -> bytes:
    """What ``/metrics`` says."""
    return exposition.text(worker_families(taken))


def timed(into: list[float], make: Callable[[], Made]) -> Made:
    """What is made, its milliseconds of processor time noted."""
    began = process_time()
    made = make()
    into.append((process_time() - began) * 1000)
    return made


def main() -> None:
    """Measure, print, and write the section of ``results.md``."""
    gc.disable()  # as good as a worker does: streams.garbage
    found = {minutes: look(minutes) for minutes in MINUTES}
    record(
        "A look at the floor",
        "python -m benchmarks.bench_looks",
        ("open for", "agents", "series", "snapshot, ms", "/metrics, ms", "the wall, ms"),
        [
            (
                f"{minutes} minutes", f"{looked.agents:,}", f"{looked.series:,}",
                *(spread(times[1:], ".1f") for times in (looked.snapshots, looked.texts, looked.frames)),
            )
            for minutes, looked in found.items()
        ],
        f"Milliseconds of processor time of one look; {RATE:.0f} events a second in three topics of {PARTITIONS} "
        f"partitions; {LOOKS} looks, {LOOK_MS} ms apart; medians (least-most).",
    )  # fmt: skip


if __name__ == "__main__":
    positional(__doc__)
    main()
