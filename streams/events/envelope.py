"""What every event carries, and the types its fields are made of: bounds, closed lists, units in the names."""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Meta, Struct

SCHEMA_VERSION: Final = 1

Id = Annotated[str, Meta(min_length=1, max_length=200)]
Name = Annotated[str, Meta(min_length=1, max_length=120)]
EpochMs = Annotated[int, Meta(description="Epoch milliseconds, UTC", ge=-(2**53), le=2**53)]
DurationMs = Annotated[int, Meta(description="Milliseconds, not negative", ge=0, le=366 * 86_400_000)]
Count = Annotated[int, Meta(ge=0, le=2**31)]
Text = Annotated[str, Meta(max_length=4_000)]

Channel: TypeAlias = Literal["voice", "video", "chat", "messaging", "sms", "email", "social", "ticket"]
Direction: TypeAlias = Literal["inbound", "outbound", "internal"]
Role: TypeAlias = Literal["handler", "consult", "monitor"]
FlowOutReason: TypeAlias = Literal[
    "transfer", "overflow", "timeout", "voicemail", "callback", "key", "closed", "full", "no_agents", "diverted"
]
TransferKind: TypeAlias = Literal["blind", "warm", "consult"]
TransferTarget: TypeAlias = Literal["queue", "agent", "external"]
NotAnsweredReason: TypeAlias = Literal["no_answer", "declined", "busy", "unreachable", "cancelled_by_customer"]
Disposition: TypeAlias = Literal["person", "voicemail", "busy", "no_answer", "failed", "fax", "abandoned"]
Author: TypeAlias = Literal["customer", "agent", "bot", "auto"]
AgentState: TypeAlias = Literal[
    "signed_out",
    "available",
    "ringing",
    "on_contact",
    "after_contact_work",
    "break",
    "meal",
    "training",
    "meeting",
    "back_office",
    "not_responding",
    "offline_work",
    "away",
]
RatingKind: TypeAlias = Literal["csat", "nps", "agent_nps", "ces", "emotion", "servqual", "engagement", "satisfaction"]
ReviewKind: TypeAlias = Literal["qa", "peer"]


class Envelope(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag_field="type"):
    """What every event carries. ``source_seq`` orders events of one source that share a millisecond."""

    event_id: Id
    occurred_at: EpochMs
    source: Annotated[str, Meta(max_length=200)] = ""
    source_seq: Annotated[int, Meta(ge=-(2**53), le=2**53)] = 0
    schema_version: Annotated[int, Meta(ge=1)] = SCHEMA_VERSION
    queue: Name | None = None
    agent_id: Id | None = None
    team: Name | None = None
    test: bool = False


class ContactEvent(Envelope, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """An event in the life of one contact; the Kafka key is ``contact_id``."""

    contact_id: Id
    channel: Channel | None = None
    customer_id: Id | None = None
    related_contact_id: Id | None = None
    segment_id: Id | None = None
    lead_id: Id | None = None
    priority: Annotated[int, Meta(ge=-(2**31), le=2**31)] = 0
    direction: Direction = "inbound"
    role: Role = "handler"
    wait_ms: DurationMs | None = None
    ring_ms: DurationMs | None = None
    talk_ms: DurationMs | None = None
    hold_ms: DurationMs | None = None
    acw_ms: DurationMs | None = None


class AgentEvent(Envelope, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """An event about an agent (a person); the Kafka key is ``agent_id``."""

    agent_id: Id


class CallEvent(ContactEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A contact event of a telephone (or video) call; ``channel`` is voice unless said otherwise."""


class ConversationEvent(ContactEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A contact event of a written conversation; ``channel`` is messaging unless said otherwise."""
