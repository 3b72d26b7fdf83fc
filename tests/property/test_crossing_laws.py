"""Facts that cross partitions lead to what is true of everybody, whatever happens on their way.

Random floors, read from several partitions in any order and batches, with crashes between any two records of a flush
and a second writer that does not know it was replaced; the numbers are those of plain code (``crossing_floor``). Ways
to get it wrong must be wrong here too, or this guards nothing.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from streams import events as e
from streams.books import CORRECTED
from streams.crossing.fact import DESTINATIONS, Bundle
from streams.crossing.state import FactsPartition
from streams.fence import append
from streams.flusher import Flusher, _Taken
from streams.owned import Holdings, Pace
from streams.partition import Flush, Partition, Record
from streams.settings import Settings
from streams.slices import DAY
from streams.tally import people
from tests.property.crossing_floor import PARTITIONS, Story, Truth, logs, story
from tests.property.dying import Batch, CrashError

Home = tuple[str, int]
TOPICS = (*e.TOPICS, *DESTINATIONS)


class Broker:
    """Topics that are lists, and a process that dies after ``lives`` more records."""

    def __init__(self, sources: Mapping[Home, list[Record]]) -> None:
        self.topics: dict[Home, list[Record]] = {
            **sources, **{(topic, n): [] for topic in (*DESTINATIONS, "changelog") for n in range(PARTITIONS)}
        }  # fmt: skip
        self.lives: int | None = None

    def create_batch(self) -> Batch:
        return Batch()

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> asyncio.Future[Any]:
        log = self.topics[topic, partition]
        for key, value in batch.pairs:
            if self.lives is not None:
                if self.lives == 0:
                    raise CrashError
                self.lives -= 1
            log.append(Record(len(log), key, value, 0))
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    async def partitions_for(self, _topic: str) -> set[int]:
        return set(range(PARTITIONS))

    def in_group(self) -> bool:
        return True

    async def commit_durable(self, _offsets: object) -> bool:
        return True

    async def rejoin(self) -> None:
        pass


class _Source(Partition):
    """Another flush can be put in the place of its own, also where the core is compiled."""


class _Facts(FactsPartition):
    """As ``_Source``."""


class How:
    """How a worker is put together; the sabotaged ones override one thing each."""

    def partition(self, topic: str, number: int) -> Partition:
        if topic in DESTINATIONS:
            return _Facts(Settings(), topic, number, topic)
        return _Source(Settings(), topic, number)

    def flush(self, flush: Flush) -> Flush:
        return flush


class RepeatsCount(How):
    """What was heard before is taken again."""

    def partition(self, topic: str, number: int) -> Partition:
        if topic in DESTINATIONS:
            return _Deaf(Settings(), topic, number, topic)
        return super().partition(topic, number)


class _Deaf(FactsPartition):
    def _hear(self, bundle: Bundle, offset: int) -> None:
        self.heard = {source: (-1, -1, at) for source, (_, _, at) in self.heard.items()}
        super()._hear(bundle, offset)


class ToldLast(How):
    """Facts are written after the contacts that include them: with the marker."""

    def flush(self, flush: Flush) -> Flush:
        return flush._replace(facts=())


class Life:
    """One life of a worker that owns everything."""

    def __init__(self, broker: Broker, how: How) -> None:
        self.broker = broker
        self.holdings = Holdings(TOPICS, how.partition)
        for number in range(PARTITIONS):
            self.holdings.restore(number, broker.topics["changelog", number])
        for topic in TOPICS:
            for number in range(PARTITIONS):
                owned = self.holdings.take(topic, number)
                owned.begin()
                owned.epoch = 1
                real = owned.partition.flush

                def flush(real: Any = real) -> Flush | None:
                    changes = real()
                    return None if changes is None else how.flush(changes)

                owned.partition.flush = flush  # type: ignore[method-assign]
        self._flusher = Flusher(
            self.holdings, "changelog", lambda: broker, lambda: broker, interval_seconds=0.0, lease_seconds=1e9,
            facts={destination: destination for destination in DESTINATIONS},
        )  # fmt: skip

    def unread(self) -> dict[Home, list[Record]]:
        """What can be read of each partition; no source gets two days ahead of another."""
        left = {home: self.broker.topics[home][self._position(home) :] for home in self.holdings}
        slowest = min((log[0].published_at for home, log in left.items() if home[0] in e.TOPICS and log), default=0)
        near = {home: [r for r in log if r.published_at <= slowest + 2 * DAY] for home, log in left.items()}
        return {home: log for home, log in near.items() if log}

    def read(self, home: Home, records: list[Record]) -> None:
        for _ in self.holdings[home].apply(1, records, Pace(1.0)):
            pass
        assert self.holdings[home].take_refused() == []

    def flush(self) -> None:
        asyncio.run(self._flusher.flush())

    def tell(self) -> None:
        """As a worker that was replaced and does not know it: write what would be flushed to the facts topics."""

        async def write() -> None:
            for owned in self.holdings.values():
                flush = owned.partition.flush()
                if flush is not None:
                    for send in await self._flusher._facts([_Taken(owned, [], flush)]):
                        await append(self.broker, *send)

        asyncio.run(write())

    def partitions(self) -> list[Any]:
        return [owned.partition for owned in self.holdings.values()]

    def _position(self, home: Home) -> int:
        position = self.holdings[home].next_offset
        assert position is not None
        return position


def counted(life: Life) -> Truth:
    """The totals of everything that crosses partitions, corrections taken off."""
    found: Truth = Counter()
    for partition in life.partitions():
        for (queue, channel), book in partition.ledger.books.items():
            for field, name in people.NAMES.items():
                fields = book.total.fields
                found[name, queue, channel] += fields.get(field, 0) - fields.get(field + CORRECTED, 0)
    return +found


def run(told: Story, rng: random.Random, how: How | None = None, crashes: int = 0, replaced: int = 0) -> Life:
    """Read all of it with so many crashes; the first flush hears of every source.

    Of the workers, so many are replaced before they flush, and tell what they had to tell much later.
    """
    broker, how = Broker(logs(told)), how or How()
    life = Life(broker, how)
    for topic in e.TOPICS:
        for number in range(PARTITIONS):
            life.read((topic, number), broker.topics[topic, number][:1])
    life.flush()
    zombies: list[Life] = []
    while unread := life.unread():
        home = rng.choice(list(unread))
        life.read(home, unread[home][: rng.randint(1, 9)])
        if rng.random() < 0.3:
            broker.lives = rng.randrange(40) if crashes and rng.random() < 0.5 else None
            try:
                life.flush()
            except CrashError:
                crashes -= 1
                life = Life(broker, how)
            broker.lives = None
            if zombies and rng.random() < 0.2:
                zombies.pop(0).tell()
        elif len(zombies) < replaced and rng.random() < 0.1:
            zombies.append(life)
            life = Life(broker, how)
        if not life.unread():
            for zombie in zombies:
                zombie.tell()
            zombies, replaced = [], 0
            life.flush()
    return life


def no_leads(found: Truth) -> Truth:
    """All but what is counted of leads, which the plain code does not know."""
    return Counter({key: n for key, n in found.items() if key[0] not in ("leads", "lead_attempts")})


# Those from 9 on had replies of agents uncounted while one flush told of a conversation of two days only as it ended.
@pytest.mark.parametrize("seed", [*range(8), 9, 12, 16, 28, 29, 48, 49])
def test_any_interleaving_of_partitions_in_any_batches_ends_with_what_is_true(seed: int) -> None:
    told = story(seed, 40)

    assert no_leads(counted(run(told, random.Random(seed)))) == told.truth


@pytest.mark.parametrize("seed", range(12))
def test_crashes_between_any_two_records_change_nothing(seed: int) -> None:
    told = story(seed, 30)

    assert no_leads(counted(run(told, random.Random(seed), crashes=12))) == told.truth


@pytest.mark.parametrize("seed", range(8))
def test_what_a_replaced_worker_still_tells_changes_nothing(seed: int) -> None:
    told = story(seed, 30)

    assert no_leads(counted(run(told, random.Random(seed), crashes=4, replaced=3))) == told.truth


def test_nobody_is_remembered_when_all_retentions_are_over() -> None:
    life = run(story(1, 40), random.Random(1), crashes=5)

    assert [len(p.people.by_who) for p in life.partitions() if isinstance(p, FactsPartition)] == [0, 0, 0, 0]
    assert sum(p.counters.get("late", 0) for p in life.partitions() if isinstance(p, FactsPartition)) == 0


@pytest.mark.parametrize("how", [RepeatsCount(), ToldLast()], ids=lambda how: type(how).__name__)
def test_getting_it_wrong_is_caught(how: How) -> None:
    wrong = 0
    for seed in range(4):
        told = story(seed, 30)
        wrong += no_leads(counted(run(told, random.Random(seed), how, crashes=12, replaced=3))) != told.truth

    assert wrong > 0
