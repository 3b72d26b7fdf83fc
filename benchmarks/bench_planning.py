"""Planning two hundred queues: what it adds to the processor time of a million events, and how long it holds the loop.

No Kafka: the state of a floor that has been busy for an hour and a quarter, then one minute's work of a worker that is
scraped every five seconds. It is compared with the pure core's time for a million events, at 30,000 events a second:
the whole worker takes more than the core, so the share of it is smaller than the one printed.
"""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import Final, TypeVar

import msgspec

from benchmarks.arguments import positional
from benchmarks.results import record, spread
from benchmarks.staffing_month import AHT, GOAL, PATIENCE, PATIENCE_SIGMA, SERVICE_SIGMA
from streams import events as e
from streams import snapshot
from streams.exposition.staffing import ahead_families, now_families
from streams.partition import Partition, Record
from streams.planning import can_be_planned
from streams.planning.ahead import Ahead, ahead
from streams.planning.given import WEEK, Almanac, gather
from streams.planning.roster import roster
from streams.settings import Settings
from streams.snapshot import WorkerStatus
from streams.staffing.erlang import Demand
from streams.staffing.required import required, step_of
from streams.view import Key
from tests.staffing_floor import lognormal, poisson_times, serve

T = TypeVar("T")
QUEUES: Final = 200
LOADS: Final = (8.0, 18.0, 36.0)
"""Agents kept busy; the queues take turns."""

PARTITIONS: Final = 8
START: Final = 1_772_445_600_000
SECONDS: Final = 4_500
"""Of calls until now; a week before, an hour more of them."""

RATE: Final = 30_000
SCRAPES_A_MINUTE: Final = 12
MINUTES_A_QUARTER: Final = 15
"""Earlier weeks are looked up once in so many."""

RUNS: Final = 3


def told(queue: str, load: float, seed: int, start: int = START, seconds: int = SECONDS) -> Iterator[e.Event]:
    """What a source tells of one queue in so many seconds: its agents, and its calls as far as they have come."""
    rng = random.Random(seed)
    rate = load / AHT
    agents = required(Demand(rate, AHT, PATIENCE), GOAL).agents
    visits = serve(
        rng, poisson_times(rng, [(seconds, rate)]), lognormal(AHT, SERVICE_SIGMA), lognormal(PATIENCE, PATIENCE_SIGMA),
        [(0.0, agents)],
    )  # fmt: skip
    numbers = count()

    def about(
        kind: type[e.CallOffered | e.CallAnswered | e.CallAbandoned | e.CallEnded], at: float, call: str
    ) -> e.Event:
        return kind(
            event_id=f"{queue}/{start}/{next(numbers)}", occurred_at=start + round(at * 1000), source="pbx",
            contact_id=call, queue=queue,
        )  # fmt: skip

    busy = 0
    for n, (arrived, wait, answered, service) in enumerate(visits):
        call, left = f"{queue}-{start}-{n}", arrived + wait
        yield about(e.CallOffered, arrived, call)
        if left <= seconds:
            yield about(e.CallAnswered if answered else e.CallAbandoned, left, call)
            if answered and left + service <= seconds:
                yield about(e.CallEnded, left + service, call)
            elif answered:
                busy += 1
    for n in range(agents):
        yield e.AgentStateChanged(
            event_id=f"{queue}/{start}/agent/{n}", occurred_at=start, source="pbx", agent_id=f"{queue} {n}",
            state="on_contact" if n < busy else "available", queues=(queue,),
        )  # fmt: skip


