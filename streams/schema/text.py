"""What the fields of an event mean, for people: names enter, the descriptions in the published schemas leave."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # the envelope
        "type": "What happened.",
        "event_id": "Unique for ever. Two events with one event_id count once, so sending again is safe.",
        "occurred_at": "When it happened: epoch milliseconds, UTC, by the source's clock; 1990 to 2099.",
        "source": "The system that saw it, such as one phone system; its heartbeats and snapshots carry the same.",
        "source_seq": "Orders the events of one source which share a millisecond; higher is later.",
        "schema_version": "Version of this contract the event was written for. Above the newest known: newer_version.",
        "queue": "The queue's name or id as it should be shown; a label of the metrics.",
        "agent_id": "The agent (a person). Never a label of the metrics.",
        "team": "The agent's team, or the client a service is run for.",
        "test": "A test contact: counted apart from all others.",
        # contacts
        "contact_id": "The contact this is about: one call or one conversation. It is the Kafka key, in UTF-8.",
        "channel": "The channel. Without it: voice for calls, messaging for conversations.",
        "customer_id": "The customer, where known; ties the contacts of one customer. Never a label.",
        "related_contact_id": "The contact this one came from: the call behind a chat, the first leg of a transfer.",
        "segment_id": "The part of the contact this belongs to: one agent's turn, one leg.",
        "lead_id": "Whom an outbound attempt is for; attempts are counted per lead.",
        "priority": "The router's priority; higher is more urgent.",
        "direction": "Who began. Only inbound contacts count in a queue's service level.",
        "role": "What the agent does in the contact; consult and monitor never count as handling.",
        "wait_ms": "Wait in this queue as the source measured it, in milliseconds; wins over a difference of times.",
        "ring_ms": "Ringing at the agent as the source measured it, in milliseconds; wins over a difference of times.",
        "talk_ms": "Talking without holds as the source measured it, in milliseconds; wins over a difference of times.",
        "hold_ms": "All holds as the source measured them, in milliseconds; wins over a difference of times.",
        "acw_ms": "After-contact work as the source measured it, in milliseconds; wins over a difference of times.",
        # single types
        "is_callback": "The visit is the promised call back; it never becomes the longest wait.",
        "callback_of": "contact_id of the contact which asked for the call back.",
        "position": "The router's place in the queue; 1 is next.",
        "reason": "Why.",
        "to": "Where it goes: the name of the queue, the agent's id, or the outside target.",
        "to_type": "What `to` names.",
        "kind": "Which kind.",
        "before_answer": "True while the contact still waits in the queue; false once an agent has it.",
        "disposition": "Who or what picked up.",
        "author": "Who wrote. Messages of bot and auto never count as a reply of a person.",
        "public": "Whether the customer sees the message; an internal note is false.",
        "into": "contact_id of the conversation which goes on.",
        "tags": "Topics of the conversation; those in the configuration become labels.",
        "complaint": "Whether it is a complaint.",
        "text": "The customer's words about the service; at most 4,000 characters. Counted, never a label.",
        "survey_id": "The survey; pairs an answer with its sending.",
        "score": "The score given, from scale_min to scale_max.",
        "scale_min": "Lowest score of the scale; 0 for NPS.",
        "scale_max": "Highest score of the scale, above scale_min; 10 for NPS.",
        "dimension": "What the score is about, where the survey asks about several things.",
        "expected": "The expectation that belongs to the score, on the same scale (SERVQUAL).",
        "reviewer": "Who reviewed. Never a label.",
        "peer": "Whether a colleague reviewed.",
        "state": "The agent's state from now on.",
        "queues": "The queues the agent serves from now on; without it, those served before.",
        "capacity": "How many contacts the agent may have at once.",
        "starts_at": "Start of the activity: epoch milliseconds, UTC.",
        "ends_at": "End of the activity: epoch milliseconds, UTC; not before starts_at.",
        "activity": "What is planned.",
        "paid": "Whether the time is paid; paid time is the base of utilisation.",
        "planned": "True for the plan, false for what was worked.",
        "open": "Whether the queue takes contacts from now on.",
        "open_contacts": "contact_id of every contact still open at the source.",
        "since": "The time of the last event that is sure to have been sent.",
        "found": "Whether the search had a hit.",
    }
)

SPECIAL: Final[Mapping[str, str]] = MappingProxyType(
    {
        "call.not_answered.reason": "Why the agent did not take it; cancelled_by_customer is not the agent's miss.",
        "call.flowed_out.reason": "Why the call left the queue unanswered without the caller giving up.",
        "call.transferred.kind": "How it was handed over.",
        "conversation.transferred.kind": "How it was handed over.",
        "conversation.rated.kind": "Which measure the score is of.",
        "conversation.reviewed.kind": "Quality assurance, or a review among peers.",
        "conversation.reviewed.score": "The quality found, from 0 to 1.",
        "source.heartbeat.source": "The source that is alive.",
        "source.snapshot.source": "The source whose contacts are listed.",
        "source.gap.source": "The source that was cut off.",
    }
)
"""Where a field's meaning depends on the type: ``type.field``."""


def describe(kind: str, field: str) -> str:
    """The description of ``field`` in events of type ``kind`` (empty for an envelope). KeyError when there is none."""
    return SPECIAL.get(f"{kind}.{field}") or FIELDS[field]
