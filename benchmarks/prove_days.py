"""Days of a simulated floor through the core in memory: every KPI is the oracle's, or the exit code is 1.

    python -m benchmarks.prove_days [DAYS] [SCALE]

Duplicates, disorder, late, lost and malformed records, in batches of several sizes, everything in event time. Compared
with the simulator's oracle: every KPI of every queue over the whole time and over each day that is still kept, all ten
service levels, agents' time in states, what crosses partitions (told to partitions of facts), who waits, the open
conversations. Counts, sums and means are equal; percentiles are within 5 %. ``tests/property/test_three_days.py`` runs
three days of it.
"""

from __future__ import annotations

import dataclasses
import itertools
import sys
import time
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from benchmarks.arguments import positional
from streams import kpis, view
from streams.backlog import backlog
from streams.books import net
from streams.counts import Counts, counts_of
from streams.crossing.fact import DESTINATIONS
from streams.crossing.state import FactsPartition
from streams.events import TOPICS
from streams.partition import Partition, Record
from streams.promises import Backlog
from streams.settings import QueueSettings, Settings
from streams.simulate import Faults, Item, Oracle, Spec, demo, simulate, spoil
from streams.simulate.letters import PROMISED, Promises
from streams.simulate.scores import service_levels
from streams.tally import COHORT
from streams.view import FLOOR
from streams.windows import Windows

START: Final = 1_772_409_600_000  # Monday 2026-03-02, midnight UTC
DAY: Final = 86_400_000
PARTITIONS: Final = 3
FLUSH_EVERY: Final = 2_000
LEAST_AGENTS: Final = 4
"""Of a smaller group nobody works some of the shifts."""
BATCHES: Final = (1, 61, 700)
FAULTS: Final = Faults(duplicates=0.03, disorder_ms=5_000, late=0.01, malformed=0.01)
PROMISES: Final = Promises(120_000, 90_000, 1_200_000, 8, 18)
SETTINGS: Final = Settings(
    defaults=QueueSettings(
        first_reply_target_seconds=120.0,
        next_reply_target_seconds=90.0,
        resolution_target_seconds=1_200.0,
        ring_band_from_seconds=3.0,
        ring_band_to_seconds=8.0,
        opening_hours=dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), ("08:00-18:00",)),
    )
)
OF_EACH_AGENT: Final = {
    "taken_per_agent": "agent_taken", "replied_per_agent": "agent_replied", "resolved_per_agent": "agent_resolved",
}  # fmt: skip
"""Of a window that goes on to now and is no longer than an agent's work is kept; by what they did."""
OF_AGENTS: Final = frozenset({"occupancy_ratio", "on_call_ratio", "pulled_per_hour"})
"""Not in the intervals of a queue: agents' time is that of all its channels."""


class Proof(NamedTuple):
    """Of ``records`` applied and ``checked`` numbers, ``wrong`` are not the oracle's, in words.

    ``never`` are the KPIs that had no value anywhere: nothing was proved of them.
    """

    records: int
    checked: int
    wrong: list[str]
    never: frozenset[str]


def spec_of(days: float, scale: float, missing_ends: float = 0.05) -> Spec:
    """The demo's floor from midnight on, with people in every group, and heartbeats enough to move time and no more."""
    spec = demo(START, days * 86_400, hour=0.0, scale=scale)
    groups = tuple(dataclasses.replace(group, count=max(group.count, LEAST_AGENTS)) for group in spec.groups)
    spec = dataclasses.replace(spec, groups=groups)
    return dataclasses.replace(spec, missing_ends=missing_ends, heartbeat_ms=60_000, agent_heartbeat_ms=3_600_000)


