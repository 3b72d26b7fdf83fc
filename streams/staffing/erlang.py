"""Erlang B, C and A in the long run: a demand and a number of agents enter, waiting and service level leave.

Contacts arrive at random, are served first come first served by agents that are alike, and give up (Erlang A) or don't
(Erlang C). Everything is exact up to rounding: sums over the states of the queue are taken outward from the likeliest
state, so nothing overflows at thousands of agents or far above capacity. Rates are per second, ratios in [0, 1].

What makes Erlang A short: let J(t) = exp(rate * H(t) - service * t) with H(t) = (1 - exp(-g t)) / g, g the rate of
giving up. An arrival would have to wait longer than t with probability P(wait) * integral(J, t..) / integral(J, 0..),
and the integral from t is again such a sum, with the arrival rate shrunk by exp(-g t). With g = 0 this is Erlang C.
Source: Baccelli & Hebuterne (1981); Zeltyn & Mandelbaum, "Call centers with impatient customers" (2005).
"""

from __future__ import annotations

from math import ceil, exp, expm1, lgamma, log
from typing import Final, NamedTuple

NEGLIGIBLE: Final = 1e-17
"""A state this much less likely than the rest together ends a sum."""

LONGEST_PATIENCE_SECONDS: Final = 7 * 86_400.0
"""Anybody more patient is taken for this patient; it keeps the sums short and changes no figure that matters."""


class Demand(NamedTuple):
    """What comes to a queue. ``aht_seconds`` is all an agent spends on a contact, ringing and wrap-up included.

    ``patience_seconds`` is the mean of an exponential patience; None: nobody ever gives up (Erlang C).
    """

    arrivals_per_second: float
    aht_seconds: float
    patience_seconds: float | None = None

    @property
    def load(self) -> float:
        """The work that arrives, in Erlang: agents kept busy if nobody gave up."""
        return self.arrivals_per_second * self.aht_seconds

    @property
    def giving_up_rate(self) -> float:
        """Per second of waiting; 0 when nobody gives up."""
        return 0.0 if self.patience_seconds is None else 1 / min(self.patience_seconds, LONGEST_PATIENCE_SECONDS)


class Overload(NamedTuple):
    """More work than agents, and nobody gives up: the queue grows for ever, there is no long run to speak of."""

    load: float
    agents: int

    @property
    def least_agents(self) -> int:
        """The fewest agents that can hold the queue."""
        return int(self.load) + 1


class Steady(NamedTuple):
    """A queue in the long run.

    ``wait_seconds`` is the mean over everybody, ``asa_seconds`` over the answered (None when nobody is answered),
    ``occupancy_ratio`` the share of time an agent is busy.
    """

    demand: Demand
    agents: int
    wait_ratio: float
    abandonment_ratio: float
    occupancy_ratio: float
    wait_seconds: float
    asa_seconds: float | None
    log_sum: float

    def longer_than(self, seconds: float) -> float:
        """P(an arrival with endless patience would wait for longer than this)."""
        if self.wait_ratio == 0.0 or self.agents == 0:
            return self.wait_ratio
        rate, giving_up = self.demand.arrivals_per_second, self.demand.giving_up_rate
        service = self.agents / self.demand.aht_seconds
        log_j = rate * shortened(seconds, giving_up) - service * seconds
        log_sum, _ = _sum_over_states(rate * exp(-giving_up * seconds), service, giving_up)
        return min(1.0, self.wait_ratio * exp(min(0.0, log_j + log_sum - self.log_sum)))

    def answered_within(self, seconds: float) -> float:
        """Share of all arrivals that are answered after at most this long."""
        return self._answered(seconds, self.longer_than(seconds))

    def _answered(self, seconds: float, longer: float) -> float:
        rate, giving_up = self.demand.arrivals_per_second, self.demand.giving_up_rate
        if giving_up == 0.0 or self.wait_ratio == 0.0:
            return 1 - longer
        if self.agents == 0:
            return 0.0
        # By parts: rate * integral(exp(-g x) J) = J(t) - 1 + service * integral(J), over 0..t.
        service = self.agents / self.demand.aht_seconds
        log_j = rate * shortened(seconds, giving_up) - service * seconds
        density = self.wait_ratio * service  # of the wait at 0+, times the sum over states
        rise = density * (exp(log_j - self.log_sum) - exp(-self.log_sum))
        met = (rise + service * (self.wait_ratio - longer)) / rate
        return min(1.0, max(0.0, 1 - self.wait_ratio + met))

    def abandoned_within(self, seconds: float) -> float:
        """Share of all arrivals that give up after at most this long."""
        patient = exp(-self.demand.giving_up_rate * seconds)
        longer = self.longer_than(seconds)
        return min(1.0, max(0.0, 1 - longer * patient - self._answered(seconds, longer)))

    def service_level(self, threshold_seconds: float, short_abandon_seconds: float = 0.0) -> float:
        """Answered within the threshold / (offered - short abandons): the default preset, in the long run."""
        counted = 1 - self.abandoned_within(short_abandon_seconds)
        return min(1.0, self.answered_within(threshold_seconds) / counted) if counted > 0 else 0.0


