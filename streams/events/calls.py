"""Telephone and video calls: ``call.*``, on topic ``call-events``."""

from __future__ import annotations

from streams.events.envelope import (
    CallEvent,
    Count,
    Direction,
    Disposition,
    FlowOutReason,
    Id,
    Name,
    NotAnsweredReason,
    TransferKind,
    TransferTarget,
)


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
