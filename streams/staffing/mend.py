"""Who moves where: queues and people who can serve several enter, the cheapest moves that mend the floor leave.

A move takes one agent from a queue that keeps its goal without them to one that misses it. The price is what the donor
loses: contacts answered in time, per hour. The cheapest move goes first, and every move makes the next one dearer, so
taking them in order of price is right for one receiver; between several it is a good answer, not a proven best.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from streams.staffing.erlang import Demand
from streams.staffing.required import Goal, required, step_of


class Team(NamedTuple):
    """A queue with the agents who work for it now."""

    demand: Demand
    agents: int
    goal: Goal


class Move(NamedTuple):
    """One agent from ``donor`` to ``receiver``; both queues' service level before and after.

    ``cost`` and ``gain`` are contacts answered in time per hour, lost by the one and won by the other.
    """

    donor: str
    receiver: str
    cost: float
    gain: float
    donor_before: float
    donor_after: float
    receiver_before: float
    receiver_after: float


class Mend(NamedTuple):
    """The moves, in order, and the agents still missing per queue after all of them (empty: every goal is met)."""

    moves: list[Move]
    missing: dict[str, int]


def mend(teams: Mapping[str, Team], people: Iterable[tuple[str, frozenset[str]]]) -> Mend:
    """The cheapest moves until every queue meets its goal or nobody is left to ask.

    ``people``: agents who could work elsewhere, as (the queue they work for now, the queues they can serve). Nobody
    moves twice, and no donor is pushed below its own goal.
    """
    agents = {name: team.agents for name, team in teams.items()}
    needed = {name: required(team.demand, team.goal).agents for name, team in teams.items()}
    pool = Counter(people)
    moves: list[Move] = []
    while True:
        possible = {
            (group, receiver)
            for group, left in pool.items()
            if left > 0 and group[0] in teams and agents[group[0]] > needed[group[0]]
            for receiver in group[1]
            if receiver in teams and receiver != group[0] and agents[receiver] < needed[receiver]
        }
        priced = [(_move(teams, agents, group[0], receiver), group) for group, receiver in possible]
        if not priced:
            break
        # Of equals, whoever can serve the fewest others is the least loss; then names, so that the answer is stable.
        move, group = min(
            priced, key=lambda p: (p[0].cost, -p[0].gain, len(p[1][1]), p[0].donor, p[0].receiver, sorted(p[1][1]))
        )
        moves.append(move)
        pool[group] -= 1
        agents[move.donor] -= 1
        agents[move.receiver] += 1
    missing = {name: needed[name] - agents[name] for name in sorted(teams) if agents[name] < needed[name]}
    return Mend(moves, missing)


def _move(teams: Mapping[str, Team], agents: Mapping[str, int], donor: str, receiver: str) -> Move:
    donor_before, donor_after, lost = _change(teams[donor], agents[donor], -1)
    receiver_before, receiver_after, won = _change(teams[receiver], agents[receiver], +1)
    return Move(donor, receiver, -lost, won, donor_before, donor_after, receiver_before, receiver_after)


def _change(team: Team, agents: int, by: int) -> tuple[float, float, float]:
    """Service level before and after, and the change in contacts answered in time per hour."""
    before = step_of(team.demand, agents, team.goal).service_level
    after = step_of(team.demand, agents + by, team.goal).service_level
    return before, after, (after - before) * team.demand.arrivals_per_second * 3600
