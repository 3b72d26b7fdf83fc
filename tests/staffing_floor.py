"""A floor event by event, to hold the formulas against: it shares no code with them, and draws times as it is told.

One queue, first come first served, agents alike. The number of agents and the rate of arrivals may change with time.
An agent who is sent away finishes the contact first.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from math import log, sqrt
from typing import NamedTuple

Draw = Callable[[random.Random], float]


class Visit(NamedTuple):
    """One contact; ``wait`` until the answer or until giving up; ``service`` is 0 when it gave up."""

    arrived: float
    wait: float
    answered: bool
    service: float


def exponential(mean: float) -> Draw:
    return lambda rng: rng.expovariate(1 / mean)


def lognormal(mean: float, sigma: float) -> Draw:
    """A lognormal of this mean; ``sigma`` is the standard deviation of its logarithm."""
    mu = log(mean) - sigma * sigma / 2
    return lambda rng: rng.lognormvariate(mu, sigma)


def poisson_times(rng: random.Random, rates: Sequence[tuple[float, float]]) -> Iterable[float]:
    """Arrival times, for rates (per second) that hold for so many seconds each, one after the other."""
    start = 0.0
    for seconds, rate in rates:
        at = start
        while rate > 0 and (at := at + rng.expovariate(rate)) < start + seconds:
            yield at
        start += seconds


def serve(
    rng: random.Random,
    arrivals: Iterable[float],
    service: Draw,
    patience: Draw,
    agents: Sequence[tuple[float, int]],
    *,
    busy: int = 0,
    waiting: int = 0,
) -> list[Visit]:
    """Every visit, in order of arrival; those waiting at the start come first, with arrival at 0.

    ``agents``: (from when, how many), from 0 on. ``busy`` contacts are in service at the start, just begun.
    """
    arrived: list[float] = []
    found: dict[int, Visit] = {}
    queue: deque[int] = deque()
    gives_up: dict[int, float] = {}
    ends = [service(rng) for _ in range(busy)]
    heapq.heapify(ends)
    changes = deque(agents[1:])
    have = agents[0][1]
    coming = iter([0.0] * waiting)
    later = iter(arrivals)
    upcoming = next(coming, None)
    if upcoming is None:
        upcoming = next(later, None)

    def answer(at: float) -> None:
        while queue and len(ends) < have:
            contact = queue.popleft()
            if gives_up[contact] < at:
                found[contact] = Visit(arrived[contact], gives_up[contact] - arrived[contact], False, 0.0)
                continue
            takes = service(rng)
            heapq.heappush(ends, at + takes)
            wait = at - arrived[contact]
            found[contact] = Visit(arrived[contact], wait, True, takes)

    while upcoming is not None or queue:
        ending = ends[0] if ends else float("inf")
        change = changes[0][0] if changes else float("inf")
        arrival = upcoming if upcoming is not None else float("inf")
        at = min(ending, change, arrival)
        if at == float("inf"):  # nobody is left to answer
            for contact in queue:
                found[contact] = Visit(arrived[contact], gives_up[contact] - arrived[contact], False, 0.0)
            break
        if at == ending:
            heapq.heappop(ends)
        elif at == change:
            have = changes.popleft()[1]
        else:
            contact = len(arrived)
            arrived.append(at)
            gives_up[contact] = at + patience(rng)
            queue.append(contact)
            upcoming = next(coming, None)
            if upcoming is None:
                upcoming = next(later, None)
        answer(at)
    return [found[contact] for contact in range(len(arrived))]


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """The mean and its standard error, of independent values."""
    n = len(values)
    mean = sum(values) / n
    return mean, sqrt(sum((v - mean) ** 2 for v in values) / (n - 1) / n)
