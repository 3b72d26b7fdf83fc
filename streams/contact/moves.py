"""The moves that the rules of ``streams.contact`` are made of: find what an entry is about, begin it, end it.

Each move changes the head in place and appends to ``out`` what the tallies have to know.
"""

from __future__ import annotations

from streams import facts as k
from streams.contact import log as t
from streams.contact.entry import Entry
from streams.contact.nouns import OPEN, Head, Segment, Visit
from streams.contact.state import fact_of, segment_facts, visit_facts
from streams.facts import ABANDONED, FLOWED_OUT, ORPHANED, Change, Fact


def note(head: Head, out: list[Change], kind: int, entry: Entry, detail: str = "") -> None:
    """Tell the tallies that this happened now, in the entry's queue or that of the latest visit."""
    visit = head.visits[-1] if head.visits else None
    queue = entry.queue or head.place
    arrival = visit.offered_at if visit and visit.offered_at >= 0 else entry.at
    out.append((1, fact_of(head, kind, queue, entry.at, arrival, 0, detail)))


def repeated(head: Head, entry: Entry, out: list[Change]) -> None:
    """It had already happened, or cannot have: counted, and nothing changes."""
    note(head, out, k.REPEATED, entry)


def changed(before: list[Fact], after: list[Fact], out: list[Change]) -> None:
    """The changes that lead from what one visit or segment told before to what it tells now."""
    if before:
        out += [(-1, fact) for fact in before if fact not in after]
        after = [fact for fact in after if fact not in before]
    out += [(1, fact) for fact in after]


# --- finding what an entry is about ----------------------------------------------------------------------------------


def open_visit(head: Head, entry: Entry) -> Visit | None:
    """The visit an entry ends: of its segment, else of its queue, else the earliest open one.

    A visit closed as an orphan still counts as open here: its true end, however late, puts it right.
    """
    found: Visit | None = None
    for visit in head.visits:
        if visit.outcome != OPEN and visit.outcome != ORPHANED:
            continue
        if entry.segment_id is not None and visit.segment_id is not None:
            if visit.segment_id == entry.segment_id:
                return visit
            continue
        if (entry.queue is None or entry.queue == visit.queue) and (
            found is None or (found.outcome == ORPHANED and visit.outcome == OPEN)
        ):
            found = visit
    return found


def open_segment(head: Head, entry: Entry) -> Segment | None:
    """The segment still running, of the entry's agent where it names one; the latest, a consultation only if no other.

    An agent is not named by every source, and who has the call holds it and hands it on, not who is asked for advice.
    """
    consultation: Segment | None = None
    for segment in reversed(head.segments):
        if segment.ended_at < 0 and (entry.agent_id is None or entry.agent_id == segment.agent_id):
            if not segment.consult:
                return segment
            consultation = consultation or segment
    return consultation


def last_segment(head: Head, entry: Entry) -> Segment | None:
    """The latest segment of the entry's agent and queue, where it names them, running or not."""
    for segment in reversed(head.segments):
        if (entry.agent_id is None or entry.agent_id == segment.agent_id) and (
            entry.queue is None or entry.queue == segment.queue
        ):
            return segment
    return None


def left_unanswered(head: Head, queue: str) -> int:
    """Which visit of this queue the contact left last without an answer; -1 when none: then this is no coming back."""
    for n in range(len(head.visits) - 1, -1, -1):
        visit = head.visits[n]
        if visit.queue == queue:
            return n if visit.outcome in (ABANDONED, FLOWED_OUT) else -1
    return -1


def leave(head: Head, entry: Entry, visit: Visit, outcome: int, out: list[Change], reason: str = "") -> None:
    """The visit leaves its queue at the entry's time."""
    before = visit_facts(head, visit)
    if visit.ringing_since >= 0 and outcome == ABANDONED:
        out.append((1, fact_of(head, k.CANCELLED, visit.queue, entry.at, visit.offered_at)))
    visit.ringing_since = -1
    visit.outcome, visit.left_at, visit.reason = outcome, entry.at, reason
    if entry.wait_ms is not None:
        visit.wait_ms = entry.wait_ms
    changed(before, visit_facts(head, visit), out)


def never_offered(head: Head, entry: Entry) -> Visit:
    """A visit that begins with its end: its offer was lost, or is still to come."""
    visit = Visit(entry.queue or "", entry.segment_id, -1, priority=entry.priority)
    head.add_visit(visit)
    return visit


def start_segment(head: Head, entry: Entry, visit: Visit | None, started_at: int) -> Segment:
    """An agent takes the contact over; the segment belongs to the visit, or to the latest one when there is none."""
    queue = visit.queue if visit else (entry.queue or head.place)
    arrival = started_at
    if visit is not None:
        arrival = visit.offered_at if visit.offered_at >= 0 else max(0, visit.left_at - max(0, visit.wait_ms))
    segment = Segment(queue, entry.agent_id, arrival, started_at, consult=bool(entry.flags & t.CONSULT))
    segment.escalated = visit is not None and visit.escalated
    head.add_segment(segment)
    return segment


def end_segment(head: Head, entry: Entry, segment: Segment, at: int, out: list[Change]) -> None:
    """The agent is done with the contact, but for after-contact work."""
    before = segment_facts(head, segment)
    if segment.held_since >= 0:
        segment.held_for += max(0, at - segment.held_since)
        segment.held_since = -1
    segment.ended_at = at
    _measure(entry, segment)
    changed(before, segment_facts(head, segment), out)


def _measure(entry: Entry, segment: Segment) -> None:
    if entry.talk_ms is not None:
        segment.talk_ms = entry.talk_ms
    if entry.hold_ms is not None:
        segment.hold_ms = entry.hold_ms
    if entry.acw_ms is not None:
        segment.acw_ms = entry.acw_ms
        if segment.wrapped_at < 0:
            segment.wrapped_at = segment.ended_at + entry.acw_ms
