"""Queues that share agents: what each needs alone enters, bounds for all of them together leave.

Adding up what each queue needs alone counts an agent of three queues three times and overstates the floor. The truth
lies between two bounds that can be computed: everybody serves everything (one pooled queue), and nobody helps out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from streams.staffing.erlang import Demand
from streams.staffing.required import Goal, required


class Bounds(NamedTuple):
    """Agents that these queues need together: ``pooled`` if all can serve all, ``alone`` if none helps another."""

    pooled: int
    alone: int


def bounds(queues: Iterable[tuple[Demand, Goal]]) -> Bounds:
    """The fewest and the most agents that queues sharing agents need; (0, 0) without queues.

    The pooled queue has the demands' mean handling time and rate of giving up, by arrivals, and the loosest of their
    goals, so that no way of sharing needs fewer. Source: the economy of scale of Erlang's formulas.
    """
    known = [(demand, goal) for demand, goal in queues if demand.arrivals_per_second > 0]
    if not known:
        return Bounds(0, 0)
    demands = [demand for demand, _ in known]
    arrivals = sum(demand.arrivals_per_second for demand in demands)
    giving_up = sum(demand.arrivals_per_second * demand.giving_up_rate for demand in demands) / arrivals
    together = Demand(arrivals, sum(demand.load for demand in demands) / arrivals, 1 / giving_up if giving_up else None)
    loosest = Goal(
        min(goal.service_level for _, goal in known),
        max(goal.threshold_seconds for _, goal in known),
        max(goal.short_abandon_seconds for _, goal in known),
        max(goal.max_occupancy for _, goal in known),
    )
    alone = sum(required(demand, goal).agents for demand, goal in known)
    return Bounds(min(alone, required(together, loosest).agents), alone)
