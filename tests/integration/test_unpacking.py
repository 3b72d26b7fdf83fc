"""What the client fetched leaves it as plain records, no more than there is room for, and is gone when it is taken."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import pytest
from aiokafka.consumer.fetcher import FetchResult, PartitionRecords
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition

from streams.unpacking import Fetched

HOT, COLD = TopicPartition("hot", 0), TopicPartition("cold", 0)


def fetched_of(tp: TopicPartition, values: list[bytes]) -> tuple[Fetched, Any]:
    """The client's store with one fetch of ``tp`` in it, records from offset 0 on, and the state of its reading."""
    builder = DefaultRecordBatchBuilder(
        magic=2, compression_type=0, is_transactional=False, producer_id=-1, producer_epoch=-1, base_sequence=-1,
        batch_size=1_000_000,
    )  # fmt: skip
    for n, value in enumerate(values):
        builder.append(n, timestamp=1_000 + n, key=b"k", value=value, headers=[])
    records = PartitionRecords(tp, MemoryRecords(bytes(builder.build())), [], 0, None, None, True, 0)

    async def assign() -> Any:
        subscription = SubscriptionState()
        subscription.assign_from_user({tp})
        return subscription.subscription.assignment

    assignment = asyncio.run(assign())
    assignment.state_value(tp).seek(0)
    fetched = Fetched({}, {"hot"})
    fetched[tp] = FetchResult(tp, assignment=assignment, partition_records=records, backoff=0)
    return fetched, assignment.state_value(tp)


def test_of_a_batched_topic_come_plain_records_and_of_another_the_clients_own() -> None:
    hot, _ = fetched_of(HOT, [b"a", b"b"])
    cold, _ = fetched_of(COLD, [b"a"])
    hot.room = 100

    assert type(hot[HOT]) is FetchResult  # the client asks
    assert hot[HOT].getall(8_000) == [(0, b"k", b"a", 1_000), (1, b"k", b"b", 1_001)]
    assert [(one.offset, one.value) for one in cold[COLD].getall(8_000)] == [(0, b"a")]


def test_what_there_is_no_room_for_stays_and_comes_the_next_time() -> None:
    fetched, state = fetched_of(HOT, [b"123456", b"123456", b"x"])
    fetched.room = 10

    assert [record[0] for record in fetched[HOT].getall(8_000)] == [0, 1]
    assert (fetched.room, state.position) == (-2, 2)
    assert fetched[HOT].getall(8_000) == []

    fetched.room = 10
    assert [record[0] for record in fetched[HOT].getall(8_000)] == [2]
    assert (fetched[HOT].has_more(), state.position) == (False, 3)


def test_no_more_records_come_than_are_asked_for() -> None:
    fetched, state = fetched_of(HOT, [b"a", b"b", b"c"])
    fetched.room = 100

    assert [record[0] for record in fetched[HOT].getall(2)] == [0, 1]
    assert state.position == 2


def test_what_was_taken_is_gone_before_anybody_looks_for_garbage() -> None:
    fetched, _ = fetched_of(HOT, [b"a", b"b"])
    fetched.room = 100
    gc.disable()
    try:
        result, records = weakref.ref(fetched[HOT]), weakref.ref(fetched[HOT]._partition_records)
        fetched[HOT].getall(8_000)
        del fetched[HOT]

        assert (result(), records()) == (None, None)
    finally:
        gc.enable()


@pytest.mark.parametrize("tp", [HOT, COLD])
@pytest.mark.parametrize("taken", [0, 1])
@pytest.mark.parametrize("how", ["sought away from", "taken away", "taken away with all others"])
def test_what_was_not_unpacked_to_its_end_is_gone_as_well(how: str, taken: int, tp: TopicPartition) -> None:
    fetched, state = fetched_of(tp, [b"a", b"b"])
    fetched.room = 100
    gc.disable()
    try:
        records = weakref.ref(fetched[tp]._partition_records)
        if taken:
            assert len(fetched[tp].getall(1)) == 1
        if how == "sought away from":
            state.seek(2)
            assert fetched[tp].getall(8_000) == []
        elif how == "taken away":
            del fetched[tp]
        else:
            fetched.clear()

        assert records() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("most", [1, 8_000])
def test_of_what_was_sought_away_from_nothing_comes(most: int) -> None:
    fetched, state = fetched_of(HOT, [b"a", b"b"])
    fetched.room = 100
    state.seek(1)

    assert fetched[HOT].getall(most) == []
    assert not fetched[HOT].has_more()
