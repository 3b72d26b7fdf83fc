"""The life of one contact: conversation contains queue visits, a visit contains offers to agents, and handle segments.

What enters is one log entry at a time, in event-time order; what leaves is the changed ``Head`` and the facts that
follow, each with a sign (a fact can be taken back when an earlier guess turns out wrong). No clock, no I/O, no
settings: the same entries give the same state and facts, today and after a crash. ``streams.history`` feeds entries
that come in any other order.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from streams import log as t
from streams.facts import Change, Fact, Kind
from streams.log import Entry

OPEN: Final = 0
ANSWERED, ABANDONED, FLOWED_OUT, ORPHANED = (int(k) for k in (Kind.ANSWERED, Kind.ABANDONED, Kind.FLOWED_OUT,
                                                              Kind.ORPHANED))  # fmt: skip
"""How a visit left its queue; 0 while it waits."""

_SPOKEN: Final = frozenset({"voice", "video", "chat"})
"""Channels where the time between answer and end is work on this contact alone; elsewhere only measured times count."""


class Visit(Struct, array_like=True):
    """One stay in one queue. Times are epoch ms, -1 while unknown; ``wait_ms`` is the source's own measure or -1."""

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


class Head(Struct, array_like=True):
    """The state of a contact after its last event. ``done_at`` is -1 while it is open."""

    began_at: int
    channel: str = ""
    flags: int = 0
    done_at: int = -1
    visits: list[Visit] = []
    segments: list[Segment] = []

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

    def wrapping(self) -> bool:
        """Whether after-contact work has begun and not ended."""
        return any(s.wrap_since >= 0 and s.wrapped_at < 0 for s in self.segments)


def excluded(flags: int) -> str:
    """Why a contact is not a customer of a queue: "test", "internal", "outbound", or "" when it is one."""
    if flags & t.TEST:
        return "test"
    if flags & t.INTERNAL:
        return "internal"
    return "outbound" if flags & t.OUTBOUND and not flags & t.CALLBACK else ""


def begin(entry: Entry) -> Head:
    """The state of a contact before its first event."""
    return Head(began_at=entry.at, visits=[], segments=[])


def step(head: Head, entry: Entry, out: list[Change]) -> None:
    """Apply one entry to the state, in place, and append what follows to ``out``."""
    if not head.channel:
        head.channel = entry.channel or ("voice" if entry.flags & t.CALL else "messaging")
    if entry.flags & t.MONITOR:
        return
    head.flags |= entry.flags & (t.TEST | t.INTERNAL | t.OUTBOUND | t.CALLBACK)
    _RULES[entry.transition](head, entry, out)


# --- facts of one visit and one segment ------------------------------------------------------------------------------


def _fact(head: Head, kind: int, queue: str, at: int, arrival: int, value: int = 0, detail: str = "") -> Fact:
    return Fact(kind, queue, head.channel, at, arrival, head.began_at, value, detail)


def _one(head: Head, out: list[Change], kind: int, entry: Entry, detail: str = "") -> None:
    visit = head.visits[-1] if head.visits else None
    queue = entry.queue or (visit.queue if visit else "")
    arrival = visit.offered_at if visit and visit.offered_at >= 0 else entry.at
    out.append((1, _fact(head, kind, queue, entry.at, arrival, 0, detail)))


def visit_facts(head: Head, visit: Visit) -> list[Fact]:
    """Everything the tallies know of one visit: its offer and how it left the queue.

    A visit whose offer was never seen has one implied by its measured wait; without that it is ``UNMATCHED``.
    """
    offered_at, detail = visit.offered_at, "callback" if visit.callback else ""
    if offered_at < 0:
        if visit.wait_ms < 0:
            return [_fact(head, Kind.UNMATCHED, visit.queue, visit.left_at, visit.left_at)] if visit.outcome else []
        offered_at, detail = visit.left_at - visit.wait_ms, "implied"
    facts = [_fact(head, Kind.OFFERED, visit.queue, offered_at, offered_at, 0, detail)]
    if visit.outcome:
        wait = visit.wait_ms if visit.wait_ms >= 0 else visit.left_at - offered_at
        if wait < 0:
            facts.append(_fact(head, Kind.SKEWED, visit.queue, offered_at, offered_at))
            wait = 0
        facts.append(_fact(head, visit.outcome, visit.queue, offered_at + wait, offered_at, wait, visit.reason))
    return facts


