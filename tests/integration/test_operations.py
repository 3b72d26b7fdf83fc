"""What docs/operations.md tells operators to do, done on a real Kafka: every number is what it should be."""

from __future__ import annotations

import asyncio
import resource
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import TopicPartition
from kafka.admin import KafkaAdminClient

from streams.broker import BrokerUnavailableError, Cluster, cluster
from streams.events import CALL_EVENTS, CallAbandoned, CallAnswered, CallEnded, CallOffered
from streams.publish import Publisher
from streams.settings import Settings
from streams.topics import changelog_topic, ensure_topics, facts_topics, floor_topic, rejected_topic
from tests.integration.conftest import drop_topics, settings_for
from tests.integration.line import Line, Metrics, worker_on
from tests.integration.test_grow import generation, queuepulse

pytestmark = pytest.mark.timeout(180)

AT = 1_772_445_600_000
CALLS = 40
TOTALS = ("offered", "answered", "abandoned")


def told(calls: range) -> Iterator[CallOffered | CallAnswered | CallAbandoned | CallEnded]:
    """Calls of which every fifth gives up and every seventh is not over; four events a second."""
    for n in calls:
        at = AT + 1_000 * n
        contact: dict[str, Any] = {"contact_id": f"c{n}", "queue": "billing"}
        yield CallOffered(event_id=f"{n}-o", occurred_at=at, **contact)
        if n % 7 == 0:
            continue
        if n % 5 == 0:
            yield CallAbandoned(event_id=f"{n}-a", occurred_at=at + 500, **contact)
        else:
            yield CallAnswered(event_id=f"{n}-a", occurred_at=at + 500, agent_id="ann", **contact)
            yield CallEnded(event_id=f"{n}-e", occurred_at=at + 900, agent_id="ann", **contact)


async def publish(settings: Settings, calls: range) -> int:
    """The number of records."""
    async with Publisher(settings.broker) as publisher:
        for event in told(calls):
            await publisher.event(event)
    return sum(1 for _ in told(calls))


def totals(*answers: Metrics) -> dict[str, float]:
    """Over all workers."""
    found = {name: sum(answer.net(name, queue="billing") for answer in answers) for name in TOTALS}
    return found | {"waiting": sum(answer.sum("waiting", queue="billing") for answer in answers)}


def truth(calls: int) -> dict[str, float]:
    """The same by plain counting."""
    kinds = Counter(type(event) for event in told(range(calls)))
    answered, abandoned = kinds[CallAnswered], kinds[CallAbandoned]
    waiting = calls - answered - abandoned
    return {"offered": calls, "answered": answered, "abandoned": abandoned, "waiting": waiting}


async def counted(settings: Settings, folder: Path, records: int) -> dict[str, float]:
    """What a worker counts that is started now, when it has so many records."""
    async with worker_on(settings.broker, folder, clock="stream") as line:
        await line.counted(records)
        found = totals(await line.metrics())
        assert await line.leave() == 0
    return found


async def test_a_rolling_restart_under_load_loses_no_number(settings: Settings, tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    async with (
        Line(settings.broker, folders[0], clock="stream") as a,
        Line(settings.broker, folders[1], clock="stream") as b,
    ):
        for line in (a, b):
            await line.start()
            await line.ready()
        records, done = 0, 0
        for line in (a, b):
            publishing = asyncio.create_task(publish(settings, range(done, done + CALLS)))
            assert await line.leave() == 0
            await line.start()
            await line.ready()
            records, done = records + await publishing, done + CALLS

        async def all_is_counted() -> bool:
            return (await a.metrics()).records + (await b.metrics()).records == records

        await a.until(all_is_counted)
        found = totals(await a.metrics(), await b.metrics())
        printed = a.printed.read_text()

    assert found == truth(2 * CALLS)
    assert "restoring partitions" in printed
    assert "restored partitions" in printed


def no_file_for(pid: int) -> None:
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, 0))


async def test_a_worker_counts_where_no_file_may_be_written(settings: Settings, tmp_path: Path) -> None:
    records = await publish(settings, range(CALLS))
    async with Line(settings.broker, tmp_path, clock="stream") as line:
        line.printed = Path("/dev/null")  # what it prints would be a file
        await line.start(no_file_for)
        await line.counted(records)
        code = await line.leave()

    assert code == 0


