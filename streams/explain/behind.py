"""The contacts behind a number: those still kept whose facts count in it, newest first.

Nothing is stored for this. The log of every contact that is open or was closed a short while ago tells its facts again,
and those that fall into the window and count in one of the number's counts are what is behind it. Contacts closed for
longer than ``retention.correction_minutes`` are stubs that no longer know their queue: they are only a difference.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from streams import tally as y
from streams.books import OTHER, WAITED, Limits
from streams.contact import history
from streams.contact.history import Contact
from streams.contact.state import excluded
from streams.facts import Fact, Kind
from streams.ledger import Ledger
from streams.partition import Partition, Waiting
from streams.slices import Span
from streams.tally import conversations
from streams.view import Key

PIECE: Final = 200
"""Contacts looked at before the loop may go on."""


class Asked(NamedTuple):
    """Whose facts count: the queues with their spans, the names of the counts, and by which time a fact counts.

    ``past`` has, by queue, the latest moment at which somebody who waits now is past the threshold, epoch ms.
    """

    spans: Mapping[Key, Span]
    counted: frozenset[str]
    cohorts: Mapping[Key, bool]
    past: Mapping[Key, int]


class Found(NamedTuple):
    """One contact: the latest moment at which it counted, where, and what it counts as (a number or ms, by name)."""

    contact_id: str
    at: int
    queue: str
    channel: str
    counts: Mapping[str, int]


class Behind(NamedTuple):
    """All contacts found, newest first; what they come to together; and those left out, by reason."""

    found: Sequence[Found]
    together: Mapping[str, int]
    excluded: Mapping[str, Sequence[str]]


def steps(partitions: Sequence[Partition], asked: Asked) -> Generator[None, None, Behind]:
    """Look at every contact that is kept, yielding between two pieces of the work."""
    found: list[Found] = []
    excluded_ids: dict[str, list[str]] = {}
    begin = min((span.start for span in asked.spans.values()), default=0)
    end = max((span.end for span in asked.spans.values()), default=0)
    for partition in partitions:
        for n, (name, contact) in enumerate(list(partition.contacts.items())):
            if n % PIECE == PIECE - 1:
                yield
            head = contact.head
            if head is None or contact.last_at < begin or head.began_at >= end:
                continue
            reason = excluded(head.flags)
            if not reason:
                found += _counting(name, contact, asked, partition.ledger)
            elif any((visit.queue, head.channel) in asked.spans for visit in head.visits):
                excluded_ids.setdefault(reason, []).append(name)
        if "waiting_past_threshold" in asked.counted:
            found += _past(partition, asked)
        yield
    together: dict[str, int] = {}
    for one in found:
        for name, n in one.counts.items():
            together[name] = together.get(name, 0) + n
    longest = asked.counted & {"max_wait_ms", "max_answered_wait_ms"}
    found.sort(key=lambda one: (max((one.counts.get(name, 0) for name in longest), default=0), one.at), reverse=True)
    return Behind(found, together, excluded_ids)


def _counting(name: str, contact: Contact, asked: Asked, ledger: Ledger) -> Iterator[Found]:
    """What a contact counts as, by queue."""
    books = ledger.books
    by_queue: dict[Key, tuple[int, dict[str, int]]] = {}
    for fact, times in history.facts_of(contact).items():
        key = (fact.queue, fact.channel)
        if key not in books:
            key = (OTHER, fact.channel)
        span, book = asked.spans.get(key), books.get(key)
        if span is None or book is None:
            continue
        limits = ledger.limits(book, contact.born)
        cohort = fact.started if limits.by_contact else fact.arrival
        at = cohort if asked.cohorts[key] else fact.at
        if not span.start <= at < span.end:
            continue
        for count, n in _counts(fact, limits):
            if count in asked.counted:
                latest, counts = by_queue.setdefault(key, (at, {}))
                counts[count] = counts.get(count, 0) + n * times
                by_queue[key] = (max(latest, at), counts)
    for (queue, channel), (at, counts) in by_queue.items():
        if counts := {count: n for count, n in counts.items() if n}:
            yield Found(name, at, queue, channel, counts)


def _counts(fact: Fact, limits: Limits) -> Iterator[tuple[str, int]]:
    """What one fact adds, by the names of ``Counts``: counts, histograms and maxima."""
    if fact.kind < Kind.CREATED:
        for field, n in y.counts(fact, limits.threshold_ms, limits.short_ms):
            yield y.NAMES[field], n
        histogram = _HISTOGRAMS.get(fact.kind)
        if histogram is not None:
            yield histogram, 1
        if fact.kind in WAITED:
            yield "max_wait_ms", fact.value
        if fact.kind == Kind.ANSWERED:
            yield "max_answered_wait_ms", fact.value
    elif fact.kind != Kind.TAGGED:
        for field, n in conversations.counts(fact, limits.conversations):
            yield conversations.NAMES.get(field) or _histogram_of(field), n


_HISTOGRAMS: Final[dict[int, str]] = {
    Kind.ANSWERED: "answered_waits", Kind.ABANDONED: "abandoned_waits", Kind.FLOWED_OUT: "flowed_out_waits",
}  # fmt: skip


def _histogram_of(field: int) -> str:
    return next(name for name, first in conversations.HISTOGRAMS.items() if first <= field < first + len(y.EDGES_MS))


def _past(partition: Partition, asked: Asked) -> Iterator[Found]:
    for name, visits in partition.waiting.items():
        for visit in visits:
            if visit.offered_at < asked.past.get((visit.queue, visit.channel), 0):
                yield Found(name, visit.offered_at, visit.queue, visit.channel, {"waiting_past_threshold": 1})


def live(partitions: Sequence[Partition], keys: Collection[Key], number: str, past: Mapping[Key, int]) -> Behind:
    """Those behind a number of now: who waits, the longest first, or who is in an agent's hands."""
    if number == "handling":
        handled = [
            (name, key, partition.contacts.get(name))
            for partition in partitions
            for name, key in partition.handling.items()
            if key in keys
        ]
        here = [
            Found(name, contact.last_at, *key, {number: 1}) for name, key, contact in handled if contact is not None
        ]
        return Behind(sorted(here, key=lambda one: one.at, reverse=True), {number: len(handled)}, {})
    waiting = [
        Found(name, visit.offered_at, visit.queue, visit.channel, {"waiting": 1})
        for partition in partitions
        for name, visits in partition.waiting.items()
        for visit in visits
        if (visit.queue, visit.channel) in keys and _shows(number, visit, past)
    ]
    return Behind(sorted(waiting, key=lambda one: (one.at, one.contact_id)), {number: len(waiting)}, {})


def _shows(number: str, visit: Waiting, past: Mapping[Key, int]) -> bool:
    match number:
        case "waiting_past_threshold":
            return visit.offered_at < past[visit.queue, visit.channel]
        case "waiting_callbacks":
            return visit.callback
        case "oldest_wait_seconds":
            return not visit.callback
        case _:
            return True