def segment_facts(head: Head, segment: Segment) -> list[Fact]:
    """Everything the tallies know of one finished segment: talk, hold, after-contact work and their sum."""
    if segment.ended_at < 0:
        return []
    at, arrival, queue = segment.ended_at, segment.arrival, segment.queue
    if segment.consult:
        return [_fact(head, Kind.CONSULTED, queue, at, arrival)]
    facts: list[Fact] = []
    hold = segment.hold_ms if segment.hold_ms >= 0 else segment.held_for
    talk = segment.talk_ms
    if talk < 0:
        talk = at - segment.started_at - hold if head.channel in _SPOKEN else 0
        if talk < 0:
            facts.append(_fact(head, Kind.SKEWED, queue, at, arrival))
            talk = 0
    facts.append(_fact(head, Kind.TALKED, queue, at, arrival, talk))
    if hold or segment.holds:
        facts.append(_fact(head, Kind.HELD, queue, at, arrival, hold, str(max(1, segment.holds))))
    work = 0
    if segment.wrapped_at >= 0:
        work = segment.acw_ms
        if work < 0:
            work = segment.wrapped_at - (segment.wrap_since if segment.wrap_since >= 0 else at)
        if work < 0:
            facts.append(_fact(head, Kind.SKEWED, queue, segment.wrapped_at, arrival))
            work = 0
        facts.append(_fact(head, Kind.WRAPPED, queue, segment.wrapped_at, arrival, work))
    facts.append(_fact(head, Kind.HANDLED, queue, at, arrival, talk + hold + work))
    return facts


def _changed(before: list[Fact], after: list[Fact], out: list[Change]) -> None:
    out.extend((-1, fact) for fact in before if fact not in after)
    out.extend((1, fact) for fact in after if fact not in before)


# --- finding what an entry is about ----------------------------------------------------------------------------------


def _open_visit(head: Head, entry: Entry) -> Visit | None:
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


def _open_segment(head: Head, entry: Entry) -> Segment | None:
    for segment in reversed(head.segments):
        if segment.ended_at < 0 and (entry.agent_id is None or entry.agent_id == segment.agent_id):
            return segment
    return None


def _last_segment(head: Head, entry: Entry) -> Segment | None:
    for segment in reversed(head.segments):
        if (entry.agent_id is None or entry.agent_id == segment.agent_id) and (
            entry.queue is None or entry.queue == segment.queue
        ):
            return segment
    return None


def _leave(head: Head, entry: Entry, visit: Visit, outcome: int, out: list[Change], reason: str = "") -> None:
    """The visit leaves its queue at the entry's time."""
    before = visit_facts(head, visit)
    if visit.ringing_since >= 0 and outcome == ABANDONED:
        out.append((1, _fact(head, Kind.CANCELLED, visit.queue, entry.at, visit.offered_at)))
    visit.ringing_since = -1
    visit.outcome, visit.left_at, visit.reason = outcome, entry.at, reason
    if entry.wait_ms is not None:
        visit.wait_ms = entry.wait_ms
    _changed(before, visit_facts(head, visit), out)


def _never_offered(head: Head, entry: Entry) -> Visit:
    visit = Visit(entry.queue or "", entry.segment_id, -1, priority=entry.priority)
    head.visits.append(visit)
    return visit


def _start_segment(head: Head, entry: Entry, visit: Visit | None, started_at: int) -> Segment:
    last = head.visits[-1] if head.visits else None
    queue = visit.queue if visit else (entry.queue or (last.queue if last else ""))
    arrival = started_at
    if visit is not None:
        arrival = visit.offered_at if visit.offered_at >= 0 else max(0, visit.left_at - max(0, visit.wait_ms))
    segment = Segment(queue, entry.agent_id, arrival, started_at, consult=bool(entry.flags & t.CONSULT))
    head.segments.append(segment)
    return segment


