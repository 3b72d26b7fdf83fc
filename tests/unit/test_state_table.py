"""The restoration after a rebalance, with a rebalance in the middle of it. What is read of the broker is left out."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from aiokafka.structs import TopicPartition
from faust.types import TP

from streams.app import Worker, build
from streams.events import CALL_EVENTS
from streams.partition import Partition
from streams.settings import Settings
from streams.unpacking import Fetched
from tests.support import Floor, call, stored

CHANGELOG = TP("queuepulse-state-changelog", 0)


def assigned(monkeypatch: pytest.MonkeyPatch) -> Worker:
    """A worker to which partition 0 of the calls and of the changelog is assigned."""
    worker = build(Settings())
    monkeypatch.setattr(worker.app.consumer, "assignment", lambda: {TP(CALL_EVENTS, 0), CHANGELOG})
    return worker


async def test_what_was_restored_begins_where_it_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = assigned(monkeypatch)

    async def restored(*_: Any) -> bool:
        return True

    monkeypatch.setattr(worker._state, "_restore", restored)
    await worker._state.on_recovery_completed({CHANGELOG}, set())

    assert worker.holdings[CALL_EVENTS, 0].next_offset == 0


async def test_a_restoration_that_ends_after_the_next_has_begun_begins_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = assigned(monkeypatch)

    async def overtaken(*_: Any) -> bool:
        worker._state.abandon()
        worker.holdings.clear()
        worker.holdings.take(CALL_EVENTS, 0)
        return True

    monkeypatch.setattr(worker._state, "_restore", overtaken)
    await worker._state.on_recovery_completed({CHANGELOG}, set())

    assert worker.holdings[CALL_EVENTS, 0].next_offset is None


class Kept(NamedTuple):
    """A record of the changelog that changes nothing."""

    offset: int
    key: bytes = b"call-events|f|"
    value: bytes = b""


class Changelog:
    """Kafka's client, for a changelog that has 1,000 records in each partition."""

    said: dict[str, Any]
    last: Changelog

    def __init__(self, **said: Any) -> None:
        Changelog.said, Changelog.last = said, self
        self._fetcher = SimpleNamespace(_records={})
        self._read: dict[TopicPartition, int] = {}

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def assign(self, partitions: Sequence[TopicPartition]) -> None:
        self._read = dict.fromkeys(partitions, 0)

    async def seek_to_beginning(self, *_: TopicPartition) -> None: ...

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 1_000)

    async def position(self, tp: TopicPartition) -> int:
        return self._read[tp]

    async def getmany(self, *, timeout_ms: int, max_records: int = 10**9) -> dict[TopicPartition, list[Kept]]:
        assert timeout_ms > 0
        found = {}
        for tp, position in self._read.items():
            if taken := min(1_000 - position, max_records):
                found[tp] = [Kept(position + n) for n in range(taken)]
                self._read[tp] += taken
                max_records -= taken
        return found


async def test_however_many_partitions_are_restored_what_is_read_at_once_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker, looks = assigned(monkeypatch), list[int]()
    monkeypatch.setattr(worker._state, "fence", None)
    monkeypatch.setattr("streams.state_table.AIOKafkaConsumer", Changelog)
    getmany = Changelog.getmany

    async def look(self: Changelog, **asked: Any) -> dict[TopicPartition, list[Kept]]:
        found = await getmany(self, **asked)
        looks.append(sum(map(len, found.values())))
        return found

    monkeypatch.setattr(Changelog, "getmany", look)

    assert await worker._state._restore(range(40), worker._state._round)

    assert looks == [16_000, 16_000, 8_000]
    assert Changelog.said["max_partition_fetch_bytes"] == 64 * 1024 * 1024 // 40
    assert type(Changelog.last._fetcher._records) is Fetched, "what is left over would be a cycle with its bytes"


class Written(NamedTuple):
    """A record of the changelog."""

    offset: int
    key: bytes
    value: bytes | None


