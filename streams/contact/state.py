"""What a contact is: conversation contains queue visits, a visit contains offers to agents, and handle segments.

The nouns, and what each of them tells the tallies (``visit_facts``, ``segment_facts``: pure functions of one visit or
segment). ``streams.contact`` has the verbs.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from streams.contact import log as t
from streams.facts import Fact, Kind

OPEN: Final = 0
ANSWERED, ABANDONED, FLOWED_OUT, ORPHANED = (int(k) for k in (Kind.ANSWERED, Kind.ABANDONED, Kind.FLOWED_OUT,
                                                              Kind.ORPHANED))  # fmt: skip
"""How a visit left its queue; 0 while it waits."""

MAX_CYCLES: Final = 50
"""Cycles and deeds of one conversation that are remembered; a later cycle takes the place of the last one."""

_SPOKEN: Final = frozenset({"voice", "video", "chat"})
"""Channels where the time between answer and end is work on this contact alone; elsewhere only measured times count."""


class Visit(Struct, array_like=True):
    """One stay in one queue. Times are epoch ms, -1 while unknown; ``wait_ms`` is the source's own measure or -1.

    ``position`` is the router's when the visit began (1 is next), 0 when it told none. ``previous`` is the index of the
    contact's visit of the same queue that this one follows, when that ended without an answer, else -1.
    """

    queue: str
    segment_id: str | None
    offered_at: int
    left_at: int = -1
    outcome: int = OPEN
    wait_ms: int = -1
    reason: str = ""
    priority: int = 0
    callback: bool = False
    ringing_since: int = -1
    position: int = 0
    previous: int = -1
    escalated: bool = False


class Segment(Struct, array_like=True):
    """One agent's work on the contact. Durations are ms, -1 when the source did not measure them."""

    queue: str
    agent_id: str | None
    arrival: int
    started_at: int
    ended_at: int = -1
    talk_ms: int = -1
    hold_ms: int = -1
    acw_ms: int = -1
    held_since: int = -1
    held_for: int = 0
    holds: int = 0
    wrap_since: int = -1
    wrapped_at: int = -1
    transferred: bool = False
    consult: bool = False
    escalated: bool = False


class Dialogue(Struct, array_like=True):
    """The written side of a contact: its clocks, epoch ms, -1 while they have not run. ``cycle`` counts reopenings.

    ``cycles`` holds when each cycle was opened and resolved, and the queue it was resolved in; ``deeds`` who replied
    first (False) or resolved (True) in each: agent, which, when, queue, cycle. Both are bounded by ``MAX_CYCLES``.
    """

    created_at: int
    created_in: str = ""
    queued_at: int = -1
    handed_off_at: int = -1
    first_reply_at: int = -1
    waiting_since: int = -1
    first_resolved_at: int = -1
    resolved_at: int = -1
    closed_at: int = -1
    reopened_at: int = -1
    cycle: int = 0
    final_at: int = -1
    final_queue: str = ""
    final_priority: int = 0
    priority: int = 0
    cycles: list[tuple[int, int, str]] = []
    deeds: list[tuple[str, bool, int, str, int]] = []

    def awaits_first_reply(self) -> bool:
        """Whether nobody has answered the conversation yet."""
        return self.first_reply_at < 0


class Head(Struct, array_like=True):
    """The state of a contact after its last event. ``done_at`` is -1 while it is open.

    ``last_queue`` is that of the latest visit when visits are no longer remembered.
    ``voicemail_at``: when the caller left a voicemail that nobody has dealt with, -1 when there is none.
    ``given_up_at``: when it was closed as an orphan, -1 when never; whatever had no end by then has none.
    """

    began_at: int
    channel: str = ""
    flags: int = 0
    done_at: int = -1
    visits: list[Visit] = []
    segments: list[Segment] = []
    dialogue: Dialogue | None = None
    voicemail_at: int = -1
    voicemail_queue: str = ""
    last_queue: str = ""
    given_up_at: int = -1

    @property
    def place(self) -> str:
        """The queue of the latest visit, also when visits are no longer remembered; "" before any."""
        return self.visits[-1].queue if self.visits else self.last_queue

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


