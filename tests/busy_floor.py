"""A small floor on which everything happens at least once, with every number from outside given: for what must be
there, not for how much."""

from __future__ import annotations

from typing import Any, Final

from streams import events as e
from streams import snapshot
from streams.measures.inputs import INPUTS
from streams.measures.record import Measure, encode
from streams.measures.shelf import Shelf
from streams.partition import Record
from streams.settings import Settings, from_raw
from streams.snapshot import Snapshot, WorkerStatus
from tests.support import Floor, Story, call, chat, heartbeat, ms, state

NOW: Final = 1_500.0
SCALES: Final = {"nps": (0, 10), "agent_nps": (0, 10), "ces": (1, 7), "emotion": (-1, 1), "servqual": (1, 7)}


def settings() -> Settings:
    """Targets for everything, a group for a client, a team, weights."""
    return from_raw(
        {
            "defaults": {
                "first_reply_target_seconds": 60.0, "next_reply_target_seconds": 60.0,
                "resolution_target_seconds": 7_200.0,
            },
            "groups": {"acme": ["billing", "help"]},
            "teams": {"helpers": ["ann"]},
            "tags": ["invoice"],
            "weights": {"asa_seconds": {"weight": 1.0, "target": 20.0, "better": "lower"}},
        },
        {},
    )  # fmt: skip


def calls() -> list[Story]:
    """Answered, held, wrapped up, transferred, escalated, abandoned, gone in the IVR, still waiting."""
    handled = call("c1").started(0).offered(1).alerting(5).answered(10).held(20).resumed(30)
    handled.tell(e.CallEscalated, 35)
    return [
        handled.ended(60).wrapped_up(80),
        call("c2").offered(2).alerting(3).answered(8).transferred(40, "sales").offered(40, "sales").abandoned(90),
        call("c3").offered(5).abandoned(65),
        call("c4").started(5).ivr_abandoned(9),
        call("c5").offered(1_450),
    ]  # fmt: skip


def conversations() -> list[Story]:
    """Replied to, resolved, reopened, closed, surveyed, reviewed, tagged; one nobody answered, two still open."""
    told = chat("d1", queue="help").tell(e.ConversationStarted, 0).tell(e.ConversationMessage, 0, author="customer")
    told.tell(e.ConversationAssigned, 20, agent_id="ann").tell(e.ConversationMessage, 30, author="agent")
    told.tell(e.ConversationMessage, 50, author="customer").tell(e.ConversationMessage, 70, author="agent")
    told.tell(e.ConversationResolved, 100, talk_ms=60_000).tell(e.ConversationReopened, 200)
    told.tell(e.ConversationResolved, 300).tell(e.ConversationClosed, 400)
    told.tell(e.ConversationTagged, 410, tags=("invoice",), complaint=True).tell(e.ConversationCommented, 420, text="!")
    told.tell(e.SurveySent, 430, survey_id="s1")
    for n, kind in enumerate(("csat", *SCALES)):
        low, high = SCALES.get(kind, (1, 5))
        expected: dict[str, Any] = {"expected": float(high)} if kind == "servqual" else {}
        told.tell(e.Rated, 440 + n, kind=kind, score=float(high), scale_min=low, scale_max=high, **expected)
    told.tell(e.Reviewed, 460, kind="qa", score=0.9).tell(e.Reviewed, 461, kind="peer", score=1.0, peer=True)
    left = chat("d2", queue="help").tell(e.ConversationStarted, 10).tell(e.ConversationAbandoned, 500)
    waits = chat("d3").queued(1_400, "help").tell(e.ConversationMessage, 1_400, author="customer")
    return [told, left, waits]


def people() -> list[Story]:
    """A customer who comes back, two calls of one agent, and a lead dialled twice."""
    dialled: dict[str, Any] = {"direction": "outbound", "lead_id": "l1", "queue": "sales"}
    first = call("p1", customer_id="kim").offered(600, "sales").answered(610, "bob").ended(650)
    again = call("p2", customer_id="kim").offered(700, "sales").answered(705, "bob").ended(800)
    missed = Story("o1", **dialled).tell(e.CallDialled, 900).tell(e.CallConnected, 905, disposition="no_answer")
    reached = Story("o2", **dialled).tell(e.CallDialled, 920).tell(e.CallConnected, 925, disposition="person")
    return [first, again, missed, reached.tell(e.CallEnded, 930)]


def given() -> Shelf:
    """Every number a formula knows, for January and February."""
    shelf = Shelf()
    for name in INPUTS:
        for period in ("2026-01", "2026-02"):
            shelf.take(Record(0, *encode(Measure(name=name, period=period, value=10.0)), 0))
    shelf.complete = True
    return shelf


def floor() -> Floor:
    """Everything told, nothing flushed."""
    told = Floor(settings()).take(heartbeat(-1))
    return told.play(*calls(), *conversations(), *people()).take(
        state("ann", 0, "available", ["billing", "help", "sales"]), state("ann", 10, "on_contact"),
        state("ann", 60, "after_contact_work"), state("ann", 80, "available"),
        e.HelpViewed(event_id="h1", occurred_at=ms(600)),
        e.HelpSearched(event_id="h2", occurred_at=ms(601), found=True),
        e.HelpDeflected(event_id="h3", occurred_at=ms(602)),
    )  # fmt: skip


def taken() -> Snapshot:
    """The floor at ``NOW``, everything flushed."""
    told = floor()
    for partition in told.partitions:
        flush = partition.flush()
        if flush is not None:
            partition.flushed(flush)
    return snapshot.take(told.partitions, told.settings, WorkerStatus(), ms(NOW), given())
