"""The flush protocol, driven through the real partition and the real flusher: crashes anywhere, the same numbers.

The histories are those of a small floor with duplicates, disorder and odd times; the broker is an append-only list that
dies between any two records. Each way to get the protocol wrong must be wrong here too, or this test guards nothing.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from streams import events as e
from streams.books import Slice
from streams.crossing.fact import DESTINATIONS
from streams.flusher import Flusher
from streams.owned import Holdings, Pace
from streams.partition import Flush, Partition, Record
from streams.settings import Retention, Settings
from tests.property.dying import Batch, CrashError

SETTINGS = Settings(
    retention=Retention(
        correction_minutes=0, stub_hours=8 / 3600, stub_days_linked=8 / 86400, orphan_hours={"voice": 40 / 3600}
    )
)
TOPIC = "call-events"
NOON = 1_700_000_000_000
_encode = msgspec.json.Encoder().encode


class Broker:
    """A changelog partition that dies after ``lives`` more records, and a group that remembers commits."""

    def __init__(self) -> None:
        self.log: list[tuple[bytes, bytes | None]] = []
        self.facts: dict[str, list[tuple[bytes, bytes | None]]] = {}
        self.committed = 0
        self.lives: int | None = None

    def create_batch(self) -> Batch:
        return Batch()

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> asyncio.Future[Any]:
        assert partition == 0
        log = self.log if topic == "changelog" else self.facts.setdefault(topic, [])
        for pair in batch.pairs:
            if self.lives is not None:
                if self.lives == 0:
                    raise CrashError
                self.lives -= 1
            log.append(pair)
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    async def partitions_for(self, _topic: str) -> set[int]:
        return {0}

    def in_group(self) -> bool:
        return True

    async def rejoin(self) -> None:
        raise AssertionError("only a fenced worker asks to join again")

    async def commit_durable(self, offsets: Mapping[Any, int]) -> bool:
        (self.committed,) = offsets.values()
        return True


def history(rng: random.Random, contacts: int) -> list[Record]:
    waiting = []
    for n in range(contacts):
        types: list[type] = [e.CallOffered, e.CallAnswered, e.CallEnded]
        if rng.random() < 0.3:
            types = [e.CallOffered, e.CallAbandoned]
        if rng.random() < 0.1:
            types = types[:-1]  # its end never comes
        story = [(f"c{n}", kind, f"q{n % 3}", f"c{n}-{kind.__name__}") for kind in types]
        for _ in range(rng.choice([0, 0, 1, 2])):
            story.insert(rng.randrange(len(story) + 1), rng.choice(story))
        if rng.random() < 0.2:
            rng.shuffle(story)
        waiting.append(story)
    records: list[Record] = []
    while any(waiting):
        contact, kind, queue, event_id = rng.choice([w for w in waiting if w]).pop(0)
        at = NOON + 1000 * (len(records) + rng.choice([0, 0, 0, -3, 2]))
        event = kind(event_id=event_id, occurred_at=at, contact_id=contact, queue=queue, agent_id="ann")
        records.append(Record(len(records), contact.encode(), _encode(event), 0))
        if rng.random() < 0.03:
            records.append(Record(len(records), b"", b"{", 0))
    return records


def numbers(partition: Partition) -> object:
    """Everything a user could see, and every contact still known."""
    books = {
        key: (
            {f: n for f, n in book.total.fields.items() if n},
            [_counted(store) for store in (book.fine, book.minute, book.coarse, book.length)],
        )
        for key, book in partition.ledger.books.items()
    }
    contacts = {n: (c.head, c.log, c.base_at, c.digests) for n, c in partition.contacts.items()}
    return books, partition.counters, contacts, partition.waiting, partition.handling, partition.watermark


def _counted(store: Mapping[int, Slice]) -> dict[int, object]:
    """Slices without what cancelled out to 0."""
    found = {start: ({f: n for f, n in piece.fields.items() if n}, piece.maxima) for start, piece in store.items()}
    return {start: counted for start, counted in found.items() if any(counted)}


def uninterrupted(records: list[Record]) -> object:
    partition = Partition(SETTINGS, TOPIC, 0)
    partition.apply(records)
    return numbers(partition)


class Worker:
    """How a life of the worker is put together; the sabotaged ones override one thing each."""

    def start(self, broker: Broker) -> Partition:
        partition = Pliable(SETTINGS, TOPIC, 0)
        for key, value in broker.log:
            partition.restore(key, value)
        return partition

    def changed(self, flush: Flush) -> Flush:
        return flush


class Pliable(Partition):
    """Another flush can be put in the place of its own, also where the core is compiled."""


class ContactsFirst(Worker):
    def changed(self, flush: Flush) -> Flush:
        return flush._replace(tallies=flush.contacts, contacts=flush.tallies)


class MarkerFirst(Worker):
    def changed(self, flush: Flush) -> Flush:
        return flush._replace(tallies=[flush.marker, *flush.tallies])


class DeletesAtOnce(Worker):
    def changed(self, flush: Flush) -> Flush:
        gone = [key for key, value in flush.contacts if msgspec.msgpack.decode(value)[3:4] == [0]]
        return flush._replace(contacts=[*flush.contacts, *((key, b"") for key in gone)])


class NoOffsetCheck(Worker):
    def start(self, broker: Broker) -> Partition:
        partition = super().start(broker)
        for book in partition.ledger.books.values():
            for piece in (book.total, *book.fine.values(), *book.minute.values(), *book.coarse.values()):
                piece.stamp = -1
        for contact in partition.contacts.values():
            contact.stamp = -1
        return partition


class CommitBeforeFlush(Worker):
    """Reads on from what was committed, and commits what it has read before it is stored."""


def run(records: list[Record], rng: random.Random, how: Worker) -> object:
    """Process with crashes at random points of each flush; return what the last life knows."""
    broker, crashes = Broker(), 0
    while True:
        partition = how.start(broker)
        real_flush = partition.flush

        def flush(real: Any = real_flush) -> Flush | None:
            changes = real()
            return None if changes is None else how.changed(changes)

        partition.flush = flush  # type: ignore[method-assign]
        holdings = Holdings([TOPIC], lambda _topic, _number, p=partition: p)  # type: ignore[misc]
        owned = holdings.take(TOPIC, 0)
        owned.begin()
        if isinstance(how, CommitBeforeFlush):
            owned.next_offset = partition.next_offset = broker.committed
        owned.epoch = 1
        flusher = Flusher(
            holdings, "changelog", lambda: broker, lambda: broker, interval_seconds=0.0, lease_seconds=1e9,
            facts={destination: destination for destination in DESTINATIONS},
        )  # fmt: skip
        try:
            assert owned.next_offset is not None
            while owned.next_offset < len(records):
                batch = records[owned.next_offset : owned.next_offset + rng.randint(1, 7)]
                for _ in owned.apply(1, batch, Pace(1.0)):
                    pass
                owned.take_refused()
                if isinstance(how, CommitBeforeFlush):
                    broker.committed = owned.next_offset
                broker.lives = rng.randrange(25) if rng.random() < 0.5 and crashes < 12 else None
                asyncio.run(flusher.flush())
            broker.lives = None
            asyncio.run(flusher.flush())
            return numbers(partition)
        except CrashError:
            crashes += 1


def wrong(histories: int, how: Worker) -> int:
    bad = 0
    for seed in range(histories):
        rng = random.Random(seed)
        records = history(rng, rng.randint(3, 25))
        bad += run(records, rng, how) != uninterrupted(records)
    return bad


def test_numbers_are_right_after_a_crash_anywhere() -> None:
    assert wrong(300, Worker()) == 0


@pytest.mark.parametrize("how", [ContactsFirst(), MarkerFirst(), DeletesAtOnce(), NoOffsetCheck(), CommitBeforeFlush()])
def test_a_sabotaged_protocol_is_caught(how: Worker) -> None:
    assert wrong(60, how) > 0
