"""The queue from now on: how many are in it now and what comes enter, chances over time leave. Not the long run.

The number of contacts waiting or in service is a Markov chain with one step up and one down; it is followed exactly,
by uniformisation: with a clock that ticks at random as often as anything can happen, a tick is one sparse product, and
the number of ticks is Poisson. Along with the chances goes, weighted by them, the sum of rewards so far: a reward is
what an arrival's answer in time is worth, so the chance in the service level itself comes out, and not only its mean.
All plain lists: a step of a hundred states is ten microseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, exp, floor, inf, lgamma, log, sqrt
from typing import Final, NamedTuple

from streams.staffing.breach import answered_by, passed_by
from streams.staffing.erlang import Demand

FAINT: Final = 1e-7
"""Poisson weights below this are left out."""


class Stage(NamedTuple):
    """For ``seconds`` from the end of the stage before, this demand meets this many agents."""

    seconds: float
    demand: Demand
    agents: int


class Rewards(NamedTuple):
    """Of an arrival that finds n contacts (n = low, low + 1, ...): P(answered in time), P(it counts), P(gives up)."""

    in_time: list[float]
    counted: list[float]
    gives_up: list[float]


class Passed(NamedTuple):
    """What one stage brought, on average: arrivals, those answered in time, those that count, those who give up."""

    arrivals: float
    in_time: float
    counted: float
    gives_up: float


class Chances(NamedTuple):
    """The queue at one moment: ``weights[i]`` is P(low + i contacts are in it), ``sums[i]`` E[rewards so far; there].

    A reward is (1 - centre) for each answer in time, -centre for every other arrival that counts. ``square`` is the
    mean square of the rewards so far.
    """

    low: int
    weights: list[float]
    sums: list[float]
    square: float

    @property
    def in_queue(self) -> float:
        """Mean number of contacts, waiting and in service."""
        return sum(p * (self.low + i) for i, p in enumerate(self.weights))

    def waiting(self, agents: int) -> float:
        """Mean number of contacts waiting for one of so many agents."""
        return sum(p * max(0, self.low + i - agents) for i, p in enumerate(self.weights))

    @property
    def reward_variance(self) -> float:
        """Variance of the rewards so far."""
        mean = sum(self.sums)
        return max(0.0, self.square - mean * mean)


def start(in_queue: int, *ways: Sequence[Stage], deviations: float = 5.0) -> Chances:
    """All that is certain now, with room for every state that one of the ways can bring with any likelihood.

    Beyond so many standard ``deviations`` of what is expected there is none.
    """
    reached = [_reach(stages, in_queue, deviations) for stages in ways]
    low, high = min(low for low, _ in reached), max(high for _, high in reached)
    size = high - low + 1
    weights = [0.0] * size
    weights[in_queue - low] = 1.0
    return Chances(low, weights, [0.0] * size, 0.0)


def rewards(stage: Stage, low: int, size: int, threshold_seconds: float, short_abandon_seconds: float) -> Rewards:
    """What an arrival may expect by the number n it finds: with an agent free at once, else at place n - agents + 1.

    As if the agents stayed as they are in this stage until the contact is answered.
    """
    free = min(size, max(0, stage.agents - low))
    places = max(0, low + size - stage.agents)
    skip = max(0, low - stage.agents)
    service, giving_up = stage.agents / stage.demand.aht_seconds, stage.demand.giving_up_rate
    in_time = answered_by(service, giving_up, threshold_seconds, places)
    soon = answered_by(service, giving_up, short_abandon_seconds, places)
    passed = passed_by(service, giving_up, short_abandon_seconds, places)
    patient = exp(-giving_up * short_abandon_seconds)
    counted = [min(1.0, a + (1 - p) * patient) for a, p in zip(soon, passed, strict=True)]
    gives_up = [k * giving_up / (service + k * giving_up) if giving_up else 0.0 for k in range(1, places + 1)]
    at_once = [1.0] * free
    return Rewards(at_once + in_time[skip:], at_once + counted[skip:], [0.0] * free + gives_up[skip:])


def follow(chances: Chances, stage: Stage, gains: Rewards, centre: float | None = None) -> tuple[Chances, Passed]:
    """The queue at the end of a stage, and what the stage brought. Without ``centre`` no rewards are carried."""
    size, low = len(chances.weights), chances.low
    up = stage.demand.arrivals_per_second
    down = leaving(stage, low, size)
    ticking = up + max(down)
    if ticking <= 0 or stage.seconds <= 0:
        return chances, Passed(0.0, 0.0, 0.0, 0.0)
    rise, fall = up / ticking, [d / ticking for d in [*down[1:], 0.0]]
    stay = [1 - rise - d / ticking for d in down]
    stay[-1] += rise
    gain, square = worth(gains, centre or 0.0)
    p, m = chances.weights, chances.sums
    p_end, m_end = [0.0] * size, [0.0] * size
    p_spent, m_spent = [0.0] * size, [0.0] * size  # ticks spent in a state, and with what rewards so far
    first, weights = _poisson(ticking * stage.seconds)
    left = 1.0
    for tick in range(first + len(weights)):
        weight = weights[tick - first] if tick >= first else 0.0
        left -= weight
        if weight > 0:
            p_end = [e + weight * x for e, x in zip(p_end, p, strict=True)]
        p_spent = [s + left * x for s, x in zip(p_spent, p, strict=True)]
        if centre is not None:
            if weight > 0:
                m_end = [e + weight * x for e, x in zip(m_end, m, strict=True)]
            m_spent = [s + left * x for s, x in zip(m_spent, m, strict=True)]
            m = _tick([y + g * x for x, y, g in zip(p, m, gain, strict=True)], m, rise, stay, fall)
        p = _tick(p, p, rise, stay, fall)
    found = [rise * s for s in p_spent]  # arrivals by the state they find
    passed = Passed(
        up * stage.seconds, _dot(found, gains.in_time), _dot(found, gains.counted), _dot(found, gains.gives_up)
    )
    # A reward g on top of the sum R so far adds 2 g R + g^2 to its square.
    more = 2 * rise * _dot(m_spent, gain) + _dot(found, square)
    return Chances(low, p_end, m_end, chances.square + more), passed


def leaving(stage: Stage, low: int, size: int) -> list[float]:
    """The rate at which somebody leaves a queue of low, low + 1, ... contacts; the lowest keeps who would leave."""
    agents, mu, giving_up = stage.agents, 1 / stage.demand.aht_seconds, stage.demand.giving_up_rate
    served = [n * mu for n in range(low, min(low + size, agents))]
    full = [agents * mu + (n - agents) * giving_up for n in range(max(low, agents), low + size)]
    return [0.0, *(served + full)[1:]]


def worth(gains: Rewards, centre: float) -> tuple[list[float], list[float]]:
    """The mean reward of an arrival, and its mean square, by the state it finds."""
    pairs = list(zip(gains.in_time, gains.counted, strict=True))
    return [a - centre * c for a, c in pairs], [a * (1 - centre) ** 2 + (c - a) * centre**2 for a, c in pairs]


def _tick(lifted: list[float], x: list[float], rise: float, stay: list[float], fall: list[float]) -> list[float]:
    """One tick: from the state below by an arrival (``lifted``: with its reward), from here, from the state above."""
    return [
        rise * below + s * here + f * above
        for below, s, here, f, above in zip([0.0, *lifted[:-1]], stay, x, fall, [*x[1:], 0.0], strict=True)
    ]


def _dot(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def _poisson(mean: float) -> tuple[int, list[float]]:
    """The Poisson weights that are not faint: the first's place, and they themselves, adding up to 1."""
    middle = floor(mean)
    top = exp(-mean + middle * log(mean) - lgamma(middle + 1)) if mean > 0 else 1.0
    above, weight, k = [], top, middle
    while weight > FAINT * top:
        above.append(weight)
        k += 1
        weight *= mean / k
    below, weight, k = [], top, middle
    while k > 0 and weight > FAINT * top:
        weight *= k / mean
        k -= 1
        below.append(weight)
    weights = below[::-1] + above
    total = sum(weights)
    return middle - len(below), [w / total for w in weights]


def _reach(stages: Sequence[Stage], in_queue: int, deviations: float) -> tuple[int, int]:
    """The fewest and the most contacts that can be in the queue with any likelihood.

    The mean heads for the load, or above capacity for where as many give up as are too many; around it, the standard
    deviations of the Poisson and of the queue (which diffuses for as long as patience holds).
    """
    least = most = float(in_queue)
    spread = 0.0
    for seconds, demand, agents in stages:
        up, mu, giving_up = demand.arrivals_per_second, 1 / demand.aht_seconds, demand.giving_up_rate
        excess = up - agents * mu
        if excess <= 0:
            target = demand.load
        else:
            target = min(agents + excess / giving_up if giving_up else inf, max(most, agents) + excess * seconds)
        least, most = min(least, target), max(most, target)
        diffused = sqrt(2 * up * seconds)
        spread = max(spread, min(diffused, sqrt(up / giving_up)) if giving_up else diffused)
    low = max(0, floor(least - deviations * sqrt(least)))
    return low, ceil(most + deviations * max(sqrt(most), spread)) + 10
