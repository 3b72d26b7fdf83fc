"""What is true now of one contact for its customer, its lead and its agents: a pure function of its state.

Because it is one, nothing about what was told has to be remembered: what changed with an event is the difference of
what is true before it and after it, today and when the event is applied again after a crash.
"""

from __future__ import annotations

from typing import Final

from streams.contact import log as t
from streams.contact.entry import Entry
from streams.contact.history import Contact, entries_of, is_last
from streams.contact.nouns import Head, Segment
from streams.contact.state import durations, excluded
from streams.crossing import fact as f
from streams.crossing.fact import Attempt, Case, CrossFact, Cycle, Deed, Piece, Telling, Withdrawn, Work

CUSTOMER: Final = 1
AGENTS: Final = 2
EVERYBODY: Final = 3
"""Who may have to be told of a contact; a lead is a customer here."""

_CONCERNS: Final = {
    t.ALERTING: 0, t.NOT_ANSWERED: 0, t.HELD: 0, t.RESUMED: 0, t.ESCALATED: 0, t.TAGGED: 0, t.COMMENTED: 0,
    t.SURVEY_SENT: 0, t.RATED: 0, t.REVIEWED: 0,
}  # fmt: skip
_CONCERNS_OF_A_CALL: Final = _CONCERNS | {
    t.OFFERED: CUSTOMER, t.TRANSFERRED: AGENTS, t.WRAP_STARTED: AGENTS, t.WRAPPED_UP: AGENTS,
}  # fmt: skip
_CLASSIFYING: Final = t.TEST | t.INTERNAL | t.OUTBOUND | t.CALLBACK


def concerned(contact: Contact, entry: Entry) -> int:
    """Whom an entry may change something for, ``EVERYBODY`` when that depends on more than its place at the end."""
    head = contact.head
    if head is None or not is_last(contact, entry) or entry.flags & ~head.flags & _CLASSIFYING:
        return EVERYBODY
    if head.dialogue is not None:
        if entry.transition == t.MESSAGE and not entry.flags & t.HUMAN:
            return 0
        return _CONCERNS.get(entry.transition, EVERYBODY)
    if not entry.flags & t.CALL:
        return _CONCERNS.get(entry.transition, EVERYBODY)
    if entry.transition == t.ANSWERED and head.visits and head.done_at < 0:
        return AGENTS
    return _CONCERNS_OF_A_CALL.get(entry.transition, EVERYBODY)


def tellings(contact: Contact, whom: int = EVERYBODY) -> list[Telling]:
    """All that is true of a contact for ``whom``; nothing of a test, internal or merged one, or of a call's stub."""
    head = contact.head if contact.head is not None else contact.base
    if head is None:
        return []
    reason = excluded(head.flags) if head.flags else ""
    if reason == "outbound":
        return _outbound(contact, head)
    if reason:
        return []
    found: list[Telling] = []
    if whom & CUSTOMER and contact.customer is not None:
        case = _case(contact, head)
        if case is not None:
            found.append(Telling(f.CUSTOMERS, f.customer(contact.customer[1]), case))
    if whom & AGENTS:
        if head.segments:
            found += _handled(contact, head)
        if head.dialogue is not None and head.dialogue.deeds:
            found += _deeds(contact, head)
    return found


def _case(contact: Contact, head: Head) -> Case | None:
    dialogue = head.dialogue
    if dialogue is not None:
        cycles = [Cycle(opened_at, resolved_at, queue) for opened_at, resolved_at, queue in dialogue.cycles]
        settled = max(dialogue.resolved_at, dialogue.closed_at)
        return Case(contact.contact_id, contact.born, head.channel, dialogue.created_in, settled, cycles)
    if not head.visits:
        return None
    resolved_at, queue = -1, ""
    if head.ended():
        for segment in reversed(head.segments):
            if not segment.consult:
                resolved_at, queue = head.done_at, segment.queue
                break
    first = head.visits[0]
    return Case(
        contact.contact_id, contact.revived, head.channel, first.queue, head.done_at,
        [Cycle(head.began_at, resolved_at, queue)], first.callback,
    )  # fmt: skip


def _handled(contact: Contact, head: Head, *, outbound: bool = False) -> list[Telling]:
    """What each agent did, in the order in which they first did something."""
    works: list[Work] = []
    names: list[str] = []
    for segment in head.segments:
        name = segment.agent_id
        if name is not None and not segment.consult:
            if name not in names:
                names.append(name)
                works.append(Work(contact.contact_id, 2 * contact.revived, head.channel, [], [], outbound))
            works[names.index(name)].pieces.append(_piece(head, segment))
    return [Telling(f.AGENTS, f.agent(names[n]), work) for n, work in enumerate(works)]


