"""The short log of one contact: what the state machine needs of each event, packed, in event-time order.

An event enters as the fields of a struct of the contract and leaves as an ``Entry``: sixteen small values. A contact's
log is the concatenation of its packed entries; it lets a late event be put where it belongs and the state be computed
again, so that any permutation of the same events ends in the same state. Event ids are kept whole: duplicates are
recognised exactly.
"""

from __future__ import annotations

from typing import Any, Final

from streams import events as e
from streams.contact.entry import Entry

# One name a line: compiled, each is a constant.
STARTED: Final = 0
DIALLED: Final = 1
CONNECTED: Final = 2
HANDED_OFF: Final = 3
OFFERED: Final = 4
ALERTING: Final = 5
NOT_ANSWERED: Final = 6
ANSWERED: Final = 7
HELD: Final = 8
RESUMED: Final = 9
ESCALATED: Final = 10
TRANSFERRED: Final = 11
FLOWED_OUT: Final = 12
ABANDONED: Final = 13
IVR_ABANDONED: Final = 14
ENDED: Final = 15
WRAP_STARTED: Final = 16
WRAPPED_UP: Final = 17
RESOLVED: Final = 18
CLOSED: Final = 19
REOPENED: Final = 20
MERGED: Final = 21
MESSAGE: Final = 22
TAGGED: Final = 23
COMMENTED: Final = 24
SURVEY_SENT: Final = 25
RATED: Final = 26
REVIEWED: Final = 27
ORPHANED: Final = 28
CONFIRMED: Final = 29
VOICEMAIL_HANDLED: Final = 30
"""Transitions, in the order in which they make sense when they share a millisecond; part of the stored state."""

TRANSITION_OF: Final[dict[type, int]] = {
    e.CallStarted: STARTED, e.CallIvrAbandoned: IVR_ABANDONED, e.CallOffered: OFFERED, e.CallAlerting: ALERTING,
    e.CallNotAnswered: NOT_ANSWERED, e.CallAnswered: ANSWERED, e.CallHeld: HELD, e.CallResumed: RESUMED,
    e.CallTransferred: TRANSFERRED, e.CallEscalated: ESCALATED, e.CallAbandoned: ABANDONED,
    e.CallFlowedOut: FLOWED_OUT, e.CallEnded: ENDED, e.CallWrapStarted: WRAP_STARTED, e.CallWrappedUp: WRAPPED_UP,
    e.CallVoicemailHandled: VOICEMAIL_HANDLED, e.CallDialled: DIALLED, e.CallConnected: CONNECTED,
    e.ConversationStarted: STARTED, e.ConversationQueued: OFFERED, e.ConversationAssigned: ANSWERED,
    e.ConversationMessage: MESSAGE, e.ConversationHandedOff: HANDED_OFF, e.ConversationTransferred: TRANSFERRED,
    e.ConversationEscalated: ESCALATED, e.ConversationResolved: RESOLVED, e.ConversationClosed: CLOSED,
    e.ConversationReopened: REOPENED, e.ConversationAbandoned: ABANDONED, e.ConversationMerged: MERGED,
    e.ConversationTagged: TAGGED, e.ConversationCommented: COMMENTED, e.SurveySent: SURVEY_SENT, e.Rated: RATED,
    e.Reviewed: REVIEWED,
}  # fmt: skip

TEST: Final = 1
OUTBOUND: Final = 2
INTERNAL: Final = 4
CONSULT: Final = 8
MONITOR: Final = 16
CALLBACK: Final = 32
BEFORE_ANSWER: Final = 64
CALL: Final = 128
CUSTOMER: Final = 256
HUMAN: Final = 512
COMPLAINT: Final = 1024
MERGED_AWAY: Final = 2048
"""Flags of an entry and of a contact; ``CALL`` tells a telephone event from a written one."""

