"""A partition of facts: what was told before is not told again, however it is bundled."""

from __future__ import annotations

from typing import Any

import pytest

from streams import events as e
from streams.crossing.fact import AGENTS, Piece, Told, Work
from streams.crossing.state import FactsPartition
from streams.crossing.wire import bundled, encode, head_of
from streams.partition import Partition, Record
from streams.settings import Settings
from streams.slices import HOUR, MINUTE
from streams.tally import people
from tests.support import record

NINE = 1_772_442_000_000
HEAD = head_of("call-events", 3)


def told(n: int) -> bytes:
    """The n-th call of anna's, by the n-th event of its source partition."""
    began = NINE + n * MINUTE
    work = Work(f"call-{n}", 0, "voice", [Piece("billing", began, began + MINUTE, began + MINUTE)], [])
    return encode(HEAD, Told(n, 0, began, "a:anna", work))


def heard(*records: list[int]) -> FactsPartition:
    """What comes of records that tell of these calls."""
    partition = FactsPartition(Settings(), AGENTS, 0, AGENTS)
    for offset, calls in enumerate(records):
        (value,) = bundled(HEAD, [told(n) for n in calls])
        assert partition.apply([Record(offset, b"", value, 0)]) == []
    return partition


def taken(partition: FactsPartition) -> int:
    (field,) = [field for field, name in people.NAMES.items() if name == "agent_taken"]
    return partition.ledger.books["billing", "voice"].total.fields[field]


@pytest.mark.parametrize(
    "records",
    [
        [[0, 1, 2, 3]],
        [[0], [1], [2], [3]],
        [[0, 1], [2, 3]],
        [[0, 1, 2], [1, 2, 3]],
        [[0, 1], [0, 1, 2, 3]],
        [[0, 1, 2, 3], [0, 1], [2, 3]],
    ],
)
def test_a_fact_counts_once_however_facts_are_bundled_before_and_after_a_crash(records: list[list[int]]) -> None:
    partition = heard(*records)

    repeats = sum(map(len, records)) - 4
    assert taken(partition) == 4
    assert partition.counters["facts"] == 4
    assert partition.counters.get("repeated_facts", 0) == repeats
    assert partition.heard == {"call-events/3": (3, 0, NINE + 3 * MINUTE)}


def test_what_one_flush_tells_of_two_days_counts_as_if_it_had_been_told_each_hour() -> None:
    said: dict[str, Any] = {"contact_id": "c1", "channel": "chat", "queue": "billing", "agent_id": "bob"}
    source = Partition(Settings(), "conversation-events", 0)
    events: list[e.Event] = []
    for day, opened in enumerate((NINE, NINE + 30 * HOUR)):
        kind = e.ConversationReopened if day else e.ConversationQueued
        events += [
            kind(event_id=f"q{day}", occurred_at=opened, **said | {"agent_id": None}),
            e.ConversationAssigned(event_id=f"a{day}", occurred_at=opened + MINUTE, **said),
            e.ConversationMessage(event_id=f"m{day}", occurred_at=opened + 2 * MINUTE, author="agent", **said),
            e.ConversationResolved(event_id=f"r{day}", occurred_at=opened + 5 * MINUTE, **said),
        ]
    source.apply([record(n, event) for n, event in enumerate(events)])
    flush = source.flush()
    assert flush is not None
    agents = FactsPartition(Settings(), AGENTS, 0, AGENTS)

    told = [value for destination, _, value in flush.facts if destination == AGENTS]
    agents.apply([Record(n, b"", value, 0) for n, value in enumerate(told)])

    counted = agents.ledger.books["billing", "chat"].total.fields
    named = {name: counted.get(field, 0) for field, name in people.NAMES.items()}
    assert (named["agent_taken"], named["agent_replied"], named["agent_resolved"]) == (2, 2, 2)


def test_two_facts_about_one_agent_in_one_record_both_count_also_after_it_was_stored() -> None:
    partition = heard([0, 1])
    flush = partition.flush()
    assert flush is not None
    again = FactsPartition(Settings(), AGENTS, 0, AGENTS)
    for key, value in [*flush.tallies, *flush.contacts, flush.marker]:
        again.restore(key, value)
    again.restored()

    again.apply([Record(0, b"", bundled(HEAD, [told(0), told(1)])[0], 0)])  # of this offset, and included
    again.apply([Record(1, b"", bundled(HEAD, [told(1), told(2)])[0], 0)])

    assert taken(again) == 3
    assert [one.contact_id for one in again.people.by_who["a:anna"].work.values()] == ["call-0", "call-1", "call-2"]
