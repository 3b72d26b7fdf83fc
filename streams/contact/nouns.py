"""What a contact is: conversation contains queue visits, a visit contains offers to agents, and handle segments.

Plain classes: compiled, their fields are those of a C struct. Each is stored as the sequence of its arguments.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from mypy_extensions import mypyc_attr

OPEN: Final = 0
"""How a visit left its queue is the kind of fact that tells of it; 0 while it waits."""


@mypyc_attr(acyclic=True)
class Noun:
    """Compared and shown by all that it holds."""

    def stored(self) -> tuple[object, ...]:
        """All of it, in the order of the arguments."""
        raise TypeError("each noun says what is stored of it")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Noun) and type(self) is type(other) and self.stored() == other.stored()

    def __hash__(self) -> int:
        raise TypeError("a noun changes: it has no hash")

    def __repr__(self) -> str:
        return f"{type(self).__name__}{self.stored()!r}"


@mypyc_attr(acyclic=True)
class Visit(Noun):
    """One stay in one queue. Times are epoch ms, -1 while unknown; ``wait_ms`` is the source's own measure or -1.

    ``position`` is the router's when the visit began (1 is next), 0 when it told none. ``previous`` is the index of the
    contact's visit of the same queue that this one follows, when that ended without an answer, else -1.
    """

    def __init__(
        self, queue: str, segment_id: str | None, offered_at: int, left_at: int = -1, outcome: int = OPEN,
        wait_ms: int = -1, reason: str = "", priority: int = 0, callback: bool = False, ringing_since: int = -1,
        position: int = 0, previous: int = -1, escalated: bool = False,
    ) -> None:  # fmt: skip
        self.queue = queue
        self.segment_id = segment_id
        self.offered_at = offered_at
        self.left_at = left_at
        self.outcome = outcome
        self.wait_ms = wait_ms
        self.reason = reason
        self.priority = priority
        self.callback = callback
        self.ringing_since = ringing_since
        self.position = position
        self.previous = previous
        self.escalated = escalated

    def stored(self) -> tuple[object, ...]:
        return (
            self.queue, self.segment_id, self.offered_at, self.left_at, self.outcome, self.wait_ms, self.reason,
            self.priority, self.callback, self.ringing_since, self.position, self.previous, self.escalated,
        )  # fmt: skip


@mypyc_attr(acyclic=True)
class Segment(Noun):
    """One agent's work on the contact. Durations are ms, -1 when the source did not measure them."""

    def __init__(
        self, queue: str, agent_id: str | None, arrival: int, started_at: int, ended_at: int = -1, talk_ms: int = -1,
        hold_ms: int = -1, acw_ms: int = -1, held_since: int = -1, held_for: int = 0, holds: int = 0,
        wrap_since: int = -1, wrapped_at: int = -1, transferred: bool = False, consult: bool = False,
        escalated: bool = False,
    ) -> None:  # fmt: skip
        self.queue = queue
        self.agent_id = agent_id
        self.arrival = arrival
        self.started_at = started_at
        self.ended_at = ended_at
        self.talk_ms = talk_ms
        self.hold_ms = hold_ms
        self.acw_ms = acw_ms
        self.held_since = held_since
        self.held_for = held_for
        self.holds = holds
        self.wrap_since = wrap_since
        self.wrapped_at = wrapped_at
        self.transferred = transferred
        self.consult = consult
        self.escalated = escalated

    def stored(self) -> tuple[object, ...]:
        return (
            self.queue, self.agent_id, self.arrival, self.started_at, self.ended_at, self.talk_ms, self.hold_ms,
            self.acw_ms, self.held_since, self.held_for, self.holds, self.wrap_since, self.wrapped_at,
            self.transferred, self.consult, self.escalated,
        )  # fmt: skip


@mypyc_attr(acyclic=True)
class Dialogue(Noun):
    """The written side of a contact: its clocks, epoch ms, -1 while they have not run. ``cycle`` counts reopenings.

    ``cycles`` holds when each cycle was opened and resolved, and the queue it was resolved in; ``deeds`` who replied
    first (False) or resolved (True) in each: agent, which, when, queue, cycle. Both are bounded by ``MAX_CYCLES``.
    """

    def __init__(
        self, created_at: int, created_in: str = "", queued_at: int = -1, handed_off_at: int = -1,
        first_reply_at: int = -1, waiting_since: int = -1, first_resolved_at: int = -1, resolved_at: int = -1,
        closed_at: int = -1, reopened_at: int = -1, cycle: int = 0, final_at: int = -1, final_queue: str = "",
        final_priority: int = 0, priority: int = 0, cycles: list[tuple[int, int, str]] | None = None,
        deeds: list[tuple[str, bool, int, str, int]] | None = None,
    ) -> None:  # fmt: skip
        self.created_at = created_at
        self.created_in = created_in
        self.queued_at = queued_at
        self.handed_off_at = handed_off_at
        self.first_reply_at = first_reply_at
        self.waiting_since = waiting_since
        self.first_resolved_at = first_resolved_at
        self.resolved_at = resolved_at
        self.closed_at = closed_at
        self.reopened_at = reopened_at
        self.cycle = cycle
        self.final_at = final_at
        self.final_queue = final_queue
        self.final_priority = final_priority
        self.priority = priority
        self.cycles: list[tuple[int, int, str]] = [] if cycles is None else cycles
        self.deeds: list[tuple[str, bool, int, str, int]] = [] if deeds is None else deeds

    def stored(self) -> tuple[object, ...]:
        return (
            self.created_at, self.created_in, self.queued_at, self.handed_off_at, self.first_reply_at,
            self.waiting_since, self.first_resolved_at, self.resolved_at, self.closed_at, self.reopened_at,
            self.cycle, self.final_at, self.final_queue, self.final_priority, self.priority, self.cycles, self.deeds,
        )  # fmt: skip

    def awaits_first_reply(self) -> bool:
        """Whether nobody has answered the conversation yet."""
        return self.first_reply_at < 0


