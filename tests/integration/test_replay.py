"""Replaying files to a real Kafka: every event once, where the contract says, in event-time order."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from streams.decode import Rejected, decode
from streams.events import TOPICS, CallEvent, Event, SourceHeartbeat
from streams.publish import MissingTopicError
from streams.replay import Speed, Summary, replay
from streams.settings import Broker

DATA = Path(__file__).parent.parent / "data"
PARTITIONS = 3
HEARTBEATS = 9  # three topics, three partitions each


class Received(NamedTuple):
    topic: str
    partition: int
    event: Event


@pytest.fixture
def topics(empty_kafka: str) -> str:
    """Empty input topics; the bootstrap address."""
    admin: Any = KafkaAdminClient(bootstrap_servers=empty_kafka)
    admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in TOPICS])
    admin.close()
    return empty_kafka


def everything_in(bootstrap: str, at_least: int = 0, patience: float = 20.0) -> list[Received]:
    """All records there are, in the order of each partition; every one decodes as the worker would decode it."""

    async def read() -> list[Received]:
        consumer: Any = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
        await consumer.start()
        try:
            partitions = [TopicPartition(topic, n) for topic in TOPICS for n in range(PARTITIONS)]
            consumer.assign(partitions)
            until = time.monotonic() + patience
            records: list[Any] = []
            while True:
                ends = await consumer.end_offsets(partitions)
                there = all([await consumer.position(tp) >= ends[tp] for tp in partitions])
                if there and (len(records) >= at_least or time.monotonic() > until):
                    return [received(record) for record in records]
                for batch in (await consumer.getmany(timeout_ms=100)).values():
                    records += batch
        finally:
            await consumer.stop()

    return asyncio.run(read())


def received(record: Any) -> Received:
    event = decode(record.topic, record.key, record.value, record.timestamp)
    assert not isinstance(event, Rejected), event
    return Received(record.topic, record.partition, event)


def replay_calls(bootstrap: str, speed: Speed = "max", file: str = str(DATA / "calls.tsv"), **more: Any) -> Summary:
    return replay(
        file,
        form="csv",
        map_path=DATA / "bank_1999.toml",
        broker=Broker(bootstrap_servers=bootstrap),
        speed=speed,
        **more,
    )


def test_every_event_arrives_once_in_event_time_order_and_every_partition_hears_a_heartbeat(topics: str) -> None:
    summary = replay_calls(topics)

    got = everything_in(topics)
    calls = [record for record in got if isinstance(record.event, CallEvent)]
    heartbeats = [record for record in got if isinstance(record.event, SourceHeartbeat)]
    assert (summary.events, summary.heartbeats, summary.ignored, summary.bad_rows) == (36, 1, {"PHANTOM": 1}, 0)
    assert summary.records == {"call-events": 39, "conversation-events": 3, "agent-events": 3}
    assert len({record.event.event_id for record in calls}) == len(calls) == 36
    assert {record.topic for record in calls} == {"call-events"}
    assert len({(record.topic, record.partition) for record in heartbeats}) == HEARTBEATS
    assert {record.event.occurred_at for record in heartbeats} == {summary.last_ms} == {920358005000}
    for partition in range(PARTITIONS):
        times = [r.event.occurred_at for r in got if (r.topic, r.partition) == ("call-events", partition)]
        assert times == sorted(times)


def test_one_contact_stays_in_one_partition_the_one_that_kafkas_own_clients_choose(topics: str) -> None:
    replay_calls(topics)

    homes: dict[str, set[int]] = {}
    for record in everything_in(topics):
        if isinstance(record.event, CallEvent):
            homes.setdefault(record.event.contact_id, set()).add(record.partition)
    assert all(len(partitions) == 1 for partitions in homes.values())
    assert {contact: homes[contact] for contact in ("L1/1", "L2/1", "L3/2")} == {"L1/1": {2}, "L2/1": {0}, "L3/2": {1}}


def test_replaying_again_repeats_the_same_event_ids(topics: str) -> None:
    replay_calls(topics)
    replay_calls(topics)

    ids = [record.event.event_id for record in everything_in(topics) if isinstance(record.event, CallEvent)]
    assert len(ids) == 72
    assert len(set(ids)) == 36


def test_a_speed_takes_as_long_as_the_calls_took_divided_by_it(topics: str) -> None:
    began = time.monotonic()

    summary = replay_calls(topics, speed=45_000.0)  # a day and an hour of calls: two seconds

    assert 1.9 < time.monotonic() - began < 6.0
    assert summary.events == 36


def test_missing_topics_are_named_with_the_mend(empty_kafka: str) -> None:
    with pytest.raises(MissingTopicError, match="topic call-events does not exist: create it with `queuepulse topics`"):
        replay_calls(empty_kafka)


def test_a_followed_log_is_published_as_it_grows_through_rotation_until_ctrl_c(topics: str, tmp_path: Path) -> None:
    log, rows = tmp_path / "queue_log", (DATA / "queue_log").read_text().splitlines(keepends=True)
    log.write_text("".join(rows[:10]))
    program = (
        "from streams.replay import replay; from streams.settings import Broker; import sys; "
        "broker = Broker(bootstrap_servers=sys.argv[2]); "
        "s = replay(sys.argv[1], form='asterisk-queue-log', broker=broker, follow=True); "
        "print(s.events, s.bad_rows, s.stopped)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(log), topics], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as following:
        try:
            assert len(everything_in(topics, at_least=9)) >= 9
            with log.open("a") as file:
                file.write("".join(rows[10:20]))
            assert len(everything_in(topics, at_least=23)) >= 23
            log.rename(tmp_path / "queue_log.1")
            log.write_text("".join(rows[20:]))
            got = everything_in(topics, at_least=35)
        finally:
            following.send_signal(signal.SIGINT)
            out, errors = following.communicate(timeout=20)

    assert len({r.event.event_id for r in got if not isinstance(r.event, SourceHeartbeat)}) == 35
    assert (following.returncode, out, errors) == (0, "35 1 True\n", "")


def test_the_embedded_broker_takes_a_replay_that_is_not_idempotent(embedded: str) -> None:
    admin: Any = KafkaAdminClient(bootstrap_servers=embedded)
    admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in TOPICS])
    admin.close()

    summary = replay_calls(embedded, idempotent=False)

    assert summary.records == {"call-events": 39, "conversation-events": 3, "agent-events": 3}
    assert len(everything_in(embedded, at_least=45)) == 45
