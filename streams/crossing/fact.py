"""The facts that cross partitions (``crossing.wire``: how they stand in a Kafka record, and in what is stored).

A fact is not a delta: it is all that is true now of one contact for one customer, lead or agent, and takes the place
of what was told before under the same ``contact_id`` and ``part``. Times are epoch ms, -1 while unknown. ``part`` tells
apart the lives of one contact id (the source offset at which each began). These records are between workers of one
application and one version: msgpack, not part of the contract.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import mypyc_attr

from streams.contact.nouns import Noun

VERSION: Final = 2

CUSTOMERS: Final = "customer-facts"
AGENTS: Final = "agent-facts"
DESTINATIONS: Final = (CUSTOMERS, AGENTS)


def facts_topic(app_id: str, destination: str) -> str:
    """The topic of an application's facts: their offsets mean something to that application alone."""
    return f"{app_id}-{destination}"


@mypyc_attr(acyclic=True)
class CrossFact(Noun):
    """A fact, known by contact and part. None of them changes once it is made.

    ``raw`` is how it is stored, empty as long as nobody asked: what is kept of a busy agent is stored again and again.
    """

    raw: bytes = b""

    def __init__(self, contact_id: str, part: int) -> None:
        self.contact_id = contact_id
        self.part = part


@mypyc_attr(acyclic=True)
class Cycle(Noun):
    """From an opening (or reopening) of a contact to its resolution, and the queue it was resolved in."""

    def __init__(self, opened_at: int, resolved_at: int = -1, queue: str = "") -> None:
        self.opened_at = opened_at
        self.resolved_at = resolved_at
        self.queue = queue

    def stored(self) -> tuple[object, ...]:
        return (self.opened_at, self.resolved_at, self.queue)


@mypyc_attr(acyclic=True)
class Case(CrossFact):
    """A contact as its customer sees it; ``cycles`` is never empty. ``queue`` is the first one it entered.

    ``callback``: the centre called back, so that its beginning is no new contact of the customer.
    """

    def __init__(
        self, contact_id: str, part: int, channel: str, queue: str, done_at: int, cycles: list[Cycle],
        callback: bool = False,
    ) -> None:  # fmt: skip
        self.contact_id = contact_id
        self.part = part
        self.channel = channel
        self.queue = queue
        self.done_at = done_at
        self.cycles = cycles
        self.callback = callback

    def stored(self) -> tuple[object, ...]:
        return (
            "case", self.contact_id, self.part, self.channel, self.queue, self.done_at,
            [one.stored() for one in self.cycles], self.callback,
        )  # fmt: skip


@mypyc_attr(acyclic=True)
class Attempt(CrossFact):
    """An outbound call. ``abandoned_at``: a person picked up, and no agent was there or came."""

    def __init__(
        self, contact_id: str, part: int, channel: str, queue: str, lead: bool, dialled_at: int, disposition: str = "",
        connected_at: int = -1, abandoned_at: int = -1,
    ) -> None:  # fmt: skip
        self.contact_id = contact_id
        self.part = part
        self.channel = channel
        self.queue = queue
        self.lead = lead
        self.dialled_at = dialled_at
        self.disposition = disposition
        self.connected_at = connected_at
        self.abandoned_at = abandoned_at

    def stored(self) -> tuple[object, ...]:
        return (
            "attempt", self.contact_id, self.part, self.channel, self.queue, self.lead, self.dialled_at,
            self.disposition, self.connected_at, self.abandoned_at,
        )  # fmt: skip


@mypyc_attr(acyclic=True)
class Piece(Noun):
    """One handle segment. ``free_at``: when the agent was done, after-contact work included. Durations are ms."""

    def __init__(
        self, queue: str, started_at: int, ended_at: int = -1, free_at: int = -1, talk_ms: int = 0, hold_ms: int = 0,
        wrap_ms: int = 0,
    ) -> None:  # fmt: skip
        self.queue = queue
        self.started_at = started_at
        self.ended_at = ended_at
        self.free_at = free_at
        self.talk_ms = talk_ms
        self.hold_ms = hold_ms
        self.wrap_ms = wrap_ms

    def stored(self) -> tuple[object, ...]:
        return (
            self.queue, self.started_at, self.ended_at, self.free_at, self.talk_ms, self.hold_ms, self.wrap_ms,
        )  # fmt: skip


