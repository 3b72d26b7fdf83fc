"""How many agents: a demand and a goal enter, the fewest agents that meet it leave, and how many must be scheduled."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import ceil, floor, sqrt
from typing import Final, NamedTuple

from streams.staffing.erlang import Demand, Overload, steady

ROUNDING: Final = 1e-12
"""So that 8.5 Erlang at 85 % occupancy are 10 agents, not 11."""


class Goal(NamedTuple):
    """What is promised: this share of contacts answered within ``threshold_seconds``, short abandons left out.

    ``max_occupancy``: agents are busy for this share of their time at the most. ``shrinkage``: the share of scheduled
    time that is no work (breaks, training, absence), in [0, 1).
    """

    service_level: float = 0.8
    threshold_seconds: float = 20.0
    short_abandon_seconds: float = 0.0
    max_occupancy: float = 1.0
    shrinkage: float = 0.0


class Required(NamedTuple):
    """``agents`` at work meet the goal, one fewer does not. ``scheduled`` is ceil(agents / (1 - shrinkage))."""

    agents: int
    scheduled: int
    service_level: float
    occupancy_ratio: float
    abandonment_ratio: float


class Step(NamedTuple):
    """The long run with a given number of agents. Overload (nobody gives up): service level 0, everybody waits."""

    agents: int
    service_level: float
    abandonment_ratio: float
    occupancy_ratio: float
    asa_seconds: float | None
    overload: bool = False


class PowerOfOne(NamedTuple):
    """What one agent less or more does. ``one_less`` is None when there is nobody to send away."""

    one_less: Step | None
    as_it_is: Step
    one_more: Step


def required(demand: Demand, goal: Goal) -> Required:
    """The fewest agents with which the service level and the occupancy are within the goal. No arrivals need nobody.

    Source: the service level grows with every agent and the occupancy falls, so halving finds the first that will do.
    """

    def enough(agents: int) -> bool:
        step = step_of(demand, agents, goal)
        return (
            not step.overload
            and step.occupancy_ratio <= goal.max_occupancy + ROUNDING
            and step.service_level >= goal.service_level - ROUNDING
        )

    agents = _first(enough, round(demand.load + sqrt(demand.load)))
    step = step_of(demand, agents, goal)
    return Required(
        agents, scheduled(agents, goal.shrinkage), step.service_level, step.occupancy_ratio, step.abandonment_ratio
    )


def scheduled(agents: int, shrinkage: float) -> int:
    """Agents to schedule so that this many work: ceil(agents / (1 - shrinkage)). ValueError outside [0, 1)."""
    if not 0 <= shrinkage < 1:
        raise ValueError(f"shrinkage is a share in [0, 1), not {shrinkage}")
    return ceil(agents / (1 - shrinkage) - ROUNDING * agents)


def power_of_one(demand: Demand, agents: int, goal: Goal) -> PowerOfOne:
    """The queue with one agent less, as it is, and with one more."""
    less = step_of(demand, agents - 1, goal) if agents > 0 else None
    return PowerOfOne(less, step_of(demand, agents, goal), step_of(demand, agents + 1, goal))


@lru_cache(maxsize=2_048)  # asked for the same numbers again and again: as they are, one more, one less
def step_of(demand: Demand, agents: int, goal: Goal) -> Step:
    """The long run with this many agents, measured by the goal's threshold."""
    state = steady(demand, agents)
    if isinstance(state, Overload):
        return Step(agents, 0.0, 0.0, 1.0, None, overload=True)
    level = state.service_level(goal.threshold_seconds, goal.short_abandon_seconds)
    return Step(agents, level, state.abandonment_ratio, state.occupancy_ratio, state.asa_seconds)


def step_between(demand: Demand, agents: float, goal: Goal) -> Step:
    """The long run with part of an agent (one of three queues' agents is a third here): between the whole numbers.

    ``agents`` of the answer is the whole number below. An overload at either end is an overload.
    """
    low = floor(agents + ROUNDING)
    part = max(0.0, agents - low)
    below = step_of(demand, low, goal)
    if part < ROUNDING:
        return below
    above = step_of(demand, low + 1, goal)
    if below.overload or above.overload:
        return below if below.overload else above
    asa = above.asa_seconds
    if asa is not None and below.asa_seconds is not None:
        asa = below.asa_seconds + part * (asa - below.asa_seconds)
    return Step(
        low,
        below.service_level + part * (above.service_level - below.service_level),
        below.abandonment_ratio + part * (above.abandonment_ratio - below.abandonment_ratio),
        below.occupancy_ratio + part * (above.occupancy_ratio - below.occupancy_ratio),
        asa,
    )


def _first(holds: Callable[[int], bool], guess: int) -> int:
    """The first n >= 0 that holds, when all after it do too: stride out from a guess, then halve."""
    stride = 1
    low, high = -1, max(0, guess)
    while not holds(high):
        low, high, stride = high, high + stride, stride * 2
    if low < 0:
        stride = 1
        while high - stride >= 0 and holds(high - stride):
            high, stride = high - stride, stride * 2
        low = max(-1, high - stride)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
