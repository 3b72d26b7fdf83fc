"""What an event costs the pure core in Python's own instructions: the same everywhere a Python of that version runs.

Time is another on every machine; this is not. ``tests/unit/test_budget.py`` holds the core to it. Of the sources, also
where the core is compiled: a detour costs both. What is dearer here and cheaper there (a class of our own in the place
of a struct) is a trade: it is measured with callgrind, and the budget is set anew (decision 0019).
"""

from __future__ import annotations

import sys
from importlib.machinery import FileFinder, SourceFileLoader
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any, Final
from zlib import crc32

from benchmarks.arguments import positional

STREAMS: Final = Path(__file__).resolve().parent.parent / "streams"
EVENTS: Final = 4_000
BEFORE: Final = 8_000
"""Events that are not counted: by then as many calls end as begin."""
EVENTS_PER_SECOND: Final = 60.0
PARTITIONS: Final = 2


def sources_only() -> None:
    """Have what is imported of ``streams`` from here on be its sources. Raises RuntimeError when that is too late."""
    if any(name.partition(".")[0] == "streams" for name in sys.modules):
        raise RuntimeError("streams is imported already: run this in a process of its own")
    finder = FileFinder.path_hook((SourceFileLoader, [".py"]))

    def hook(path: str) -> Any:
        if not Path(path).resolve().is_relative_to(STREAMS):
            raise ImportError
        return finder(path)

    sys.path_hooks.insert(0, hook)
    sys.path_importer_cache.clear()


def instructions() -> tuple[float, float]:
    """Python's instructions an event: applying, and flushing. Of voice events, a flush of each partition every 500."""
    sources_only()
    from benchmarks.load import START
    from streams.events import CALL_EVENTS
    from streams.partition import Partition, Record
    from streams.settings import Settings
    from streams.simulate import for_rate, simulate

    records: list[list[Record]] = [[] for _ in range(PARTITIONS)]
    calls = (i for i in simulate(for_rate(EVENTS_PER_SECOND, START, 3_600), 1) if i.topic == CALL_EVENTS)
    for item in islice((i for i in calls if not i.everywhere), BEFORE + EVENTS):
        mine = records[crc32(item.key or b"") % PARTITIONS]
        mine.append(Record(len(mine), item.key, item.value, 0))
    partitions = [Partition(Settings(clock="stream"), CALL_EVENTS, n) for n in range(PARTITIONS)]
    executed, counting = 0, False

    def local(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal executed
        executed += event == "opcode"
        return local

    def trace(frame: FrameType, _event: str, _argument: Any) -> Any:
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return local

    def counted(work: Any, *arguments: Any) -> int:
        nonlocal executed
        before = executed
        sys.settrace(trace if counting else None)
        try:
            work(*arguments)
        finally:
            sys.settrace(None)
        return executed - before

    def flush(partition: Partition) -> None:
        changes = partition.flush()
        if changes is not None:
            partition.flushed(changes)

    applying = flushing = count = 0
    for begin in range(0, max(map(len, records)), 500):
        counting = begin >= BEFORE // PARTITIONS
        for partition, mine in zip(partitions, records, strict=True):
            applying += counted(partition.apply, mine[begin : begin + 500])
            count += counting * len(mine[begin : begin + 500])
        for partition in partitions:
            flushing += counted(flush, partition)
    return applying / count, flushing / count


if __name__ == "__main__":
    positional(__doc__)
    print("instructions an event: apply {:.1f}, flush {:.1f}".format(*instructions()))
