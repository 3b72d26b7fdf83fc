"""Agent presence: what state each agent is in, since when, for which queues.

State changes of one agent enter in any order; what leaves are spans of time spent in a state, each with a sign (a late
change splits a span that was already counted). Presence is one axis; the work on a contact is the other and is told by
the contact itself, so an agent can be on a break while finishing a call. Who was not heard of for long is forgotten;
a state that nobody ended by then was never time spent.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from functools import cached_property
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct, structs

from streams.contact.history import DUPLICATE, LATE
from streams.events import AgentEvent, AgentScheduled, AgentStateChanged
from streams.schedule import Activity, planned
from streams.slices import DAY, HOUR

SERVING: Final = frozenset({"available", "ringing", "on_contact", "after_contact_work"})
"""The states of an agent who takes contacts now or as soon as the one in hand is over."""

KEEP_MS: Final = DAY
"""Changes older than this before the agent's last one can no longer be put in order."""

MAX_CHANGES: Final = 500
LONGEST_MS: Final = 12 * HOUR
"""A state nobody ended is counted for this long at the most: a forgotten sign-out is not a week of work."""


class StateChange(Struct, array_like=True, frozen=True, gc=False):
    """From ``at`` on the agent is in ``state``; ``queues`` and ``capacity`` that are None stay as they were."""

    at: int
    seq: int
    event_id: str
    state: str
    queues: tuple[str, ...] | None = None
    capacity: int | None = None


class Spent(NamedTuple):
    """Time in a state, [start, end) in epoch ms; sign +1 counted, -1 taken back."""

    sign: int
    state: str
    queues: tuple[str, ...]
    start: int
    end: int


class Presence(Struct, array_like=True, dict=True):
    """The recent state changes of one agent, in order; the last one is in force. ``cut``: older ones were dropped.

    ``plans``: what the agent is scheduled to do (``streams.schedule``).
    """

    agent_id: str
    stamp: int = -1
    team: str = ""
    heard_at: int = -1
    changes: list[StateChange] = []
    cut: bool = False
    plans: list[Activity] = []

    @property
    def queues(self) -> tuple[str, ...]:
        """The queues served now."""
        return self._in_force[0]

    @property
    def capacity(self) -> int:
        """How many contacts the agent takes at once; 1 when nobody said."""
        return self._in_force[1]

    @cached_property
    def _in_force(self) -> tuple[tuple[str, ...], int]:
        """Queues and capacity: often told hundreds of changes ago, and asked for with each look at the floor."""
        last = len(self.changes) - 1
        return _queues(self.changes, last), _capacity(self.changes, last) or 1

    def changed(self) -> None:
        """Have what follows from the changes be found out anew."""
        self.__dict__.pop("_in_force", None)

    def state_at(self, now: int) -> str:
        """The state in force; "signed_out" when nothing is known or nothing was heard for ``LONGEST_MS``."""
        if not self.changes or now - max(self.heard_at, self.changes[-1].at) > LONGEST_MS:
            return "signed_out"
        return self.changes[-1].state


class Staff:
    """The rules of ``streams.roster`` for agents: forgotten so many ms after the last word of them and their plans."""

    def __init__(self, keep_ms: int) -> None:
        self._keep_ms = keep_ms

    def new(self, who: str) -> Presence:
        return Presence(who, changes=[])

    def take(self, known: Presence, told: AgentEvent, watermark: int) -> list[Spent] | str:
        if known.heard_at < 0 and told.occurred_at < watermark - self._keep_ms:
            return LATE
        spans = record(known, told) if isinstance(told, AgentStateChanged) else []
        if isinstance(spans, str):
            return spans
        if isinstance(told, AgentScheduled):
            known.plans = planned(known.plans, told)
        known.heard_at = max(known.heard_at, told.occurred_at)
        return spans

    def due(self, known: Presence) -> int:
        return max(known.heard_at, *(plan.end for plan in known.plans), 0) + self._keep_ms

    def fire(self, _known: Presence, _now: int) -> None:
        return None

    def stored(self, known: Presence) -> Presence:
        return known

    def read(self, _who: str, value: bytes) -> Presence:
        return _decode(value)


def _order(change: StateChange) -> tuple[int, int, str]:
    return (change.at, change.seq, change.event_id)


def record(presence: Presence, event: AgentStateChanged) -> list[Spent] | str:
    """Take one state change; return the spans that follow, or why there are none: ``DUPLICATE`` or ``LATE``."""
    changes = presence.changes
    if any(change.event_id == event.event_id for change in changes):
        return DUPLICATE
    change = StateChange(event.occurred_at, event.source_seq, event.event_id, event.state, event.queues, event.capacity)
    n = bisect_left(changes, _order(change), key=_order)
    if n == 0 and changes and (presence.cut or changes[-1].at - change.at > KEEP_MS):
        return LATE
    if n == len(changes):
        spans = [_spent(1, changes, n - 1, change.at)] if changes else []
        changes.append(change)
    else:
        before = _spans(changes)
        changes.insert(n, change)
        spans = _difference(before, _spans(changes))
    presence.team = event.team or presence.team
    _drop_old(presence)
    presence.changed()
    return [span for span in spans if span.end > span.start]


def open_span(presence: Presence, now: int) -> Spent | None:
    """The span still running at ``now``; None when the agent is signed out or unknown."""
    if not presence.changes or presence.state_at(now) == "signed_out":
        return None
    last = len(presence.changes) - 1
    return _spent(1, presence.changes, last, max(now, presence.changes[last].at))


def spans_of(presence: Presence) -> list[Spent]:
    """The spans that are over, of the changes still known, in order."""
    return _spans(presence.changes)


def _spent(sign: int, changes: list[StateChange], n: int, end: int) -> Spent:
    change = changes[n]
    return Spent(sign, change.state, _queues(changes, n), change.at, min(end, change.at + LONGEST_MS))


def _queues(changes: list[StateChange], n: int) -> tuple[str, ...]:
    while n >= 0:
        queues = changes[n].queues
        if queues is not None:
            return queues
        n -= 1
    return ()


def _capacity(changes: list[StateChange], n: int) -> int | None:
    while n >= 0:
        capacity = changes[n].capacity
        if capacity is not None:
            return capacity
        n -= 1
    return None


def _spans(changes: list[StateChange]) -> list[Spent]:
    return [_spent(1, changes, n, changes[n + 1].at) for n in range(len(changes) - 1)]


def _difference(before: list[Spent], after: list[Spent]) -> list[Spent]:
    gone, new = Counter(before), Counter(after)
    return [
        *(span._replace(sign=-1) for span in (gone - new).elements()),
        *(new - gone).elements(),
    ]


def _drop_old(presence: Presence) -> None:
    changes = presence.changes
    oldest = changes[-1].at - KEEP_MS
    while len(changes) > 1 and (len(changes) > MAX_CHANGES or changes[1].at < oldest):
        queues, capacity = _queues(changes, 1), _capacity(changes, 1)
        del changes[0]
        changes[0] = structs.replace(changes[0], queues=queues, capacity=capacity)
        presence.cut = True


_decode = msgspec.msgpack.Decoder(Presence).decode