def floor() -> tuple[list[Partition], float]:
    """The partitions of a busy floor, and the core's microseconds of processor time an event."""
    settings = Settings()
    partitions = [Partition(settings, topic, n) for topic in e.TOPICS for n in range(PARTITIONS)]
    events = [one for n in range(QUEUES) for one in told(f"queue {n:03}", LOADS[n % len(LOADS)], n)]
    events += [
        one
        for n in range(QUEUES)
        for one in told(f"queue {n:03}", LOADS[n % len(LOADS)], QUEUES + n, START - WEEK, SECONDS + 3_600)
    ]
    events.sort(key=lambda one: one.occurred_at)
    records: list[list[Record]] = [[] for _ in partitions]
    for one in events:
        key = (e.key_of(one) or "").encode()
        topic = 2 if isinstance(one, e.AgentStateChanged) else 0
        place = records[topic * PARTITIONS + sum(key) % PARTITIONS]
        place.append(Record(len(place), key, msgspec.json.encode(one), 0))
    began = time.process_time()
    for partition, of_partition in zip(partitions, records, strict=True):
        for begin in range(0, len(of_partition), 1_000):
            partition.apply(of_partition[begin : begin + 1_000])
            if (flush := partition.flush()) is not None:
                partition.flushed(flush)
    return partitions, (time.process_time() - began) / len(events) * 1e6


def minute(partitions: list[Partition]) -> dict[str, float]:
    """Seconds of processor time of a minute's planning, by part; and the longest that the loop was held, in ms."""
    now = START + SECONDS * 1000
    taken = snapshot.take(partitions, Settings(), WorkerStatus(), now)
    spent = {"gathering, on the loop": 0.0, "forecasts, in a thread": 0.0}
    plans, spent["schedules, on the loop"] = timed(lambda: roster(partitions, now))
    forecasts: dict[Key, Ahead] = {}
    longest = 0.0
    almanac = Almanac()
    for row in taken.rows[QUEUES // MINUTES_A_QUARTER :]:  # those of the other queues have been looked up before
        gather(partitions, taken, row, plans, almanac)
    for row in taken.rows:
        if not can_be_planned(taken, row):
            raise AssertionError(f"{row.queue} has no agents: the floor is not the one meant")
        given, took = timed(lambda row=row: gather(partitions, taken, row, plans, almanac))  # type: ignore[misc]
        longest = max(longest, took)
        spent["gathering, on the loop"] += took
        found, took = timed(lambda given=given: ahead(given))  # type: ignore[misc]
        spent["forecasts, in a thread"] += took
        forecasts[found.key] = found
    rows = list(taken.rows)
    step_of.cache_clear()  # the next scrape is of another moment, with other demands
    _, took = timed(lambda: [*now_families(rows, now), *ahead_families(forecasts, now)])
    spent[f"now, {SCRAPES_A_MINUTE} scrapes, in a thread"] = took * SCRAPES_A_MINUTE
    return {**spent, "longest": longest * 1000}


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What the work gives, and its seconds of processor time."""
    began = time.process_time()
    found = work()
    return found, time.process_time() - began


def main() -> None:
    """Measure and record."""
    gc.disable()  # as good as a worker does: streams.garbage
    partitions, of_event = floor()
    minutes = [minute(partitions) for _ in range(RUNS)]
    longest = [one.pop("longest") for one in minutes]
    together = [sum(one.values()) for one in minutes]
    million, seconds = of_event, 1e6 / RATE  # microseconds an event are seconds a million
    share = [one * seconds / 60 / million for one in together]
    rows = [(name, spread([one[name] for one in minutes], ".2f")) for name in minutes[0]]
    rows += [
        ("together", spread(together, ".2f")),
        (f"a million events in the core, {seconds:.0f} s of {RATE:,} a second", f"{million:.1f}"),
        ("planning beside them", spread([100 * one for one in share], ".1f") + " %"),
        ("the longest one queue held the loop", spread(longest, ".1f") + " ms"),
    ]
    record(
        f"Planning {QUEUES} queues",
        "python -m benchmarks.bench_planning",
        ("a minute", "s of processor time"),
        rows,
        f"Queues of {', '.join(f'{load:.0f}' for load in LOADS)} busy agents in turn, an hour and a quarter of calls "
        f"and the same a week before; medians of {RUNS} (least-most). All forecasts together take a twentieth of a "
        f"processor at the most: where a minute is too short for them, they are older.",
    )


if __name__ == "__main__":
    positional(__doc__)
    main()
