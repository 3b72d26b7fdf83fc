"""One queue now: its demand, agents, goal and who waits enter; required, gap, predictions and expected wait leave."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor
from typing import NamedTuple

from streams.staffing.breach import Outlook, expected_wait_seconds, outlook
from streams.staffing.erlang import Demand
from streams.staffing.required import Goal, PowerOfOne, Required, Step, power_of_one, required, step_between


class Now(NamedTuple):
    """What a planner asks of a queue.

    ``gap``: staffed less required agents; negative: too few. ``predicted``: the long run if nothing changes.
    ``expected_wait_seconds`` of somebody who arrives now and stays; None with nobody at work. Its baselines are simpler
    guesses: ``head_of_line_seconds``, how long the first in the queue has waited (0 with an empty queue), and
    ``last_answered_wait_seconds``, what the last one answered had waited (None when unknown). ``outlooks``: one
    for each waiting contact.
    """

    required: Required
    staffed: float
    gap: float
    predicted: Step
    power_of_one: PowerOfOne
    expected_wait_seconds: float | None
    head_of_line_seconds: float
    last_answered_wait_seconds: float | None
    outlooks: list[Outlook]


def now(
    demand: Demand,
    agents: float,
    goal: Goal,
    *,
    waited: Sequence[float] = (),
    available: int = 0,
    last_answered_wait_seconds: float | None = None,
) -> Now:
    """The queue now. ``agents``: at work, by share; ``waited``: waits so far in seconds, next to be answered first."""
    needed = required(demand, goal)
    return Now(
        required=needed,
        staffed=agents,
        gap=agents - needed.agents,
        predicted=step_between(demand, agents, goal),
        power_of_one=power_of_one(demand, floor(agents + 1e-9), goal),
        expected_wait_seconds=expected_wait_seconds(demand, agents, len(waited), available),
        head_of_line_seconds=waited[0] if waited else 0.0,
        last_answered_wait_seconds=last_answered_wait_seconds,
        outlooks=outlook(demand, agents, waited, goal.threshold_seconds),
    )