@mypyc_attr(acyclic=True)
class Head(Noun):
    """The state of a contact after its last event. ``done_at`` is -1 while it is open.

    ``last_queue`` is that of the latest visit when visits are no longer remembered.
    ``voicemail_at``: when the caller left a voicemail that nobody has dealt with, -1 when there is none.
    ``given_up_at``: when it was closed as an orphan, -1 when never; whatever had no end by then has none.
    """

    def __init__(
        self, began_at: int, channel: str = "", flags: int = 0, done_at: int = -1, visits: list[Visit] | None = None,
        segments: list[Segment] | None = None, dialogue: Dialogue | None = None, voicemail_at: int = -1,
        voicemail_queue: str = "", last_queue: str = "", given_up_at: int = -1,
    ) -> None:  # fmt: skip
        self.began_at = began_at
        self.channel = channel
        self.flags = flags
        self.done_at = done_at
        self.visits: list[Visit] = [] if visits is None else visits
        self.segments: list[Segment] = [] if segments is None else segments
        self.dialogue = dialogue
        self.voicemail_at = voicemail_at
        self.voicemail_queue = voicemail_queue
        self.last_queue = last_queue
        self.given_up_at = given_up_at

    def stored(self) -> tuple[object, ...]:
        return (
            self.began_at, self.channel, self.flags, self.done_at, [one.stored() for one in self.visits],
            [one.stored() for one in self.segments], None if self.dialogue is None else self.dialogue.stored(),
            self.voicemail_at, self.voicemail_queue, self.last_queue, self.given_up_at,
        )  # fmt: skip

    @property
    def place(self) -> str:
        """The queue of the latest visit, also when visits are no longer remembered; "" before any."""
        return self.visits[-1].queue if self.visits else self.last_queue

    def add_visit(self, visit: Visit) -> None:
        """It entered a queue. Most do so once: a list that is made of one item has no room for four."""
        if self.visits:
            self.visits.append(visit)
        else:
            self.visits = [visit]

    def add_segment(self, segment: Segment) -> None:
        """An agent took it, mostly the only one."""
        if self.segments:
            self.segments.append(segment)
        else:
            self.segments = [segment]

    def waiting(self) -> Visit | None:
        """The visit that waits in a queue now, the earliest if several do."""
        for visit in self.visits:
            if visit.outcome == OPEN and visit.offered_at >= 0:
                return visit
        return None

    def in_hand(self) -> Segment | None:
        """The segment an agent is working on now (talk or hold), the latest if several are."""
        for segment in reversed(self.segments):
            if segment.ended_at < 0 and not segment.consult:
                return segment
        return None

    def settled(self) -> bool:
        """Whether the contact is over: after-contact work too, and no voicemail of it is left to be dealt with."""
        if self.done_at < 0 or self.voicemail_at >= 0:
            return False
        return self.done_at <= self.given_up_at or not self.wrapping()

    def ended(self) -> bool:
        """Whether its source told the end of it."""
        return self.done_at >= 0 and self.done_at != self.given_up_at

    def wrapping(self) -> bool:
        """Whether after-contact work has begun and not ended."""
        for segment in self.segments:  # noqa: SIM110 any() costs three times as much, and this runs for every event
            if segment.wrap_since >= 0 and segment.wrapped_at < 0:
                return True
        return False


@mypyc_attr(acyclic=True)
class Waiting(Noun):
    """A visit that waits now. ``position`` is what the router told when it began (1 is next), 0 if it told none."""

    def __init__(
        self, queue: str, channel: str, offered_at: int, priority: int, callback: bool, position: int = 0
    ) -> None:  # fmt: skip
        self.queue = queue
        self.channel = channel
        self.offered_at = offered_at
        self.priority = priority
        self.callback = callback
        self.position = position

    def stored(self) -> tuple[object, ...]:
        return (self.queue, self.channel, self.offered_at, self.priority, self.callback, self.position)


@mypyc_attr(acyclic=True)
class Voicemail(Noun):
    """A voicemail that nobody has dealt with yet; ``left_at`` is epoch ms."""

    def __init__(self, queue: str, channel: str, left_at: int) -> None:
        self.queue = queue
        self.channel = channel
        self.left_at = left_at

    def stored(self) -> tuple[object, ...]:
        return (self.queue, self.channel, self.left_at)


def head_of(stored: Sequence[Any]) -> Head:
    """The head that was stored like this; a new one, which shares nothing that can change."""
    began_at, channel, flags, done_at, visits, segments, dialogue, *more = stored
    return Head(
        began_at, channel, flags, done_at, [Visit(*one) for one in visits], [Segment(*one) for one in segments],
        None if dialogue is None else _dialogue_of(dialogue), *more,
    )  # fmt: skip


def _dialogue_of(stored: Sequence[Any]) -> Dialogue:
    *clocks, cycles, deeds = stored
    return Dialogue(*[*clocks, [tuple(cycle) for cycle in cycles], [tuple(deed) for deed in deeds]])
