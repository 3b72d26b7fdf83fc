"""Behind a fence a flush is one transaction for each partition number. The broker is a list of transactions."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from aiokafka.errors import IllegalOperation
from aiokafka.producer.message_accumulator import BatchBuilder
from faust.types import TP

from streams.fence import Fence, LostOwnershipError, Send, Written
from streams.flusher import Flusher, pause_seconds
from streams.owned import Holdings, Owned, Pace
from streams.partition import Record
from streams.settings import Broker, Settings
from streams.sharing import Sharing
from tests.integration.toy_partition import ToyPartition

CALLS, AGENTS = "call-events", "agent-events"
Transaction = tuple[int, list[tuple[str, int, list[bytes]]]]


class Transactions(Fence):
    """Keeps what was committed: partition number, the keys sent to each topic and partition."""

    def __init__(self) -> None:
        super().__init__(Broker(), insist=True)
        self.committed: list[Transaction] = []
        self.fenced: set[int] = set()

    async def write(self, number: int, sends: Iterable[Send]) -> Mapping[Written, int]:
        await asyncio.sleep(0)
        if number in self.fenced:
            raise LostOwnershipError(f"partition {number} has another owner")
        keys = [(send.topic, send.partition, [key for key, _ in send.pairs]) for send in sends]
        self.committed.append((number, keys))
        return {(topic, partition): 100 * len(self.committed) for topic, partition, sent in keys if sent}


class Group:
    """A member that counts how often it was asked to join again; offsets are taken when it ``listens``."""

    def __init__(self) -> None:
        self.rejoined = 0
        self.committed: list[dict[TP, int]] = []
        self.refuses = False
        self.listens = asyncio.Event()
        self.listens.set()

    def in_group(self) -> bool:
        return True

    async def commit_durable(self, offsets: Mapping[TP, int]) -> bool:
        await self.listens.wait()
        if not self.refuses:
            self.committed.append(dict(offsets))
        return not self.refuses

    async def rejoin(self) -> None:
        self.rejoined += 1


class Desk:
    """A flusher with its fence, its group and what it holds."""

    def __init__(self, *keys: tuple[str, int], shares: bool = False) -> None:
        self.fence, self.group = Transactions(), Group()
        self.holdings = Holdings([CALLS, AGENTS], ToyPartition)
        for key in keys:
            self.holdings.take(*key).begin()
            self.holdings[key].epoch = 1
        self.flusher = Flusher(
            self.holdings, "changelog", producer=_no_producer, group=lambda: self.group, interval_seconds=1,
            lease_seconds=10, fence=self.fence, floor="floor",
            sharing=Sharing(Settings(), self.holdings) if shares else None,
        )  # fmt: skip

    async def flush(self, key: tuple[str, int], *values: str) -> None:
        """Apply the records behind what was applied already, and flush."""
        owned: Owned = self.holdings[key]
        start = owned.next_offset or 0
        records = [Record(start + n, b"k", value.encode(), 0) for n, value in enumerate(values)]
        list(owned.apply(1, records, Pace(0.02)))
        await self.flusher.flush()


class Refused:
    """A producer that was refused before the second batch: the client says of that one that it is no operation."""

    async def begin_transaction(self) -> None: ...

    def create_batch(self) -> Any:
        return BatchBuilder(1_000, 0, is_transactional=True)

    async def send_batch(self, *_: Any, **__: Any) -> None:
        raise IllegalOperation("Can't send messages while not in transaction")


async def test_a_transaction_that_was_refused_between_two_of_its_batches_came_to_nothing_and_ends_no_worker() -> None:
    fence = Fence(Broker(), insist=True)
    fence._producers[0] = Refused()

    with pytest.raises(LostOwnershipError, match=r"partition 0 came to nothing .*while not in transaction"):
        await fence.write(0, [Send("changelog", 0, [(b"k", b"v")])])


def test_the_pause_between_two_flushes_grows_with_how_far_a_worker_is_behind() -> None:
    pauses = [pause_seconds(0.2, 0.3, behind) for behind in (0.0, 0.1, 0.25, 0.5, 1.0, 9.0)]

    assert pauses == pytest.approx([0.2, 0.2, 0.3, 0.6, 1.2, 1.2])  # four times what a flush took, at the most
    assert pause_seconds(0.2, 3.0, 1.0) == 2.5
    assert pause_seconds(5.0, 0.3, 1.0) == 5.0


async def test_a_worker_that_has_caught_up_meanwhile_flushes_at_once() -> None:
    desk, asked = Desk(), [1.0, 1.0, 0.0]
    desk.flusher.last_seconds, desk.flusher._interval_seconds = 9.0, 0.01
    desk.flusher._behind = lambda: asked.pop(0)

    await desk.flusher._pause()  # 2.5 s, as it seemed at first

    assert asked == []
    assert desk.flusher._pause_seconds == pytest.approx(0.4)


def _no_producer() -> Any:
    raise AssertionError("something was written outside of a transaction")


async def test_a_flush_is_one_transaction_with_what_was_refused_and_the_state() -> None:
    desk = Desk((CALLS, 3))

    await desk.flush((CALLS, 3), "c1,offered,q,4", "?")

    state = [b"call-events|t|q|offered", b"call-events|c|c1", b"call-events|m|"]
    sends = [("call-events-rejected", 3, [b"call-events-3-1"]), ("changelog", 3, state)]
    assert desk.fence.committed == [(3, sends)]


async def test_the_inputs_of_one_number_share_a_transaction_and_numbers_do_not() -> None:
    desk = Desk((CALLS, 0), (AGENTS, 0), (CALLS, 1))
    for key in desk.holdings:
        list(desk.holdings[key].apply(1, [Record(0, b"k", b"c1,offered,q,4", 0)], Pace(0.02)))

    await desk.flusher.flush()

    states = {number: [send[2][-1] for send in sends] for number, sends in desk.fence.committed}
    assert states == {0: [b"call-events|m|", b"agent-events|m|"], 1: [b"call-events|m|"]}
    await desk.flusher.flush(farewell=True)
    assert desk.group.committed == [{TP(CALLS, 0): 1, TP(AGENTS, 0): 1, TP(CALLS, 1): 1}]


async def test_what_is_stored_is_shown_before_the_group_has_its_offset_and_the_last_flush_waits_for_that() -> None:
    desk = Desk((CALLS, 0))
    desk.group.listens.clear()
    await desk.flush((CALLS, 0), "c1,offered,q,4")
    shown = dict(desk.holdings[CALLS, 0].partition.flushed_totals)  # type: ignore[attr-defined]

    leaving = asyncio.ensure_future(desk.flusher.flush(farewell=True))
    done, _ = await asyncio.wait({leaving}, timeout=0.05)
    assert (shown, done, desk.group.committed) == ({("q", "offered"): 1}, set(), [])

    desk.group.listens.set()
    assert await leaving
    assert desk.group.committed == [{TP(CALLS, 0): 1}]


async def test_offsets_are_handed_to_the_group_one_flush_after_the_other() -> None:
    desk = Desk((CALLS, 0))
    desk.group.listens.clear()
    await desk.flush((CALLS, 0), "c1,offered,q,4")
    second = asyncio.ensure_future(desk.flush((CALLS, 0), "c2,offered,q,5"))
    await asyncio.wait({second}, timeout=0.05)
    assert (second.done(), len(desk.fence.committed)) == (False, 2)

    desk.group.listens.set()
    await second
    await desk.flusher.flush(farewell=True)
    assert desk.group.committed == [{TP(CALLS, 0): 1}, {TP(CALLS, 0): 2}]


async def test_an_offset_the_group_refused_is_told_again_by_a_flush_with_nothing_to_write_and_then_no_more() -> None:
    desk = Desk((CALLS, 0), (CALLS, 1))
    desk.group.refuses = True
    await desk.flush((CALLS, 0), "c1,offered,q,4")
    await desk.flusher.flush()
    desk.group.refuses = False

    for _ in range(3):
        await desk.flusher.flush()

    assert (len(desk.fence.committed), desk.group.committed) == (1, [{TP(CALLS, 0): 1}])


async def test_what_was_restored_is_told_to_the_group_once_and_again_when_the_partitions_were_away() -> None:
    desk = Desk((CALLS, 0))
    desk.holdings[CALLS, 0].stored_offset = 7

    for _ in range(2):
        await desk.flusher.flush()
    desk.flusher.forget()
    await desk.flusher.flush(farewell=True)

    assert desk.group.committed == [{TP(CALLS, 0): 7}, {TP(CALLS, 0): 7}]


async def test_of_a_flush_that_came_to_nothing_no_offset_is_committed() -> None:
    desk = Desk((CALLS, 0), (CALLS, 1))
    desk.fence.fenced.add(1)
    for key in desk.holdings:
        list(desk.holdings[key].apply(1, [Record(0, b"k", b"c1,offered,q,4", 0)], Pace(0.02)))

    assert not await desk.flusher.flush(farewell=True)
    assert desk.group.committed == []


async def test_what_may_be_forgotten_is_deleted_first_in_the_next_transaction() -> None:
    desk = Desk((CALLS, 0))
    await desk.flush((CALLS, 0), "c1,offered,q,4", "c1,abandoned,q,5", "c2,offered,q,50", "c3,offered,q,51")

    await desk.flush((CALLS, 0), "c1,offered,q,52")

    (_, [(_, _, first)]), (_, [(_, _, second)]) = desk.fence.committed
    assert (first[-1], second[0], second[-2]) == (b"call-events|m|", b"call-events|c|c1", b"call-events|c|c1")


async def test_the_id_of_a_topic_is_stored_once() -> None:
    desk = Desk((CALLS, 0))
    desk.holdings[CALLS, 0].topic_id = "aHR0"

    await desk.flush((CALLS, 0), "c1,offered,q,4")
    await desk.flush((CALLS, 0), "c2,offered,q,5")

    states = [keys for _, [(_, _, keys)] in desk.fence.committed]
    assert [b"call-events|i|" in keys for keys in states] == [True, False]


async def test_what_other_workers_know_of_and_is_forgotten_here_is_deleted_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk((CALLS, 0), shares=True)
    owned = desk.holdings[CALLS, 0]
    monkeypatch.setattr(owned.partition, "flushed", lambda _: [b"call-events|c|c1", b"call-events|a|ann"])

    await desk.flush((CALLS, 0), "c1,offered,q,4")

    assert owned.untold == {b"call-events|a|ann": None}


async def test_counters_show_only_what_a_transaction_has_committed() -> None:
    desk = Desk((CALLS, 0))
    desk.fence.fenced.add(0)

    await desk.flush((CALLS, 0), "c1,offered,q,4")

    assert desk.holdings[CALLS, 0].partition.flushed_totals == {}  # type: ignore[attr-defined]


async def test_a_fenced_worker_asks_to_join_again_and_writes_nothing_until_it_has_forgotten(
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk = Desk((CALLS, 0))
    desk.fence.fenced.add(0)
    await desk.flush((CALLS, 0), "c1,offered,q,4")
    desk.fence.fenced.clear()

    await desk.flush((CALLS, 0), "c2,offered,q,5")
    before = list(desk.fence.committed)
    desk.flusher.forget()
    await desk.flush((CALLS, 0), "c3,offered,q,6")

    assert (desk.group.rejoined, before, len(desk.fence.committed)) == (1, [], 1)
    assert "partition 0 has another owner: what it held is read again" in caplog.text


async def test_what_others_are_told_goes_with_the_flush_that_stores_it() -> None:
    desk = Desk((CALLS, 3), shares=True)

    await desk.flush((CALLS, 3), "c1,offered,q,4")
    await desk.flusher.flush()

    told = [b"call-events|t|q|offered", b"call-events|m|"]
    state = ("changelog", 3, [told[0], b"call-events|c|c1", told[1]])
    sends = [state, ("floor", 3, [*told, b"@"]), ("changelog", 3, [b"call-events|f|"])]
    assert desk.fence.committed == [(3, sends)]


async def test_who_gives_partitions_back_says_so_although_nothing_has_changed() -> None:
    desk = Desk((CALLS, 3), shares=True)
    await desk.flush((CALLS, 3), "c1,offered,q,4")

    await desk.flusher.flush(farewell=True)

    assert desk.fence.committed[1:] == [(3, [("floor", 3, [b"@"]), ("changelog", 3, [])])]


async def test_where_the_changelog_ends_is_known_behind_a_transaction_and_not_behind_one_that_failed() -> None:
    desk = Desk((CALLS, 0), (CALLS, 1))
    await desk.flush((CALLS, 0), "c1,offered,q,4")
    await desk.flush((CALLS, 1), "c2,offered,q,4")
    assert desk.holdings.ends == {0: 100, 1: 200}

    desk.fence.fenced.add(1)
    await desk.flush((CALLS, 1), "c2,abandoned,q,5")

    assert desk.holdings.ends == {0: 100}


async def test_a_flush_says_whether_everything_is_stored() -> None:
    desk = Desk((CALLS, 0))
    assert await desk.flusher.flush(), "there was nothing to store"
    desk.fence.fenced.add(0)
    list(desk.holdings[CALLS, 0].apply(1, [Record(0, b"k", b"c1,offered,q,4", 0)], Pace(0.02)))

    assert [await desk.flusher.flush(), await desk.flusher.flush()] == [False, False]


async def test_a_flush_of_a_worker_outside_its_group_stores_nothing_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk((CALLS, 0))
    monkeypatch.setattr(desk.group, "in_group", lambda: False)

    assert await desk.flusher.flush() is False
