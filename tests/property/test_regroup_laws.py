"""More partitions change no number: whatever was counted before and comes after, the sums are those of the truth.

A simulated floor and a random one of customers, leads and agents are read with few partitions, and, from a moment in
the middle of it all, with more. Compared are the oracle's numbers, and plain code's.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import pytest

from benchmarks.prove_million import START, numbers
from streams import events as e
from streams.books import CORRECTED
from streams.crossing.fact import DESTINATIONS
from streams.crossing.state import FactsPartition
from streams.partition import Partition, Record
from streams.placing import PLACINGS, Placing, by_crc32, by_murmur2
from streams.regroup import Part, PlacingError, next_offsets, regroup
from streams.settings import Settings
from streams.simulate import Faults, Oracle, demo, simulate, spoil
from streams.slices import DAY
from streams.stored import StateRefusedError
from streams.tally import people
from tests.property.crossing_floor import Truth, story

FAULTS = Faults(duplicates=0.03, disorder_ms=3_000, late=0.01, malformed=0.01)
SETTINGS = Settings()
TOPICS = (*e.TOPICS, *DESTINATIONS)


class Line:
    """One worker that owns everything, its changelog, and its inputs; ``generation`` names its facts topics."""

    def __init__(self, count: int, placing: Placing = by_murmur2) -> None:
        self.count = count
        self.placing = placing
        self.generation = 0
        self.changelogs: list[dict[bytes, bytes]] = [{} for _ in range(count)]
        self.ends: Counter[tuple[str, int]] = Counter()
        self._waiting: dict[tuple[str, int], list[Record]] = {}
        self.partitions: dict[tuple[str, int], Partition] = {}
        self._restore()

    def publish(self, topic: str, key: bytes | None, value: bytes, at: int = 0, *, everywhere: bool = False) -> None:
        for number in range(self.count) if everywhere else (self.placing(key or b"", self.count),):
            home = (topic, number)
            self._waiting.setdefault(home, []).append(Record(self.ends[home], key, value, max(0, at)))
            self.ends[home] += 1

    def drain(self) -> None:
        """Apply and flush until nothing waits, facts of what was applied included."""
        while self._waiting:
            waiting, self._waiting = self._waiting, {}
            for home, records in waiting.items():
                self.partitions[home].apply(records)
            for (_, number), partition in self.partitions.items():
                flush = partition.flush()
                if flush is None:
                    continue
                changelog = self.changelogs[number]
                changelog |= {**dict(flush.tallies), **dict(flush.contacts), flush.marker[0]: flush.marker[1]}
                for key in partition.flushed(flush):
                    changelog.pop(key, None)
                for destination, key_or_all, value in flush.facts:
                    numbers = range(self.count) if key_or_all is None else (by_murmur2(key_or_all, self.count),)
                    for n in numbers:
                        home = (self._named(destination), n)
                        self._waiting.setdefault(home, []).append(Record(self.ends[home], key_or_all, value, 0))
                        self.ends[home] += 1

    def grow(self, count: int) -> list[Part]:
        """Drain, and go on with more partitions and facts topics of another name."""
        self.drain()
        old = {destination: self._named(destination) for destination in DESTINATIONS}
        self.generation += 1
        (way,) = [name for name, placing in PLACINGS.items() if placing is self.placing] or ["murmur2"]
        parts = regroup(self.changelogs, count, {old[d]: self._named(d) for d in DESTINATIONS}, way)
        self.count, self.changelogs = count, [dict(part.pairs) for part in parts]
        self._restore()
        return parts

    def _named(self, destination: str) -> str:
        return f"{destination}-{self.generation}"

    def _restore(self) -> None:
        facts = {self._named(destination): destination for destination in DESTINATIONS}
        self.partitions = {
            (topic, n): FactsPartition(SETTINGS, topic, n, facts[topic])
            if topic in facts
            else Partition(SETTINGS, topic, n)
            for topic in (*e.TOPICS, *facts)
            for n in range(self.count)
        }
        for number, changelog in enumerate(self.changelogs):
            for key, value in changelog.items():
                self.partitions[key.partition(b"|")[0].decode(), number].restore(key, value)
        for partition in self.partitions.values():
            partition.restored()

    def of_inputs(self) -> list[Partition]:
        return [partition for (topic, _), partition in self.partitions.items() if topic in e.TOPICS]


@pytest.mark.parametrize("way", PLACINGS)
@pytest.mark.parametrize("counts", [(4, 8), (3, 7), (1, 2, 5)], ids=str)
def test_a_floor_that_gets_more_partitions_has_the_oracles_numbers(counts: Sequence[int], way: str) -> None:
    oracle = Oracle()
    spec = dataclasses.replace(demo(START, 4_000, hour=9.0), missing_ends=0.02, heartbeat_ms=60_000)
    items = list(spoil(simulate(spec, 7, oracle), FAULTS, 7))
    line = Line(counts[0], PLACINGS[way])
    grown = {len(items) * n // len(counts): count for n, count in enumerate(counts)}

    for n, item in enumerate(items):
        if n and n in grown:
            line.grow(grown[n])
        line.publish(item.topic, item.key, item.value, item.publish_at, everywhere=item.everywhere)
        if n % 1_000 == 0:
            line.drain()
    line.drain()

    wrong = [(name, ours, truth) for name, ours, truth in numbers(line.of_inputs(), oracle) if ours != truth]
    assert wrong == []
    assert len({n for (_, n), partition in line.partitions.items() if partition.contacts}) == counts[-1]


@pytest.mark.parametrize("seed", range(6))
def test_customers_leads_and_agents_are_known_again_wherever_their_next_fact_comes(seed: int) -> None:
    told = story(seed, 40)
    line = Line(2)
    days, grown = iter(range(told.arrivals[0][0] - DAY, told.arrivals[-1][0] + 100 * DAY, DAY)), False

    def beat() -> int:
        at = next(days)
        heartbeat = msgspec.json.encode(e.SourceHeartbeat(event_id=f"beat-{at}", occurred_at=at, source="pbx"))
        for topic in e.TOPICS:
            line.publish(topic, None, heartbeat, everywhere=True)
        line.drain()
        return at

    today = beat()
    for n, (arrived, event) in enumerate(told.arrivals):
        while today + DAY < arrived:
            today = beat()
        if not grown and n > len(told.arrivals) // 2:
            line.grow(5)
            grown = True
        topic, key = e.topic_of(event), e.key_of(event)
        assert topic is not None
        assert key is not None
        line.publish(topic, key.encode(), msgspec.json.encode(event), arrived)
    while today < told.arrivals[-1][0] + 90 * DAY:
        today = beat()

    assert _counted(line.partitions.values()) == told.truth
    assert all(partition.people.by_who == {} for partition in _of_facts(line))


def test_what_moves_includes_nothing_and_what_stays_is_as_it_was() -> None:
    line = Line(2)
    for n in range(20):
        offered = e.CallOffered(event_id=f"e{n}", occurred_at=START + n, contact_id=f"c{n}", queue="q", customer_id="k")
        line.publish(e.CALL_EVENTS, f"c{n}".encode(), msgspec.json.encode(offered))
    line.drain()
    before = {name: p.contacts[name].stamp for p in line.of_inputs() for name in p.contacts}

    parts = line.grow(3)

    after = {name: (p.number, p.contacts[name].stamp) for p in line.of_inputs() for name in p.contacts}
    assert {name: number for name, (number, _) in after.items()} == {
        name: by_murmur2(name.encode(), 3) for name in before
    }
    moved = {name for name in before if by_murmur2(name.encode(), 2) != by_murmur2(name.encode(), 3)}
    assert {name for name, (_, stamp) in after.items() if stamp == -1} == moved
    assert {name: stamp for name, (_, stamp) in after.items() if name not in moved} == {
        name: stamp for name, stamp in before.items() if name not in moved
    }
    assert [part.next_offsets for part in parts] == [next_offsets(dict(part.pairs)) for part in parts]
    assert set(parts[2].next_offsets.values()) == {0}
    assert {name for part in parts for name in part.next_offsets if name not in e.TOPICS} == {
        "customer-facts-1", "agent-facts-1"
    }  # fmt: skip
    assert sum(part.next_offsets[e.CALL_EVENTS] for part in parts) == 20


def test_keys_that_no_known_partitioner_puts_there_are_refused() -> None:
    mixed = Line(4, lambda key, count: (by_murmur2, by_crc32)[key[-1] % 2](key, count))
    for n in range(40):
        offered = e.CallOffered(event_id=f"e{n}", occurred_at=START, contact_id=f"c{n}", queue="q")
        mixed.publish(e.CALL_EVENTS, f"c{n}".encode(), msgspec.json.encode(offered))

    with pytest.raises(PlacingError, match=r"call-events: of 40 keys some are not where a known partitioner puts them"):
        mixed.grow(8)


def test_a_partitioner_that_the_keys_tell_needs_no_naming() -> None:
    line = Line(4, by_crc32)
    for n in range(40):
        offered = e.CallOffered(event_id=f"e{n}", occurred_at=START, contact_id=f"c{n}", queue="q")
        line.publish(e.CALL_EVENTS, f"c{n}".encode(), msgspec.json.encode(offered))
    line.drain()

    parts = regroup(line.changelogs, 8, {})

    homes = {key: n for n, part in enumerate(parts) for key, _ in part.pairs if key.startswith(b"call-events|c|")}
    assert homes == {f"call-events|c|c{n}".encode(): by_crc32(f"c{n}".encode(), 8) for n in range(40)}


def test_state_of_another_version_is_refused() -> None:
    marker = msgspec.msgpack.encode((1, 5, START, {}, {}))

    with pytest.raises(StateRefusedError, match="state version 1"):
        regroup([{b"call-events|m|": marker}], 2, {})


def _of_facts(line: Line) -> list[FactsPartition]:
    return [partition for partition in line.partitions.values() if isinstance(partition, FactsPartition)]


def _counted(partitions: Iterable[Partition]) -> Truth:
    """The totals of what crosses partitions, corrections taken off, without what plain code does not know."""
    found: Truth = Counter()
    for partition in partitions:
        for (queue, channel), book in partition.ledger.books.items():
            fields: Mapping[int, int] = book.total.fields
            for field, name in people.NAMES.items():
                if name not in ("leads", "lead_attempts"):
                    found[name, queue, channel] += fields.get(field, 0) - fields.get(field + CORRECTED, 0)
    return +found