def applied(items: Iterable[Item], batch: int) -> tuple[list[Partition], int]:
    """The floor's partitions after all items, applied in batches of this size and flushed now and then."""
    homes = {(topic, n): Partition(SETTINGS, topic, n) for topic in TOPICS for n in range(PARTITIONS)}
    facts = {(to, n): FactsPartition(SETTINGS, to, n, to) for to in DESTINATIONS for n in range(PARTITIONS)}
    pending: dict[tuple[str, int], list[Record]] = defaultdict(list)
    offsets = dict.fromkeys(homes, 0)
    records = 0
    for item in items:
        numbers = range(PARTITIONS) if item.everywhere else [zlib.crc32(item.key or b"") % PARTITIONS]
        for n in numbers:
            home = item.topic, n
            pending[home].append(Record(offsets[home], item.key, item.value, item.publish_at))
            offsets[home] += 1
            records += 1
            if len(pending[home]) >= batch:
                homes[home].apply(pending.pop(home))
            if offsets[home] % FLUSH_EVERY == 0:
                _flush(homes[home], facts)
    for home, left in pending.items():
        homes[home].apply(left)
    for partition in [*homes.values(), *facts.values()]:
        _flush(partition, facts)
    return [*homes.values(), *facts.values()], records


def prove(days: float, scale: float, batch: int, seed: int = 5, faults: Faults = FAULTS) -> Proof:
    """One floor of so many days against its oracle."""
    oracle = Oracle(promises=PROMISES, ring_band_ms=(3_000, 8_000))
    partitions, records = applied(spoil(simulate(spec_of(days, scale), seed, oracle), faults, seed + 1), batch)
    pairs = [*_totals(partitions, oracle), *_days(partitions, oracle, days), *_now(partitions, oracle)]
    wrong = [f"{name}: {ours} instead of {theirs}" for name, ours, theirs in pairs if not _same(name, ours, theirs)]
    said = {name.split()[-1] for name, ours, theirs in pairs if ours is not None and theirs is not None}
    return Proof(records, len(pairs), wrong, frozenset(kpi.name for kpi in kpis.REGISTRY) - said)


Pair = tuple[str, float | None, float | None]
"""What is compared, the core's value, the oracle's."""