@mypyc_attr(acyclic=True)
class Deed(Noun):
    """An agent replied to a written contact (the first time in a cycle), or resolved it."""

    def __init__(self, resolved: bool, at: int, queue: str) -> None:
        self.resolved = resolved
        self.at = at
        self.queue = queue

    def stored(self) -> tuple[object, ...]:
        return (self.resolved, self.at, self.queue)


@mypyc_attr(acyclic=True)
class Work(CrossFact):
    """What one agent did on one contact. ``outbound``: the agent was busy with it, and took it from no queue.

    ``page`` is where it is stored, once it is known of an agent (``crossing.pages``).
    """

    page: int = 0

    def __init__(
        self, contact_id: str, part: int, channel: str, pieces: list[Piece], deeds: list[Deed], outbound: bool = False
    ) -> None:
        self.contact_id = contact_id
        self.part = part
        self.channel = channel
        self.pieces = pieces
        self.deeds = deeds
        self.outbound = outbound

    def stored(self) -> tuple[object, ...]:
        return (
            "work", self.contact_id, self.part, self.channel, [one.stored() for one in self.pieces],
            [one.stored() for one in self.deeds], self.outbound,
        )  # fmt: skip


@mypyc_attr(acyclic=True)
class Left(CrossFact):
    """An agent stopped serving (signed out, break, ...): what was between two contacts is no time between contacts.

    It is of no contact, and its part is when that was.
    """

    def __init__(self, at: int) -> None:
        self.contact_id = ""
        self.part = at

    def stored(self) -> tuple[object, ...]:
        return ("left", self.part)


@mypyc_attr(acyclic=True)
class Withdrawn(CrossFact):
    """What was told of this contact and part is not true any more (of this customer, lead or agent)."""

    def stored(self) -> tuple[object, ...]:
        return ("withdrawn", self.contact_id, self.part)


@mypyc_attr(acyclic=True)
class Told(Noun):
    """What a source partition tells: the offset of the event that led to it, how far its time is, and the fact.

    ``index`` numbers what one offset led to. No fact: nothing but the passing of time, for every partition.
    """

    def __init__(
        self, offset: int, index: int, watermark: int, who: str = "", fact: CrossFact | None = None
    ) -> None:  # fmt: skip
        self.offset = offset
        self.index = index
        self.watermark = watermark
        self.who = who
        self.fact = fact

    def stored(self) -> tuple[object, ...]:
        fact = None if self.fact is None else self.fact.stored()
        return (self.offset, self.index, self.watermark, self.who, fact)


@mypyc_attr(acyclic=True)
class Bundle(Noun):
    """One record: what one source partition tells one partition of facts, in its order; never empty."""

    def __init__(self, topic: str, partition: int, told: list[Told]) -> None:
        self.topic = topic
        self.partition = partition
        self.told = told

    def stored(self) -> tuple[object, ...]:
        return (self.topic, self.partition, [one.stored() for one in self.told])


Outgoing = tuple[str, bytes | None, bytes]
"""A record to be produced: destination, key and value; no key: to every partition of the destination.

Records of one source partition for the same partition may be joined (``crossing.wire.bundled``).
"""


@mypyc_attr(acyclic=True)
class Telling(Noun):
    """A fact, whom it is about (``customer``, ``lead`` or ``agent``), and the destination where they are known."""

    def __init__(self, destination: str, who: str, fact: CrossFact) -> None:
        self.destination = destination
        self.who = who
        self.fact = fact

    def stored(self) -> tuple[object, ...]:
        return (self.destination, self.who, self.fact.stored())


def customer(name: str) -> str:
    """A customer among those a customers' partition knows."""
    return "c:" + name


def lead(name: str) -> str:
    """A lead (or, where nobody named one, the contact itself) among those a customers' partition knows."""
    return "l:" + name


def agent(name: str) -> str:
    """An agent among those an agents' partition knows."""
    return "a:" + name


def left(name: str, at: int) -> Telling:
    """An agent stopped serving."""
    return Telling(AGENTS, agent(name), Left(at))


def name_of(who: str) -> str:
    """The id behind ``customer``, ``lead`` or ``agent``."""
    return who[2:]


def key_of(who: str) -> bytes:
    """The Kafka key: the bare id, so that whoever is keyed by it elsewhere has the same partition number."""
    return who[2:].encode("utf-8", "surrogatepass")
