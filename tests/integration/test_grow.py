"""A floor gets more partitions on a real Kafka and keeps every number; when it can't, nothing has changed."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import sys
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer
from kafka import TopicPartition

from benchmarks.prove_million import START, numbers
from streams.events import CALL_EVENTS, TOPICS, CallOffered
from streams.grow import GrowthError, grow
from streams.publish import Publisher
from streams.settings import Broker, Settings
from streams.simulate import Oracle, demo, simulate, spoil
from streams.topics import TopicsError, administering, check_topics, create_own, partition_counts
from tests.crash import verdict
from tests.crash.story import FAULTS, Story, tell
from tests.integration.line import Line, worker_on

pytestmark = pytest.mark.timeout(180)

OFFERED = CallOffered(event_id="e1", occurred_at=START, contact_id="c1", queue="q")


def generation(settings: Settings, app_id: str, partitions: int) -> Settings:
    """The same floor under another name, with other partitions."""
    broker = msgspec.structs.replace(settings.broker, app_id=app_id, partitions=partitions)
    return msgspec.structs.replace(settings, broker=broker, clock="stream")


async def queuepulse(settings: Settings, *arguments: str) -> tuple[int, str]:
    """Exit code and output of a command."""
    environ = {**os.environ, "QUEUEPULSE_BROKER__BOOTSTRAP_SERVERS": settings.broker.bootstrap_servers}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "streams.cli", *arguments,
        env={**environ, "QUEUEPULSE_BROKER__APP_ID": settings.broker.app_id},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


def committed(broker: Broker) -> dict[TopicPartition, int]:
    """Where the group has come to."""
    with administering(broker) as admin:
        return {tp: at.offset for tp, at in admin.list_group_offsets([broker.app_id])[broker.app_id].items()}


async def counted(settings: Settings, told: Story, line: Line, before: int = 0) -> int:
    """Publish a story and wait until the worker has counted it; the records there are now."""
    records = before + await tell(told, settings, 1.0)
    await line.counted(records)
    return records


async def test_from_four_partitions_to_six_in_the_middle_of_a_day_every_number_is_the_oracles(
    settings: Settings, tmp_path: Path
) -> None:
    oracle, app_id = Oracle(), settings.broker.app_id
    spec = dataclasses.replace(demo(START, 3_000, hour=9.0), missing_ends=0.02, heartbeat_ms=60_000)
    items = list(spoil(simulate(spec, 5, oracle), FAULTS, 5))
    first, rest = Story(items[: len(items) // 2], oracle), Story(items[len(items) // 2 :], oracle)
    old, new = generation(settings, app_id, 4), generation(settings, f"{app_id}-2", 6)
    async with worker_on(old.broker, tmp_path, clock="stream") as line:
        records = await counted(old, first, line)
        refused = await queuepulse(old, "grow", "6", "--into", new.broker.app_id)
        assert await line.leave() == 0
    checked = await queuepulse(old, "grow", "6", "--into", new.broker.app_id, "--check")
    unchanged = partition_counts(old)
    done = await queuepulse(old, "grow", "6", "--into", new.broker.app_id)
    to_read_on = [committed(old.broker), committed(new.broker)]

    async with worker_on(new.broker, tmp_path, clock="stream") as line:
        await line.ready()
        kept = (await line.metrics()).records
        await counted(new, rest, line, records)
        assert await line.leave() == 0

    assert (refused[0], "1 workers of" in refused[1]) == (1, True), refused
    assert (checked[0], "nothing was changed" in checked[1]) == (0, True), checked
    assert {unchanged[topic] for topic in TOPICS} == {4}
    assert (done[0], f'Set broker.app_id = "{new.broker.app_id}"' in done[1]) == (0, True), done
    assert kept == records
    calls, told = ({tp: at for tp, at in of.items() if tp.topic == CALL_EVENTS} for of in to_read_on)
    assert calls.items() <= told.items()
    assert len(calls) == 4
    found = await verdict.restored(new)
    wrong = [
        (name, ours, truth)
        for name, ours, truth in numbers([p for (topic, _), p in found.items() if topic in TOPICS], oracle)
        if ours != truth
    ]
    assert wrong == []
    assert {number for (topic, number), p in found.items() if topic == "call-events" and p.contacts} == set(range(6))


async def test_what_is_not_counted_yet_is_named_and_the_old_generation_goes_on(
    settings: Settings, tmp_path: Path
) -> None:
    async with Publisher(settings.broker) as publisher:
        await publisher.event(OFFERED)

    with pytest.raises(GrowthError, match=r"1 records are not counted yet \(1 in call-events\[[0-3]\]\)"):
        await grow(settings, 8, "next", "murmur2")

    assert check_topics(settings) == 4
    async with worker_on(settings.broker, tmp_path, clock="stream") as line:
        assert (await line.counted(1)).sum("waiting", queue="q") == 1


@pytest.mark.parametrize(
    ("partitions", "app_id", "why"),
    [(4, "next", "has 4 partitions already"), (2, "next", "can add some"), (8, "", "needs another name")],
)
async def test_what_kafka_or_a_name_does_not_allow_is_said(
    settings: Settings, partitions: int, app_id: str, why: str
) -> None:
    with pytest.raises(GrowthError, match=why):
        await grow(settings, partitions, app_id or settings.broker.app_id, "murmur2")


async def test_a_name_that_is_taken_is_refused_and_nothing_is_grown(settings: Settings) -> None:
    taken = generation(settings, f"{settings.broker.app_id}-2", 8)
    create_own(taken, 8)

    with pytest.raises(TopicsError, match=r"expected no such topic, found one\. Choose another name"):
        await grow(settings, 8, taken.broker.app_id, "murmur2")

    assert partition_counts(settings)["call-events"] == 4


async def test_a_group_of_the_new_name_with_somebody_in_it_is_refused_and_nothing_is_grown(
    settings: Settings, tmp_path: Path
) -> None:
    async with worker_on(settings.broker, tmp_path, clock="stream") as line:
        async with Publisher(settings.broker) as publisher:
            await publisher.event(OFFERED)
        await line.counted(1)
        assert await line.leave() == 0
    stranger = AIOKafkaConsumer(CALL_EVENTS, bootstrap_servers=settings.broker.bootstrap_servers, group_id="next")
    await stranger.start()
    try:
        with pytest.raises(GrowthError, match=r"group next did not take its offsets \([a-z-]+\[[0-3]\]: UnknownMember"):
            await grow(settings, 8, "next", "murmur2")
    finally:
        await stranger.stop()

    assert partition_counts(settings)[CALL_EVENTS] == 4


async def test_a_floor_without_state_has_nothing_to_grow(settings: Settings) -> None:
    with pytest.raises(GrowthError, match=r"there is no state of nobody"):
        await grow(generation(settings, "nobody", 4), 8, "next", "murmur2")
