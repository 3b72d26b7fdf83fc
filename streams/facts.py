"""What happened, in the past tense: the only thing that flows from the state of a contact into the tallies.

A fact belongs to one queue and channel and carries three times, so that attribution is a choice made later: ``at``
(when it happened), ``arrival`` (when the visit entered its queue) and ``started`` (when the contact began).
``value`` is integer milliseconds where the kind has a duration, else 0; ``detail`` is from a closed set.
Facts are a pure function of a contact's events, so a correction is the difference of two sets of facts.
"""

from __future__ import annotations

from collections import Counter
from enum import IntEnum
from typing import Final

from mypy_extensions import mypyc_attr


class Kind(IntEnum):
    """The closed set of facts. A new number goes at the end: the numbers are part of the stored state."""

    OFFERED = 0  #: a visit entered a queue; detail: "", "callback", "rejoined" or "implied" (never seen)
    ANSWERED = 1  #: the visit ended with an agent; value: wait
    ABANDONED = 2  #: the customer gave up in the queue; value: wait
    FLOWED_OUT = 3  #: the visit left unanswered for another reason; value: wait, detail: the reason
    ORPHANED = 4  #: the visit's end never came; value: wait until it was closed
    TALKED = 5  #: a handle segment ended; value: talk
    HELD = 6  #: hold time within a segment; value: hold, detail: number of holds
    WRAPPED = 7  #: after-contact work ended; value: work
    HANDLED = 8  #: one segment's talk + hold + after-contact work, corrected when its wrap ends
    TRANSFERRED = 9  #: handed on by an agent; detail: "within" or "across" queues
    ESCALATED = 10
    ALERTED = 11  #: rang at an agent's desk
    MISSED = 12  #: rang and was not answered by the agent
    CANCELLED = 13  #: the customer left while it rang: not the agent's fault
    RANG = 14  #: an answered offer; value: ring time
    IVR_ABANDONED = 15  #: hung up before any queue
    CALL_ENDED = 16  #: the contact is over; value: from its start to its end, ring and queue included
    REPEATED = 17  #: a transition that had already happened; detail: the event
    UNMATCHED = 18  #: an end without its beginning and without a measured wait: kept out of every ratio
    SKEWED = 19  #: a duration came out negative and was taken as 0
    EXCLUDED = 20  #: a contact that is no customer of a queue; detail: test, outbound, internal or merged
    CONSULTED = 21  #: a consultation leg; never part of handling
    CREATED = 22  #: a conversation began
    FIRST_REPLY = 23  #: the first public human reply; value: since ``detail``: creation, handoff, queue or reopen
    NEXT_REPLY = 24  #: a later human reply; value: since the first customer message it answers
    RESOLVED = 25  #: value: since creation; detail: "first", or "final" (taken back by a later resolution)
    CLOSED = 26  #: value: since creation
    REOPENED = 27
    UNANSWERED = 28  #: a conversation nobody answered; detail: "customer_left" or "inactive"
    TAGGED = 29  #: detail: the tag
    COMPLAINED = 30
    COMMENTED = 31
    SURVEYED = 32  #: a survey was sent
    RATED = 33  #: value: the score in thousandths of its scale; detail: the kind of rating
    EXPECTED = 34  #: what was expected where a rating was perceived (SERVQUAL); value in thousandths
    REVIEWED = 35  #: value: the score in thousandths; detail: "qa" or "peer"
    REPLIED = 36  #: any public human reply
    CONTACTED = 37  #: a known customer got in touch; detail: "", or "repeat" (soon after another was resolved)
    CASE_RESOLVED = 38  #: a known customer's contact was resolved; detail: "", or "recurred" (somebody came back)
    FIRST_CONTACT = 39  #: the same, of contacts that were no repeats; detail: "once" or "again", so far
    FIRST_CONTACT_FINAL = 40  #: the same, when the repeat window has passed
    LEAD = 41  #: a lead was dialled for the first time
    LEAD_DIALLED = 42  #: an attempt at a lead, at the time of the first one
    DIALLED = 43  #: an outbound attempt
    CONNECTED = 44  #: an outbound attempt got through; detail: the disposition
    DROPPED = 45  #: a person picked up, and no agent was there
    TAKEN = 46  #: an agent took a contact
    AGENT_REPLIED = 47  #: an agent replied to a written contact, the first time in a cycle
    AGENT_RESOLVED = 48  #: an agent resolved a written contact
    BETWEEN = 49  #: an agent took a contact; value: since the one before was done with
    HELPED = 50  #: the help centre was visited; detail: what it counts as, such as "help_searches"
    TEAM_RATED = 51  #: a rating or review, for the team; value: the score; detail, in lines: kind, team, agent


