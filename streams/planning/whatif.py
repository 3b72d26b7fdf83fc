"""What if: a question about one queue enters, the queue before and after leaves, and the cheapest mend of the floor.

Everything is the long run of the last half hour's demand, as in ``/api/floor``: a change of staff that is wrong in the
long run is wrong in the next quarter of an hour too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from streams import api
from streams.partition import Partition
from streams.planning import CHANNELS, Plan, can_be_planned, goal_of, plan
from streams.snapshot import Row, Snapshot
from streams.staffing.erlang import Demand
from streams.staffing.estimate import AT_WORK, Assumptions
from streams.staffing.mend import Mend, Move, Team, deal, mend
from streams.staffing.required import Required, Step
from streams.staffing.whatif import Changes, parse_change, whatif

CHANGEABLE: Final = ("agents", "aht", "arrivals", "patience")
PARAMETERS: Final = ("queue", "channel", *CHANGEABLE)

MOST_AGENTS: Final = 10_000
"""More than these, or more contacts than keep these busy, are a slip of the hand."""


class QuestionError(ValueError):
    """A question that can't be answered; the message is one sentence for whoever asked."""


class UnknownQueueError(QuestionError):
    """There is no such queue, or nothing is known of it to plan with."""


class Question(NamedTuple):
    """One queue, and what would be different. Without a channel the first of that name."""

    queue: str
    channel: str
    changes: Changes


def parse(parameters: Mapping[str, str]) -> Question:
    """Read the parameters: ``queue``, ``channel``, and the changes as people write them. Raises QuestionError."""
    unknown = sorted(set(parameters) - set(PARAMETERS))
    if unknown:
        raise QuestionError(f"There is no parameter {unknown[0]!r}; there are {', '.join(PARAMETERS)}.")
    if not parameters.get("queue"):
        raise QuestionError("queue is missing: what if in which queue?")
    changes = {}
    for name in CHANGEABLE:
        if name in parameters:
            said = parameters[name]
            said = "+" + said[1:] if said.startswith(" ") else said  # a plus sign, sent as it is, arrives as a space
            try:
                changes[name] = parse_change(said)
            except ValueError as error:
                raise QuestionError(f"{name}: {error}.") from error
    return Question(parameters["queue"], parameters.get("channel", ""), Changes(**changes))


def crews(partitions: Iterable[Partition], now: int) -> Counter[frozenset[str]]:
    """Agents at work by the queues they serve. Reads live state: call it on the loop."""
    return Counter(
        frozenset(agent.queues)
        for partition in partitions
        for agent in partition.agents.values()
        if agent.queues and agent.state_at(now) in AT_WORK
    )


def answer(snapshot: Snapshot, question: Question, people: Counter[frozenset[str]]) -> dict[str, Any]:
    """The queue before and after, and who could move from where once the changes are made. Raises QuestionError."""
    row, planned = _planned(snapshot, question)
    goal, demand = goal_of(row.rule), planned.inputs.demand
    try:
        found = whatif(demand, planned.staff.at_work, goal, question.changes)
    except ValueError as error:
        raise QuestionError(f"{error}.") from error
    if max(found.agents_after, found.demand_after.load) > MOST_AGENTS:
        raise QuestionError(f"That is more than {MOST_AGENTS} agents or the work of so many: ask for less.")
    moves = _mend(snapshot, row, found.demand_after, found.agents_after - found.agents_before, people)
    return {
        "as_of": api.iso(snapshot.now),
        "as_of_ms": snapshot.now,
        "queue": row.queue,
        "channel": row.channel,
        "target": api.target(row.rule),
        "assumed": list(planned.inputs.assumed),
        "before": _side(found.demand_before, found.agents_before, found.before, found.required_before),
        "after": _side(found.demand_after, found.agents_after, found.after, found.required_after),
        "mend": {"moves": [_move(move) for move in moves.moves], "missing": moves.missing},
    }


def _planned(snapshot: Snapshot, question: Question) -> tuple[Row, Plan]:
    row = snapshot.row(question.queue, question.channel)
    if row is None or not row.channel:
        known = ", ".join(sorted({row.queue for row in snapshot.rows if row.channel in CHANNELS})) or "none yet"
        asked = f"{question.queue!r} {question.channel}".strip()
        raise UnknownQueueError(f"There is no queue {asked} here; there are: {known}.")
    if row.channel not in CHANNELS:
        raise UnknownQueueError(f"In {row.queue!r} nobody waits in line: {row.channel} has clocks, not lines.")
    planned = plan(row, snapshot.now)
    if planned is None:
        raise UnknownQueueError(f"Nobody came to {row.queue!r} in the last half hour: there is nothing to plan with.")
    if not can_be_planned(snapshot, row):
        raise UnknownQueueError(f"No source tells of the agents of {row.queue!r}: who is at work is not known.")
    return row, planned


def _mend(
    snapshot: Snapshot, changed: Row, demand: Demand, more_agents: float, people: Counter[frozenset[str]]
) -> Mend:
    """The cheapest moves, with the changes made. Whoever serves several queues is dealt out among them evenly."""
    loads: dict[str, tuple[Demand, Row]] = {}
    for row in snapshot.rows:
        if row.channel not in CHANNELS or not can_be_planned(snapshot, row):
            continue
        one = demand if row is changed else _demand_of(row, snapshot.now)
        if row.queue not in loads or one.load > loads[row.queue][0].load:  # the same agents serve all its channels
            loads[row.queue] = (one, row)
    at_home = deal(people, {name: one.load for name, (one, _) in loads.items()})
    staffed = Counter(home for home, _ in at_home)
    staffed[changed.queue] = max(0, staffed[changed.queue] + round(more_agents))
    return mend({name: Team(one, staffed[name], goal_of(row.rule)) for name, (one, row) in loads.items()}, at_home)


def _demand_of(row: Row, now: int) -> Demand:
    """What comes to a queue; nobody, where nobody came in half an hour."""
    planned = plan(row, now)
    assumed = Assumptions()
    return planned.inputs.demand if planned else Demand(0.0, assumed.aht_seconds, assumed.patience_seconds)


def _side(demand: Demand, agents: float, step: Step, needed: Required) -> dict[str, Any]:
    return {
        "agents": agents,
        "arrivals_per_hour": demand.arrivals_per_second * 3600,
        "aht_seconds": demand.aht_seconds,
        "patience_seconds": demand.patience_seconds,
        "service_level": step.service_level,
        "abandonment_ratio": step.abandonment_ratio,
        "occupancy_ratio": step.occupancy_ratio,
        "asa_seconds": step.asa_seconds,
        "required": needed.agents,
        "scheduled": needed.scheduled,
        "gap": agents - needed.agents,
    }


def _move(move: Move) -> dict[str, Any]:
    return {
        "from": move.donor,
        "to": move.receiver,
        "lost_per_hour": move.cost,
        "won_per_hour": move.gain,
        "from_service_level": [move.donor_before, move.donor_after],
        "to_service_level": [move.receiver_before, move.receiver_after],
    }
