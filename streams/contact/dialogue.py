"""The written side of a contact: response and resolution clocks, one rule for each transition.

Only public messages by people are replies; bots and auto-acknowledgements are not. The first reply ends the first
response clock and starts no next one; the next response clock runs from the first customer message that nobody has
answered. Resolving stops every clock, and a "thanks" afterwards starts none until the conversation is reopened.
"""

from __future__ import annotations

from typing import Final

from streams import facts as k
from streams.contact import log as t
from streams.contact.entry import Entry
from streams.contact.nouns import Dialogue, Head
from streams.contact.state import MAX_CYCLES, fact_of
from streams.facts import Change, Fact

LIFE: Final = frozenset({
    t.STARTED, t.OFFERED, t.ANSWERED, t.HANDED_OFF, t.MESSAGE, t.RESOLVED, t.CLOSED, t.REOPENED, t.ABANDONED,
})  # fmt: skip
"""Transitions that only a conversation that exists can have; a survey or a tag alone does not make one."""


def step(head: Head, entry: Entry, out: list[Change]) -> None:
    """Apply one entry of a written contact to its clocks, in place, and append what follows to ``out``."""
    dialogue = head.dialogue
    if dialogue is None:
        if entry.transition not in LIFE:
            _judge(head, entry, out, entry.at)
            return
        dialogue = head.dialogue = Dialogue(head.began_at, _queue(head, entry), cycles=[(head.began_at, -1, "")])
        _tell(head, entry, out, k.CREATED, head.began_at, 0)
    elif not dialogue.created_in and entry.transition == t.OFFERED:
        _find_queue(head, dialogue, entry, out)
    dialogue.priority = entry.priority or dialogue.priority
    match entry.transition:
        case t.MESSAGE if entry.flags & t.HUMAN:
            _reply(head, dialogue, entry, out)
        case t.MESSAGE if entry.flags & t.CUSTOMER:
            _ask(dialogue, entry)
        case t.OFFERED:
            dialogue.queued_at = entry.at if dialogue.queued_at < 0 else dialogue.queued_at
        case t.HANDED_OFF:
            dialogue.handed_off_at = entry.at if dialogue.handed_off_at < 0 else dialogue.handed_off_at
        case t.RESOLVED:
            _resolve(head, dialogue, entry, out)
        case t.CLOSED if dialogue.closed_at < 0:
            dialogue.closed_at, dialogue.waiting_since = entry.at, -1
            _tell(head, entry, out, k.CLOSED, entry.at, entry.at - dialogue.created_at)
        case t.REOPENED if dialogue.resolved_at >= 0 or dialogue.closed_at >= 0:
            dialogue.resolved_at = dialogue.closed_at = -1
            dialogue.reopened_at, dialogue.cycle = entry.at, dialogue.cycle + 1
            _set_cycle(dialogue, dialogue.cycle, (entry.at, -1, ""))
            _tell(head, entry, out, k.REOPENED, entry.at, 0)
        case t.ABANDONED | t.ORPHANED if dialogue.awaits_first_reply() and dialogue.resolved_at < 0:
            how = "customer_left" if entry.transition == t.ABANDONED else "inactive"
            dialogue.resolved_at = entry.at
            _tell(head, entry, out, k.UNANSWERED, entry.at, 0, how)
        case _:
            _judge(head, entry, out, dialogue.created_at)


def _find_queue(head: Head, dialogue: Dialogue, entry: Entry, out: list[Change]) -> None:
    """A conversation that began before it had a queue belongs, from its creation on, to the first one it enters."""
    told = (head.channel, dialogue.created_at, dialogue.created_at, head.began_at)
    out.append((-1, Fact(k.CREATED, "", *told)))
    dialogue.created_in = entry.queue or ""
    out.append((1, Fact(k.CREATED, dialogue.created_in, *told)))


def _reply(head: Head, dialogue: Dialogue, entry: Entry, out: list[Change]) -> None:
    at = entry.at
    _tell(head, entry, out, k.REPLIED, at, 0)
    _did(head, dialogue, entry, resolved=False)
    if dialogue.awaits_first_reply():
        handed_off = dialogue.handed_off_at if dialogue.handed_off_at >= 0 else dialogue.created_at
        queued = dialogue.queued_at if dialogue.queued_at >= 0 else dialogue.created_at
        _tell(head, entry, out, k.FIRST_REPLY, at, at - dialogue.created_at, "creation")
        _tell(head, entry, out, k.FIRST_REPLY, at, at - handed_off, "handoff")
        _tell(head, entry, out, k.FIRST_REPLY, at, at - queued, "queue")
        dialogue.first_reply_at = at
    else:
        if dialogue.reopened_at >= 0:
            _tell(head, entry, out, k.FIRST_REPLY, at, at - dialogue.reopened_at, "reopen")
        if dialogue.waiting_since >= 0:
            _tell(head, entry, out, k.NEXT_REPLY, at, at - dialogue.waiting_since)
    dialogue.waiting_since = dialogue.reopened_at = -1


