"""What an agent does with a contact in hand: hold, escalate, wrap up. One rule for each transition."""

from __future__ import annotations

from streams.contact.entry import Entry
from streams.contact.moves import changed, last_segment, open_segment, open_visit, repeated
from streams.contact.nouns import Head
from streams.contact.state import segment_facts
from streams.facts import Change


def held(head: Head, entry: Entry, out: list[Change]) -> None:
    segment = open_segment(head, entry)
    if segment is None or segment.held_since >= 0:
        repeated(head, entry, out)
        return
    segment.held_since = entry.at
    segment.holds += 1


def resumed(head: Head, entry: Entry, out: list[Change]) -> None:
    segment = open_segment(head, entry)
    if segment is None or segment.held_since < 0:
        repeated(head, entry, out)
        return
    segment.held_for += entry.hold_ms if entry.hold_ms is not None else max(0, entry.at - segment.held_since)
    segment.held_since = -1


def wrap_started(head: Head, entry: Entry, out: list[Change]) -> None:
    segment = last_segment(head, entry)
    if segment is None or segment.wrap_since >= 0:
        repeated(head, entry, out)
        return
    segment.wrap_since = entry.at


def wrapped_up(head: Head, entry: Entry, out: list[Change]) -> None:
    segment = last_segment(head, entry)
    if segment is None or (segment.wrapped_at >= 0 and segment.acw_ms < 0):
        repeated(head, entry, out)
        return
    before = segment_facts(head, segment)
    if segment.wrapped_at < 0:
        segment.wrapped_at = entry.at
    if entry.acw_ms is not None:
        segment.acw_ms = entry.acw_ms
    changed(before, segment_facts(head, segment), out)


def escalated(head: Head, entry: Entry, out: list[Change]) -> None:
    """Counted with its segment, once; of somebody who still waits, with the segment that follows."""
    segment = open_segment(head, entry)
    visit = None if segment is not None else open_visit(head, entry)
    if visit is not None:
        if visit.escalated:
            repeated(head, entry, out)
        visit.escalated = True
        return
    segment = segment or last_segment(head, entry)
    if segment is None or segment.escalated:
        repeated(head, entry, out)
        return
    before = segment_facts(head, segment)
    segment.escalated = True
    changed(before, segment_facts(head, segment), out)