def _end_segment(head: Head, entry: Entry, segment: Segment, at: int, out: list[Change]) -> None:
    before = segment_facts(head, segment)
    if segment.held_since >= 0:
        segment.held_for += max(0, at - segment.held_since)
        segment.held_since = -1
    segment.ended_at = at
    _measure(entry, segment)
    _changed(before, segment_facts(head, segment), out)


def _measure(entry: Entry, segment: Segment) -> None:
    if entry.talk_ms is not None:
        segment.talk_ms = entry.talk_ms
    if entry.hold_ms is not None:
        segment.hold_ms = entry.hold_ms
    if entry.acw_ms is not None:
        segment.acw_ms = entry.acw_ms
        if segment.wrapped_at < 0:
            segment.wrapped_at = segment.ended_at + entry.acw_ms


# --- one rule for each transition ------------------------------------------------------------------------------------


def _noted(_head: Head, _entry: Entry, _out: list[Change]) -> None:
    """Known, and nothing that queues or handling depend on."""


def _repeated(head: Head, entry: Entry, out: list[Change]) -> None:
    _one(head, out, Kind.REPEATED, entry)


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
            _changed(before, visit_facts(head, visit), out)
            _rearrive(head, visit, out)
            if head.waiting() is None and head.in_hand() is None and head.segments:
                head.done_at = entry.at
            return
        if same and visit.outcome == OPEN:
            _repeated(head, entry, out)
            return
    visit = Visit(queue, entry.segment_id, entry.at, priority=entry.priority, callback=callback)
    head.visits.append(visit)
    out.append((1, visit_facts(head, visit)[0]))


def _rearrive(head: Head, visit: Visit, out: list[Change]) -> None:
    """A segment that began before its visit's offer was known takes over the true arrival."""
    for segment in head.segments:
        if segment.queue == visit.queue and segment.arrival <= segment.started_at:
            before = segment_facts(head, segment)
            segment.arrival = visit.offered_at
            _changed(before, segment_facts(head, segment), out)
            return


def _alerting(head: Head, entry: Entry, out: list[Change]) -> None:
    visit = _open_visit(head, entry)
    if visit is not None:
        visit.ringing_since = entry.at
    _one(head, out, Kind.ALERTED, entry)


def _not_answered(head: Head, entry: Entry, out: list[Change]) -> None:
    visit = _open_visit(head, entry)
    if visit is not None:
        visit.ringing_since = -1
    _one(head, out, Kind.CANCELLED if entry.detail == "cancelled_by_customer" else Kind.MISSED, entry)


def _answered(head: Head, entry: Entry, out: list[Change]) -> None:
    if entry.flags & t.CONSULT:
        _start_segment(head, entry, None, entry.at)
        return
    visit = _open_visit(head, entry)
    if visit is None:
        open_segment = _open_segment(head, entry)
        if open_segment is not None and open_segment.agent_id == entry.agent_id:
            _repeated(head, entry, out)
            return
        known = any(v.queue == entry.queue and v.outcome == ANSWERED for v in head.visits)
        if entry.queue is None or known:  # handed from agent to agent: no queue, no wait
            _start_segment(head, entry, None, entry.at)
            head.done_at = -1
            return
        visit = _never_offered(head, entry)
    ring = entry.ring_ms if entry.ring_ms is not None else entry.at - visit.ringing_since
    if entry.ring_ms is not None or visit.ringing_since >= 0:
        out.append((1, _fact(head, Kind.RANG, visit.queue, entry.at, max(visit.offered_at, 0), max(0, ring))))
    _leave(head, entry, visit, ANSWERED, out)
    _start_segment(head, entry, visit, entry.at)
    head.done_at = -1


def _held(head: Head, entry: Entry, out: list[Change]) -> None:
    segment = _open_segment(head, entry)
    if segment is None or segment.held_since >= 0:
        _repeated(head, entry, out)
        return
    segment.held_since = entry.at
    segment.holds += 1


