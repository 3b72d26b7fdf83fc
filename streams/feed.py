"""A simulation enters; a file of JSON lines, or Kafka records at the speed of life or any other, leave."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import BinaryIO, NamedTuple

from streams.publish import Publisher
from streams.simulate import Item

_FLUSH_SECONDS = 0.25  # what is due sooner waits for company


class Written(NamedTuple):
    """``left_out``: malformed records, which a file of lines can't carry (they may lack a key, or hold line feeds)."""

    records: int
    left_out: int


class Pace(NamedTuple):
    """When a record is due: one of ``origin_ms`` at ``origin_seconds`` of the clock, the rest ``speed`` times as fast.

    What lies before the origin is overdue and goes out at once; so a floor can be caught up with before it is live.
    """

    origin_ms: int
    origin_seconds: float
    speed: float = 1.0

    def due(self, at_ms: int) -> float:
        """Seconds of the same clock."""
        return self.origin_seconds + (at_ms - self.origin_ms) / 1000 / self.speed


def write_lines(items: Iterable[Item], file: BinaryIO) -> Written:
    """Write one JSON object a line, in publish order. What every partition hears stands there once."""
    records = left_out = 0
    for item in items:
        if item.event is None:
            left_out += 1
        else:
            file.write(item.value + b"\n")
            records += 1
    return Written(records, left_out)


async def publish(
    items: Iterable[Item], publisher: Publisher, partitions: int, pace: Pace | None, stop: asyncio.Event
) -> int:
    """Publish until the items end or ``stop`` is set; return how many, all acknowledged.

    ``partitions`` is the number every input topic has; ``pace`` None is as fast as the broker takes it. The pace's
    clock is ``time.monotonic``.
    """
    count, flushed = 0, time.monotonic()
    for item in items:
        if pace is not None and (wait := pace.due(item.publish_at) - time.monotonic()) > 0:
            if wait > _FLUSH_SECONDS or time.monotonic() - flushed > _FLUSH_SECONDS:
                await publisher.flush()
                flushed = time.monotonic()
            await _stopped_within(stop, pace.due(item.publish_at) - time.monotonic())
        elif count % 500 == 0:
            await asyncio.sleep(0)  # let others in, and Ctrl-C
        if stop.is_set():
            break
        if item.everywhere:
            for partition in range(partitions):
                await publisher.record(item.topic, None, item.value, partition)
        else:
            await publisher.record(item.topic, item.key, item.value)
        count += 1
    await publisher.flush()
    return count


async def _stopped_within(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), max(0.0, seconds))
    except TimeoutError:
        return