def _totals(partitions: list[Partition], oracle: Oracle) -> Iterator[Pair]:
    """Every KPI and service level over the whole time, and the time agents spent in states."""
    fields: dict[tuple[str, str], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for partition in partitions:
        for key, book in partition.ledger.books.items():
            for field in book.total.fields:
                if field < COHORT:
                    fields[key][field] += net(book.total.fields, field)
    totals = oracle.totals()
    for place, expected in oracle.kpis().items():
        found = dict(fields[place])
        for field, n in fields[place[0], ""].items():
            found[field] = found.get(field, 0) + n
        past = totals.get(place, {}).get("waiting_over", 0)
        counts = counts_of(found, cohort=False, waiting_past_threshold=past)
        yield from _kpis(f"{place} in all", counts, expected, {"max_wait_seconds", "fcr_final_ratio"})
        if place in totals:
            left = sum(totals[place].get(outcome, 0) for outcome in ("answered", "abandoned", "flowed_out"))
            for preset, level in service_levels({**totals[place], "offered": left}).items():  # by event time
                yield f"{place} in all {preset}", kpis.service_levels(counts)[preset], level
    spent = oracle.agent_ms()
    states = {state for _, state in spent}
    for (queue, channel), found in list(fields.items()):
        if not channel:
            found_ms = counts_of(found, cohort=False).state_ms
            for state in states:
                yield f"{queue} {state}", found_ms.get(state, 0), spent.get((queue, state), 0)


def _days(partitions: list[Partition], oracle: Oracle, days: float) -> Iterator[Pair]:
    """Every KPI of every day that the fifteen-minute slices still keep."""
    end = START + int(days * DAY)
    kept = range(max(START, end - (SETTINGS.retention.coarse_days - 1) * DAY), end, DAY)
    for day in kept:
        for place, expected in oracle.kpis(day).items():
            rows = view.intervals(partitions, SETTINGS, day, day + 1, "day", place)
            counts = rows[0].counts if rows else Counts()
            skipped = {"fcr_final_ratio"} if day + DAY >= end else set()  # facts hear of the time once an hour
            yield from _kpis(f"{place} on day {(day - START) // DAY}", counts, expected, skipped)


def _now(partitions: list[Partition], oracle: Oracle) -> Iterator[Pair]:
    """Who waits, who is being served, which conversations are open, and that nothing is lost."""
    now = oracle.as_of_ms or 0
    totals, lives, open_now = oracle.totals(), view.live(partitions, SETTINGS, now), backlog(partitions, SETTINGS, now)
    for place, counts in totals.items():
        live = lives[place]
        yield f"{place} waiting", live.waiting, counts.get("waiting", 0)
        yield f"{place} handling", live.handling, counts.get("handling", 0)
        yield f"{place} orphaned", _orphaned(partitions, place), counts.get("orphaned", 0)
        yield f"{place} residual", live.conservation_residual, 0
        ours = open_now.get(place, Backlog(by_age={}, running={}, at_risk={}, overdue={}))
        yield f"{place} backlog", ours.open, counts.get("backlog", 0)
        for how, found in (("running", ours.running), ("at_risk", ours.at_risk), ("overdue", ours.overdue)):
            for promise in PROMISED:
                name = f"{promise}_{how}"
                yield f"{place} {name}", found.get(promise, 0), counts.get(name, 0)
    yield "residual of the floor", lives[FLOOR, ""].conservation_residual, 0
    windows = Windows().of(partitions, SETTINGS, "24h", now)
    functions = {kpi.name: kpi.function for kpi in kpis.REGISTRY}
    for place in totals:
        day = windows[place]
        done, doers = oracle.deeds_since(day.span.start, place)
        for kpi, what in OF_EACH_AGENT.items():
            ratio = done[what] / doers[what] if doers[what] else None
            yield f"{place} in a day {kpi}", functions[kpi](day.counts), ratio


def _orphaned(partitions: list[Partition], place: tuple[str, str]) -> int:
    books = [partition.ledger.books.get(place) for partition in partitions]
    fields = [counts_of({f: net(b.total.fields, f) for f in b.total.fields}, cohort=False) for b in books if b]
    return sum(counts.orphaned for counts in fields)


def _kpis(
    where: str, counts: Counts, expected: dict[str, float | None], left_out: Iterable[str] = ()
) -> Iterator[Pair]:
    skipped = set(OF_EACH_AGENT) | set(left_out) | (set() if "in all" in where else OF_AGENTS)
    for kpi in kpis.REGISTRY:
        if kpi.name not in skipped:
            yield f"{where} {kpi.name}", kpi.function(counts), expected[kpi.name]


def _same(name: str, ours: float | None, theirs: float | None) -> bool:
    """Equal but for the rounding of a division; a percentile within 5 %, or within the first bucket's half second."""
    if ours is None or theirs is None:
        return ours is theirs
    if any(f"_p{n}_" in name for n in (50, 90, 95)):
        return abs(ours - theirs) <= max(0.05 * theirs, 0.25)
    return abs(ours - theirs) <= 1e-9 * max(1.0, abs(theirs))


def _flush(partition: Partition, facts: Mapping[tuple[str, int], FactsPartition]) -> None:
    """Flush, and tell the partitions of facts: one for each key, all of them what has none."""
    flush = partition.flush()
    if flush is None:
        return
    partition.flushed(flush)
    for to, key, told in flush.facts:
        for n in range(PARTITIONS) if key is None else [zlib.crc32(key) % PARTITIONS]:
            facts[to, n].apply([Record(facts[to, n].next_offset, key, told, 0)])


def main(days: float = 30, scale: float = 0.5) -> int:
    """Prove it for one batch size after the other; 1 when a number is wrong."""
    status = 0
    for batch in itertools.islice(BATCHES, 1, None):
        began = time.perf_counter()
        proof = prove(days, scale, batch)
        seconds = time.perf_counter() - began
        print(
            f"{days:g} days in batches of {batch}: {proof.records:,} records, {proof.checked:,} numbers, "
            f"{len(proof.wrong)} wrong, {seconds:.0f} s; no value of: {', '.join(sorted(proof.never)) or 'none'}"
        )
        for line in proof.wrong[:50]:
            print(f"  {line}")
        status |= bool(proof.wrong or proof.never)
    return status


if __name__ == "__main__":
    sys.exit(main(*positional(__doc__, days=float, scale=float)))
