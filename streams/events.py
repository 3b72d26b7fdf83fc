"""The contract: every event Queuepulse understands, as one closed tagged union.

What enters is JSON, one event a record; what leaves is one of the frozen structs below. ``schemas/`` is generated from
this file. Times are epoch milliseconds (UTC); durations are integer milliseconds and, where the source measured
them itself (``wait_ms``, ``ring_ms``, ``talk_ms``, ``hold_ms``, ``acw_ms``), they win over differences of times.
Fields this version does not know are ignored.
"""

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

# --- envelopes -----------------------------------------------------------------------------------------------------


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


# --- calls ---------------------------------------------------------------------------------------------------------


class CallStarted(CallEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="call.started"):
    """The call reached the IVR (or the switch), before any queue."""


class CallIvrAbandoned(CallEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="call.ivr_abandoned"):
    """The caller hung up before any queue: never an abandonment of a queue."""


class CallOffered(CallEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="call.offered"):
    """The call entered a queue: a new queue visit begins. ``position`` is the router's, 1 is next."""

    queue: Name
    is_callback: bool = False
    callback_of: Id | None = None
    position: Count | None = None


class CallAlerting(CallEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="call.alerting"):
    """The call rings at an agent's desk: a new offer to an agent within the visit."""


class CallNotAnswered(CallEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="call.not_answered"):
    """The agent did not take the ringing call; the visit goes on and its wait is not reset."""

    reason: NotAnsweredReason = "no_answer"


class CallAnswered(CallEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="call.answered"):
    """An agent took the call: the wait ends, a handle segment begins."""


class CallHeld(CallEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="call.held"):
    """The agent put the caller on hold."""


class CallResumed(CallEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="call.resumed"):
    """The hold ended."""


class CallTransferred(CallEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="call.transferred"):
    """The call moves on: out of the queue when ``before_answer``, else out of the agent's hands."""

    to: Name
    to_type: TransferTarget = "queue"
    kind: TransferKind = "blind"
    before_answer: bool = False


class CallEscalated(CallEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="call.escalated"):
    """The contact was raised to a higher tier or a supervisor."""


class CallAbandoned(CallEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="call.abandoned"):
    """The caller hung up while waiting in the queue (ringing an agent included)."""


class CallFlowedOut(CallEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="call.flowed_out"):
    """The call left the queue unanswered without the caller giving up: never an abandonment."""

    reason: FlowOutReason


class CallVoicemailHandled(
    CallEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="call.voicemail_handled"
):
    """Somebody dealt with the voicemail that this caller left."""


class CallEnded(CallEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="call.ended"):
    """The conversation with the agent is over (either side hung up)."""


class CallWrapStarted(CallEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="call.wrap_started"):
    """After-contact work began."""


class CallWrappedUp(CallEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="call.wrapped_up"):
    """After-contact work ended."""


class CallDialled(CallEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="call.dialled"):
    """An outbound attempt; ``lead_id`` names whom."""

    direction: Direction = "outbound"


class CallConnected(CallEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="call.connected"):
    """An outbound attempt got through to somebody or something."""

    disposition: Disposition
    direction: Direction = "outbound"


# --- conversations -------------------------------------------------------------------------------------------------


class ConversationStarted(
    ConversationEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="conversation.started"
):
    """The customer (or an agent, when ``direction`` is outbound) opened a conversation."""


class ConversationQueued(
    ConversationEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="conversation.queued"
):
    """The conversation entered a queue: a new queue visit begins."""

    queue: Name
    position: Count | None = None


class ConversationAssigned(
    ConversationEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="conversation.assigned"
):
    """An agent took the conversation: the wait ends, a handle segment begins."""

    agent_id: Id


class ConversationMessage(
    ConversationEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="conversation.message"
):
    """Somebody wrote. ``bot`` and ``auto`` never count as a human reply, nor does a message that is not public."""

    author: Author
    public: bool = True


class ConversationHandedOff(
    ConversationEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="conversation.handed_off"
):
    """The bot gave the conversation to people."""


class ConversationTransferred(
    ConversationEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="conversation.transferred"
):
    """The conversation moves on: out of the queue when ``before_answer``, else out of the agent's hands."""

    to: Name
    to_type: TransferTarget = "queue"
    kind: TransferKind = "blind"
    before_answer: bool = False