def _ask(dialogue: Dialogue, entry: Entry) -> None:
    settled = dialogue.resolved_at >= 0 or dialogue.closed_at >= 0
    if not settled and not dialogue.awaits_first_reply() and dialogue.waiting_since < 0:
        dialogue.waiting_since = entry.at


def _resolve(head: Head, dialogue: Dialogue, entry: Entry, out: list[Change]) -> None:
    if dialogue.resolved_at >= 0:
        return
    at, created = entry.at, dialogue.created_at
    dialogue.resolved_at, dialogue.waiting_since = at, -1
    if dialogue.first_resolved_at < 0:
        dialogue.first_resolved_at = at
        _tell(head, entry, out, k.RESOLVED, at, at - created, "first")
    else:
        before = dialogue.final_at
        gone = (
            k.RESOLVED,
            dialogue.final_queue,
            head.channel,
            before,
            created,
            head.began_at,
            max(0, before - created),
        )
        out.append((-1, Fact(*gone, "final", dialogue.final_priority)))
    dialogue.final_at, dialogue.final_queue, dialogue.final_priority = at, _queue(head, entry), dialogue.priority
    _tell(head, entry, out, k.RESOLVED, at, at - created, "final")
    _set_cycle(dialogue, dialogue.cycle, (dialogue.cycles[-1][0], at, dialogue.final_queue))
    _did(head, dialogue, entry, resolved=True)


def _set_cycle(dialogue: Dialogue, cycle: int, opened_resolved_in: tuple[int, int, str]) -> None:
    if cycle < min(len(dialogue.cycles), MAX_CYCLES):
        dialogue.cycles[cycle] = opened_resolved_in
    elif len(dialogue.cycles) < MAX_CYCLES:
        dialogue.cycles.append(opened_resolved_in)
    else:
        dialogue.cycles[-1] = opened_resolved_in


def _did(head: Head, dialogue: Dialogue, entry: Entry, *, resolved: bool) -> None:
    """Note who did it, once in a cycle: who the event names, else who worked on the conversation last."""
    agent = entry.agent_id
    if agent is None:
        worked = [segment.agent_id for segment in head.segments if segment.agent_id is not None]
        agent = worked[-1] if worked else dialogue.deeds[-1][0] if dialogue.deeds else None
    done = [(deed[0], deed[1], deed[4]) for deed in dialogue.deeds]
    if agent is not None and len(done) < MAX_CYCLES and (agent, resolved, dialogue.cycle) not in done:
        dialogue.deeds.append((agent, resolved, entry.at, _queue(head, entry), dialogue.cycle))


def _judge(head: Head, entry: Entry, out: list[Change], arrival: int) -> None:
    """What was said about the contact: tags, comments, surveys, ratings, reviews."""
    told: list[tuple[int, int, str]] = []
    match entry.transition:
        case t.TAGGED:
            told = [(k.TAGGED, 0, tag) for tag in entry.detail.split("\n") if tag]
            if entry.flags & t.COMPLAINT:
                told.append((k.COMPLAINED, 0, ""))
        case t.COMMENTED:
            told = [(k.COMMENTED, 0, "")]
        case t.SURVEY_SENT:
            told = [(k.SURVEYED, 0, "")]
        case t.RATED:
            kind, score, expected, team = (*entry.detail.split("\n", 3), "")[:4]
            told = [(k.RATED, int(score), kind), (k.TEAM_RATED, int(score), _whose(head, entry, kind, team))]
            if expected:
                told.append((k.EXPECTED, int(expected), kind))
        case t.REVIEWED:
            kind, score, team = (*entry.detail.split("\n", 2), "")[:3]
            told = [(k.REVIEWED, int(score), kind), (k.TEAM_RATED, int(score), _whose(head, entry, kind, team))]
    out.extend((1, fact_of(head, k, _queue(head, entry), entry.at, arrival, v, detail)) for k, v, detail in told)


def _whose(head: Head, entry: Entry, kind: str, team: str) -> str:
    """What was judged, and whose work it was: the team and agent the event names, else who had the contact last."""
    agents = (segment.agent_id for segment in reversed(head.segments) if segment.agent_id)
    one_line = [" ".join(name.split("\n")) for name in (team, entry.agent_id or next(agents, ""))]
    return "\n".join((kind, *one_line))


def _queue(head: Head, entry: Entry) -> str:
    return entry.queue or head.place


def _tell(head: Head, entry: Entry, out: list[Change], kind: int, at: int, value: int, detail: str = "") -> None:
    """Tell the tallies; negative durations are taken as 0. The cohort of a conversation is that of its creation."""
    dialogue = head.dialogue
    arrival, priority = (at, 0) if dialogue is None else (dialogue.created_at, dialogue.priority)
    queue, value = _queue(head, entry), max(0, value)
    out.append((1, Fact(kind, queue, head.channel, at, arrival, head.began_at, value, detail, priority)))