_CALL_FLAG: Final = {kind: CALL if issubclass(kind, e.CallEvent) else 0 for kind in TRANSITION_OF}
_DIRECTION: Final = {"inbound": 0, "outbound": OUTBOUND, "internal": INTERNAL}
_ROLE: Final = {"handler": 0, "consult": CONSULT, "monitor": MONITOR}
_AUTHOR: Final = {"customer": CUSTOMER, "agent": HUMAN, "bot": 0, "auto": 0}

# Where the fields of every contact event are, before those of its own kind (``tests/unit/test_log.py`` holds them).
EVENT_ID: Final = 0
OCCURRED_AT: Final = 1
SOURCE: Final = 2
SOURCE_SEQ: Final = 3
QUEUE: Final = 5
AGENT_ID: Final = 6
IS_TEST: Final = 8
CONTACT_ID: Final = 9
CHANNEL: Final = 10
CUSTOMER_ID: Final = 11
SEGMENT_ID: Final = 13
LEAD_ID: Final = 14
PRIORITY: Final = 15
DIRECTION: Final = 16
ROLE: Final = 17
WAIT_MS: Final = 18
RING_MS: Final = 19
TALK_MS: Final = 20
HOLD_MS: Final = 21
ACW_MS: Final = 22


def entry_of(event: e.ContactEvent, fields: tuple[Any, ...]) -> Entry:
    """What the state machine needs of one contact event; ``fields`` are all of the event's, as a tuple.

    Reading a tuple costs a tenth of reading an attribute of the event.
    """
    kind = type(event)
    transition = TRANSITION_OF[kind]
    role: str = fields[ROLE]
    direction: str = fields[DIRECTION]
    flags = _CALL_FLAG[kind]
    if role != "handler":
        flags |= _ROLE[role]
    if direction != "inbound":
        flags |= _DIRECTION[direction]
    if fields[IS_TEST]:
        flags |= TEST
    detail = ""
    if transition == OFFERED:
        if kind is e.CallOffered and event.is_callback:  # type: ignore[attr-defined]
            flags |= CALLBACK
        position: int | None = event.position  # type: ignore[attr-defined]
        if position:
            detail = str(position)
    elif transition in (FLOWED_OUT, NOT_ANSWERED):
        detail = event.reason  # type: ignore[attr-defined]
    elif transition == TRANSFERRED:
        detail = event.to if event.to_type == "queue" else ""  # type: ignore[attr-defined]
        if event.before_answer:  # type: ignore[attr-defined]
            flags |= BEFORE_ANSWER
    elif transition == MESSAGE:
        flags |= _AUTHOR[event.author] if event.public else 0  # type: ignore[attr-defined]
    elif transition == CONNECTED:
        detail = event.disposition  # type: ignore[attr-defined]
    elif transition >= TAGGED:
        detail, more = _judged(event)
        flags |= more
    return Entry(
        fields[OCCURRED_AT], fields[SOURCE_SEQ], transition, fields[EVENT_ID], fields[QUEUE], fields[AGENT_ID],
        fields[SEGMENT_ID], fields[CHANNEL], detail, flags, fields[PRIORITY], fields[WAIT_MS], fields[RING_MS],
        fields[TALK_MS], fields[HOLD_MS], fields[ACW_MS],
    )  # fmt: skip


def _judged(event: e.ContactEvent) -> tuple[str, int]:
    """What was said about the contact, as text for the log, and the flags it sets."""
    match event:
        case e.ConversationTagged():
            return "\n".join(event.tags), COMPLAINT if event.complaint else 0
        case e.Rated():
            low, width = event.scale_min, event.scale_max - event.scale_min
            expected = "" if event.expected is None else str(round(1000 * (event.expected - low) / width))
            return f"{event.kind}\n{round(1000 * (event.score - low) / width)}\n{expected}\n{event.team or ''}", 0
        case e.Reviewed():
            return f"{'peer' if event.peer else event.kind}\n{round(1000 * event.score)}\n{event.team or ''}", 0
        case _:
            return "", 0


def order(entry: Entry) -> tuple[int, int, int, str]:
    """The one order of a contact's events: event time, the source's own sequence, then what makes sense."""
    return (entry.at, entry.seq, entry.transition, entry.event_id)
