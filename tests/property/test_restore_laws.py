"""Laws of a whole partition: flushing and reading back changes no number, and no contact leaks into another."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from streams import events as e
from streams import tally as y
from streams import view
from streams.books import Book, net
from streams.events import ContactEvent, Event
from streams.kpis import REGISTRY, service_levels
from streams.partition import Partition
from streams.settings import Settings
from streams.windows import Windows
from tests.property.histories import NOON, contact_events
from tests.support import numbers, record, stored


@st.composite
def floors(draw: st.DrawFn) -> list[ContactEvent]:
    """The events of up to four contacts, mixed as they might arrive; some of them twice."""
    stories = [draw(contact_events(f"c{n}")) for n in range(draw(st.integers(1, 4)))]
    rng: random.Random = draw(st.randoms(use_true_random=False))
    mixed: list[ContactEvent] = []
    while stories := [story for story in stories if story]:
        mixed.append(rng.choice(stories).pop(0))
    return [*mixed, *rng.sample(mixed, min(len(mixed), 3))]


def told(events: list[ContactEvent]) -> Partition:
    partition = Partition(Settings(), e.CALL_EVENTS, 0)
    partition.apply([record(n, as_event(event)) for n, event in enumerate(events)])
    return partition


def as_event(event: ContactEvent) -> Event:
    assert isinstance(event, Event)
    return event


def again_after(partition: Partition, changelog: list[tuple[bytes, bytes | None]]) -> Partition:
    """Flush the partition and read everything back into a new one."""
    changelog += stored(partition)
    again = Partition(Settings(), e.CALL_EVENTS, 0)
    for key, value in changelog:
        again.restore(key, value)
    assert again.restored() == partition.next_offset
    return again


@settings(max_examples=200, deadline=None)
@given(floors(), st.lists(st.integers(1, 9), max_size=12))
def test_a_restart_after_any_flush_changes_no_number(events: list[ContactEvent], batches: list[int]) -> None:
    one = told(events)
    restarted, changelog, offset = Partition(Settings(), e.CALL_EVENTS, 0), list[tuple[bytes, bytes | None]](), 0
    for size in [*batches, len(events)]:
        batch = events[offset : offset + size]
        restarted.apply([record(offset + n, as_event(event)) for n, event in enumerate(batch)])
        offset += len(batch)
        if batch:
            restarted = again_after(restarted, changelog)

    assert numbers(restarted) == numbers(one)
    assert restarted.store.kept == one.store.kept == recounted(one)


def recounted(partition: Partition) -> list[int]:
    """How many contacts are open, closed and stubs, counted one by one."""
    heads = [contact.head for contact in partition.contacts.values()]
    open_ = sum(head is not None and head.done_at < 0 for head in heads)
    stubs = sum(head is None for head in heads)
    return [open_, len(heads) - open_ - stubs, stubs]


@settings(max_examples=120, deadline=None)
@given(floors())
def test_many_contacts_leave_the_residual_of_every_queue_at_nothing(events: list[ContactEvent]) -> None:
    partition = told(events)

    for key, live in view.live([partition], Settings(), NOON).items():
        assert live.conservation_residual == 0, key


@settings(max_examples=120, deadline=None)
@given(floors())
def test_slices_add_up_to_the_totals_in_both_attributions(events: list[ContactEvent]) -> None:
    for book in told(events).ledger.books.values():
        for field in y.NAMES:
            by_time, by_arrival = in_slices(book, field), in_slices(book, field + y.COHORT)

            assert by_time == by_arrival == net(book.total.fields, field), y.NAMES[field]


def in_slices(book: Book, field: int) -> int:
    return sum(piece.fields.get(field, 0) for piece in book.coarse.values())


@settings(max_examples=150, deadline=None)
@given(floors(), st.sampled_from(("1m", "5m", "15m", "today")), st.integers(-60, 400))
def test_no_ratio_of_any_window_leaves_0_to_1(events: list[ContactEvent], window: str, now: int) -> None:
    partition = told(events)

    for key, found in Windows().of([partition], Settings(), window, NOON + now * 1000).items():
        ratios = service_levels(found.counts)
        ratios |= {k.name: k.function(found.counts) for k in REGISTRY if k.unit == "ratio"}
        wrong = {name: ratio for name, ratio in ratios.items() if ratio is not None and not 0 <= ratio <= 1}
        assert wrong == {}, key
