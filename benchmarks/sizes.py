"""What one of each takes: memory in a worker, bytes in Kafka. The unit prices of ``docs/growing.md``.

    python -m benchmarks.sizes

The calls of a simulated floor go through eight partitions; what these store is read back, kind by kind, into an empty
one, and the memory of that is counted by ``tracemalloc``. No Kafka, and no clock: figures hardly differ from machine
to machine.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple
from zlib import crc32

from benchmarks.arguments import positional
from streams import events as e
from streams.contacts import KEPT_CLOSED, KEPT_OPEN, KEPT_STUB
from streams.ledger import Ledger
from streams.packed import ToldLedger
from streams.partition import Partition, Record
from streams.settings import Settings
from streams.simulate import demo, simulate

START: Final = 1_772_438_400_000
HOURS: Final = 2
PARTITIONS: Final = 8
_PREFIX: Final = f"{e.CALL_EVENTS}|".encode()

Pairs = list[tuple[bytes, bytes]]
Partitions = list[tuple[Partition, dict[bytes, bytes]]]


class Size(NamedTuple):
    """Mean bytes of one: in memory (0: none), and stored or sent with its key."""

    memory: float
    stored: float


def sizes(hours: int = HOURS, seed: int = 1) -> dict[str, Size]:
    """The unit prices, by name."""
    settings = Settings()
    partitions = [(Partition(settings, e.CALL_EVENTS, n), dict[bytes, bytes]()) for n in range(PARTITIONS)]
    sent: list[int] = []
    for item in simulate(demo(START, hours * 3_600, hour=10.0), seed):
        if item.topic == e.CALL_EVENTS:
            partition, _ = partitions[crc32(item.key or b"") % PARTITIONS]
            partition.apply([Record(partition.next_offset, item.key, item.value, 0)])
            sent.append(len(item.key or b"") + len(item.value))
            if len(sent) % 1_000 == 0:
                _flush(partitions)
    _flush(partitions)
    kept = {kind: _contacts(partitions, kind) for kind in (KEPT_OPEN, KEPT_CLOSED, KEPT_STUB)}
    minutes, quarters = _slices(partitions, "m"), _slices(partitions, "c")
    return {
        "an event": Size(0, sum(sent) / len(sent)),
        "an open call": _of_contacts(kept[KEPT_OPEN]),
        "a closed call that can be corrected": _of_contacts(kept[KEPT_CLOSED]),
        "what is left of a call": _of_contacts(kept[KEPT_STUB]),
        "a minute of a queue": _of_slices(minutes, Ledger),
        "a quarter hour of a queue": _of_slices(quarters, Ledger),
        "a quarter hour of a queue, counted elsewhere": _of_slices(quarters, ToldLedger),
    }


def _flush(partitions: Partitions) -> None:
    for partition, stored in partitions:
        flush = partition.flush()
        if flush is not None:
            stored.update([*flush.tallies, *flush.contacts])
            for key in partition.flushed(flush):
                stored.pop(key, None)


def _contacts(partitions: Partitions, kind: int) -> Pairs:
    return [
        (key, stored[key])
        for partition, stored in partitions
        for name, contact in partition.contacts.items()
        if contact.kept_as == kind
        for key in [_PREFIX + b"c|" + name.encode()]
    ]


def _slices(partitions: Partitions, code: str) -> Pairs:
    start = _PREFIX + b"s|" + code.encode()
    return [(key, value) for _, stored in partitions for key, value in stored.items() if key.startswith(start)]


def _of_contacts(pairs: Pairs) -> Size:
    def read() -> Partition:
        partition = Partition(Settings(), e.CALL_EVENTS, 0)
        for key, value in pairs:
            partition.restore(key, value)
        partition.store.restored(0)
        return partition

    return _each(pairs, read)


def _of_slices(pairs: Pairs, kind: type[Ledger]) -> Size:
    def read() -> list[Ledger]:
        ledgers = [kind(Settings(), _PREFIX)]
        seen: set[bytes] = set()
        for key, value in pairs:
            if key in seen:  # the same slice of the next partition
                ledgers.append(kind(Settings(), _PREFIX))
                seen.clear()
            seen.add(key)
            ledgers[-1].read_back(bytes(bytearray(key)), bytes(bytearray(value)))
        return ledgers

    return _each(pairs, read)


def _each(pairs: Pairs, read: Callable[[], object]) -> Size:
    """The memory of what is read, and the bytes it is read from, a pair."""
    gc.collect()
    tracemalloc.start()
    found = read()
    gc.collect()
    memory = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del found
    return Size(memory / len(pairs), _mean(len(key) + len(value) for key, value in pairs))


def _mean(numbers: Iterable[int]) -> float:
    every = list(numbers)
    return sum(every) / len(every)


def main() -> None:
    """Print the table."""
    for name, size in sizes().items():
        print(f"| {name} | {size.memory:,.0f} | {size.stored:,.0f} |")


if __name__ == "__main__":
    positional(__doc__)
    main()
