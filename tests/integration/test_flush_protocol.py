"""What a flush writes in which order, and when it writes nothing any more. The broker is a list."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from faust.types import TP

from streams.app import build
from streams.fence import LostOwnershipError
from streams.flusher import Flusher
from streams.owned import Holdings, Owned, Pace
from streams.partition import Record
from streams.rejected import rejected_record
from streams.settings import Settings
from streams.transport import Batch as Fetched
from tests.integration.toy_partition import ToyPartition
from tests.property.dying import Batch, CrashError

TOPIC = "call-events"


class Log:
    """A broker that is a list; the process dies when ``budget`` records were written, None: never."""

    def __init__(self, budget: int | None = None) -> None:
        self.written: dict[str, list[tuple[bytes, bytes | None]]] = {}
        self.budget = budget
        self.committed: dict[TP, int] = {}
        self.member = True
        self.acknowledges = True

    def create_batch(self) -> Batch:
        return Batch()

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> asyncio.Future[Any]:
        assert partition == 0
        for pair in batch.pairs:
            if self.budget is not None:
                if self.budget == 0:
                    raise CrashError
                self.budget -= 1
            self.written.setdefault(topic, []).append(pair)
        await asyncio.sleep(0)
        future = asyncio.get_running_loop().create_future()
        if self.acknowledges:
            future.set_result(None)
        return future

    async def partitions_for(self, _topic: str) -> set[int]:
        return {0}

    def in_group(self) -> bool:
        return self.member

    async def rejoin(self) -> None:
        raise AssertionError("only a fenced worker asks to join again")

    async def commit_durable(self, offsets: Mapping[TP, int]) -> bool:
        self.committed.update(offsets)
        return self.member


def worker(log: Log) -> tuple[Flusher, Owned]:
    """What a worker holds that has just begun."""
    holdings = Holdings([TOPIC], ToyPartition)
    owned = holdings.take(TOPIC, 0)
    owned.begin()
    owned.epoch = 1
    flusher = Flusher(
        holdings, "changelog", producer=lambda: log, group=lambda: log, interval_seconds=1, lease_seconds=10
    )  # fmt: skip
    return flusher, owned


async def test_the_offset_committed_is_the_markers_and_counters_show_only_then() -> None:
    log = Log()
    flusher, owned = worker(log)
    list(owned.apply(1, [Record(4, b"k", b"c1,offered,q,4", 0)], Pace(0.02)))
    before = dict(owned.partition.flushed_totals)  # type: ignore[attr-defined]

    await flusher.flush()

    assert (before, owned.partition.flushed_totals) == ({}, {("q", "offered"): 1})  # type: ignore[attr-defined]
    assert log.committed == {TP(TOPIC, 0): 5}
    assert [key for key, _ in log.written["changelog"]] == [
        b"call-events|t|q|offered",
        b"call-events|c|c1",
        b"call-events|m|",
    ]


async def test_a_refused_record_is_written_before_the_marker_that_covers_it() -> None:
    log = Log(budget=1)
    flusher, owned = worker(log)
    list(owned.apply(1, [Record(4, b"k", b"?", 77)], Pace(0.02)))

    with pytest.raises(CrashError):
        await flusher.flush()

    assert list(log.written) == ["call-events-rejected"]
    assert log.written["call-events-rejected"][0][0] == b"call-events-0-4"


async def test_a_flush_cut_short_is_the_last_because_no_other_would_write_what_it_took() -> None:
    log = Log()
    log.acknowledges = False
    flusher, owned = worker(log)
    list(owned.apply(1, [Record(0, b"k", b"c1,offered,q,4", 0)], Pace(0.02)))
    cut = asyncio.create_task(flusher.flush())
    await asyncio.sleep(0.01)
    cut.cancel()
    await asyncio.wait({cut})
    log.acknowledges = True

    await flusher.flush()

    assert [key for key, _ in log.written["changelog"]] == [b"call-events|t|q|offered"]


async def test_a_worker_thrown_out_of_the_group_writes_nothing() -> None:
    log = Log()
    flusher, owned = worker(log)
    list(owned.apply(1, [Record(0, b"k", b"c1,offered,q,4", 0)], Pace(0.02)))
    log.member = False

    await flusher.flush()

    assert log.written == {}


class Gate(Log):
    """A broker that acknowledges nothing until it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = asyncio.Event()

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> asyncio.Future[Any]:
        await self.opened.wait()
        return await super().send_batch(batch, topic, partition=partition)


async def test_nothing_more_is_applied_while_a_flush_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.flusher.SLOW_SECONDS", 0.05)
    log = Gate()
    flusher, owned = worker(log)
    list(owned.apply(1, [Record(0, b"k", b"c1,offered,q,4", 0)], Pace(0.02)))
    await flusher.ebb()  # nothing is under way
    flushing = asyncio.create_task(flusher.flush())
    await asyncio.sleep(0)
    await flusher.ebb()  # not for long yet

    await asyncio.sleep(0.06)
    waiting = asyncio.create_task(flusher.ebb())
    done, _ = await asyncio.wait({waiting}, timeout=0.1)
    log.opened.set()
    await flushing
    await waiting

    assert not done