async def test_counting_again_from_the_topics_gives_the_same_numbers(settings: Settings, tmp_path: Path) -> None:
    records = await publish(settings, range(CALLS))
    before = await counted(settings, tmp_path, records)
    own = [changelog_topic(settings.broker.app_id), floor_topic(settings.broker.app_id)]
    own += [name for topic in facts_topics(settings.broker.app_id) for name in (topic, rejected_topic(topic))]

    for topic in own:
        drop_topics(settings.broker.bootstrap_servers, topic)
    after = await counted(settings, tmp_path, records)

    assert before == after == truth(CALLS)


async def test_a_state_that_was_saved_comes_back_and_is_counted_on(settings: Settings, tmp_path: Path) -> None:
    records = await publish(settings, range(CALLS))
    early = await queuepulse(settings, "state", "save", str(tmp_path / "early"))
    await counted(settings, tmp_path, records)
    file, again = tmp_path / "floor.state", generation(settings, f"{settings.broker.app_id}-again", 4)

    saved = await queuepulse(settings, "state", "save", str(file))
    twice = await queuepulse(settings, "state", "save", str(file))
    drop_topics(settings.broker.bootstrap_servers, settings.broker.app_id)
    loaded = await queuepulse(settings, "state", "load", str(file), "--into", again.broker.app_id)
    more = await publish(settings, range(CALLS, 2 * CALLS))

    assert (early[0], "not counted yet" in early[1] or "there is no state" in early[1]) == (1, True), early
    assert (saved[0], stat.S_IMODE(file.stat().st_mode)) == (0, 0o600), saved
    assert (twice[0], "file exists" in twice[1]) == (1, True), twice
    assert loaded[0] == 0, loaded
    assert await counted(again, tmp_path, records + more) == truth(2 * CALLS)


async def test_a_state_goes_on_where_the_inputs_are_others(settings: Settings, tmp_path: Path) -> None:
    file, records = tmp_path / "floor.state", await publish(settings, range(CALLS))
    await counted(settings, tmp_path, records)
    saved = await queuepulse(settings, "state", "save", str(file))
    drop_topics(settings.broker.bootstrap_servers)  # as another cluster would be

    loaded = await queuepulse(
        settings, "state", "load", str(file), "--into", settings.broker.app_id, "--partitions", "6"
    )
    more = await publish(settings, range(CALLS, 2 * CALLS))

    assert (saved[0], loaded[0]) == (0, 0), (saved, loaded)
    assert await counted(settings, tmp_path, records + more) == truth(2 * CALLS)


async def test_what_is_no_state_is_refused_in_words(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "broken.state"
    file.write_bytes(b"\x1f\x8b nothing of ours")

    code, said = await queuepulse(settings, "state", "load", str(file), "--into", "next")
    _, missing = await queuepulse(settings, "state", "load", str(tmp_path / "none"), "--into", "next")

    assert (code, f"{file} holds no state" in said) == (1, True), said
    assert "no such file" in missing


@pytest.fixture
def three_nodes() -> Iterator[Cluster]:
    try:
        manager = cluster(3)
        found = manager.__enter__()
    except BrokerUnavailableError as error:
        pytest.skip(str(error))
    yield found
    manager.__exit__(None, None, None)


async def test_topics_move_to_other_brokers_while_they_are_counted(three_nodes: Cluster, tmp_path: Path) -> None:
    settings = settings_for(three_nodes.bootstrap, "moving")
    ensure_topics(settings, replication=1)
    changelog = changelog_topic("moving")
    async with worker_on(settings.broker, tmp_path, clock="stream") as line:
        records = await publish(settings, range(CALLS))
        await line.counted(records)

        await asyncio.to_thread(move, three_nodes.bootstrap, [CALL_EVENTS, changelog])
        records += await publish(settings, range(CALLS, 2 * CALLS))
        found = totals(await line.counted(records))
        assert await line.leave() == 0

    assert found == truth(2 * CALLS)


def move(bootstrap: str, topics: list[str]) -> None:
    """Give every partition of some topics to the next broker, and wait until it has them."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    wanted = {
        TopicPartition(topic["name"], partition["partition_index"]): [partition["leader_id"] % 3 + 1]
        for topic in admin.describe_topics(topics)
        for partition in topic["partitions"]
    }
    admin.alter_partition_reassignments(wanted)
    while any(
        [partition["leader_id"]] != wanted[TopicPartition(topic["name"], partition["partition_index"])]
        for topic in admin.describe_topics(topics)
        for partition in topic["partitions"]
    ):
        pass  # asking again is a round trip: no busy loop
    admin.close()