def _resumed(head: Head, entry: Entry, out: list[Change]) -> None:
    segment = _open_segment(head, entry)
    if segment is None or segment.held_since < 0:
        _repeated(head, entry, out)
        return
    segment.held_for += entry.hold_ms if entry.hold_ms is not None else max(0, entry.at - segment.held_since)
    segment.held_since = -1


def _escalated(head: Head, entry: Entry, out: list[Change]) -> None:
    _one(head, out, Kind.ESCALATED, entry)


def _transferred(head: Head, entry: Entry, out: list[Change]) -> None:
    segment = None if entry.flags & t.BEFORE_ANSWER else _open_segment(head, entry)
    if segment is None:
        visit = _open_visit(head, entry)
        if visit is not None and visit.outcome == OPEN:
            _leave(head, entry, visit, FLOWED_OUT, out, "transfer")
            return
        segment = _last_segment(head, entry)
        if segment is None or segment.transferred:
            _repeated(head, entry, out)
            return
    segment.transferred = True
    where = "within" if entry.detail == segment.queue else "across"
    out.append((1, _fact(head, Kind.TRANSFERRED, segment.queue, entry.at, segment.arrival, 0, where)))
    if segment.ended_at < 0:
        _end_segment(head, entry, segment, entry.at, out)


def _flowed_out(head: Head, entry: Entry, out: list[Change]) -> None:
    visit = _open_visit(head, entry)
    if visit is None:
        if any(v.queue == (entry.queue or v.queue) for v in head.visits):
            _repeated(head, entry, out)
            return
        visit = _never_offered(head, entry)
    _leave(head, entry, visit, FLOWED_OUT, out, entry.detail)
    _finish_when_idle(head, entry)


def _abandoned(head: Head, entry: Entry, out: list[Change]) -> None:
    visit = _open_visit(head, entry)
    if visit is None:
        if _open_segment(head, entry) is not None:  # a hang-up during talk is no abandonment
            _ended(head, entry, out)
            return
        if any(v.queue == (entry.queue or v.queue) for v in head.visits):
            _repeated(head, entry, out)
            return
        visit = _never_offered(head, entry)
    _leave(head, entry, visit, ABANDONED, out)
    _finish_when_idle(head, entry)


def _ivr_abandoned(head: Head, entry: Entry, out: list[Change]) -> None:
    if head.done_at >= 0 or head.visits:
        _repeated(head, entry, out)
        return
    _one(head, out, Kind.IVR_ABANDONED, entry)
    head.done_at = entry.at


def _ended(head: Head, entry: Entry, out: list[Change]) -> None:
    segment = _open_segment(head, entry)
    if segment is None:
        last = _last_segment(head, entry)
        if last is not None and entry.agent_id is not None and last.ended_at >= 0:
            _repeated(head, entry, out)  # the leg of an agent who had handed the contact on
            return
        visit = _open_visit(head, entry)
        measured = entry.talk_ms is not None or entry.wait_ms is not None
        if measured and (visit is not None or not _seen(head, entry)):
            _answered_before(head, entry, visit, out)
        elif visit is not None and visit.outcome == OPEN:
            _leave(head, entry, visit, ORPHANED, out)
    elif entry.agent_id is None:
        for each in head.segments:
            if each.ended_at < 0:
                _end_segment(head, entry, each, entry.at, out)
    else:
        _end_segment(head, entry, segment, entry.at, out)
    if head.done_at < 0 and _finish_when_idle(head, entry):
        _one(head, out, Kind.CALL_ENDED, entry)
        sign, fact = out[-1]
        out[-1] = (sign, Fact(fact.kind, fact.queue, fact.channel, fact.at, fact.arrival, fact.started,
                              max(0, entry.at - head.began_at)))  # fmt: skip


def _seen(head: Head, entry: Entry) -> bool:
    return any(v.queue == (entry.queue or v.queue) for v in head.visits)