class Short(Changelog):
    """A changelog of one partition with these records, read in two pieces."""

    records: Sequence[Written] = ()

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, len(self.records))

    async def getmany(self, **_: Any) -> dict[TopicPartition, list[Any]]:
        ((tp, position),) = self._read.items()
        half = list(self.records[position : position + len(self.records) // 2])
        self._read[tp] += len(half)
        return {tp: half}


async def restored_of(monkeypatch: pytest.MonkeyPatch, *records: tuple[bytes, bytes | None]) -> list[tuple[Any, ...]]:
    """What is taken into memory of a changelog with these records: keys and values."""
    worker, taken = assigned(monkeypatch), list[tuple[Any, ...]]()
    monkeypatch.setattr(worker._state, "fence", None)
    monkeypatch.setattr("streams.state_table.AIOKafkaConsumer", Short)
    monkeypatch.setattr(Short, "records", [Written(n, *record) for n, record in enumerate(records)])

    def restore(number: int, some: Sequence[Any]) -> None:
        taken.extend((number, record.key, record.value) for record in some)

    monkeypatch.setattr(worker.holdings, "restore", restore)
    assert await worker._state._restore({0}, worker._state._round)
    return taken


async def test_a_second_restoration_with_no_revocation_between_starts_from_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Faust calls once for an assignment that is no longer, and then for the next: both may restore the same."""
    worker = assigned(monkeypatch)
    floor = Floor().take(*call().offered(at=0).events)
    written = [Written(n, *pair) for n, pair in enumerate(stored(floor.calls))]
    monkeypatch.setattr(worker._state, "fence", None)
    monkeypatch.setattr("streams.state_table.AIOKafkaConsumer", Short)
    monkeypatch.setattr(Short, "records", [*written, *written])

    for _ in range(2):
        await worker._state.on_recovery_completed({CHANGELOG}, set())

    owned = worker.holdings[CALL_EVENTS, 0]
    partition = owned.partition
    assert isinstance(partition, Partition)
    assert (worker._failure, owned.next_offset, partition.contacts["c1"].is_stub) == (None, 1, False)
    assert partition.waiting == floor.calls.waiting != {}


async def test_inputs_without_their_part_of_the_changelog_are_not_restored_and_the_group_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker, asked = assigned(monkeypatch), list[bool]()
    monkeypatch.setattr("streams.state_table.ASK_AGAIN_SECONDS", 0)

    async def rejoin() -> None:
        asked.append(True)

    monkeypatch.setattr(worker.app.consumer, "rejoin", rejoin)
    await worker._state.on_recovery_completed({TP(CHANGELOG.topic, 1)}, set())

    assert (dict(worker.holdings), worker._failure, asked) == ({}, None, [True])


async def test_of_changelog_partitions_without_an_input_nobody_is_kept_out(monkeypatch: pytest.MonkeyPatch) -> None:
    worker, asked = assigned(monkeypatch), list[set[int]]()

    async def restored(numbers: set[int], _: int) -> bool:
        asked.append(numbers)
        return True

    monkeypatch.setattr(worker._state, "_restore", restored)
    await worker._state.on_recovery_completed({CHANGELOG, TP(CHANGELOG.topic, 3)}, set())

    assert asked == [{0}]


async def test_a_group_that_keeps_assigning_inputs_without_the_changelog_ends_the_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker = assigned(monkeypatch)
    monkeypatch.setattr("streams.state_table.APART_SECONDS", 0)
    worker._state._apart_since = monotonic() - 1

    await worker._state.on_recovery_completed({TP(CHANGELOG.topic, 1)}, set())

    assert str(worker._failure) == (
        "call-events[0]: assigned without their part of the changelog for 0 s. Have all workers of the group the same "
        "settings, and queuepulse-state-changelog as many partitions as the inputs?"
    )


async def test_of_what_was_written_again_and_again_only_the_latest_is_taken_where_it_stood(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken = await restored_of(
        monkeypatch, (b"a", b"1"), (b"b", b"1"), (b"a", b"2"), (b"c", b"1"), (b"b", None), (b"d", b"1")
    )

    assert taken == [(0, b"a", b"2"), (0, b"c", b"1"), (0, b"b", None), (0, b"d", b"1")]


async def test_keys_beyond_what_is_kept_in_hand_are_taken_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.state_table._IN_HAND", 1)

    taken = await restored_of(monkeypatch, (b"a", b"1"), (b"b", b"1"), (b"a", b"2"), (b"a", b"3"))

    assert taken == [(0, b"a", b"1"), (0, b"b", b"1"), (0, b"a", b"3")]
