"""The next minutes of a queue: how it is now and what will come enter, service levels with a band leave.

Both kinds of chance are in the band: that of arrivals, service and patience (carried exactly by ``transient``), and
that the demand itself is only estimated (the forecast is the mean over a lower and a higher demand).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import sqrt
from statistics import fmean, pvariance
from typing import Final, NamedTuple

from streams.staffing import strides, transient
from streams.staffing.beta import Share
from streams.staffing.breach import outlook
from streams.staffing.required import Goal, Required, required
from streams.staffing.transient import Chances, Rewards, Stage, rewards, start

DEVIATIONS: Final = 5.0
QUICK_DEVIATIONS: Final = 4.0
"""Queues further from what is expected than so many standard deviations are left out: one in a million, in 20,000."""

BAND: Final = (0.1, 0.9)
"""The band holds in 8 of 10 cases."""


class Forecast(NamedTuple):
    """Until ``seconds`` from now, of those waiting now and all who arrive until then.

    ``in_time`` and ``counted`` are expected numbers; ``service_level`` is the mean of their quotient (None when nobody
    is expected), above the quotient of their means: it is when few come that most are answered in time. The outcome is
    as likely above ``median`` as below, between ``low`` and ``high`` in 8 of 10 cases, and misses the goal with chance
    ``p_below``; near 1 the median is the better single guess. ``waiting`` is the expected queue at the end, ``error``
    the standard error of the service level.
    """

    seconds: float
    arrivals: float
    in_time: float
    counted: float
    service_level: float | None
    median: float | None
    low: float | None
    high: float | None
    p_below: float | None
    abandonment_ratio: float | None
    waiting: float
    error: float


class Counted(NamedTuple):
    """Contacts of the part of a window that is past: answered in time, and all that count."""

    in_time: int
    counted: int


class Plan(NamedTuple):
    """What one interval to come needs and has."""

    stage: Stage
    required: Required

    @property
    def gap(self) -> int:
        """Agents at hand less agents required; negative: too few."""
        return self.stage.agents - self.required.agents


class _Sums(NamedTuple):
    """Expected numbers from now until the end of a stage."""

    arrivals: float
    in_time: float
    counted: float
    gives_up: float
    waiting: float
    variance: float


def forecast(
    stages: Sequence[Stage],
    goal: Goal,
    *,
    busy: int,
    waited: Sequence[float] = (),
    uncertainty: float = 0.0,
    quick: bool = False,
    at: Collection[int] | None = None,
) -> list[Forecast]:
    """One ``Forecast`` for the end of every stage, each from now on; or of those stages only that ``at`` numbers.

    ``busy``: contacts in service; ``waited``: the waits so far of those in the queue, in seconds, next to be answered
    first; ``uncertainty``: the standard error of the demand as a share of it; ``quick``: by ``strides``, not to six
    digits. Without stages nothing.
    """
    if not stages:
        return []
    spread = min(0.9, uncertainty)
    demands = [_scaled(stages, factor) for factor in ((1 - spread, 1 + spread) if spread > 0.005 else (1.0,))]
    begin = _begin(demands, goal, busy, waited, QUICK_DEVIATIONS if quick else DEVIATIONS)
    ways = [_run(demand, begin, None, quick) for demand in demands]
    last = [way[-1] for way in ways]
    counted = sum(sums.counted for sums in last)
    centre = sum(sums.in_time for sums in last) / counted if counted > 0 else goal.service_level
    chance = _run(stages, begin, centre, quick)
    found, seconds = [], 0.0
    for n, (stage, one, *all_ways) in enumerate(zip(stages, chance, *ways, strict=True)):
        seconds += stage.seconds
        if at is None or n in at:
            found.append(_mixed(seconds, goal, one, all_ways))
    return found


def p_window_below(past: Counted, coming: Forecast, goal: Goal) -> float | None:
    """P(the service level of a window is below the goal), of which a part is past and the rest forecast.

    By event time: who still waits when the window ends has not left the queue and is no part of it yet. None when the
    window holds nobody; with nothing uncertain left, 0 or 1.
    """
    leaving = max(coming.in_time, coming.counted - coming.waiting)
    counted = past.counted + leaving
    if counted <= 0:
        return None
    if leaving <= 0:
        return 1.0 if past.in_time < goal.service_level * past.counted else 0.0
    # The level that the part to come must reach for the whole to reach the goal.
    needed = (goal.service_level * counted - past.in_time) / leaving
    return Share(coming.in_time / leaving, coming.error * coming.counted / leaving).below(needed)


def plan(stages: Sequence[Stage], goal: Goal) -> list[Plan]:
    """Agents required in each interval for its own long run, beside those there will be."""
    return [Plan(stage, required(stage.demand, goal)) for stage in stages]


class _Begin(NamedTuple):
    """What is the same however the demand turns out: the queue now, what those waiting expect, rewards by stage."""

    chances: Chances
    waiting: _Sums
    gains: list[Rewards]


def _begin(
    ways: Sequence[Sequence[Stage]], goal: Goal, busy: int, waited: Sequence[float], deviations: float
) -> _Begin:
    first = ways[0][0]
    service, giving_up = first.agents / first.demand.aht_seconds, first.demand.giving_up_rate
    now = outlook(first.demand, first.agents, waited, goal.threshold_seconds)
    waiting = _Sums(
        0.0,
        sum(o.in_time for o in now),
        float(len(now)),
        sum(k * giving_up / (service + k * giving_up) for k in range(1, len(now) + 1)) if giving_up else 0.0,
        float(len(now)),
        sum(o.in_time * (1 - o.in_time) for o in now),
    )
    chances = start(busy + len(waited), *ways, deviations=deviations)
    room = (chances.low, len(chances.weights), goal.threshold_seconds, goal.short_abandon_seconds)
    known: dict[tuple[int, float, float], Rewards] = {}
    gains = []
    for stage in ways[0]:
        key = (stage.agents, stage.demand.aht_seconds, stage.demand.giving_up_rate)
        if key not in known:
            known[key] = rewards(stage, *room)
        gains.append(known[key])
    return _Begin(chances, waiting, gains)


def _run(stages: Sequence[Stage], begin: _Begin, centre: float | None, quick: bool) -> list[_Sums]:
    """The expected numbers until the end of each stage, with the variance of the rewards when there is a centre."""
    follow = strides.follow if quick else transient.follow
    chances, total = begin.chances, begin.waiting
    found, of_waiting = [], total.variance
    for stage, gains in zip(stages, begin.gains, strict=True):
        chances, passed = follow(chances, stage, gains, centre)
        total = _Sums(
            total.arrivals + passed.arrivals,
            total.in_time + passed.in_time,
            total.counted + passed.counted,
            total.gives_up + passed.gives_up,
            chances.waiting(stage.agents),
            of_waiting + chances.reward_variance if centre is not None else 0.0,
        )
        found.append(total)
    return found


def _mixed(seconds: float, goal: Goal, chance: _Sums, ways: Sequence[_Sums]) -> Forecast:
    """The mean over the ways the demand may be, and the two variances added."""
    n = len(ways)
    arrivals, in_time = sum(w.arrivals for w in ways) / n, sum(w.in_time for w in ways) / n
    counted, gives_up = sum(w.counted for w in ways) / n, sum(w.gives_up for w in ways) / n
    waiting = sum(w.waiting for w in ways) / n
    if counted <= 0:
        return Forecast(seconds, arrivals, 0.0, 0.0, None, None, None, None, None, None, waiting, 0.0)
    levels = [min(1.0, w.in_time / w.counted) for w in ways if w.counted > 0]
    level = min(1.0, max(0.0, fmean(levels) + arrivals * _of_one(ways, counted)))
    of_demand = pvariance(levels)
    share = Share(level, sqrt(chance.variance / counted**2 + of_demand))
    step = 0.5 / counted  # levels come in steps of one contact
    low, median, high = (share.quantile(q) for q in (BAND[0], 0.5, BAND[1]))
    return Forecast(
        seconds, arrivals, in_time, counted, level, median, max(0.0, min(low, level) - step),
        min(1.0, max(high, level) + step), share.below(goal.service_level), min(1.0, gives_up / counted), waiting,
        share.error,
    )  # fmt: skip


def _of_one(ways: Sequence[_Sums], counted: float) -> float:
    """By how much, for each contact expected to come, the mean of a quotient is above the quotient of the means.

    Where few come by chance, they wait less: of one more, ``slope`` is answered in time, what others lose included. How
    many come is Poisson, so its variance is its mean; the quotient's second order is (level - slope) / counted^2.
    """
    low, high = ways[0], ways[-1]
    more = high.counted - low.counted
    if more <= 0:
        return 0.0
    slope = (high.in_time - low.in_time) / more
    return ((low.in_time + high.in_time) / (low.counted + high.counted) - slope) / counted**2


def _scaled(stages: Sequence[Stage], factor: float) -> list[Stage]:
    return [
        stage._replace(demand=stage.demand._replace(arrivals_per_second=stage.demand.arrivals_per_second * factor))
        for stage in stages
    ]