async def test_after_a_flush_was_broken_off_nothing_is_applied_until_the_partitions_are_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("streams.flusher.SLOW_SECONDS", 0.0)
    flusher, owned = worker(Refuses())
    list(owned.apply(1, [Record(0, b"k", b"c1,offered,q,4", 0)], Pace(0.02)))
    await flusher.flush()

    waiting = asyncio.create_task(flusher.ebb())
    done, _ = await asyncio.wait({waiting}, timeout=0.1)
    flusher.forget()
    await waiting

    assert not done


class Refuses(Log):
    """The group has moved on, and says so at the commit."""

    async def commit_durable(self, offsets: Mapping[TP, int]) -> bool:
        return not offsets


async def test_after_a_commit_was_refused_nothing_is_written_until_the_state_is_forgotten() -> None:
    log = Refuses()
    flusher, owned = worker(log)
    list(owned.apply(1, [Record(0, b"k", b"c1,offered,q,4", 0)], Pace(0.02)))
    await flusher.flush()
    list(owned.apply(1, [Record(1, b"k", b"c1,abandoned,q,5", 0)], Pace(0.02)))

    await flusher.flush()
    refused = len(log.written["changelog"])
    flusher.forget()
    await flusher.flush()

    assert (refused, len(log.written["changelog"])) == (3, 6)


async def test_a_worker_that_nobody_asks_to_rejoin_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    flusher, owned = worker(Refuses())
    list(owned.apply(1, [Record(0, b"k", b"c1,offered,q,4", 0)], Pace(0.02)))
    await flusher.flush()
    monkeypatch.setattr("streams.flusher.LOST_SECONDS", 0.0)

    with pytest.raises(LostOwnershipError, match="no rebalance has come"):
        await flusher.flush()


def test_records_applied_already_and_stale_batches_are_left_out() -> None:
    partition = ToyPartition(TOPIC, 0)
    owned = Owned(TOPIC, 0, partition)
    records = [Record(n, b"k", f"c{n},offered,q,{n}".encode(), 0) for n in range(10)]
    pace = Pace(0.02)

    list(owned.apply(1, records, pace))
    owned.begin()
    owned.epoch = 2
    list(owned.apply(1, records, pace))
    list(owned.apply(2, records[:4], pace))
    list(owned.apply(2, records[2:], pace))

    assert (partition.applied, owned.next_offset) == (10, 10)


def test_while_a_flush_is_under_way_the_loop_is_held_for_a_fifth_of_the_time() -> None:
    partition, flushing = ToyPartition(TOPIC, 0), True
    owned = Owned(TOPIC, 0, partition)
    owned.begin()
    owned.epoch = 1
    records = [Record(n, b"k", f"c{n},offered,q,{n}".encode(), 0) for n in range(300)]
    pace = Pace(hold_seconds=1e9, start=100, hurried=lambda: flushing)

    chunks = owned.apply(1, records, pace)
    first = [next(chunks)[0] for _ in range(5)]
    flushing = False
    rest = [applied for applied, _ in chunks]

    assert (first, rest) == ([20, 20, 20, 20, 20], [100, 100])


async def test_records_that_expired_before_they_were_read_are_told_of(caplog: pytest.LogCaptureFixture) -> None:
    worker = build(Settings(), ToyPartition)
    owned = worker.holdings.take(TOPIC, 0)
    owned.begin()
    owned.epoch = 1

    for offset in (5_000, 5_001, 5_003, 9_000):  # where a topic begins, what follows, a transaction's end, a hole
        await worker.apply(Fetched(TOPIC, 0, 1, [Record(offset, b"k", f"c{offset},offered,q,1".encode(), 0)]))
    await worker.apply(Fetched(TOPIC, 0, 0, [Record(90_000, b"k", b"c1,offered,q,1", 0)]))  # stale: not applied either

    assert [record.getMessage() for record in caplog.records] == [
        f"{TOPIC}[0]: 3996 offsets were skipped: expired unread, or taken back"
    ]


def test_a_partition_taken_away_stops_between_two_chunks() -> None:
    partition = ToyPartition(TOPIC, 0)
    owned = Owned(TOPIC, 0, partition)
    owned.begin()
    owned.epoch = 1
    records = [Record(n, b"k", f"c{n},offered,q,{n}".encode(), 0) for n in range(500)]

    steps = owned.apply(1, records, Pace(0.02, start=100))
    next(steps)
    owned.closed = True

    assert list(steps) == []
    assert partition.applied == 100


def test_the_pace_follows_what_a_chunk_takes() -> None:
    pace = Pace(0.02, start=1_000)

    pace.took(1_000, 0.04)
    slower = pace.records
    pace.took(500, 0.001)
    quicker = pace.records
    pace.took(10, 0.001)

    assert (slower, quicker, pace.records) == (500, 1_000, 1_000)


def test_a_rejected_record_without_a_value_has_no_digest() -> None:
    partition = ToyPartition(TOPIC, 3)
    (refused,) = partition.apply([Record(9, None, None, 0)])

    key, value = rejected_record(TOPIC, 3, refused)

    assert key == b"call-events-3-9"
    assert b'"size":0,"sha256":null,"key":null,"value":null' in value