def _answered_before(head: Head, entry: Entry, visit: Visit | None, out: list[Change]) -> None:
    """An end that carries measured times tells of an answer nobody sent."""
    answered_at = entry.at - (entry.talk_ms or 0) - (entry.hold_ms or 0)
    visit = visit or _never_offered(head, entry)
    answer = Entry(
        answered_at, entry.seq, t.ANSWERED, entry.event_id, visit.queue, entry.agent_id, wait_ms=entry.wait_ms
    )
    _leave(head, answer, visit, ANSWERED, out)
    _end_segment(head, entry, _start_segment(head, entry, visit, answered_at), entry.at, out)


def _finish_when_idle(head: Head, entry: Entry) -> bool:
    if any(v.outcome == OPEN for v in head.visits) or any(s.ended_at < 0 for s in head.segments):
        return False
    head.done_at = entry.at
    return True


def _wrap_started(head: Head, entry: Entry, out: list[Change]) -> None:
    segment = _last_segment(head, entry)
    if segment is None or segment.wrap_since >= 0:
        _repeated(head, entry, out)
        return
    segment.wrap_since = entry.at


def _wrapped_up(head: Head, entry: Entry, out: list[Change]) -> None:
    segment = _last_segment(head, entry)
    if segment is None or (segment.wrapped_at >= 0 and segment.acw_ms < 0):
        _repeated(head, entry, out)
        return
    before = segment_facts(head, segment)
    if segment.wrapped_at < 0:
        segment.wrapped_at = entry.at
    if entry.acw_ms is not None:
        segment.acw_ms = entry.acw_ms
    _changed(before, segment_facts(head, segment), out)


def _message(head: Head, entry: Entry, out: list[Change]) -> None:
    """A public reply by a person takes the conversation out of its queue, assigned or not."""
    if entry.flags & t.HUMAN:
        visit = _open_visit(head, entry)
        if visit is not None and visit.outcome == OPEN:
            _answered(head, entry, out)


def _settled(head: Head, entry: Entry, out: list[Change]) -> None:
    """Resolved, closed or merged: nobody waits and nobody works on it any more."""
    for visit in head.visits:
        if visit.outcome == OPEN:
            by_agent = entry.agent_id is not None and entry.transition != t.MERGED
            _leave(head, entry, visit, ANSWERED if by_agent else ORPHANED, out)
    for segment in head.segments:
        if segment.ended_at < 0:
            _end_segment(head, entry, segment, entry.at, out)
    head.done_at = entry.at


def _reopened(head: Head, entry: Entry, out: list[Change]) -> None:
    if head.done_at < 0:
        _repeated(head, entry, out)
    head.done_at = -1


def _orphaned(head: Head, entry: Entry, out: list[Change]) -> None:
    """Nothing came for longer than the channel allows: closed, shown, and kept out of service level and ASA."""
    for visit in head.visits:
        if visit.outcome == OPEN:
            _leave(head, entry, visit, ORPHANED, out)
    for segment in head.segments:
        if segment.ended_at < 0:
            segment.consult, segment.ended_at = True, entry.at
    head.done_at = entry.at


_RULES: Final = {
    t.STARTED: _noted, t.DIALLED: _noted, t.CONNECTED: _noted, t.HANDED_OFF: _noted, t.NOTED: _noted,
    t.OFFERED: _offered, t.ALERTING: _alerting, t.NOT_ANSWERED: _not_answered, t.ANSWERED: _answered,
    t.HELD: _held, t.RESUMED: _resumed, t.ESCALATED: _escalated, t.TRANSFERRED: _transferred,
    t.FLOWED_OUT: _flowed_out, t.ABANDONED: _abandoned, t.IVR_ABANDONED: _ivr_abandoned, t.ENDED: _ended,
    t.WRAP_STARTED: _wrap_started, t.WRAPPED_UP: _wrapped_up, t.RESOLVED: _settled, t.CLOSED: _settled,
    t.MERGED: _settled, t.REOPENED: _reopened, t.MESSAGE: _message, t.ORPHANED: _orphaned,
}  # fmt: skip
