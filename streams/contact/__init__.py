"""The life of one contact, one rule for each transition: ``step(head, entry)`` is the only way a contact changes.

What enters is one log entry at a time, in event-time order; what leaves is the changed ``Head`` and the facts that
follow, each with a sign (a fact can be taken back when an earlier guess turns out wrong). No clock, no I/O, no
settings: the same entries give the same state and facts, today and after a crash. ``streams.contact.history`` feeds
entries that come in any other order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from streams import facts as k
from streams.contact import dialogue, handling
from streams.contact import log as t
from streams.contact.entry import Entry
from streams.contact.moves import (
    changed,
    end_segment,
    last_segment,
    leave,
    left_unanswered,
    never_offered,
    note,
    open_segment,
    open_visit,
    repeated,
    start_segment,
)
from streams.contact.nouns import OPEN, Head, Visit
from streams.contact.state import fact_of, segment_facts, visit_facts
from streams.facts import ABANDONED, ANSWERED, FLOWED_OUT, ORPHANED, Change, Fact


def begin(entries: Sequence[Entry]) -> Head:
    """The state before the first of these entries: a contact began when it was started, else with its first event."""
    started = [entry.at for entry in entries if entry.transition == t.STARTED]
    return Head(began_at=min(started, default=entries[0].at), visits=[], segments=[])


def remembered(head: Head) -> Head:
    """What is kept of a finished contact that may come back: when it began and ended, and what it was."""
    return Head(
        head.began_at, head.channel, head.flags, head.done_at, [], [], head.dialogue, last_queue=head.place
    )  # fmt: skip


def step(head: Head, entry: Entry, out: list[Change]) -> None:
    """Apply one entry to the state, in place, and append what follows to ``out``."""
    if not head.channel:
        head.channel = entry.channel or ("voice" if entry.flags & t.CALL else "messaging")
    if entry.flags & t.MONITOR:
        return
    head.flags |= entry.flags & (t.TEST | t.INTERNAL | t.OUTBOUND | t.CALLBACK)
    if entry.transition < t.TAGGED:
        _RULES[entry.transition](head, entry, out)
    elif entry.transition == t.VOICEMAIL_HANDLED:
        _voicemail_handled(head, entry, out)
    elif entry.transition == t.ORPHANED:
        _orphaned(head, entry, out)
    if not entry.flags & t.CALL and (head.dialogue is not None or entry.transition != t.ORPHANED):
        dialogue.step(head, entry, out)


# --- one rule for each transition ------------------------------------------------------------------------------------


def _noted(_head: Head, _entry: Entry, _out: list[Change]) -> None:
    """Known, and nothing that queues or handling depend on."""


def _offered(head: Head, entry: Entry, out: list[Change]) -> None:
    head.done_at = -1
    queue = entry.queue or ""
    callback = bool(entry.flags & t.CALLBACK)
    for visit in head.visits:
        same = visit.queue == queue and (
            visit.segment_id is None or entry.segment_id is None or visit.segment_id == entry.segment_id
        )
        if same and visit.offered_at < 0:  # its end came first
            before = visit_facts(head, visit)
            visit.offered_at, visit.callback, visit.priority = entry.at, callback, entry.priority
            changed(before, visit_facts(head, visit), out)
            _rearrive(head, visit, out)
            if head.waiting() is None and head.in_hand() is None and head.segments:
                head.done_at = entry.at
            return
        if same and visit.outcome == OPEN:
            repeated(head, entry, out)
            return
    position = int(entry.detail) if entry.detail else 0
    visit = Visit(queue, entry.segment_id, entry.at, priority=entry.priority, callback=callback, position=position)
    visit.previous = left_unanswered(head, queue)
    head.add_visit(visit)
    out.append((1, visit_facts(head, visit)[0]))


def _rearrive(head: Head, visit: Visit, out: list[Change]) -> None:
    """A segment that began before its visit's offer was known takes over the true arrival."""
    for segment in head.segments:
        if segment.queue == visit.queue and segment.arrival <= segment.started_at:
            before = segment_facts(head, segment)
            segment.arrival = visit.offered_at
            changed(before, segment_facts(head, segment), out)
            return


def _alerting(head: Head, entry: Entry, out: list[Change]) -> None:
    visit = open_visit(head, entry)
    if visit is not None:
        visit.ringing_since = entry.at
    note(head, out, k.ALERTED, entry)


