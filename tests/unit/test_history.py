"""One contact's history: order, duplicates, corrections as differences, folding and shrinking."""

from __future__ import annotations

import pytest

from streams.contact import history
from streams.contact import log as t
from streams.contact.entry import Entry
from streams.contact.history import DIGEST, DUPLICATE, LATE, MAX_ENTRIES, Contact, net, record
from streams.contact.nouns import Head
from streams.facts import Change, Fact, Kind
from tests.support import START


def entry(transition: int, at: float, event_id: str = "", **fields: object) -> Entry:
    known: dict[str, object] = {"queue": "billing", "flags": t.CALL, **fields}
    return Entry(START + round(at * 1000), 0, transition, event_id or f"{transition}@{at}", **known)  # type: ignore[arg-type]


def told(contact: Contact, *entries: Entry) -> dict[Fact, int]:
    """The net of all changes that these entries lead to."""
    changes: list[Change] = []
    for each in entries:
        outcome = record(contact, each)
        assert isinstance(outcome, list)
        changes += outcome
    return net(changes)


def kinds(facts: dict[Fact, int]) -> dict[str, int]:
    return {Kind(fact.kind).name: fact.value for fact, n in facts.items() if n == 1}


OFFERED, ANSWERED, ENDED = entry(t.OFFERED, 0), entry(t.ANSWERED, 12), entry(t.ENDED, 100)


def test_an_entry_at_the_end_tells_only_what_is_new() -> None:
    contact = Contact("c1")
    told(contact, OFFERED)

    assert kinds(told(contact, ANSWERED)) == {"ANSWERED": 12_000}


def test_an_entry_in_the_middle_takes_back_what_was_guessed_without_it_24() -> None:
    contact = Contact("c1")
    told(contact, OFFERED, entry(t.ABANDONED, 30))

    changes = record(contact, ANSWERED)

    assert isinstance(changes, list)
    signs = [(sign, Kind(fact.kind).name, fact.value) for sign, fact in changes]
    assert (-1, "ABANDONED", 30_000) in signs
    assert (1, "ANSWERED", 12_000) in signs


def test_the_same_event_id_is_a_duplicate_whatever_it_says_23() -> None:
    contact = Contact("c1")
    told(contact, OFFERED, ANSWERED)

    assert record(contact, entry(t.ABANDONED, 40, event_id=ANSWERED.event_id)) == DUPLICATE


def test_an_id_that_is_part_of_another_is_no_duplicate_23() -> None:
    contact = Contact("c1")
    told(contact, entry(t.OFFERED, 0, event_id="c1-10"))

    assert record(contact, entry(t.ANSWERED, 12, event_id="c1-1")) != DUPLICATE


def test_a_digest_that_begins_inside_another_is_no_duplicate_23() -> None:
    contact = Contact("c1", digests=b"\x00" * 3 + history._digest("x") + b"\x00" * (DIGEST - 3))

    assert record(contact, entry(t.OFFERED, 0, event_id="x")) != DUPLICATE


def test_ties_of_time_are_ordered_by_the_source_and_then_by_sense_24() -> None:
    one, other = Contact("c1"), Contact("c1")
    offered, answered = entry(t.OFFERED, 0), entry(t.ANSWERED, 0)

    assert told(one, offered, answered) == told(other, answered, offered)
    assert one.head == other.head
    assert history.entries_of(other) == [offered, answered]


def test_a_shrunk_contact_remembers_the_ids_and_the_time_of_its_end() -> None:
    contact = Contact("c1")
    told(contact, OFFERED, ANSWERED, ENDED)

    history.shrink(contact)

    assert contact.is_stub
    assert (contact.log, contact.count, len(contact.digests)) == (b"", 0, 3 * DIGEST)
    assert contact.base_at == START + 100_000
    assert record(contact, ANSWERED) == DUPLICATE
    assert record(contact, entry(t.HELD, 99)) == LATE


def test_what_is_read_back_is_rebuilt_to_the_same_state_29() -> None:
    contact = Contact("c1")
    told(contact, OFFERED, ANSWERED)
    again = Contact("c1", log=contact.log, count=contact.count)

    history.rebuild(again)

    assert again == contact
    assert told(again, ENDED) == told(contact, ENDED)


def test_a_very_long_contact_folds_its_older_half_and_goes_on_the_same() -> None:
    contact = Contact("d1", linked=True)
    told(contact, entry(t.OFFERED, 0), entry(t.ANSWERED, 5, agent_id="ann"))
    for n in range(MAX_ENTRIES):
        assert record(contact, entry(t.MESSAGE, 10 + n)) == []

    assert contact.count <= MAX_ENTRIES
    assert kinds(told(contact, entry(t.ENDED, 10_000)))["TALKED"] == 9_995_000
    assert record(contact, entry(t.OFFERED, 0)) == DUPLICATE
    assert record(contact, entry(t.MESSAGE, 6, event_id="new")) == LATE


def test_a_folded_contact_is_rebuilt_from_its_base_29() -> None:
    contact = Contact("d1")
    told(contact, entry(t.OFFERED, 0), entry(t.ANSWERED, 5))
    for n in range(MAX_ENTRIES):
        record(contact, entry(t.MESSAGE, 10 + n))
    again = Contact("d1", log=contact.log, count=contact.count, base=contact.base, base_at=contact.base_at)

    history.rebuild(again)

    assert again.head == contact.head
    assert isinstance(again.head, Head)
    assert again.head.in_hand() is not None


def test_changes_that_cancel_out_are_nothing() -> None:
    fact = Fact(Kind.OFFERED, "billing", "voice", 1, 1, 1)

    assert net([(1, fact), (-1, fact)]) == {}
    assert net([(-1, fact), (1, fact), (1, fact)]) == {fact: 1}


@pytest.mark.parametrize("flag", [t.TEST, t.INTERNAL, t.OUTBOUND])
def test_a_contact_that_does_not_count_tells_one_fact_wherever_that_is_said_38(flag: int) -> None:
    first, last = Contact("c1"), Contact("c1")
    marked_first = [entry(t.OFFERED, 0, flags=t.CALL | flag), entry(t.ANSWERED, 12)]
    marked_last = [entry(t.OFFERED, 0), entry(t.ANSWERED, 12, flags=t.CALL | flag)]

    assert kinds(told(first, *marked_first)) == kinds(told(last, *marked_last)) == {"EXCLUDED": 0}


def test_an_orphan_is_closed_once() -> None:
    contact = Contact("c1")
    told(contact, OFFERED)

    changes = history.close_as_orphan(contact, START + 14_400_000)

    assert isinstance(changes, list)
    assert kinds(net(changes)) == {"ORPHANED": 14_400_000}
    assert contact.head is not None
    assert contact.head.settled()
