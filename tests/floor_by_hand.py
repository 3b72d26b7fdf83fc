"""A small floor written by hand, so that every number of it can be counted on ten fingers.

On Monday 2026-03-02 at 10:00:30 UTC queue "billing" has had, within five minutes: two answered calls (waits of 10 s and
30 s, talks of 60 s and 90 s), two abandoned ones (waits of 40 s and 3 s), one that overflowed after 15 s; and one call
has waited since 10:00:00. Ann is available for billing since 09:50, Bob on a contact, for billing and sales, since
09:55. One record was no JSON, and one event came twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from streams import events as e
from streams.partition import Partition, Record
from streams.settings import Settings, from_raw

C = TypeVar("C", bound=e.CallEvent)

NOW = 1_772_445_630_000
TEN = 1_772_445_600_000
SECOND = 1_000
MINUTE = 60_000


def settings() -> Settings:
    """Thresholds of 20 s, targets for everything that can be judged, one group."""
    return from_raw(
        {
            "queues": {
                "billing": {
                    "asa_target_seconds": 25.0,
                    "abandonment_target_ratio": 0.1,
                    "oldest_wait_target_seconds": 60.0,
                    "group": "phones",
                }
            },
            "worker": {"stale_after_seconds": 30.0},
        },
        {},
    )


def call(number: int, at: int, kind: type[C], **more: Any) -> C:
    """An event of call ``number`` in queue billing."""
    name = f"{number}/{kind.__name__}"
    return kind(event_id=name, occurred_at=at, source="pbx", contact_id=f"call-{number}", queue="billing", **more)


def calls() -> list[e.Event]:
    """What happened to the calls, in order of time."""
    events: list[e.Event] = [
        call(1, TEN - 120 * SECOND, e.CallOffered),
        call(1, TEN - 110 * SECOND, e.CallAnswered, agent_id="bob"),
        call(1, TEN - 50 * SECOND, e.CallEnded),
        call(2, TEN - 120 * SECOND, e.CallOffered),
        call(2, TEN - 90 * SECOND, e.CallAnswered, agent_id="ann"),
        call(2, TEN, e.CallEnded),
        call(3, TEN - 60 * SECOND, e.CallOffered),
        call(3, TEN - 20 * SECOND, e.CallAbandoned),
        call(4, TEN - 60 * SECOND, e.CallOffered),
        call(4, TEN - 57 * SECOND, e.CallAbandoned),
        call(5, TEN - 60 * SECOND, e.CallOffered),
        call(5, TEN - 45 * SECOND, e.CallFlowedOut, reason="overflow"),
        call(6, TEN, e.CallOffered, priority=7),
        call(6, TEN, e.CallOffered, priority=7),
    ]
    events.sort(key=lambda event: event.occurred_at)
    return [*events, e.SourceHeartbeat(event_id="beat", occurred_at=NOW, source="pbx")]


def presences() -> list[e.Event]:
    """What the agents did."""
    return [
        e.AgentStateChanged(event_id="a", occurred_at=TEN - 10 * MINUTE, source="acd", agent_id="ann",
                            state="available", queues=("billing",)),
        e.AgentStateChanged(event_id="b", occurred_at=TEN - 5 * MINUTE, source="acd", agent_id="bob",
                            state="on_contact", queues=("billing", "sales")),
    ]  # fmt: skip


def records(events: Sequence[e.Event]) -> list[Record]:
    """Events as Kafka records, from offset 0."""
    made = []
    for offset, event in enumerate(events):
        key = e.key_of(event)
        made.append(Record(offset, key.encode() if key is not None else None, msgspec.json.encode(event), 0))
    return made


def applied(rules: Settings) -> dict[tuple[str, int], Partition]:
    """The calls in partition 0 of call-events, the agents in partition 3 of agent-events; nothing flushed."""
    phones, people = Partition(rules, e.CALL_EVENTS, 0), Partition(rules, e.AGENT_EVENTS, 3)
    told = records(calls())
    phones.apply([*told, Record(len(told), b"x", b"{", 0)])
    people.apply(records(presences()))
    return {(phones.topic, phones.number): phones, (people.topic, people.number): people}


def flush(partitions: dict[tuple[str, int], Partition]) -> None:
    """Flush everything, as if the broker had acknowledged it."""
    for partition in partitions.values():
        flushed = partition.flush()
        if flushed is not None:
            partition.flushed(flushed)
