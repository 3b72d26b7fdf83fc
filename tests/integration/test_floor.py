"""A simulated floor with everything that goes wrong, through Apache Kafka and a worker: the oracle's numbers."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.prove_million import prove
from streams.events import Event
from streams.feed import publish
from streams.publish import Publisher
from streams.settings import Settings
from streams.simulate import Faults, Item, Oracle, demo, simulate, spoil
from streams.simulate.oracle import Counts
from tests.integration.by_oracle import differences
from tests.integration.harness import PARTITIONS
from tests.integration.line import worker_on

START = 1_760_004_000_000
FAULTS = Faults(duplicates=0.03, disorder_ms=3_000, late=0.01, malformed=0.01)


async def test_a_floor_with_duplicates_disorder_late_lost_and_bad_records_gives_the_oracles_totals(
    settings: Settings, tmp_path: Path
) -> None:
    oracle, published = Oracle(), list[Event | None]()
    spec = dataclasses.replace(demo(START, 7 * 3_600, hour=9.0), missing_ends=0.06)
    async with worker_on(settings.broker, tmp_path, clock="stream") as line:
        async with Publisher(settings.broker) as publisher:
            items = noted(spoil(simulate(spec, 5, oracle), FAULTS, 6), published)
            await publish(items, publisher, PARTITIONS, None, asyncio.Event())
            sent = publisher.published.total()
        found = await line.counted(sent)

        assert differences(found, oracle) == []
        assert found.sum("rejected_total") == published.count(None) > 40
        assert found.sum("duplicates_total") > 200
        assert some(oracle.floor(), "waiting", "handling", "orphaned", "abandoned", "escalated", "flowed_out_callback")
        assert await line.leave() == 0
    assert line.complaints == []


def noted(items: Iterable[Item], events: list[Event | None]) -> Iterator[Item]:
    """The same items; their events are remembered, None for a bad record."""
    for item in items:
        events.append(item.event)
        yield item


def some(counts: Counts, *names: str) -> bool:
    """Whether there is some of each: what does not happen proves nothing."""
    return all(counts.get(name) for name in names)


def test_a_hundred_thousand_events_in_memory_give_every_number_of_the_oracle() -> None:
    proof = prove(100_000, seed=3)

    assert proof.events >= 100_000
    assert proof.wrong == []
    assert proof.checked > 500
