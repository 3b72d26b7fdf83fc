"""What a worker had before a rebalance and has again: taken up where nobody has written to its changelog since."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.structs import TopicPartition

from streams.app import build
from streams.owned import Holdings, Pace
from streams.partition import Record
from streams.settings import Settings
from tests.integration.toy_partition import ToyPartition

CALLS, AGENTS = "call-events", "agent-events"


def holding(*keys: tuple[str, int], ends: dict[int, int]) -> Holdings:
    """Partitions with one record each, stored: their changelogs end there."""
    holdings = Holdings([CALLS, AGENTS], ToyPartition)
    for key in keys:
        owned = holdings.take(*key)
        owned.begin()
        owned.epoch = 1
        list(owned.apply(1, [Record(0, b"k", b"c1,offered,q,4", 0)], Pace(0.02)))
    holdings.ends.update(ends)
    return holdings


def test_a_partition_is_taken_up_with_its_state_where_its_changelog_ends_as_it_did() -> None:
    holdings = holding((CALLS, 0), (AGENTS, 0), (CALLS, 1), ends={0: 70, 1: 80})
    before = {key: owned.partition for key, owned in holdings.items()}
    holdings[CALLS, 0].forgotten = [b"call-events|c|gone"]

    holdings.clear(stored=True)

    assert (dict(holdings), holdings.take_up(0, 70)) == ({}, True)
    assert {key: owned.partition for key, owned in holdings.items()} == {
        key: before[key] for key in ((CALLS, 0), (AGENTS, 0))
    }
    assert [(owned.next_offset, owned.epoch, owned.closed) for owned in holdings.values()] == [(1, None, False)] * 2
    assert (holdings[CALLS, 0].take_forgotten(), holdings.ends) == ([b"call-events|c|gone"], {0: 70})


def test_one_to_which_somebody_has_written_is_not() -> None:
    holdings = holding((CALLS, 0), ends={0: 70})

    holdings.clear(stored=True)

    assert (holdings.take_up(0, 71), dict(holdings)) == (False, {})
    assert holdings.take_up(0, 70) is False, "what is known of its state is old"


def test_one_whose_last_transaction_came_to_nothing_is_not() -> None:
    holdings = holding((CALLS, 0), ends={})

    holdings.clear(stored=True)

    assert holdings.take_up(0, 70) is False


def test_one_with_records_that_are_not_stored_is_not() -> None:
    holdings = holding((CALLS, 0), ends={0: 70})

    holdings.clear(stored=False)

    assert holdings.take_up(0, 70) is False


def test_one_that_was_still_being_restored_is_not() -> None:
    holdings = holding((CALLS, 0), ends={0: 70})
    holdings.take(AGENTS, 0)

    holdings.clear(stored=True)

    assert holdings.take_up(0, 70) is False


def test_one_that_went_to_another_is_let_go() -> None:
    holdings = holding((CALLS, 0), ends={0: 70})
    holdings.clear(stored=True)

    holdings.let_go()

    assert holdings.take_up(0, 70) is False


def test_a_second_rebalance_before_the_first_is_over_changes_nothing() -> None:
    holdings = holding((CALLS, 0), (CALLS, 1), ends={0: 70, 1: 80})
    holdings.clear(stored=True)
    assert holdings.take_up(0, 70)

    holdings.clear(stored=True)

    assert (holdings.take_up(0, 70), holdings.take_up(1, 80)) == (True, True)


def test_who_is_still_at_work_on_a_batch_of_before_goes_on_with_nothing() -> None:
    holdings = holding((CALLS, 0), ends={0: 70})
    pace = Pace(0.02, start=1)
    batch = [Record(n, b"k", b"c%d,offered,q,4" % n, 0) for n in range(1, 40)]
    applying = holdings[CALLS, 0].apply(1, batch, pace)
    next(applying)
    reached = holdings[CALLS, 0].next_offset

    holdings.clear(stored=True)
    holdings.take_up(0, 70)

    assert list(applying) == []
    assert holdings[CALLS, 0].next_offset == reached


class Changelog:
    """Kafka's client, for a changelog of two partitions that end at 1,000."""

    assigned: list[TopicPartition]

    def __init__(self, **_: Any) -> None:
        Changelog.assigned = []
        self._fetcher = SimpleNamespace(_records={})

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def assign(self, partitions: list[TopicPartition]) -> None:
        Changelog.assigned = list(partitions)

    async def seek_to_beginning(self, *_: TopicPartition) -> None: ...

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 1_000)

    async def position(self, _: TopicPartition) -> int:
        return 1_000


class Taken:
    """A fence that nobody else is at."""

    def __init__(self, *, on: bool) -> None:
        self.on = on

    async def take(self, _: set[int]) -> bool:
        return True


@pytest.mark.parametrize(("on", "read"), [(True, [1]), (False, [0, 1])])
async def test_behind_a_fence_only_what_others_have_written_is_read(
    monkeypatch: pytest.MonkeyPatch, on: bool, read: list[int]
) -> None:
    worker = build(Settings())
    monkeypatch.setattr("streams.state_table.AIOKafkaConsumer", Changelog)
    monkeypatch.setattr(worker._state, "fence", Taken(on=on))
    for number, end in ((0, 1_000), (1, 990)):
        worker.holdings.take(CALLS, number).begin()
        worker.holdings.ends[number] = end
    worker.holdings.clear(stored=True)

    assert await worker._state._restore({0, 1}, worker._state._round)

    assert [tp.partition for tp in Changelog.assigned] == read


async def test_a_worker_that_is_assigned_nothing_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = build(Settings())
    monkeypatch.setattr(worker.app.consumer, "assignment", set)
    worker.holdings.take(CALLS, 0).begin()
    worker.holdings.ends[0] = 70
    worker.holdings.clear(stored=True)

    await worker._state.on_recovery_completed(set(), set())

    assert worker.holdings.take_up(0, 70) is False


def test_nothing_is_read_into_a_state_that_has_begun() -> None:
    holdings = holding((CALLS, 0), ends={})

    with pytest.raises(RuntimeError, match=r"call-events\[0\] is being restored, and has begun already"):
        holdings.restore(0, [Record(0, b"call-events|m|", b"7", 0)])


def test_who_starts_over_owns_nothing_and_still_takes_up_what_was_kept() -> None:
    holdings = holding((CALLS, 0), ends={0: 70})
    holdings.clear(stored=True)
    begun = holdings.take(CALLS, 0)

    holdings.start_over()

    assert (dict(holdings), begun.closed, holdings.ends) == ({}, True, {})
    assert holdings.take_up(0, 70)