class ConversationEscalated(
    ConversationEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="conversation.escalated"
):
    """The conversation was raised to a higher tier."""


class ConversationResolved(
    ConversationEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="conversation.resolved"
):
    """The matter is settled; response clocks stop."""


class ConversationClosed(
    ConversationEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="conversation.closed"
):
    """No further message is expected."""


class ConversationReopened(
    ConversationEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="conversation.reopened"
):
    """A resolved or closed conversation goes on: a new cycle."""


class ConversationAbandoned(
    ConversationEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="conversation.abandoned"
):
    """The customer left without an answer."""


class ConversationMerged(
    ConversationEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="conversation.merged"
):
    """This conversation became part of ``into``; it is closed and leaves every ratio."""

    into: Id


class ConversationTagged(
    ConversationEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="conversation.tagged"
):
    """Topics of the conversation; only configured tags become labels."""

    tags: Annotated[tuple[Name, ...], Meta(max_length=50)]
    complaint: bool = False


class ConversationCommented(
    ConversationEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="conversation.commented"
):
    """Free text from the customer about the service; counted, never a label."""

    text: Text = ""


class SurveySent(
    ConversationEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="conversation.survey_sent"
):
    """A survey went out."""

    survey_id: Id


class Rated(ConversationEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="conversation.rated"):
    """A survey answer: ``score`` on ``scale_min`` to ``scale_max``; ``expected`` pairs with it for SERVQUAL."""

    kind: RatingKind
    score: float
    scale_min: float = 1.0
    scale_max: float = 5.0
    survey_id: Id | None = None
    dimension: Name | None = None
    expected: float | None = None


class Reviewed(ConversationEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="conversation.reviewed"):
    """Somebody judged the quality of the contact; ``score`` in [0, 1]."""

    kind: ReviewKind
    score: Annotated[float, Meta(ge=0.0, le=1.0)]
    reviewer: Id | None = None
    peer: bool = False


# --- agents --------------------------------------------------------------------------------------------------------


class AgentStateChanged(AgentEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="agent.state_changed"):
    """The agent is in ``state`` from now on; ``queues`` are those served, ``capacity`` the contacts at once."""

    state: AgentState
    queues: Annotated[tuple[Name, ...], Meta(max_length=200)] | None = None
    capacity: Annotated[int, Meta(ge=1, le=1_000)] | None = None


class AgentHeartbeat(AgentEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="agent.heartbeat"):
    """The agent is still there."""


class AgentScheduled(AgentEvent, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="agent.scheduled"):
    """A planned activity from ``starts_at`` to ``ends_at``; ``paid`` time is the base of utilisation."""

    starts_at: EpochMs
    ends_at: EpochMs
    activity: AgentState = "available"
    paid: bool = True
    planned: bool = True


# --- queues, sources, self-service ---------------------------------------------------------------------------------


class QueueStateChanged(Envelope, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="queue.state_changed"):
    """The queue opened or closed outside its calendar."""

    queue: Name
    open: bool


class SourceHeartbeat(Envelope, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="source.heartbeat"):
    """The source is alive and everything before ``occurred_at`` has been sent; goes to every partition."""

    source: Id


class SourceSnapshot(Envelope, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="source.snapshot"):
    """After a reconnect: the contacts still open at the source; others of this source are closed as orphans.

    Goes to every partition; each needs to be told of its own contacts only (those whose key falls into it).
    """

    source: Id
    open_contacts: Annotated[tuple[Id, ...], Meta(max_length=10_000)] = ()


class SourceGap(Envelope, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="source.gap"):
    """The source was cut off from ``since`` on: what happened may never be told. A snapshot says what is open again."""

    source: Id
    since: EpochMs


class HelpViewed(Envelope, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="help.viewed"):
    """A help-centre page was read."""

    contact_id: Id | None = None
    customer_id: Id | None = None


class HelpSearched(Envelope, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="help.searched"):
    """The help centre was searched, with or without a hit."""

    found: bool
    contact_id: Id | None = None
    customer_id: Id | None = None


class HelpDeflected(Envelope, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="help.deflected"):
    """The help centre answered; no contact followed."""

    contact_id: Id | None = None
    customer_id: Id | None = None


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
