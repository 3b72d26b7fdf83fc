"""The records of the race: the simulator's voice calls, plain ones, five minutes of a floor however many they are.

Left out are calls that count nowhere or elsewhere (tests, colleagues calling each other), and the durations that one
of the sources reports itself: it is the job to measure them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from benchmarks.load import START, Line, lines
from streams.events import CALL_EVENTS
from streams.simulate import Item, for_rate, simulate

SPAN_SECONDS: Final = 300
LIVE_PER_SECOND: Final = 1_000
"""The rate of the live runs: a third of what the slowest takes of a backlog."""
_DURATIONS: Final = re.compile(rb',"(?:wait|ring|talk|hold|acw)_ms":\d+')


def plain_calls(count: int, seed: int = 1) -> list[Line]:
    """The first ``count`` records about plain calls, in eight partitions by contact; the same seed, the same bytes."""
    floor = simulate(for_rate(max(50.0, 1.8 * count / SPAN_SECONDS), START, 3_600), seed)
    return list(islice(lines(map(_bare, _plain(floor))), count))


def _plain(items: Iterable[Item]) -> Iterator[Item]:
    """Voice events that belong to a contact which is no test and comes from outside."""
    for item in items:
        if item.topic == CALL_EVENTS and not item.everywhere and not _is_apart(item):
            yield item


def _is_apart(item: Item) -> bool:
    return bool(getattr(item.event, "test", False)) or getattr(item.event, "direction", "inbound") != "inbound"


def _bare(item: Item) -> Item:
    return item._replace(value=_DURATIONS.sub(b"", item.value))
