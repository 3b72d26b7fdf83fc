"""How many agents did something in a window: what is not a sum, because an agent who did it twice is one agent.

An agent stands in one partition only, so these numbers add over partitions and workers. A window that is longer than
an agent's work is kept has none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from streams.crossing.agents import KEEP_MS, Agent
from streams.crossing.fact import AGENTS
from streams.crossing.state import FactsPartition
from streams.facts import Kind
from streams.partition import Partition
from streams.slices import Span

DOING: Final = {
    int(Kind.TAKEN): "agents_taking",
    int(Kind.AGENT_REPLIED): "agents_replying",
    int(Kind.AGENT_RESOLVED): "agents_resolving",
}
"""What agents are counted for, by kind of fact."""

Key = tuple[str, str]
Moments = Mapping[tuple[Key, str], list[int]]
"""When each agent last did it, by queue and channel, and by what they did."""


def agents_of(partitions: Iterable[Partition]) -> list[Agent]:
    """Every agent of whom work is known."""
    return [
        agent
        for partition in partitions
        if isinstance(partition, FactsPartition) and partition.destination == AGENTS
        for agent in partition.people.by_who.values()
    ]


def moments(partitions: Iterable[Partition], floor: Key) -> Moments:
    """When each agent last did each thing in each queue and, once, on the whole floor."""
    found: dict[tuple[Key, str], list[int]] = defaultdict(list)
    for agent in agents_of(partitions):
        anywhere: dict[str, int] = {}
        for (kind, queue, channel), at in agent.latest.items():
            name = DOING[kind]
            found[(queue, channel), name].append(at)
            anywhere[name] = max(at, anywhere.get(name, at))
        for name, at in anywhere.items():
            found[floor, name].append(at)
    return found


def doing(known: Moments, key: Key, span: Span) -> dict[str, int]:
    """How many agents did what in the span, which goes on to now; what none did is left out."""
    if span.end - span.start > KEEP_MS:
        return {}
    counted = {name: sum(at >= span.start for at in known.get((key, name), ())) for name in DOING.values()}
    return {name: n for name, n in counted.items() if n}
