"""What enters the state of a partition and what leaves it: Kafka records, those refused, and a flush."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from streams.crossing.fact import Outgoing


class Record(NamedTuple):
    """One Kafka record as it arrived; ``published_at`` is its Kafka timestamp in ms, 0 when unknown."""

    offset: int
    key: bytes | None
    value: bytes | None
    published_at: int


Plain = tuple[int, bytes | None, bytes | None, int]
"""A ``Record`` without its names: there are many, and a bare tuple is made in a tenth of the time."""


class Refused(NamedTuple):
    """A record that could not be used, why, and all that is needed to keep it."""

    offset: int
    reason: str
    detail: str
    key: bytes | None
    value: bytes | None
    published_at: int


class Flush(NamedTuple):
    """What changed since the last flush, in the order in which it must be written: ``facts`` with the tallies.

    ``facts`` are for the partitions of other topics, each in the order given. ``people`` are those of ``contacts`` that
    are agents, or what agents did: other workers see them as well.
    """

    tallies: list[tuple[bytes, bytes]]
    contacts: list[tuple[bytes, bytes]]
    marker: tuple[bytes, bytes]
    next_offset: int
    facts: Sequence[Outgoing] = ()
    people: Sequence[tuple[bytes, bytes]] = ()
