"""What each visit and each segment of a contact tells the tallies: pure functions of one of them.

``streams.contact`` has the verbs.
"""

from __future__ import annotations

from typing import Final

from streams.contact import log as t
from streams.contact.nouns import Head, Segment, Visit
from streams.facts import (
    CONSULTED,
    ESCALATED,
    HANDLED,
    HELD,
    OFFERED,
    SKEWED,
    TALKED,
    UNMATCHED,
    WRAPPED,
    Fact,
)  # fmt: skip

MAX_CYCLES: Final = 50
"""Cycles and deeds of one conversation that are remembered; a later cycle takes the place of the last one."""

_SPOKEN: Final = frozenset({"voice", "video", "chat"})
"""Channels where the time between answer and end is work on this contact alone; elsewhere only measured times count."""


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
            return [fact_of(head, UNMATCHED, visit.queue, visit.left_at, visit.left_at)] if visit.outcome else []
        offered_at, detail = visit.left_at - visit.wait_ms, "implied"
    facts = [fact_of(head, OFFERED, visit.queue, offered_at, offered_at, 0, detail)]
    if visit.outcome:
        wait = visit.wait_ms if visit.wait_ms >= 0 else visit.left_at - offered_at
        if wait < 0:
            facts.append(fact_of(head, SKEWED, visit.queue, offered_at, offered_at))
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
        return [fact_of(head, CONSULTED, queue, at, arrival)]
    facts: list[Fact] = []
    talk, hold, work = durations(head, segment)
    if talk < 0:
        facts.append(fact_of(head, SKEWED, queue, at, arrival))
        talk = 0
    facts.append(fact_of(head, TALKED, queue, at, arrival, talk))
    if segment.escalated:
        facts.append(fact_of(head, ESCALATED, queue, at, arrival))
    if hold or segment.holds:
        facts.append(fact_of(head, HELD, queue, at, arrival, hold, str(max(1, segment.holds))))
    if segment.wrapped_at >= 0:
        if work < 0:
            facts.append(fact_of(head, SKEWED, queue, segment.wrapped_at, arrival))
            work = 0
        facts.append(fact_of(head, WRAPPED, queue, segment.wrapped_at, arrival, work))
    facts.append(fact_of(head, HANDLED, queue, at, arrival, talk + hold + work))
    return facts
