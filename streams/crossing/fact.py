"""The facts that cross partitions, and how they stand in a Kafka record.

A fact is not a delta: it is all that is true now of one contact for one customer, lead or agent, and takes the place
of what was told before under the same ``contact_id`` and ``part``. Times are epoch ms, -1 while unknown. ``part`` tells
apart the lives of one contact id (the source offset at which each began). These records are between workers of one
application and one version: msgpack, not part of the contract.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

VERSION: Final = 1

CUSTOMERS, AGENTS = "customer-facts", "agent-facts"
DESTINATIONS: Final = (CUSTOMERS, AGENTS)


def facts_topic(app_id: str, destination: str) -> str:
    """The topic of an application's facts: their offsets mean something to that application alone."""
    return f"{app_id}-{destination}"


class Cycle(Struct, array_like=True, frozen=True, gc=False):
    """From an opening (or reopening) of a contact to its resolution, and the queue it was resolved in."""

    opened_at: int
    resolved_at: int = -1
    queue: str = ""


class Case(Struct, array_like=True, frozen=True, gc=False, tag="case"):
    """A contact as its customer sees it; ``cycles`` is never empty. ``queue`` is the first one it entered.

    ``callback``: the centre called back, so that its beginning is no new contact of the customer.
    """

    contact_id: str
    part: int
    channel: str
    queue: str
    done_at: int
    cycles: tuple[Cycle, ...]
    callback: bool = False


class Attempt(Struct, array_like=True, frozen=True, gc=False, tag="attempt"):
    """An outbound call. ``abandoned_at``: a person picked up, and no agent was there or came."""

    contact_id: str
    part: int
    channel: str
    queue: str
    lead: bool
    dialled_at: int
    disposition: str = ""
    connected_at: int = -1
    abandoned_at: int = -1


class Piece(Struct, array_like=True, frozen=True, gc=False):
    """One handle segment. ``free_at``: when the agent was done, after-contact work included. Durations are ms."""

    queue: str
    started_at: int
    ended_at: int = -1
    free_at: int = -1
    talk_ms: int = 0
    hold_ms: int = 0
    wrap_ms: int = 0


class Deed(Struct, array_like=True, frozen=True, gc=False):
    """An agent replied to a written contact (the first time in a cycle), or resolved it."""

    resolved: bool
    at: int
    queue: str


class Work(Struct, array_like=True, frozen=True, gc=False, tag="work"):
    """What one agent did on one contact. ``outbound``: the agent was busy with it, and took it from no queue."""

    contact_id: str
    part: int
    channel: str
    pieces: tuple[Piece, ...] = ()
    deeds: tuple[Deed, ...] = ()
    outbound: bool = False


class Left(Struct, array_like=True, frozen=True, gc=False, tag="left"):
    """An agent stopped serving (signed out, break, ...): what was between two contacts is no time between contacts."""

    at: int


class Withdrawn(Struct, array_like=True, frozen=True, gc=False, tag="withdrawn"):
    """What was told of this contact and part is not true any more (of this customer, lead or agent)."""

    contact_id: str
    part: int


CrossFact: TypeAlias = Case | Attempt | Work | Left | Withdrawn


class Told(Struct, array_like=True, frozen=True, gc=False):
    """One record: which event of which source partition led to it, how far that partition's time is, and the fact.

    ``index`` numbers the records of one offset. No fact: nothing but the passing of time, for every partition.
    """

    version: int
    topic: str
    partition: int
    offset: int
    index: int
    watermark: int
    who: str = ""
    fact: CrossFact | None = None


Outgoing = tuple[str, bytes | None, bytes]
"""A record to be produced: destination, key and value; no key: to every partition of the destination."""


Telling = tuple[str, str, CrossFact]
"""Destination, who it is about (``customer``, ``lead`` or ``agent``), and the fact."""


def customer(name: str) -> str:
    """A customer among those a customers' partition knows."""
    return f"c:{name}"


def lead(name: str) -> str:
    """A lead (or, where nobody named one, the contact itself) among those a customers' partition knows."""
    return f"l:{name}"


def agent(name: str) -> str:
    """An agent among those an agents' partition knows."""
    return f"a:{name}"


def name_of(who: str) -> str:
    """The id behind ``customer``, ``lead`` or ``agent``."""
    return who[2:]


def key_of(who: str) -> bytes:
    """The Kafka key: the bare id, so that whoever is keyed by it elsewhere has the same partition number."""
    return who[2:].encode("utf-8", "surrogatepass")


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Told).decode


def encode(told: Told) -> bytes:
    """The value of the Kafka record."""
    return _encode(told)


def decode(value: bytes | None) -> Told | str:
    """The record, or in words why it is none. Never raises."""
    if not value:
        return "the record has no value"
    try:
        told = _decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return f"no fact of this version: {error}"
    return told if told.version == VERSION else f"a fact of version {told.version}; this program reads {VERSION}"