def erlang_b(load: float, agents: int) -> float:
    """P(all agents are busy) when nobody may wait: B(n) = load B(n-1) / (n + load B(n-1)). Without load 0."""
    blocked = 1.0
    for n in range(1, agents + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked if load > 0 else 0.0


def erlang_c(load: float, agents: int) -> float | Overload:
    """P(an arrival waits) when nobody gives up: n B / (n - load (1 - B)); an ``Overload`` from load = agents on."""
    if load >= agents and load > 0:
        return Overload(load, agents)
    blocked = erlang_b(load, agents)
    return agents * blocked / (agents - load * (1 - blocked)) if load > 0 else 0.0


def steady(demand: Demand, agents: int) -> Steady | Overload:
    """The long run of a queue: Erlang A with patience, Erlang C without; only without can it be an ``Overload``.

    No arrivals: nobody waits. No agents: everybody waits and gives up.
    """
    rate, giving_up, load = demand.arrivals_per_second, demand.giving_up_rate, demand.load
    if load <= 0:
        return Steady(demand, agents, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    if giving_up == 0.0 and load >= agents:
        return Overload(load, agents)
    if agents == 0:
        return Steady(demand, 0, 1.0, 1.0, 1.0, 1 / giving_up, None, 0.0)
    service = agents / demand.aht_seconds
    log_sum, mean_ahead = _sum_over_states(rate, service, giving_up)
    blocked = erlang_b(load, agents)
    waiting = blocked * exp(min(log_sum, 600.0))  # from there on everybody waits
    wait_ratio = waiting / (1 - blocked + waiting)
    answered_after_wait = wait_ratio * service / rate * -expm1(-log_sum)
    answered = min(1.0, 1 - wait_ratio + answered_after_wait)
    abandoned = 0.0 if giving_up == 0.0 else max(0.0, wait_ratio - answered_after_wait)
    waited_by_answered = wait_ratio * service / rate * mean_ahead
    return Steady(
        demand, agents, wait_ratio, abandoned, min(1.0, load * answered / agents),
        abandoned / giving_up if giving_up else waited_by_answered, waited_by_answered / answered, log_sum,
    )  # fmt: skip


def shortened(seconds: float, rate: float) -> float:
    """(1 - exp(-rate * seconds)) / rate: time as those see it who leave at that rate; without a rate, the time."""
    return -expm1(-rate * seconds) / rate if rate > 0 else seconds


def _sum_over_states(rate: float, service: float, giving_up: float) -> tuple[float, float]:
    """The states with everybody busy, j waiting, weighing w(j) = product(rate / (service + i giving_up), i = 1..j).

    Returns log(sum w), and sum(w h) / sum(w) with h(j) = sum(1 / (service + i giving_up), i = 1..j): the mean time that
    an arrival behind j - 1 others takes to be answered, given that it is.
    """
    if giving_up == 0.0:
        used = rate / service
        return -log(1 - used), used / (1 - used) / service
    top = max(0, ceil((rate - service) / giving_up) - 1)
    harmonic = _harmonic(service, giving_up, top)
    total, weighted = 1.0, harmonic
    weight, h, j = 1.0, harmonic, top
    while weight > NEGLIGIBLE * total:
        j += 1
        leaving = service + j * giving_up
        weight *= rate / leaving
        h += 1 / leaving
        total += weight
        weighted += weight * h
    weight, h, j = 1.0, harmonic, top
    while j > 0 and weight > NEGLIGIBLE * total:
        leaving = service + j * giving_up
        weight *= leaving / rate
        h -= 1 / leaving
        j -= 1
        total += weight
        weighted += weight * h
    if j == 0:
        log_top = -log(weight)
    else:
        base = service / giving_up + 1
        log_top = top * log(rate / giving_up) + lgamma(base) - lgamma(base + top)
    return log_top + log(total), weighted / total


def _harmonic(service: float, giving_up: float, n: int) -> float:
    """sum(1 / (service + i giving_up), i = 1..n): the first terms one by one, the others by Euler and Maclaurin."""
    direct = min(n, 64)
    total = sum(1 / (service + i * giving_up) for i in range(1, direct + 1))
    if n > direct:
        first, last = service + (direct + 1) * giving_up, service + n * giving_up
        total += log(last / first) / giving_up + (1 / first + 1 / last) / 2
        total += giving_up * (1 / first**2 - 1 / last**2) / 12
    return total
