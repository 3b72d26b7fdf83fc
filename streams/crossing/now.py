"""How many agents did something in a window: what is not a sum, because an agent who did it twice is one agent.

An agent stands in one partition only, so these numbers add over partitions and workers. A window that is longer than
an agent's work is kept has none.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Generator, Iterable, Mapping
from typing import Final

from streams.crossing.agents import KEEP_MS, Agent, derive
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
Moments = Mapping[tuple[int, str, str], list[int]]
"""When each agent last did it, by kind of fact, queue and channel: in order."""


def agents_of(partitions: Iterable[Partition]) -> list[Agent]:
    """Every agent of whom work is known."""
    return [
        agent
        for partition in partitions
        if isinstance(partition, FactsPartition) and partition.destination == AGENTS
        for agent in partition.people.by_who.values()
    ]


def moments_in_steps(partitions: Iterable[Partition], floor: Key) -> Generator[None, None, Moments]:
    """When each agent last did each thing in each queue and, once, on the whole floor. A step for each partition."""
    found: dict[tuple[int, str, str], list[int]] = {}
    everywhere: dict[int, list[int]] = {kind: [] for kind in DOING}
    for partition in partitions:
        _note(agents_of([partition]), found, everywhere)
        yield
    for kind, known in everywhere.items():
        found[kind, floor[0], floor[1]] = known
    for known in found.values():
        known.sort()
    return found


def _note(agents: list[Agent], found: dict[tuple[int, str, str], list[int]], everywhere: dict[int, list[int]]) -> None:
    for agent in agents:
        anywhere: dict[int, int] = {}
        derive(agent)
        for key, at in agent.latest.items():
            known = found.get(key)
            if known is None:
                found[key] = [at]
            else:
                known.append(at)
            if at > anywhere.get(key[0], -1):
                anywhere[key[0]] = at
        for kind, at in anywhere.items():
            everywhere[kind].append(at)


def doing(known: Moments, key: Key, span: Span) -> dict[str, int]:
    """How many agents did what in the span, which goes on to now; what none did is left out."""
    if span.end - span.start > KEEP_MS:
        return {}
    counted: dict[str, int] = {}
    for kind, name in DOING.items():
        times = known.get((kind, key[0], key[1]))
        if times and times[-1] >= span.start:
            counted[name] = len(times) - bisect_left(times, span.start)
    return counted
