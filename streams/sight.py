"""What others see of a partition's contacts: who waits, who is served, voicemails, open conversations summed up.

A partition enters at its owner, encoded pieces leave; in another worker they enter a partition that nothing else fills
but tallies and agents (``streams.elsewhere``). To whoever reads numbers both are alike: only the contacts themselves
are with their owner. Of live contacts all are told once, the **base**, then those that changed, until that is as much
again: a busy floor has ten times as many as change in a second. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from streams.backlog import backlog
from streams.contact.nouns import Voicemail, Waiting
from streams.partition import Partition
from streams.promises import Backlog
from streams.settings import Settings
from streams.stored import STATE_VERSION, of_this_version
from streams.view import FLOOR

CONTACTS: Final = b"w|c"
CHANGES: Final = b"w|d"
OPEN: Final = b"w|o"
"""Names of the pieces: live contacts; which of them changed (a number follows); voicemails and open conversations."""
MOST_CHANGES: Final = 100
"""Pieces of changes to one base: so many keys the topic keeps of it."""


class Told:
    """What others know of the live contacts of one partition, so that they are told of what changed since.

    A base is known by the offset it includes: changes to another one are of no use. ``last`` names the last piece.
    """

    def __init__(self) -> None:
        self.last = CONTACTS
        self._base = -1
        self._pieces = 0
        self._names = 0
        self._touched: set[bytes] | None = None
        self._rest = b""

    def touch(self, stored: Iterable[tuple[bytes, bytes]], prefix: bytes, partition: Partition) -> None:
        """Those contacts are stored anew; when that is as much as all there is, all will be told."""
        if self._touched is not None:
            self._touched.update([key[len(prefix) :] for key, _ in stored if key.startswith(prefix)])
            if self._names + len(self._touched) > len(partition.waiting) + len(partition.handling):
                self._touched = None

    def all_again(self) -> None:
        """Others may not have heard of all that was told."""
        self._touched = None

    def news(self, partition: Partition, offset: int) -> tuple[bytes, bytes] | None:
        """The next piece, its name and value; None when there is nothing new."""
        rest = _rest_of(partition)
        if self._touched is None or self._pieces == MOST_CHANGES:
            self._base, self._pieces, self._names = offset, 0, 0
            name, value = CONTACTS, _base_of(partition, offset)
        elif self._touched or rest != self._rest:
            self._pieces += 1
            self._names += len(self._touched)
            names = [raw.decode("utf-8", "surrogatepass") for raw in self._touched]
            name, value = CHANGES + str(self._pieces).encode(), _changes_of(partition, self._base, names)
        else:
            return None
        self.last, self._touched, self._rest = name, set(), rest
        return name, value


def _base_of(partition: Partition, offset: int) -> bytes:
    """Who waits and who is served, by contact; how many are kept; how far the sources' clocks are off."""
    store = partition.store
    waiting = {name: [one.stored() for one in visits] for name, visits in store.waiting.items()}
    return _encode((STATE_VERSION, offset, waiting, store.handling, store.hands, msgspec.Raw(_rest_of(partition))))


def _changes_of(partition: Partition, base: int, names: list[str]) -> bytes:
    """The same of some contacts: in whose hands they are; one that is named and nowhere else is not live any more."""
    store = partition.store
    waiting = {name: [one.stored() for one in store.waiting[name]] for name in names if name in store.waiting}
    handling = {name: store.handling[name] for name in names if name in store.handling}
    hands = {name: store.hands[name] for name in names if name in store.hands}
    return _encode((STATE_VERSION, base, names, waiting, handling, hands, msgspec.Raw(_rest_of(partition))))


def _rest_of(partition: Partition) -> bytes:
    delays = {name: partition.trust.least_delay_ms(name) for name in partition.trust.heard_at}
    return _encode((partition.store.kept, delays))


def open_of(partition: Partition, settings: Settings, now: int) -> bytes:
    """The voicemails left, and the backlog as of ``now`` (epoch ms): looks at every open conversation."""
    found = backlog([partition], settings, now)
    del found[FLOOR, ""]
    voicemails = {name: one.stored() for name, one in partition.store.voicemails.items()}
    return _encode((STATE_VERSION, voicemails, list(found.items())))


def see_open(partition: Partition, value: bytes) -> None:
    """Take ``OPEN`` in place of what was seen before. Raises StateRefusedError for one of another version."""
    _, voicemails, backlogs = of_this_version(_decode_open, value, "sight of open conversations")
    partition.store.voicemails = {name: Voicemail(*one) for name, one in voicemails.items()}
    partition.backlogs = dict(backlogs)


def see_contacts(partition: Partition, value: bytes) -> int:
    """Take ``CONTACTS`` in place of what was seen before; returns the base. Raises as ``see_open``."""
    store = partition.store
    _, base, waiting, store.handling, store.hands, rest = of_this_version(_decode_base, value, "sight of contacts")
    store.waiting = {name: [Waiting(*one) for one in visits] for name, visits in waiting.items()}
    store.kept, partition.trust.told_delays = rest
    return base


def see_changes(partition: Partition, value: bytes, base: int) -> int:
    """Take ``CHANGES`` if they are to this ``base``; returns the one they are to. Raises as ``see_open``."""
    _, theirs, names, waiting, handling, hands, rest = of_this_version(_decode_changes, value, "sight of changes")
    if theirs == base:
        store = partition.store
        for name in names:
            store.waiting.pop(name, None)
            store.handling.pop(name, None)
            store.hands.pop(name, None)
        store.waiting.update((name, [Waiting(*one) for one in visits]) for name, visits in waiting.items())
        store.handling.update(handling)
        store.hands.update(hands)
        store.kept, partition.trust.told_delays = rest
    return theirs


_Visits = dict[str, list[tuple[str, str, int, int, bool, int]]]
_Handling = dict[str, tuple[str, str]]
_Rest = tuple[list[int], dict[str, int | None]]

_encode = msgspec.msgpack.Encoder().encode
_decode_base = msgspec.msgpack.Decoder(tuple[int, int, _Visits, _Handling, dict[str, str], _Rest]).decode
_decode_changes = msgspec.msgpack.Decoder(tuple[int, int, list[str], _Visits, _Handling, dict[str, str], _Rest]).decode
_decode_open = msgspec.msgpack.Decoder(
    tuple[int, dict[str, tuple[str, str, int]], list[tuple[tuple[str, str], Backlog]]]
).decode
