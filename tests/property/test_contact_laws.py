"""Laws of one contact's history: order, duplicates and batches never change where it ends."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any, NamedTuple

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.events import CALL_EVENTS, CONVERSATION_EVENTS, CallEvent, ContactEvent
from streams.facts import Fact, Kind
from streams.partition import Partition, Record
from streams.settings import Settings
from tests.property.histories import any_contact

_encode = msgspec.json.Encoder().encode


def records(events: list[ContactEvent]) -> list[Record]:
    return [Record(n, event.contact_id.encode(), _encode(event), 0) for n, event in enumerate(events)]


class Outcome(NamedTuple):
    """Everything a history leads to; ten-second slices, which live for ten minutes only, are left out."""

    heads: dict[str, Any]
    facts: dict[Fact, int]
    slices: dict[Any, Any]
    waiting: dict[str, list[Any]]


def outcome(events: list[ContactEvent], batches: list[int] | None = None) -> Outcome:
    facts: Counter[Fact] = Counter()

    def collect(sign: int, fact: Fact) -> None:
        facts[fact] += sign

    topic = CALL_EVENTS if isinstance(events[0], CallEvent) else CONVERSATION_EVENTS
    partition = Partition(Settings(), topic, 0, on_fact=collect)
    todo, sizes = records(events), iter(batches or [])
    while todo:
        size = next(sizes, len(todo))
        assert partition.apply(todo[:size]) == []
        todo = todo[size:]
    heads = {name: contact.head for name, contact in partition.contacts.items()}
    books = {
        (key, code): {
            start: ({f: n for f, n in piece.fields.items() if n}, piece.maxima) for start, piece in store.items()
        }
        for key, book in partition.ledger.books.items()
        for code, store in (("m", book.minute), ("c", book.coarse), ("l", book.length))
    }
    books = {key: {s: v for s, v in store.items() if any(v)} for key, store in books.items()}
    seen = {fact: n for fact, n in facts.items() if n}
    return Outcome(heads, seen, {k: v for k, v in books.items() if v}, partition.waiting)


@settings(max_examples=1000, deadline=None)
@given(any_contact(), st.randoms(use_true_random=False))
def test_any_permutation_of_a_contacts_events_ends_the_same(events: list[ContactEvent], rng: random.Random) -> None:
    shuffled = list(events)
    rng.shuffle(shuffled)

    assert outcome(shuffled) == outcome(events)


@settings(max_examples=500, deadline=None)
@given(any_contact(), st.randoms(use_true_random=False))
def test_duplicated_events_change_nothing(events: list[ContactEvent], rng: random.Random) -> None:
    doubled = list(events)
    for event in events:
        doubled.insert(rng.randrange(len(doubled) + 1), event)

    assert outcome(doubled) == outcome(events)


@settings(max_examples=500, deadline=None)
@given(any_contact(), st.lists(st.integers(1, 4), max_size=20))
def test_any_split_into_batches_ends_the_same(events: list[ContactEvent], batches: list[int]) -> None:
    assert outcome(events, batches) == outcome(events)


@settings(max_examples=1000, deadline=None)
@given(any_contact())
def test_no_visit_leaves_its_queue_twice_and_the_rest_waits(events: list[ContactEvent]) -> None:
    found = outcome(events)
    counted: Counter[int] = Counter()
    for fact, n in found.facts.items():
        assert n > 0
        counted[fact.kind] += n
    left = sum(counted[k] for k in (Kind.ANSWERED, Kind.ABANDONED, Kind.FLOWED_OUT, Kind.ORPHANED))

    assert counted[Kind.OFFERED] - left == sum(len(visits) for visits in found.waiting.values())


@settings(max_examples=500, deadline=None)
@given(any_contact())
def test_no_duration_is_negative(events: list[ContactEvent]) -> None:
    assert all(fact.value >= 0 for fact in outcome(events).facts)
