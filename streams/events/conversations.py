"""Written contacts and what is said about contacts: ``conversation.*``, on topic ``conversation-events``."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from streams.events.envelope import (
    Author,
    ConversationEvent,
    Count,
    Id,
    Name,
    RatingKind,
    ReviewKind,
    Text,
    TransferKind,
    TransferTarget,
)


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