# The same, one name a line: compiled, each is a constant.
OFFERED: Final = 0
ANSWERED: Final = 1
ABANDONED: Final = 2
FLOWED_OUT: Final = 3
ORPHANED: Final = 4
TALKED: Final = 5
HELD: Final = 6
WRAPPED: Final = 7
HANDLED: Final = 8
TRANSFERRED: Final = 9
ESCALATED: Final = 10
ALERTED: Final = 11
MISSED: Final = 12
CANCELLED: Final = 13
RANG: Final = 14
IVR_ABANDONED: Final = 15
CALL_ENDED: Final = 16
REPEATED: Final = 17
UNMATCHED: Final = 18
SKEWED: Final = 19
EXCLUDED: Final = 20
CONSULTED: Final = 21
CREATED: Final = 22
FIRST_REPLY: Final = 23
NEXT_REPLY: Final = 24
RESOLVED: Final = 25
CLOSED: Final = 26
REOPENED: Final = 27
UNANSWERED: Final = 28
TAGGED: Final = 29
COMPLAINED: Final = 30
COMMENTED: Final = 31
SURVEYED: Final = 32
RATED: Final = 33
EXPECTED: Final = 34
REVIEWED: Final = 35
REPLIED: Final = 36
CONTACTED: Final = 37
CASE_RESOLVED: Final = 38
FIRST_CONTACT: Final = 39
FIRST_CONTACT_FINAL: Final = 40
LEAD: Final = 41
LEAD_DIALLED: Final = 42
DIALLED: Final = 43
CONNECTED: Final = 44
DROPPED: Final = 45
TAKEN: Final = 46
AGENT_REPLIED: Final = 47
AGENT_RESOLVED: Final = 48
BETWEEN: Final = 49
HELPED: Final = 50
TEAM_RATED: Final = 51


@mypyc_attr(acyclic=True)
class Fact:
    """One thing that happened; see the module docstring for the three times."""

    def __init__(
        self, kind: int, queue: str, channel: str, at: int, arrival: int, started: int, value: int = 0,
        detail: str = "", priority: int = 0,
    ) -> None:  # fmt: skip
        self.kind = kind
        self.queue = queue
        self.channel = channel
        self.at = at
        self.arrival = arrival
        self.started = started
        self.value = value
        self.detail = detail
        self.priority = priority

    def key(self) -> tuple[object, ...]:
        """All of it, in the order of the arguments."""
        return (
            self.kind, self.queue, self.channel, self.at, self.arrival, self.started, self.value, self.detail,
            self.priority,
        )  # fmt: skip

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Fact)
            and self.at == other.at
            and self.kind == other.kind
            and self.value == other.value
            and self.queue == other.queue
            and self.channel == other.channel
            and self.arrival == other.arrival
            and self.started == other.started
            and self.detail == other.detail
            and self.priority == other.priority
        )

    def __hash__(self) -> int:
        return hash(self.key())

    def __repr__(self) -> str:
        return f"Fact{self.key()!r}"


#: A sign (+1 counted, -1 taken back) and the fact.
Change = tuple[int, Fact]

_FEW: Final = 16


def difference(before: list[Fact], after: list[Fact]) -> list[Change]:
    """The changes that lead from some facts to others, each with how often it is there: what is gone first."""
    if before == after:
        return []
    if len(before) + len(after) > _FEW:
        return [(-1, fact) for fact in (Counter(before) - Counter(after)).elements()] + [
            (1, fact) for fact in (Counter(after) - Counter(before)).elements()
        ]
    gone: list[Change] = []
    new = after.copy()  # a few are found sooner than hashed
    for fact in before:
        if fact in new:
            new.remove(fact)
        else:
            gone.append((-1, fact))
    return gone + [(1, fact) for fact in new]
