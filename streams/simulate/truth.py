"""What really happened: the simulator's own account of its floor, written while it happens.

What enters is nothing: the stories of ``calls`` and ``conversations`` create these records as they publish the events
that tell the same thing. What leaves goes to a ``Ledger`` (usually the oracle). Nothing here, and nothing that adds
these records up, may come from the code under test.

Times are epoch milliseconds (UTC), durations milliseconds. Where the source measured a duration itself, the record
holds the measured one, because that is the one to believe.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, Protocol, TypeAlias

Outcome: TypeAlias = Literal["answered", "abandoned", "flowed_out", "waiting", "lost"]
Ending: TypeAlias = Literal["ended", "transferred", "handling", "lost"]


class Visit(NamedTuple):
    """One stay in one queue.

    ``waiting``: still there when the stream ended. ``lost``: the source never told the end, so whoever reads the
    events sees a contact that waits until it is closed as an orphan. ``counted`` is False for test calls and internal
    ones, which no queue's numbers include. ``seen_ms`` is when the source last said anything of the contact.
    """

    contact_id: str
    queue: str
    channel: str
    started_ms: int
    offered_ms: int
    left_ms: int | None
    outcome: Outcome
    reason: str | None
    wait_ms: int
    is_callback: bool
    counted: bool
    seen_ms: int


class Segment(NamedTuple):
    """One agent's handling of one contact: talk (hold left out), hold and after-contact work.

    ``handling``: the stream ended first; ``lost``: the source never told the end. Both have no durations yet.
    ``closed_ms`` is the end of after-contact work, ``ended_ms`` that of the conversation itself, ``free_ms`` when the
    source told that the agent was done with the contact.
    """

    contact_id: str
    queue: str
    channel: str
    agent_id: str
    started_ms: int
    offered_ms: int
    answered_ms: int
    ended_ms: int | None
    closed_ms: int | None
    ending: Ending
    talk_ms: int
    hold_ms: int
    holds: int
    acw_ms: int
    transferred_to: str | None
    escalated: bool
    counted: bool
    seen_ms: int
    free_ms: int | None = None


class Happening(NamedTuple):
    """Something that is only counted: ``alerted``, ``missed``, ``escalated``, ``ivr_abandoned``, ``rated``, ...

    ``queue`` is None where no queue was involved (a caller who gave up in the IVR). ``value`` is what is summed beside
    the count: the ring time of ``rang``, else 0.
    """

    name: str
    contact_id: str
    queue: str | None
    channel: str
    started_ms: int
    at_ms: int
    counted: bool
    value: int = 0


class Moment(NamedTuple):
    """Something that was said in a written conversation, or of it.

    ``what``: "started", "queued", "handed_off", "resolved", "closed", "reopened", "abandoned", "merged", ...; of a
    message its author ("customer", "agent", "bot", "auto", and "note" where the customer does not read it); of a rating
    its kind, with ``value`` on ``low`` to ``high``. ``queue`` is "" before the first one, ``agent_id`` where nobody
    is named.
    """

    contact_id: str
    channel: str
    counted: bool
    at_ms: int
    what: str
    queue: str
    value: float = 0.0
    low: float = 0.0
    high: float = 1.0
    agent_id: str = ""


class Party(NamedTuple):
    """Whose contact it is: a customer's, or, of an outbound one, a lead's."""

    contact_id: str
    customer_id: str


class Spell(NamedTuple):
    """An agent was in ``state`` for these queues from ``began_ms`` to ``ended_ms``; the last of each is not told."""

    agent_id: str
    state: str
    queues: tuple[str, ...]
    began_ms: int
    ended_ms: int


Truth: TypeAlias = Visit | Segment | Happening | Moment | Party | Spell


class Ledger(Protocol):
    """Whoever keeps the truth."""

    def add(self, truth: Truth) -> None:
        """Take one record; each visit and each segment comes exactly once, when it is over or the stream ends."""

    def close(self, as_of_ms: int) -> None:
        """The stream ended at ``as_of_ms``; no more records come."""


class NoLedger:
    """Keeps nothing: for load, where only the stream is wanted."""

    def add(self, truth: Truth) -> None:
        """Forget it."""

    def close(self, as_of_ms: int) -> None:
        """Nothing to close."""
