"""Who will be at work: the schedules of the agents enter, the agents of each queue at the quarters to come leave."""

from __future__ import annotations

from collections.abc import Sequence

from streams import slices
from streams.partition import Partition
from streams.planning.given import QUARTER, Roster
from streams.schedule import activity_at
from streams.slices import HOUR
from streams.staffing.estimate import shares


def roster(partitions: Sequence[Partition], now: int) -> Roster:
    """The agents of each queue from every quarter of an hour within the next hour on, as scheduled.

    An agent without a schedule stays as now. Nobody with one: nothing, and everything stays as it is. The queues are
    those the agent served last; somebody scheduled who has never signed in is in no queue yet. Reads live state.
    """
    agents = [agent for partition in partitions for agent in partition.agents.values() if agent.changes]
    if not any(agent.plans for agent in agents):
        return {}
    first = slices.floor_to(now, QUARTER) + QUARTER
    return {
        at: shares((activity_at(agent.plans, at) or agent.state_at(now), agent.queues) for agent in agents)
        for at in range(first, now + HOUR, QUARTER)
    }
