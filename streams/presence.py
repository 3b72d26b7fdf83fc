"""Agent presence: what state each agent is in, since when, for which queues.

State changes of one agent enter in any order; what leaves are spans of time spent in a state, each with a sign (a late
change splits a span that was already counted). Presence is one axis; the work on a contact is the other and is told by
the contact itself, so an agent can be on a break while finishing a call.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final, NamedTuple

from msgspec import Struct

from streams.events import AgentStateChanged
from streams.history import DUPLICATE, LATE
from streams.slices import DAY, HOUR

KEEP_MS: Final = DAY
"""Changes older than this before the agent's last one can no longer be put in order."""

MAX_CHANGES: Final = 500
LONGEST_MS: Final = 12 * HOUR
"""A state nobody ended is counted for this long at the most: a forgotten sign-out is not a week of work."""


class StateChange(Struct, array_like=True, frozen=True, gc=False):
    """From ``at`` on the agent is in ``state``."""

    at: int
    seq: int
    event_id: str
    state: str
    queues: tuple[str, ...] = ()
    capacity: int = 1


class Spent(NamedTuple):
    """Time in a state, [start, end) in epoch ms; sign +1 counted, -1 taken back."""

    sign: int
    state: str
    queues: tuple[str, ...]
    start: int
    end: int


class Presence(Struct, array_like=True):
    """The recent state changes of one agent, in order; the last one is in force."""

    agent_id: str
    stamp: int = -1
    team: str = ""
    heard_at: int = -1
    changes: list[StateChange] = []

    def state_at(self, now: int) -> str:
        """The state in force; "signed_out" when nothing is known or nothing was heard for ``LONGEST_MS``."""
        if not self.changes or now - max(self.heard_at, self.changes[-1].at) > LONGEST_MS:
            return "signed_out"
        return self.changes[-1].state


def _order(change: StateChange) -> tuple[int, int, str]:
    return (change.at, change.seq, change.event_id)


def record(presence: Presence, event: AgentStateChanged) -> list[Spent] | str:
    """Take one state change; return the spans that follow, or why there are none: ``DUPLICATE`` or ``LATE``.

    ``queues`` and ``capacity`` that are not given stay as they were.
    """
    changes = presence.changes
    if any(change.event_id == event.event_id for change in changes):
        return DUPLICATE
    before = changes[-1] if changes else None
    queues = event.queues if event.queues is not None else (before.queues if before else ())
    capacity = event.capacity if event.capacity is not None else (before.capacity if before else 1)
    change = StateChange(event.occurred_at, event.source_seq, event.event_id, event.state, queues, capacity)
    n = bisect_left(changes, _order(change), key=_order)
    if n == 0 and changes and changes[-1].at - change.at > KEEP_MS:
        return LATE
    spans: list[Spent] = []
    previous, following = (changes[n - 1] if n else None), (changes[n] if n < len(changes) else None)
    if previous is not None and following is not None:
        spans.append(_spent(-1, previous, following.at))
    if previous is not None:
        spans.append(_spent(1, previous, change.at))
    if following is not None:
        spans.append(_spent(1, change, following.at))
    changes.insert(n, change)
    presence.heard_at = max(presence.heard_at, change.at)
    presence.team = event.team or presence.team
    _drop_old(changes)
    return [span for span in spans if span.end > span.start]


def open_span(presence: Presence, now: int) -> Spent | None:
    """The span still running at ``now``; None when the agent is signed out or unknown."""
    if not presence.changes or presence.state_at(now) == "signed_out":
        return None
    return _spent(1, presence.changes[-1], max(now, presence.changes[-1].at))


def _spent(sign: int, change: StateChange, end: int) -> Spent:
    return Spent(sign, change.state, change.queues, change.at, min(end, change.at + LONGEST_MS))


def _drop_old(changes: list[StateChange]) -> None:
    oldest = changes[-1].at - KEEP_MS
    while len(changes) > 1 and (len(changes) > MAX_CHANGES or changes[1].at < oldest):
        del changes[0]
