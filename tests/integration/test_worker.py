"""A worker on a real broker: recovery from the marker, rebalancing, rejected records, failures that end it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging

import orjson
import pytest
from kafka.admin import KafkaAdminClient

from streams.app import Worker, build
from streams.crossing.state import FactsPartition
from streams.events import CALL_EVENTS
from streams.owned import TopicReplacedError
from streams.partition import Partition, Refused
from streams.settings import Settings
from streams.topics import ensure_topics, topic_ids
from streams.transport import PositionError
from tests.integration.conftest import drop_topics, settings_for
from tests.integration.harness import (
    Log,
    counted,
    expected,
    producing,
    publish,
    read_all,
    restored,
    running,
    toy_records,
    until,
)
from tests.integration.toy_partition import ToyPartition


async def test_partitions_move_between_workers_and_nothing_is_counted_twice(settings: Settings) -> None:
    log: Log = {}
    publishing = asyncio.create_task(publish(settings, toy_records(5, 6_000), log, per_second=2_000))

    async with running(settings) as first:
        await until(lambda: restored(first))
        async with running(settings) as second:
            await until(lambda: restored(first, 10) and restored(second, 10))
            before = [counted(worker) for worker in (first, second)]
            await until(lambda: all(counted(w) != was for w, was in zip((first, second), before, strict=True)))
        await until(lambda: restored(first))
        async with running(settings) as third:
            await until(lambda: restored(first, 10) and restored(third, 10))
            await publishing

            await until(lambda: counted(first, third) == expected(log), lambda: (counted(first, third), expected(log)))


async def test_what_a_worker_keeps_in_a_rebalance_it_does_not_read_again(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="streams.state_table")
    log: Log = {}
    await publish(settings, toy_records(5, 2_000), log, per_second=10_000)

    async with running(settings) as first:
        await until(lambda: counted(first) == expected(log))
        states = {key: first.partitions[key] for key in first.partitions}
        async with running(settings) as second:
            await until(lambda: restored(first, 10) and restored(second, 10))
            kept = {number for _, number in first.partitions}
            assert all(first.partitions[key] is states[key] for key in first.partitions)
            await publish(settings, toy_records(6, 2_000), log, per_second=10_000)
            await until(lambda: counted(first, second) == expected(log))
        await until(lambda: restored(first))

        assert {key for key in states if first.partitions[key] is states[key]} == {
            key for key in states if key[1] in kept
        }
        await publish(settings, toy_records(7, 500), log, per_second=10_000)
        await until(lambda: counted(first) == expected(log), lambda: (counted(first), expected(log)))

    moved = sorted({0, 1, 2, 3} - kept)
    assert f"partitions {sorted(kept)} are as they were" in caplog.text
    assert f"restoring partitions {moved}: " in caplog.text


async def test_state_comes_back_from_the_marker_even_when_the_commits_are_lost(settings: Settings) -> None:
    log: Log = {}
    await publish(settings, toy_records(6, 300), log, per_second=10_000)
    async with running(settings) as first:
        await until(lambda: counted(first) == expected(log), lambda: (counted(first), expected(log)))
    admin = KafkaAdminClient(bootstrap_servers=settings.broker.bootstrap_servers)
    admin.delete_groups([settings.broker.app_id])
    admin.close()

    async with running(settings) as second:
        await until(lambda: restored(second))
        await publish(settings, toy_records(7, 300), log, per_second=10_000)

        await until(lambda: counted(second) == expected(log), lambda: (counted(second), expected(log)))


async def test_a_rejected_record_is_kept_with_its_reason_and_the_flow_goes_on(settings: Settings) -> None:
    bad = b"\xff\xfe no event" + b"." * 100_000
    async with producing(settings) as producer:
        sent = await producer.send_and_wait(CALL_EVENTS, bad, key=b"k", partition=2)
        await producer.send_and_wait(CALL_EVENTS, b"c1,offered,q0,5", key=b"c1", partition=2)

    async with running(settings) as worker:
        await until(lambda: counted(worker) == {("q0", "offered"): 1}, lambda: counted(worker))

    (kept,) = await read_all(settings, "call-events-rejected")
    assert (kept.key, kept.partition) == (f"call-events-2-{sent.offset}".encode(), 2)
    assert orjson.loads(kept.value) == {
        "id": f"call-events-2-{sent.offset}",
        "topic": "call-events",
        "partition": 2,
        "offset": sent.offset,
        "published_at": sent.timestamp,
        "reason": "malformed",
        "detail": "",
        "size": 100_011,
        "sha256": hashlib.sha256(bad).hexdigest(),
        "key": base64.b64encode(b"k").decode(),
        "value": base64.b64encode(bad[:65_536]).decode(),
    }


async def test_thousands_of_rejected_records_are_all_kept(settings: Settings) -> None:
    async with producing(settings) as producer:
        await asyncio.gather(
            *[await producer.send(CALL_EVENTS, b"?" * 2_000, key=b"k", partition=n % 4) for n in range(4_000)]
        )

    async with running(settings) as worker:
        await until(lambda: all(worker.lag.get((CALL_EVENTS, n)) == 0 for n in range(4)))

    assert len({record.key for record in await read_all(settings, "call-events-rejected")}) == 4_000


class Faulty(ToyPartition):
    """Has a bug."""

    def apply(self, _records: object) -> list[Refused]:
        raise ZeroDivisionError("a bug")


async def test_a_bug_in_the_core_ends_the_worker_with_its_reason_and_loses_nothing(settings: Settings) -> None:
    log: Log = {}
    await publish(settings, toy_records(8, 50), log, per_second=10_000)

    with pytest.raises(ZeroDivisionError, match="a bug"):
        await asyncio.wait_for(build(settings, Faulty).run(), 20)

    async with running(settings) as worker:
        await until(lambda: counted(worker) == expected(log), lambda: (counted(worker), expected(log)))


class Unreadable(ToyPartition):
    """Cannot read what is stored."""

    def restore(self, _key: bytes, _value: bytes | None) -> None:
        raise ValueError("state of another version")


async def test_state_that_cannot_be_read_ends_the_worker_instead_of_counting_without_it(settings: Settings) -> None:
    log: Log = {}
    await publish(settings, toy_records(9, 50), log, per_second=10_000)
    async with running(settings) as worker:
        await until(lambda: counted(worker) == expected(log), lambda: (counted(worker), expected(log)))

    with pytest.raises(ValueError, match="state of another version"):
        await asyncio.wait_for(build(settings, Unreadable).run(), 20)


async def test_a_topic_created_anew_under_old_state_is_refused_with_the_mend(settings: Settings) -> None:
    log: Log = {}
    await publish(settings, toy_records(10, 200), log, per_second=10_000)
    async with running(settings) as worker:
        await until(lambda: counted(worker) == expected(log), lambda: (counted(worker), expected(log)))
    drop_topics(settings.broker.bootstrap_servers, CALL_EVENTS)
    ensure_topics(settings)

    with pytest.raises(PositionError, match="it was deleted and created again"):
        await asyncio.wait_for(build(settings, ToyPartition).run(), 20)


async def test_a_topic_created_anew_that_has_grown_beyond_the_old_state_is_refused_by_its_id(
    settings: Settings,
) -> None:
    log: Log = {}
    await publish(settings, toy_records(10, 200), log, per_second=10_000)
    async with running(settings, topic_ids=topic_ids(settings)) as worker:
        await until(lambda: counted(worker) == expected(log), lambda: (counted(worker), expected(log)))
    drop_topics(settings.broker.bootstrap_servers, CALL_EVENTS)
    ensure_topics(settings)
    await publish(settings, toy_records(11, 400), {}, per_second=10_000)

    with pytest.raises(TopicReplacedError, match="the topic was deleted and created again since its state was stored"):
        await asyncio.wait_for(build(settings, ToyPartition, topic_ids=topic_ids(settings)).run(), 20)


async def test_hooks_run_around_the_work_and_a_worker_leaves_before_it_has_begun(settings: Settings) -> None:
    worker: Worker = build(settings, ToyPartition)
    seen: list[str] = []

    async def starts() -> None:
        seen.append("start")

    async def stops() -> None:
        seen.append("stop")

    worker.on_start.append(starts)
    worker.on_stop.append(stops)
    worker.leave()

    await asyncio.wait_for(worker.run(), 5)

    assert seen == ["start", "stop"]


async def test_the_real_partitions_are_the_default(settings: Settings) -> None:
    async with running(settings, partition_factory=None) as worker:
        await until(lambda: restored(worker))

        assert {type(partition) for partition in worker.partitions.values()} == {Partition, FactsPartition}


async def test_the_embedded_broker_counts_the_same(embedded: str) -> None:
    settings = settings_for(embedded, "demo")
    ensure_topics(settings)
    log: Log = {}
    await publish(settings, toy_records(11, 1_000), log, per_second=20_000)

    async with running(settings, embedded=True) as worker:
        await until(lambda: counted(worker) == expected(log), lambda: (counted(worker), expected(log)))
