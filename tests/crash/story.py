"""What a round publishes: a seed enters, a simulated floor with duplicates and disorder leaves, and its truth."""

from __future__ import annotations

import asyncio
import dataclasses

from benchmarks.prove_million import START
from streams.publish import Publisher
from streams.settings import Settings
from streams.simulate import Faults, Item, Oracle, demo, simulate, spoil

FAULTS = Faults(duplicates=0.03, disorder_ms=3_000, late=0.01, malformed=0.01)
HOURS = 1.5
_TICK_SECONDS = 0.05
_PATIENCE_SECONDS = 120.0
"""How long a partition may be without a leader, whose brokers are killed one after the other."""


@dataclasses.dataclass(frozen=True)
class Story:
    """Records in publish order, and the oracle that knows their totals."""

    items: list[Item]
    oracle: Oracle


def story(seed: int) -> Story:
    """The floor of this seed, some 15,000 records."""
    oracle = Oracle()
    spec = dataclasses.replace(demo(START, round(HOURS * 3_600), hour=9.0), missing_ends=0.02, heartbeat_ms=60_000)
    return Story(list(spoil(simulate(spec, seed, oracle), FAULTS, seed)), oracle)


async def tell(told: Story, settings: Settings, seconds: float) -> int:
    """Publish it all within about ``seconds``; the number of Kafka records, all acknowledged."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with Publisher(settings.broker, patience_seconds=_PATIENCE_SECONDS) as publisher:
        for n, item in enumerate(told.items):
            if item.everywhere:
                for partition in range(settings.broker.partitions):
                    await publisher.record(item.topic, None, item.value, partition)
            else:
                await publisher.record(item.topic, item.key, item.value)
            due = began + seconds * n / len(told.items)
            if due > loop.time() + _TICK_SECONDS:
                await publisher.flush()
                await asyncio.sleep(due - loop.time())
        await publisher.flush()
        return publisher.published.total()
