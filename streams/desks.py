"""Agents and their hands: how many contacts the agents of a queue can have at once, and how many they have now.

Partitions enter, one ``Slots`` a queue leaves, and one for the floor. An agent of several queues is in each of them and
once on the floor; the contacts in an agent's hands count whichever queue they came from, because they fill the same
slots. Presence and contacts lie in different partitions, so this is whole only where all of them are. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from streams.partition import Partition
from streams.presence import SERVING


class Slots(NamedTuple):
    """Contacts that the serving agents can have at once (one an agent unless a source told otherwise), and have."""

    total: int = 0
    in_use: int = 0

    @property
    def occupancy_ratio(self) -> float | None:
        """in use / total, in [0, 1]; None with nobody serving. A hand with one of three chats is a third full."""
        return self.in_use / self.total if self.total else None


def slots(partitions: Iterable[Partition], now: int) -> dict[str, Slots]:
    """The slots of each queue at ``now`` (epoch ms), and of the floor under ""."""
    owned = list(partitions)
    hands: dict[str, int] = {}
    for partition in owned:
        for agent_id in partition.store.hands.values():
            hands[agent_id] = hands.get(agent_id, 0) + 1
    totals: dict[str, int] = {}
    used: dict[str, int] = {}
    for partition in owned:
        for agent in partition.agents.values():
            if agent.state_at(now) not in SERVING:
                continue
            for queue in ("", *agent.queues):
                totals[queue] = totals.get(queue, 0) + agent.capacity
                used[queue] = used.get(queue, 0) + min(agent.capacity, hands.get(agent.agent_id, 0))
    return {queue: Slots(total, used[queue]) for queue, total in totals.items()}
