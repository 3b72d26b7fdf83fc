"""The longest a queue was in each of some spans, over all partitions together. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from streams.partition import Partition
from streams.slices import SECOND, Span


def longest_queues(
    partitions: Sequence[Partition], keys: Iterable[tuple[str, str]], spans: Sequence[Span]
) -> list[int]:
    """The most visits that waited at once in each [start, end), of these queues together, over all partitions.

    From per-second net changes, backwards from how many wait now: within a second, those who leave go before those who
    enter. The spans are in order and do not overlap.
    """
    nets: dict[int, int] = defaultdict(int)
    length = 0
    for key in keys:
        for partition in partitions:
            book = partition.ledger.books.get(key)
            if book is not None:
                length += book.balance()
                for start, piece in book.length.items():
                    for second, n in piece.fields.items():
                        nets[start + second * SECOND] += n
    seconds = sorted(nets, reverse=True)
    longest, n = [], 0
    for span in reversed(spans):
        while n < len(seconds) and seconds[n] >= span.end:
            length -= nets[seconds[n]]
            n += 1
        most = length
        while n < len(seconds) and seconds[n] >= span.start:
            length -= nets[seconds[n]]
            most = max(most, length)
            n += 1
        longest.append(max(0, most))
    return longest[::-1]
