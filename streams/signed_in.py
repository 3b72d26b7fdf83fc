"""Who is signed in, as of one moment: partitions enter; how many agents are in which state, and how long, leaves.

For each queue that they serve, and for the floor under "", where each is counted once. Agents are looked at once,
and a queue's time is of moments in order, not of agents one by one. Pure: ``now`` (epoch ms) is an argument.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from streams import tally as y
from streams.partition import Partition
from streams.presence import LONGEST_MS
from streams.slices import Span
from streams.tally import Fields


class _Since(NamedTuple):
    """Since when agents have been in one state, in order, and the sums of the first n of these moments."""

    starts: list[int]
    sums: list[int]


class SignedIn:
    """The agents who are signed in at ``now``, and what each of them is doing."""

    def __init__(self, partitions: Sequence[Partition], now: int) -> None:
        found: dict[str, dict[str, list[int]]] = {}
        self._now = now
        self._versions = _versions(partitions)
        self._counts: dict[str, dict[str, int]] = {}
        self._over: dict[str, list[tuple[str, int, int]]] = {}  # nobody ended the state, and it no longer counts
        for partition in partitions:
            for agent in partition.agents.values():
                state = agent.state_at(now)
                if state == "signed_out":
                    continue
                start = agent.changes[-1].at
                for queue in ("", *agent.queues):
                    counts = self._counts.setdefault(queue, {})
                    counts[state] = counts.get(state, 0) + 1
                    if start + LONGEST_MS < now:
                        self._over.setdefault(queue, []).append((state, start, start + LONGEST_MS))
                    else:
                        found.setdefault(queue, {}).setdefault(state, []).append(start)
        self._since: dict[str, dict[str, _Since]] = {
            queue: {state: _in_order(starts) for state, starts in states.items()} for queue, states in found.items()
        }

    def still(self, partitions: Sequence[Partition]) -> SignedIn:
        """Those of the same moment now that more may be known of it: a state that has ended since is in the slices."""
        return self if _versions(partitions) == self._versions else SignedIn(partitions, self._now)

    def by_state(self, queue: str) -> dict[str, int]:
        """How many agents of a queue are in each state; those in which nobody is are left out."""
        return self._counts.get(queue, {})

    def spent(self, queue: str, span: Span) -> Fields:
        """The time within a span, and up to now, that they have been in the states they are in: no slice has it yet.

        Milliseconds by the field of each state; what is 0 is left out.
        """
        fields: Fields = {}
        end = min(self._now, span.end)
        for state, since in self._since.get(queue, {}).items():
            before, until = bisect_left(since.starts, span.start), bisect_left(since.starts, end)
            if until > 0 and end > span.start:
                whole, partly = before * (end - span.start), (until - before) * end
                fields[y.STATE_MS[state]] = whole + partly - (since.sums[until] - since.sums[before])
        for state, start, over in self._over.get(queue, ()):
            inside = min(over, end) - max(start, span.start)
            if inside > 0:
                field = y.STATE_MS[state]
                fields[field] = fields.get(field, 0) + inside
        return fields


def _versions(partitions: Sequence[Partition]) -> list[int]:
    return [partition.agents_version for partition in partitions]


def _in_order(starts: list[int]) -> _Since:
    starts.sort()
    return _Since(starts, [0, *accumulate(starts)])
