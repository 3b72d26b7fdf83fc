"""What others see of a partition's contacts: who waits, who is served, voicemails, open conversations summed up.

A partition enters at its owner, encoded pieces leave, each whole in itself; in another worker they enter a partition
that nothing else fills but tallies and agents (``streams.elsewhere``). To whoever reads numbers both are alike: only
the contacts themselves are with their owner. Pure.
"""

from __future__ import annotations

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
OPEN: Final = b"w|o"
"""Names of the pieces: live contacts; voicemails and open conversations."""


def contacts_of(partition: Partition) -> bytes:
    """Who waits and who is served, by contact; how many are kept; how far the sources' clocks are off."""
    store = partition.store
    return _encode(
        (
            STATE_VERSION, {name: [one.stored() for one in visits] for name, visits in store.waiting.items()},
            store.handling, store.hands, store.kept,
            {name: partition.trust.least_delay_ms(name) for name in partition.trust.heard_at},
        )
    )  # fmt: skip


def open_of(partition: Partition, settings: Settings, now: int) -> bytes:
    """The voicemails left, and the backlog as of ``now`` (epoch ms): looks at every open conversation."""
    found = backlog([partition], settings, now)
    del found[FLOOR, ""]
    voicemails = {name: one.stored() for name, one in partition.store.voicemails.items()}
    return _encode((STATE_VERSION, voicemails, list(found.items())))


def see(partition: Partition, piece: bytes, value: bytes) -> None:
    """Take a piece in place of what was seen before. Raises StateRefusedError for one of another version."""
    store = partition.store
    if piece == CONTACTS:
        _, waiting, store.handling, store.hands, store.kept, delays = of_this_version(
            _decode_contacts, value, "sight of contacts"
        )
        store.waiting = {name: [Waiting(*one) for one in visits] for name, visits in waiting.items()}
        partition.trust.told_delays = delays
    elif piece == OPEN:
        _, voicemails, backlogs = of_this_version(_decode_open, value, "sight of open conversations")
        store.voicemails = {name: Voicemail(*one) for name, one in voicemails.items()}
        partition.backlogs = dict(backlogs)


_encode = msgspec.msgpack.Encoder().encode
_decode_contacts = msgspec.msgpack.Decoder(
    tuple[
        int, dict[str, list[tuple[str, str, int, int, bool, int]]], dict[str, tuple[str, str]], dict[str, str],
        list[int], dict[str, int | None],
    ]
).decode  # fmt: skip
_decode_open = msgspec.msgpack.Decoder(
    tuple[int, dict[str, tuple[str, str, int]], list[tuple[tuple[str, str], Backlog]]]
).decode
