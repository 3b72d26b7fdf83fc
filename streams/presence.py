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
from itertools import pairwise
from typing import Final, NamedTuple

from msgspec import Struct, field

from streams.contact.history import DUPLICATE, LATE
from streams.events import AgentStateChanged
from streams.presence_pages import Order, PresencePages, StateChange, order
from streams.schedule import Activity
from streams.slices import DAY, HOUR

SERVING: Final = frozenset({"available", "ringing", "on_contact", "after_contact_work"})
"""The states of an agent who takes contacts now or as soon as the one in hand is over."""

KEEP_MS: Final = DAY
"""Changes older than this before the agent's last one can no longer be put in order."""

MAX_CHANGES: Final = 500
LONGEST_MS: Final = 12 * HOUR
"""A state nobody ended is counted for this long at the most: a forgotten sign-out is not a week of work."""


class Spent(NamedTuple):
    """Time in a state, [start, end) in epoch ms; sign +1 counted, -1 taken back."""

    sign: int
    state: str
    queues: tuple[str, ...]
    start: int
    end: int


class Presence(Struct, dict=True):
    """The recent state changes of one agent, in order; the last one is in force. ``cut``: older ones were dropped.

    ``queues_before`` and ``capacity_before`` are what was in force before the first of them, None when nobody said.
    ``plans``: what the agent is scheduled to do (``streams.schedule``). ``pages``: how all of it is stored.
    """

    agent_id: str
    stamp: int = -1
    team: str = ""
    heard_at: int = -1
    changes: list[StateChange] = []
    cut: bool = False
    plans: list[Activity] = []
    queues_before: tuple[str, ...] | None = None
    capacity_before: int | None = None
    pages: PresencePages = field(default_factory=PresencePages)

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
        """Queues and capacity: often told hundreds of changes ago, and asked for with each change and each look."""
        latest = self.changes[::-1]
        queues = next((change.queues for change in latest if change.queues is not None), self.queues_before)
        capacity = next((change.capacity for change in latest if change.capacity is not None), self.capacity_before)
        return queues or (), capacity or 1

    @cached_property
    def _ids(self) -> set[str]:
        """To search hundreds of changes for an event's takes longer than all else of it."""
        return {change.event_id for change in self.changes}

    def knows(self, event_id: str) -> bool:
        """Whether one of the changes is of this event."""
        return event_id in self._ids

    def place(self, change: StateChange) -> int:
        """Where a change belongs among the others: mostly behind them."""
        n = len(self.changes)
        return (
            n
            if not n or order(self.changes[-1]) < order(change)
            else bisect_left(self.changes, order(change), key=order)
        )

    def add(self, change: StateChange, place: int) -> None:
        """Put a change where it belongs."""
        queues, capacity = self._in_force
        if place < len(self.changes):
            del self.__dict__["_in_force"]
        else:
            self.__dict__["_in_force"] = (
                queues if change.queues is None else change.queues,
                capacity if change.capacity is None else change.capacity or 1,
            )
        self._ids.add(change.event_id)
        self.changes.insert(place, change)
        self.pages.put(change)

    def drop_first(self) -> None:
        """Know no more of the first change than what is in force since."""
        gone = self.changes.pop(0)
        self._ids.discard(gone.event_id)
        if gone.queues is not None:
            self.queues_before = gone.queues
        if gone.capacity is not None:
            self.capacity_before = gone.capacity
        self.cut = True

    def replace(self, gone: list[StateChange], new: list[StateChange], first: Order) -> None:
        """As it is read back: some changes for others; of all, those count that are not before the first one."""
        changes = self.changes
        for change in gone:
            if change not in new and change in changes[(n := self.place(change)) : n + 1]:
                del changes[n]
        for change in new:
            if change not in changes[(n := self.place(change)) : n + 1]:
                changes.insert(n, change)
        del changes[: bisect_left(changes, first, key=order)]
        self.__dict__.clear()  # what follows from them

    def state_at(self, now: int) -> str:
        """The state in force; "signed_out" when nothing is known or nothing was heard for ``LONGEST_MS``."""
        if not self.changes or now - max(self.heard_at, self.changes[-1].at) > LONGEST_MS:
            return "signed_out"
        return self.changes[-1].state


def record(presence: Presence, event: AgentStateChanged) -> list[Spent] | str:
    """Take one state change; return the spans that follow, or why there are none: ``DUPLICATE`` or ``LATE``."""
    changes = presence.changes
    if presence.knows(event.event_id):
        return DUPLICATE
    change = StateChange(event.occurred_at, event.source_seq, event.event_id, event.state, event.queues, event.capacity)
    n = presence.place(change)
    if n == 0 and changes and (presence.cut or changes[-1].at - change.at > KEEP_MS):
        return LATE
    if n == len(changes):
        spans = [_last(presence, change.at)] if changes else []
        presence.add(change, n)
    else:
        before = spans_of(presence)
        presence.add(change, n)
        spans = _difference(before, spans_of(presence))
    presence.team = event.team or presence.team
    _drop_old(presence)
    return [span for span in spans if span.end > span.start]


def open_span(presence: Presence, now: int) -> Spent | None:
    """The span still running at ``now``; None when the agent is signed out or unknown."""
    if not presence.changes or presence.state_at(now) == "signed_out":
        return None
    return _last(presence, max(now, presence.changes[-1].at))


def spans_of(presence: Presence) -> list[Spent]:
    """The spans that are over, of the changes still known, in order."""
    spans, queues = [], presence.queues_before or ()
    for change, after in pairwise(presence.changes):
        queues = queues if change.queues is None else change.queues
        spans.append(_spent(change, queues, after.at))
    return spans


def _last(presence: Presence, end: int) -> Spent:
    """The span of the change in force."""
    return _spent(presence.changes[-1], presence.queues, end)


def _spent(change: StateChange, queues: tuple[str, ...], end: int) -> Spent:
    return Spent(1, change.state, queues, change.at, min(end, change.at + LONGEST_MS))


def _difference(before: list[Spent], after: list[Spent]) -> list[Spent]:
    gone, new = Counter(before), Counter(after)
    return [
        *(span._replace(sign=-1) for span in (gone - new).elements()),
        *(new - gone).elements(),
    ]


def _drop_old(presence: Presence) -> None:
    changes = presence.changes
    oldest = changes[-1].at - KEEP_MS
    kept = changes[0]
    while len(changes) > 1 and (len(changes) > MAX_CHANGES or changes[1].at < oldest):
        presence.drop_first()
    if changes[0] is not kept:
        presence.pages.give_up_before(order(changes[0]))
