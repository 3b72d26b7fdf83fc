"""A contact's log: where the fields of an event are, and what goes into the log comes out of it."""

from __future__ import annotations

from typing import get_args

import pytest

from streams import events as e
from streams.contact import log as t
from streams.contact.entry import Entry, packed, unpacked

POSITIONS = {
    "event_id": t.EVENT_ID, "occurred_at": t.OCCURRED_AT, "source": t.SOURCE, "source_seq": t.SOURCE_SEQ,
    "queue": t.QUEUE, "agent_id": t.AGENT_ID, "test": t.IS_TEST, "contact_id": t.CONTACT_ID, "channel": t.CHANNEL,
    "customer_id": t.CUSTOMER_ID, "segment_id": t.SEGMENT_ID, "lead_id": t.LEAD_ID, "priority": t.PRIORITY,
    "direction": t.DIRECTION, "role": t.ROLE, "wait_ms": t.WAIT_MS, "ring_ms": t.RING_MS, "talk_ms": t.TALK_MS,
    "hold_ms": t.HOLD_MS, "acw_ms": t.ACW_MS,
}  # fmt: skip


@pytest.mark.parametrize("kind", [kind for kind in get_args(e.Event) if issubclass(kind, e.ContactEvent)])
def test_the_fields_that_every_contact_event_has_are_where_the_log_looks_for_them(kind: type[e.ContactEvent]) -> None:
    assert {name: kind.__struct_fields__.index(name) for name in POSITIONS} == POSITIONS


def test_what_is_packed_into_a_log_is_unpacked_in_its_order() -> None:
    entries = [
        Entry(1, 2, t.OFFERED, "e1", "billing", None, "s1", "voice", "3", t.CALL, -5),
        Entry(4, 0, t.ENDED, "é2", None, "ann", None, None, "", t.CALL, 0, 0, 1, 2, 3, 4),
    ]

    assert unpacked(b"".join(map(packed, entries)), 2) == entries
    assert unpacked(b"", 0) == []