def _not_answered(head: Head, entry: Entry, out: list[Change]) -> None:
    visit = open_visit(head, entry)
    if visit is not None:
        visit.ringing_since = -1
    note(head, out, k.CANCELLED if entry.detail == "cancelled_by_customer" else k.MISSED, entry)


def _answered(head: Head, entry: Entry, out: list[Change]) -> None:
    if entry.flags & t.CONSULT:
        start_segment(head, entry, None, entry.at)
        return
    visit = open_visit(head, entry)
    if visit is None:
        segment = open_segment(head, entry)
        if segment is not None and segment.agent_id == entry.agent_id:
            repeated(head, entry, out)
            return
        known = any(v.queue == entry.queue and v.outcome == ANSWERED for v in head.visits)
        if entry.queue is None or known:  # handed from agent to agent: no queue, no wait
            start_segment(head, entry, None, entry.at)
            head.done_at = -1
            return
        visit = never_offered(head, entry)
    ring = entry.ring_ms if entry.ring_ms is not None else entry.at - visit.ringing_since
    if entry.ring_ms is not None or visit.ringing_since >= 0:
        out.append((1, fact_of(head, k.RANG, visit.queue, entry.at, max(visit.offered_at, 0), max(0, ring))))
    leave(head, entry, visit, ANSWERED, out)
    start_segment(head, entry, visit, entry.at)
    head.done_at = -1


def _transferred(head: Head, entry: Entry, out: list[Change]) -> None:
    segment = None if entry.flags & t.BEFORE_ANSWER else open_segment(head, entry)
    if segment is None:
        visit = open_visit(head, entry)
        if visit is not None and visit.outcome == OPEN:
            leave(head, entry, visit, FLOWED_OUT, out, "transfer")
            return
        segment = last_segment(head, entry)
        if segment is None or segment.transferred:
            repeated(head, entry, out)
            return
    segment.transferred = True
    if not segment.consult:
        where = "within" if entry.detail == segment.queue else "across"
        at = entry.at if segment.ended_at < 0 else segment.ended_at  # told late: it counts with its segment
        out.append((1, fact_of(head, k.TRANSFERRED, segment.queue, at, segment.arrival, 0, where)))
    if segment.ended_at < 0:
        end_segment(head, entry, segment, entry.at, out)


def _flowed_out(head: Head, entry: Entry, out: list[Change]) -> None:
    visit = open_visit(head, entry)
    if visit is None:
        if any(v.queue == (entry.queue or v.queue) for v in head.visits):
            repeated(head, entry, out)
            return
        visit = never_offered(head, entry)
    leave(head, entry, visit, FLOWED_OUT, out, entry.detail)
    if entry.detail == "voicemail":
        head.voicemail_at, head.voicemail_queue = entry.at, visit.queue
    _finish_when_idle(head, entry)


def _voicemail_handled(head: Head, entry: Entry, out: list[Change]) -> None:
    if head.voicemail_at < 0:
        repeated(head, entry, out)
    head.voicemail_at = -1


def _abandoned(head: Head, entry: Entry, out: list[Change]) -> None:
    visit = open_visit(head, entry)
    if visit is None:
        if open_segment(head, entry) is not None:  # a hang-up during talk is no abandonment
            _ended(head, entry, out)
            return
        if any(v.queue == (entry.queue or v.queue) for v in head.visits):
            repeated(head, entry, out)
            return
        visit = never_offered(head, entry)
    leave(head, entry, visit, ABANDONED, out)
    _finish_when_idle(head, entry)


def _ivr_abandoned(head: Head, entry: Entry, out: list[Change]) -> None:
    if head.done_at >= 0 or head.visits:
        repeated(head, entry, out)
        return
    note(head, out, k.IVR_ABANDONED, entry)
    head.done_at = entry.at