def excluded(flags: int) -> str:
    """Why a contact is not a customer of a queue: "test", "merged", "internal", "outbound", or "" when it is one."""
    if flags & t.TEST:
        return "test"
    if flags & t.MERGED_AWAY:
        return "merged"
    if flags & t.INTERNAL:
        return "internal"
    return "outbound" if flags & t.OUTBOUND and not flags & t.CALLBACK else ""


# --- facts of one visit and one segment ------------------------------------------------------------------------------


def fact_of(head: Head, kind: int, queue: str, at: int, arrival: int, value: int = 0, detail: str = "") -> Fact:
    return Fact(kind, queue, head.channel, at, arrival, head.began_at, value, detail)


def visit_facts(head: Head, visit: Visit) -> list[Fact]:
    """Everything the tallies know of one visit: its offer and how it left the queue.

    A visit whose offer was never seen has one implied by its measured wait; without that it is ``UNMATCHED``.
    """
    offered_at, detail = visit.offered_at, "callback" if visit.callback else "rejoined" if visit.previous >= 0 else ""
    if offered_at < 0:
        if visit.wait_ms < 0:
            return [fact_of(head, Kind.UNMATCHED, visit.queue, visit.left_at, visit.left_at)] if visit.outcome else []
        offered_at, detail = visit.left_at - visit.wait_ms, "implied"
    facts = [fact_of(head, Kind.OFFERED, visit.queue, offered_at, offered_at, 0, detail)]
    if visit.outcome:
        wait = visit.wait_ms if visit.wait_ms >= 0 else visit.left_at - offered_at
        if wait < 0:
            facts.append(fact_of(head, Kind.SKEWED, visit.queue, offered_at, offered_at))
            wait = 0
        facts.append(fact_of(head, visit.outcome, visit.queue, offered_at + wait, offered_at, wait, visit.reason))
    return facts


def durations(head: Head, segment: Segment) -> tuple[int, int, int]:
    """Talk, hold and after-contact work (ms) of a segment that has ended; below 0 where clocks disagree.

    What the source measured is believed before differences of times. Work is 0 until it has ended.
    """
    hold = segment.hold_ms if segment.hold_ms >= 0 else segment.held_for
    talk = segment.talk_ms
    if talk < 0:
        talk = segment.ended_at - segment.started_at - hold if head.channel in _SPOKEN else 0
    if segment.wrapped_at < 0:
        return talk, hold, 0
    if segment.acw_ms >= 0:
        return talk, hold, segment.acw_ms
    return talk, hold, segment.wrapped_at - (segment.wrap_since if segment.wrap_since >= 0 else segment.ended_at)


def segment_facts(head: Head, segment: Segment) -> list[Fact]:
    """Everything the tallies know of one finished segment: talk, hold, after-contact work and their sum."""
    if segment.ended_at < 0:
        return []
    at, arrival, queue = segment.ended_at, segment.arrival, segment.queue
    if segment.consult:
        return [fact_of(head, Kind.CONSULTED, queue, at, arrival)]
    facts: list[Fact] = []
    talk, hold, work = durations(head, segment)
    if talk < 0:
        facts.append(fact_of(head, Kind.SKEWED, queue, at, arrival))
        talk = 0
    facts.append(fact_of(head, Kind.TALKED, queue, at, arrival, talk))
    if segment.escalated:
        facts.append(fact_of(head, Kind.ESCALATED, queue, at, arrival))
    if hold or segment.holds:
        facts.append(fact_of(head, Kind.HELD, queue, at, arrival, hold, str(max(1, segment.holds))))
    if segment.wrapped_at >= 0:
        if work < 0:
            facts.append(fact_of(head, Kind.SKEWED, queue, segment.wrapped_at, arrival))
            work = 0
        facts.append(fact_of(head, Kind.WRAPPED, queue, segment.wrapped_at, arrival, work))
    facts.append(fact_of(head, Kind.HANDLED, queue, at, arrival, talk + hold + work))
    return facts
