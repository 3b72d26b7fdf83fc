"""The pure core alone: decode, contacts, tallies, and a flush every 8,000 records. No Kafka, one core."""

from __future__ import annotations

import gc
import time

from benchmarks.arguments import positional
from benchmarks.load import PARTITIONS, lines, voice_events
from benchmarks.results import record, spread
from streams.events import CALL_EVENTS
from streams.partition import Partition, Record
from streams.settings import Settings

EVENTS = 200_000
BATCH = 1_000
RUNS = 3


def once(records: list[list[Record]]) -> tuple[float, float]:
    """Microseconds of processor time an event: applying, and flushing."""
    partitions = [Partition(Settings(clock="stream"), CALL_EVENTS, n) for n in range(PARTITIONS)]
    applying = flushing = 0.0
    for begin in range(0, max(map(len, records)), BATCH):
        started = time.process_time()
        for partition, of_partition in zip(partitions, records, strict=True):
            partition.apply(of_partition[begin : begin + BATCH])
        applied = time.process_time()
        for partition in partitions:
            flush = partition.flush()
            if flush is not None:
                partition.flushed(flush)
        applying += applied - started
        flushing += time.process_time() - applied
    count = sum(map(len, records))
    return applying / count * 1e6, flushing / count * 1e6


def main() -> None:
    """Measure and record."""
    gc.disable()  # as good as a worker does: streams.garbage
    records: list[list[Record]] = [[] for _ in range(PARTITIONS)]
    for partition, key, value in lines(voice_events(EVENTS)):
        records[partition].append(Record(len(records[partition]), key, value, 0))
    runs = [once(records) for _ in range(RUNS)]
    together = [sum(run) for run in runs]
    rows = [
        ("apply", spread([run[0] for run in runs], ".1f"), ""),
        ("flush", spread([run[1] for run in runs], ".1f"), ""),
        ("together", spread(together, ".1f"), spread([1e6 / each for each in together])),
    ]
    record(
        "The core alone",
        "python -m benchmarks.bench_core",
        ("", "us of processor time an event", "events/s on one core"),
        rows,
        f"{EVENTS:,} voice events in {PARTITIONS} partitions, a flush every {BATCH * PARTITIONS:,}; "
        f"medians of {RUNS} (least-most).",
    )


if __name__ == "__main__":
    positional(__doc__)
    main()
