"""The contract: every event Queuepulse understands, as one closed tagged union.

What enters is JSON, one event a record; what leaves is one of the frozen structs below. ``schemas/`` is generated from
this package. Times are epoch milliseconds (UTC); durations are integer milliseconds and, where the source measured
them itself (``wait_ms``, ``ring_ms``, ``talk_ms``, ``hold_ms``, ``acw_ms``), they win over differences of times.
Fields this version does not know are ignored.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from streams.events.calls import (
    CallAbandoned,
    CallAlerting,
    CallAnswered,
    CallConnected,
    CallDialled,
    CallEnded,
    CallEscalated,
    CallFlowedOut,
    CallHeld,
    CallIvrAbandoned,
    CallNotAnswered,
    CallOffered,
    CallResumed,
    CallStarted,
    CallTransferred,
    CallVoicemailHandled,
    CallWrappedUp,
    CallWrapStarted,
)
from streams.events.conversations import (
    ConversationAbandoned,
    ConversationAssigned,
    ConversationClosed,
    ConversationCommented,
    ConversationEscalated,
    ConversationHandedOff,
    ConversationMerged,
    ConversationMessage,
    ConversationQueued,
    ConversationReopened,
    ConversationResolved,
    ConversationStarted,
    ConversationTagged,
    ConversationTransferred,
    Rated,
    Reviewed,
    SurveySent,
)
from streams.events.envelope import (
    SCHEMA_VERSION,
    AgentEvent,
    AgentState,
    Author,
    CallEvent,
    Channel,
    ContactEvent,
    ConversationEvent,
    Count,
    Direction,
    Disposition,
    DurationMs,
    Envelope,
    EpochMs,
    FlowOutReason,
    Id,
    Name,
    NotAnsweredReason,
    RatingKind,
    ReviewKind,
    Role,
    Text,
    TransferKind,
    TransferTarget,
)
from streams.events.floor import (
    AgentHeartbeat,
    AgentScheduled,
    AgentStateChanged,
    HelpDeflected,
    HelpSearched,
    HelpViewed,
    QueueStateChanged,
    SourceGap,
    SourceHeartbeat,
    SourceSnapshot,
)

__all__ = [
    "AGENT_EVENTS",
    "CALL_EVENTS",
    "CONVERSATION_EVENTS",
    "SCHEMA_VERSION",
    "TOPICS",
    "AgentEvent",
    "AgentHeartbeat",
    "AgentScheduled",
    "AgentState",
    "AgentStateChanged",
    "Author",
    "CallAbandoned",
    "CallAlerting",
    "CallAnswered",
    "CallConnected",
    "CallDialled",
    "CallEnded",
    "CallEscalated",
    "CallEvent",
    "CallFlowedOut",
    "CallHeld",
    "CallIvrAbandoned",
    "CallNotAnswered",
    "CallOffered",
    "CallResumed",
    "CallStarted",
    "CallTransferred",
    "CallVoicemailHandled",
    "CallWrapStarted",
    "CallWrappedUp",
    "Channel",
    "ContactEvent",
    "ConversationAbandoned",
    "ConversationAssigned",
    "ConversationClosed",
    "ConversationCommented",
    "ConversationEscalated",
    "ConversationEvent",
    "ConversationHandedOff",
    "ConversationMerged",
    "ConversationMessage",
    "ConversationQueued",
    "ConversationReopened",
    "ConversationResolved",
    "ConversationStarted",
    "ConversationTagged",
    "ConversationTransferred",
    "Count",
    "Direction",
    "Disposition",
    "DurationMs",
    "Envelope",
    "EpochMs",
    "Event",
    "FlowOutReason",
    "HelpDeflected",
    "HelpSearched",
    "HelpViewed",
    "Id",
    "Name",
    "NotAnsweredReason",
    "QueueStateChanged",
    "Rated",
    "RatingKind",
    "ReviewKind",
    "Reviewed",
    "Role",
    "SourceGap",
    "SourceHeartbeat",
    "SourceSnapshot",
    "SurveySent",
    "Text",
    "TransferKind",
    "TransferTarget",
    "key_of",
    "topic_of",
]  # fmt: skip

Event: TypeAlias = (
    CallStarted | CallIvrAbandoned | CallOffered | CallAlerting | CallNotAnswered | CallAnswered | CallHeld
    | CallResumed | CallTransferred | CallEscalated | CallAbandoned | CallFlowedOut | CallVoicemailHandled | CallEnded
    | CallWrapStarted | CallWrappedUp | CallDialled | CallConnected
    | ConversationStarted | ConversationQueued | ConversationAssigned | ConversationMessage | ConversationHandedOff
    | ConversationTransferred | ConversationEscalated | ConversationResolved | ConversationClosed
    | ConversationReopened | ConversationAbandoned | ConversationMerged | ConversationTagged | ConversationCommented
    | SurveySent | Rated | Reviewed
    | AgentStateChanged | AgentHeartbeat | AgentScheduled
    | QueueStateChanged | SourceHeartbeat | SourceSnapshot | SourceGap | HelpViewed | HelpSearched | HelpDeflected
)  # fmt: skip

CALL_EVENTS: Final = "call-events"
CONVERSATION_EVENTS: Final = "conversation-events"
AGENT_EVENTS: Final = "agent-events"
TOPICS: Final = (CALL_EVENTS, CONVERSATION_EVENTS, AGENT_EVENTS)


def topic_of(event: Event) -> str | None:
    """The topic an event belongs on, or None when it may stand on any (``source.*``, ``queue.*``)."""
    if isinstance(event, CallEvent):
        return CALL_EVENTS
    if isinstance(event, AgentEvent):
        return AGENT_EVENTS
    if isinstance(event, QueueStateChanged | SourceHeartbeat | SourceSnapshot | SourceGap):
        return None
    return CONVERSATION_EVENTS


def key_of(event: Event) -> str | None:
    """The Kafka key an event must carry, or None where any key will do."""
    if isinstance(event, ContactEvent):
        return event.contact_id
    if isinstance(event, AgentEvent):
        return event.agent_id
    return None
