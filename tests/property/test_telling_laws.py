"""What customers and agents were told of a contact is what is true of it after every event, in whatever order.

A partition looks only at those an event may concern (``crossing.tell.concerned``); this looks at everybody.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from streams import events as e
from streams.contacts import Contacts
from streams.crossing.fact import CrossFact, Withdrawn
from streams.crossing.tell import tellings
from streams.settings import Settings
from tests.property.histories import NOON, any_contact

CUSTOMERS = (None, "carla", "chris")
LIFE: list[tuple[type[e.CallEvent], dict[str, Any]]] = [
    (e.CallStarted, {"customer_id": "carla"}),
    (e.CallOffered, {"queue": "billing"}),
    (e.CallAlerting, {"agent_id": "ann"}),
    (e.CallAnswered, {"agent_id": "ann"}),
    (e.CallTransferred, {"agent_id": "ann", "to": "sales"}),
    (e.CallWrapStarted, {"agent_id": "ann"}),
    (e.CallOffered, {"queue": "sales"}),
    (e.CallWrappedUp, {"agent_id": "ann"}),
    (e.CallAnswered, {"agent_id": "bob"}),
    (e.CallEnded, {"agent_id": "bob"}),
    (e.CallWrapStarted, {"agent_id": "bob"}),
    (e.CallWrappedUp, {"agent_id": "bob"}),
]


def check(events: list[e.ContactEvent]) -> None:
    """Take them, and compare after each what was told so far with what is true."""
    contacts = Contacts(Settings(), b"call-events|")
    known: dict[tuple[str, int], CrossFact] = {}
    for offset, event in enumerate(events):
        contacts.take(event, offset, NOON)
        for telling in contacts.told:
            address = (telling.who, telling.fact.part)
            if isinstance(telling.fact, Withdrawn):
                del known[address]
            else:
                known[address] = telling.fact
        contacts.told = []

        (contact,) = contacts.by_id.values()
        assert known == {(true.who, true.fact.part): true.fact for true in tellings(contact)}


@settings(max_examples=500, deadline=None)
@given(any_contact(), st.sampled_from((0, 0, 2, 30)), st.randoms(use_true_random=True))
def test_what_was_told_is_what_is_true(events: list[e.ContactEvent], swaps: int, rng: random.Random) -> None:
    for _ in range(swaps):
        one, other = rng.randrange(len(events)), rng.randrange(len(events))
        events[one], events[other] = events[other], events[one]
    check([replace(event, customer_id=rng.choice(CUSTOMERS)) for event in events])


@pytest.mark.parametrize("later", [0, 1, 1_000])
@pytest.mark.parametrize("fields", [{}, {"direction": "outbound"}, {"direction": "outbound", "is_callback": True}])
def test_what_was_told_of_a_plain_call_is_what_is_true(later: int, fields: dict[str, Any]) -> None:
    check(
        [
            kind(
                event_id=f"e{n}", occurred_at=NOON + n * later, contact_id="c1", source_seq=n,
                **{name: value for name, value in (fields | own).items() if name in kind.__struct_fields__},
            )
            for n, (kind, own) in enumerate(LIFE)
        ]
    )  # fmt: skip