def _ended(head: Head, entry: Entry, out: list[Change]) -> None:
    if entry.flags & t.CONSULT and entry.agent_id is None:  # only the consultation is over, the call goes on
        for each in head.segments:
            if each.consult and each.ended_at < 0:
                end_segment(head, entry, each, entry.at, out)
        return
    segment = open_segment(head, entry)
    if segment is None:
        last = last_segment(head, entry)
        if last is not None and entry.agent_id is not None and last.ended_at >= 0:
            repeated(head, entry, out)  # the leg of an agent who had handed the contact on
            return
        visit = open_visit(head, entry)
        measured = entry.talk_ms is not None or entry.wait_ms is not None
        if measured and (visit is not None or not _seen(head, entry)):
            _answered_before(head, entry, visit, out)
        elif visit is not None and visit.outcome == OPEN:
            leave(head, entry, visit, ORPHANED, out)
    elif entry.agent_id is None:
        for each in head.segments:
            if each.ended_at < 0:
                end_segment(head, entry, each, entry.at, out)
    else:
        end_segment(head, entry, segment, entry.at, out)
    if head.done_at < 0 and _finish_when_idle(head, entry):
        note(head, out, k.CALL_ENDED, entry)
        sign, fact = out[-1]
        out[-1] = (sign, Fact(fact.kind, fact.queue, fact.channel, fact.at, fact.arrival, fact.started,
                              max(0, entry.at - head.began_at)))  # fmt: skip


def _seen(head: Head, entry: Entry) -> bool:
    return any(v.queue == (entry.queue or v.queue) for v in head.visits)


def _answered_before(head: Head, entry: Entry, visit: Visit | None, out: list[Change]) -> None:
    """An end that carries measured times tells of an answer nobody sent."""
    answered_at = entry.at - (entry.talk_ms or 0) - (entry.hold_ms or 0)
    visit = visit or never_offered(head, entry)
    answer = Entry(
        answered_at, entry.seq, t.ANSWERED, entry.event_id, visit.queue, entry.agent_id, wait_ms=entry.wait_ms
    )
    leave(head, answer, visit, ANSWERED, out)
    end_segment(head, entry, start_segment(head, entry, visit, answered_at), entry.at, out)


def _finish_when_idle(head: Head, entry: Entry) -> bool:
    if any(v.outcome == OPEN for v in head.visits) or any(s.ended_at < 0 for s in head.segments):
        return False
    head.done_at = entry.at
    return True


def _message(head: Head, entry: Entry, out: list[Change]) -> None:
    """A public reply by a person takes the conversation out of its queue, assigned or not."""
    if entry.flags & t.HUMAN:
        visit = open_visit(head, entry)
        if visit is not None and visit.outcome == OPEN:
            _answered(head, entry, out)


def _settled(head: Head, entry: Entry, out: list[Change]) -> None:
    """Resolved, closed or merged: nobody waits and nobody works on it any more. A merged one leaves every ratio."""
    if entry.transition == t.MERGED:
        head.flags |= t.MERGED_AWAY
    for visit in head.visits:
        if visit.outcome == OPEN:
            by_agent = entry.agent_id is not None and entry.transition != t.MERGED
            leave(head, entry, visit, ANSWERED if by_agent else ORPHANED, out)
    for segment in head.segments:
        if segment.ended_at < 0:
            end_segment(head, entry, segment, entry.at, out)
    head.done_at = entry.at


def _reopened(head: Head, entry: Entry, out: list[Change]) -> None:
    if head.done_at < 0:
        repeated(head, entry, out)
    head.done_at = -1


def _orphaned(head: Head, entry: Entry, out: list[Change]) -> None:
    """Silent for too long, or gone from its source: closed, shown, and kept out of service level and ASA.

    Of a contact whose end was told, after-contact work that nobody ended is over.
    """
    for visit in head.visits:
        if visit.outcome == OPEN:
            leave(head, entry, visit, ORPHANED, out, entry.detail)
    for segment in head.segments:
        if segment.ended_at < 0:
            segment.consult, segment.ended_at = True, entry.at
    head.given_up_at, head.voicemail_at = entry.at, -1
    if head.done_at < 0:
        head.done_at = entry.at


_RULES: Final = {
    t.STARTED: _noted, t.DIALLED: _noted, t.CONNECTED: _noted, t.HANDED_OFF: _noted,
    t.OFFERED: _offered, t.ALERTING: _alerting, t.NOT_ANSWERED: _not_answered, t.ANSWERED: _answered,
    t.HELD: handling.held, t.RESUMED: handling.resumed, t.ESCALATED: handling.escalated, t.TRANSFERRED: _transferred,
    t.FLOWED_OUT: _flowed_out, t.ABANDONED: _abandoned, t.IVR_ABANDONED: _ivr_abandoned, t.ENDED: _ended,
    t.WRAP_STARTED: handling.wrap_started, t.WRAPPED_UP: handling.wrapped_up, t.RESOLVED: _settled, t.CLOSED: _settled,
    t.MERGED: _settled, t.REOPENED: _reopened, t.MESSAGE: _message,
}  # fmt: skip