def _piece(head: Head, segment: Segment) -> Piece:
    if segment.ended_at < 0:
        return Piece(segment.queue, segment.started_at)
    talk_ms, hold_ms, wrap_ms = durations(head, segment)
    free_at = segment.wrapped_at if segment.wrapped_at >= 0 else -1 if segment.wrap_since >= 0 else segment.ended_at
    return Piece(
        segment.queue, segment.started_at, segment.ended_at, free_at, max(0, talk_ms), max(0, hold_ms),
        max(0, wrap_ms),
    )  # fmt: skip


def _deeds(contact: Contact, head: Head) -> list[Telling]:
    assert head.dialogue is not None
    by_agent: dict[str, list[Deed]] = {}
    for name, resolved, at, queue, _ in head.dialogue.deeds:
        by_agent.setdefault(name, []).append(Deed(resolved, at, queue))
    part = 2 * contact.born + 1
    return [
        Telling(f.AGENTS, f.agent(name), Work(contact.contact_id, part, head.channel, [], deeds))
        for name, deeds in by_agent.items()
    ]


def _outbound(contact: Contact, head: Head) -> list[Telling]:
    """An attempt, from the log: a contact that is dialled has few entries, and none of them queues."""
    at = dict.fromkeys((t.DIALLED, t.CONNECTED, t.ABANDONED, t.WRAP_STARTED, t.WRAPPED_UP), -1)
    disposition, queue, agent = "", "", None
    for entry in entries_of(contact):
        queue, agent = queue or entry.queue or "", agent or entry.agent_id
        if entry.transition in at and (at[entry.transition] < 0 or entry.transition != t.DIALLED):
            at[entry.transition] = entry.at
        if entry.transition == t.CONNECTED:
            disposition = entry.detail
    dialled_at = at[t.DIALLED] if at[t.DIALLED] >= 0 else at[t.CONNECTED]
    if dialled_at < 0:
        return _handled(contact, head, outbound=True)
    abandoned_at = at[t.ABANDONED]
    if disposition == "abandoned":
        abandoned_at = at[t.CONNECTED]
    elif disposition == "person" and agent is None:
        abandoned_at = head.done_at
    attempt = Attempt(
        contact.contact_id, contact.revived, head.channel, queue, contact.lead is not None, dialled_at, disposition,
        at[t.CONNECTED], abandoned_at,
    )  # fmt: skip
    who = f.lead(contact.lead[1] if contact.lead is not None else contact.contact_id)
    found = [Telling(f.CUSTOMERS, who, attempt)]
    if head.segments or agent is None:
        return found + _handled(contact, head, outbound=True)
    free_at = at[t.WRAPPED_UP] if at[t.WRAPPED_UP] >= 0 else -1 if at[t.WRAP_STARTED] >= 0 else head.done_at
    piece = Piece(queue, dialled_at, head.done_at, free_at)
    work = Work(contact.contact_id, 2 * contact.revived, head.channel, [piece], [], outbound=True)
    return [*found, Telling(f.AGENTS, f.agent(agent), work)]


def difference(before: list[Telling], after: list[Telling]) -> list[Telling]:
    """What has to be told when ``after`` is true instead of ``before``: what is gone first, then what is new.

    Each has one fact at the most for the same contact and part of a customer, lead or agent.
    """
    if not before:
        return after
    changes: list[Telling] = []
    for was in before:
        if _same(was, after) is None:
            gone = Withdrawn(was.fact.contact_id, was.fact.part)
            changes.append(Telling(was.destination, was.who, gone))
    for now in after:
        known = _same(now, before)
        if known is None or _differs(known.fact, now.fact):
            changes.append(now)
    return changes


def _differs(was: CrossFact, now: CrossFact) -> bool:
    """Whether something else is true now; what mostly differs is looked at first."""
    if isinstance(was, Work) and isinstance(now, Work) and was.pieces and now.pieces:
        last, latest = was.pieces[-1], now.pieces[-1]
        if last.ended_at != latest.ended_at or last.free_at != latest.free_at:
            return True
    elif isinstance(was, Case) and isinstance(now, Case) and was.done_at != now.done_at:
        return True
    return was != now


def _same(telling: Telling, among: list[Telling]) -> Telling | None:
    """The telling about the same contact and part, for the same person; there are a few at the most."""
    part, who = telling.fact.part, telling.who
    for other in among:
        if other.fact.part == part and other.who == who and other.fact.contact_id == telling.fact.contact_id:
            return other
    return None
