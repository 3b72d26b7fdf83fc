"""A month of queues to judge forecasts by: peaks, good and bad days, absences, lognormal service and patience.

Nothing here is the exponential that the formulas assume. Days are independent; each has its own busyness (known to
nobody in advance), its arrivals drift around their curve from quarter to quarter, and some agents don't come.
"""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from math import ceil, cos, exp, pi
from typing import Final, NamedTuple

from streams.staffing.erlang import Demand
from streams.staffing.forecast import Counted
from streams.staffing.required import Goal, required
from tests.staffing_floor import Visit, lognormal, poisson_times, serve

QUARTER: Final = 900
QUARTERS: Final = 48
"""Twelve hours a day."""

AHT, SERVICE_SIGMA = 240.0, 0.8
PATIENCE, PATIENCE_SIGMA = 240.0, 1.0
GOAL: Final = Goal(service_level=0.8, threshold_seconds=20, short_abandon_seconds=5)


class Day(NamedTuple):
    """What happened, and what was known: earlier weeks' counts and the agents, by quarter of an hour."""

    visits: list[Visit]
    weeks: list[list[int]]
    agents: list[int]
    arrived: list[float]
    left: list[tuple[float, bool, bool]]
    answers: list[tuple[float, float]]

    def waiting(self, at: float) -> list[Visit]:
        """Those in the queue, in order."""
        return [v for v in self._since(at - 4 * 3600, at) if v.arrived + v.wait > at]

    def busy(self, at: float) -> int:
        """Agents with a contact."""
        recent = self._since(at - 4 * 3600, at)
        return sum(v.answered and v.arrived + v.wait <= at < v.arrived + v.wait + v.service for v in recent)

    def window(self, start: float, end: float) -> Counted:
        """Those who left the queue in [start, end): answered in time, and all but short abandons."""
        inside = self.left[bisect_left(self.left, (start,)) : bisect_left(self.left, (end,))]
        return Counted(sum(in_time for _, in_time, _ in inside), sum(counted for _, _, counted in inside))

    def arrivals(self, start: float, end: float) -> int:
        """Arrivals in [start, end)."""
        return bisect_left(self.arrived, end) - bisect_left(self.arrived, start)

    def handled(self, start: float, end: float) -> tuple[float, int]:
        """Service seconds and contacts whose service ended in [start, end)."""
        inside = self.answers[bisect_left(self.answers, (start,)) : bisect_left(self.answers, (end,))]
        return sum(service for _, service in inside), len(inside)

    def patience_seen(self, end: float) -> tuple[int, float]:
        """Abandonments of the day so far, and everybody's waiting time."""
        given_up, waited = 0, 0.0
        for visit in self.visits[: bisect_right(self.arrived, end)]:
            waited += min(visit.wait, end - visit.arrived)
            given_up += not visit.answered and visit.arrived + visit.wait <= end
        return given_up, waited

    def _since(self, start: float, at: float) -> list[Visit]:
        return self.visits[bisect_left(self.arrived, start) : bisect_right(self.arrived, at)]


def day(seed: int, peak: float) -> Day:
    """One day of a queue that keeps ``peak`` agents busy at its busiest."""
    rng = random.Random(seed)
    curve = [peak / AHT * _shape(quarter) for quarter in range(QUARTERS)]
    scheduled = [required(Demand(rate, AHT, PATIENCE), GOAL).agents for rate in curve]
    halves = [max(scheduled[quarter - quarter % 2 : quarter - quarter % 2 + 2]) for quarter in range(QUARTERS)]
    present = 1 - max(0.0, rng.gauss(0.03, 0.04))
    agents = [max(1, ceil(n * present - 0.5)) for n in halves]
    weeks = [_counts(random.Random(seed * 100 + week), curve) for week in range(1, 5)]
    rates = _rates(rng, curve)
    arrivals = list(poisson_times(rng, [(QUARTER, rate) for rate in rates]))
    staff = [(float(QUARTER * quarter), n) for quarter, n in enumerate(agents)]
    visits = serve(rng, arrivals, lognormal(AHT, SERVICE_SIGMA), lognormal(PATIENCE, PATIENCE_SIGMA), staff)
    left = sorted(
        (v.arrived + v.wait, v.answered and v.wait <= GOAL.threshold_seconds, v.answered or v.wait >= 5) for v in visits
    )
    answers = sorted((v.arrived + v.wait + v.service, v.service) for v in visits if v.answered)
    return Day(visits, weeks, agents, [v.arrived for v in visits], left, answers)


def _shape(quarter: int) -> float:
    """Two peaks, at ten and at three of a day from eight to eight, in (0, 1]."""
    hour = quarter / 4
    return (
        0.35 + 0.6 * exp(-(((hour - 2.2) / 1.6) ** 2)) + 0.45 * exp(-(((hour - 7) / 2.0) ** 2)) + 0.03 * cos(pi * hour)
    )


def _rates(rng: random.Random, curve: list[float]) -> list[float]:
    """The curve on one day: its busyness, and a drift that is half forgotten after a quarter of an hour."""
    busyness, drift, rates = rng.lognormvariate(0.0, 0.12), 0.0, []
    for rate in curve:
        drift = 0.5 * drift + rng.gauss(0.0, 0.06)
        rates.append(rate * busyness * exp(drift))
    return rates


def _counts(rng: random.Random, curve: list[float]) -> list[int]:
    """Another week's arrivals by quarter."""
    counts = [0] * len(curve)
    for at in poisson_times(rng, [(QUARTER, rate) for rate in _rates(rng, curve)]):
        counts[int(at // QUARTER)] += 1
    return counts
