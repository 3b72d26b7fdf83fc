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


def deal(people: Mapping[frozenset[str], int], loads: Mapping[str, float]) -> list[tuple[str, frozenset[str]]]:
    """Agents, counted by the queues they serve, dealt out: each with the queue to work for and all those it can serve.

    Evenly among the queues of a group that are in ``loads`` (work in Erlang); who is left over goes where, for its
    load, fewest are. Groups that serve fewer queues come first: they have no choice.
    """
    dealt: list[tuple[str, frozenset[str]]] = []
    have: Counter[str] = Counter()
    for serves, number in sorted(people.items(), key=lambda group: (len(group[0]), sorted(group[0]))):
        queues = sorted(serves & loads.keys())
        if not queues:
            continue
        homes = queues * (number // len(queues))
        have.update(homes)
        for _ in range(number % len(queues)):
            home = min(queues, key=lambda queue: (have[queue] - loads[queue], queue))
            homes.append(home)
            have[home] += 1
        dealt += [(home, frozenset(serves)) for home in homes]
    return dealt


def mend(teams: Mapping[str, Team], people: Iterable[tuple[str, frozenset[str]]]) -> Mend:
    """The cheapest moves until every queue meets its goal or nobody is left to ask.

    ``people``: agents who could work elsewhere, as (the queue they work for now, the queues they can serve). Nobody
    moves twice, and no donor is pushed below its own goal.
    """
    agents = {name: team.agents for name, team in teams.items()}
    needed = {name: required(team.demand, team.goal).agents for name, team in teams.items()}
    pool = Counter(people)
    moves: list[Move] = []
    levels: Levels = {}
    while True:
        possible = {
            (group, receiver)
            for group, left in pool.items()
            if left > 0 and group[0] in teams and agents[group[0]] > needed[group[0]]
            for receiver in group[1]
            if receiver in teams and receiver != group[0] and agents[receiver] < needed[receiver]
        }
        priced = [(_move(teams, agents, group[0], receiver, levels), group) for group, receiver in possible]
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


Levels = dict[tuple[str, int], float]
"""Service levels by team and number of agents, as far as they have been worked out."""


def _move(teams: Mapping[str, Team], agents: Mapping[str, int], donor: str, receiver: str, levels: Levels) -> Move:
    donor_before, donor_after, lost = _change(teams, donor, agents[donor], -1, levels)
    receiver_before, receiver_after, won = _change(teams, receiver, agents[receiver], +1, levels)
    return Move(donor, receiver, -lost, won, donor_before, donor_after, receiver_before, receiver_after)


def _change(teams: Mapping[str, Team], name: str, agents: int, by: int, levels: Levels) -> tuple[float, float, float]:
    """Service level before and after, and the change in contacts answered in time per hour."""
    team = teams[name]
    for number in (agents, agents + by):
        if (name, number) not in levels:
            levels[name, number] = step_of(team.demand, number, team.goal).service_level
    before, after = levels[name, agents], levels[name, agents + by]
    return before, after, (after - before) * team.demand.arrivals_per_second * 3600
