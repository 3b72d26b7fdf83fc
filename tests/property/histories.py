"""Random histories of contacts for the laws: believable life stories, then cut, doubled and shuffled."""

from __future__ import annotations

from hypothesis import strategies as st

from streams import events as e

NOON = 1_700_000_000_000
QUEUES = ("billing", "sales")
AGENTS = ("ann", "bob")

_STEPS = (
    e.CallStarted, e.CallOffered, e.CallAlerting, e.CallNotAnswered, e.CallAnswered, e.CallHeld, e.CallResumed,
    e.CallTransferred, e.CallEscalated, e.CallAbandoned, e.CallFlowedOut, e.CallEnded, e.CallWrapStarted,
    e.CallWrappedUp, e.CallIvrAbandoned,
)  # fmt: skip
_STORIES = (
    (1, 2, 4, 11, 13), (1, 2, 3, 2, 4, 5, 6, 11, 12, 13), (1, 9), (0, 1, 2, 9), (1, 10), (0, 14), (1, 4, 7, 1, 4, 11),
    (0, 1, 4, 11, 1, 9), (1, 7, 1, 2, 4, 8, 11), (4, 1, 11), (11,), (1, 11), (1, 1, 4, 4, 11, 11),
)  # fmt: skip


@st.composite
def contact_events(draw: st.DrawFn, contact_id: str = "c1") -> list[e.ContactEvent]:
    """The events of one contact, in the order of the story; times may tie, run backwards or be far apart."""
    story = list(draw(st.sampled_from(_STORIES)))
    story += draw(st.lists(st.integers(0, len(_STEPS) - 1), max_size=4))
    at = NOON
    made: list[e.ContactEvent] = []
    for n, step in enumerate(story):
        at += draw(st.sampled_from((0, 0, 1, 900, 5_000, 20_000, 61_000, -3_000)))
        fields: dict[str, object] = {
            "event_id": f"{contact_id}-{n}",
            "occurred_at": at,
            "contact_id": contact_id,
            "source_seq": draw(st.sampled_from((0, 0, n))),
            "queue": draw(st.sampled_from((*QUEUES, None))),
            "agent_id": draw(st.sampled_from((*AGENTS, None))),
            "wait_ms": draw(st.sampled_from((None, None, 0, 7_000))),
            "talk_ms": draw(st.sampled_from((None, None, None, 30_000))),
            "acw_ms": draw(st.sampled_from((None, None, None, 9_000))),
            "test": draw(st.sampled_from((False,) * 30 + (True,))),
            "direction": draw(st.sampled_from(("inbound",) * 20 + ("outbound",))),
            "role": draw(st.sampled_from(("handler",) * 12 + ("consult", "monitor"))),
        }
        kind = _STEPS[step]
        if kind is e.CallOffered:
            fields["queue"] = fields["queue"] or "billing"
            fields["is_callback"] = draw(st.sampled_from((False,) * 9 + (True,)))
        elif kind is e.CallTransferred:
            fields |= {"to": draw(st.sampled_from(QUEUES)), "before_answer": draw(st.booleans())}
        elif kind is e.CallFlowedOut:
            fields["reason"] = draw(st.sampled_from(("overflow", "callback", "voicemail")))
        made.append(kind(**fields))  # type: ignore[arg-type]
    return made


_TALK = (
    e.ConversationStarted, e.ConversationQueued, e.ConversationAssigned, e.ConversationMessage,
    e.ConversationHandedOff, e.ConversationTransferred, e.ConversationResolved, e.ConversationClosed,
    e.ConversationReopened, e.ConversationAbandoned, e.ConversationMerged, e.ConversationTagged, e.Rated, e.Reviewed,
    e.SurveySent,
)  # fmt: skip
_TALKS = (
    (0, 3, 4, 1, 2, 3, 3, 3, 6, 12, 7), (0, 1, 3, 6, 8, 3, 3, 6), (0, 3, 9), (1, 2, 3, 5, 1, 2, 3, 6), (14, 12),
    (0, 1, 10), (0, 3, 1, 3, 11, 6, 13),
)  # fmt: skip


@st.composite
def conversation_events(draw: st.DrawFn, contact_id: str = "k1") -> list[e.ContactEvent]:
    """The same for a written conversation: messages by all four authors, hand-offs, reopenings, surveys."""
    story = list(draw(st.sampled_from(_TALKS)))
    story += draw(st.lists(st.integers(0, len(_TALK) - 1), max_size=4))
    at = NOON
    made: list[e.ContactEvent] = []
    for n, step in enumerate(story):
        at += draw(st.sampled_from((0, 0, 1, 900, 5_000, 61_000, -3_000)))
        kind = _TALK[step]
        fields: dict[str, object] = {
            "event_id": f"{contact_id}-{n}",
            "occurred_at": at,
            "contact_id": contact_id,
            "channel": draw(st.sampled_from(("chat", "email"))),
            "queue": draw(st.sampled_from((*QUEUES, None))),
            "agent_id": draw(st.sampled_from((*AGENTS, None))),
            "priority": draw(st.sampled_from((0, 0, 2))),
            "test": draw(st.sampled_from((False,) * 30 + (True,))),
        }
        if kind is e.ConversationQueued:
            fields["queue"] = fields["queue"] or "billing"
        elif kind is e.ConversationAssigned:
            fields["agent_id"] = fields["agent_id"] or "ann"
        elif kind is e.ConversationMessage:
            fields |= {"author": draw(st.sampled_from(("customer", "agent", "bot", "auto"))), "public": True}
        elif kind is e.ConversationTransferred:
            fields |= {"to": draw(st.sampled_from(QUEUES)), "before_answer": draw(st.booleans())}
        elif kind is e.ConversationMerged:
            fields["into"] = "k9"
        elif kind is e.ConversationTagged:
            fields |= {"tags": ("invoice",), "complaint": draw(st.booleans())}
        elif kind is e.Rated:
            fields |= {"kind": "csat", "score": draw(st.sampled_from((1.0, 3.0, 5.0)))}
        elif kind is e.Reviewed:
            fields |= {"kind": "qa", "score": 0.5}
        elif kind is e.SurveySent:
            fields["survey_id"] = "s1"
        made.append(kind(**fields))  # type: ignore[arg-type]
    return made


def any_contact() -> st.SearchStrategy[list[e.ContactEvent]]:
    """A call or a conversation, never empty."""
    return st.one_of(contact_events(), conversation_events())
