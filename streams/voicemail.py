"""The voicemails that nobody has dealt with: how many, and since when the oldest waits.

Partitions enter, one ``Voicemails`` a queue and channel leaves, and one for the floor. A voicemail is left by
``call.flowed_out{voicemail}`` and dealt with by ``call.voicemail_handled`` of the same contact; where no source ever
says the latter, nothing is known of a backlog, and there is none to show. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from streams.partition import Partition
from streams.view import FLOOR, Key

HANDLED = "events|call.voicemail_handled"


class Voicemails(NamedTuple):
    """How many are left to be dealt with; ``oldest_at`` is epoch ms, None when there is none."""

    number: int = 0
    oldest_at: int | None = None


def voicemails(partitions: Sequence[Partition]) -> dict[Key, Voicemails] | None:
    """The backlog of every queue that has one, and of the floor; None while no source tells of voicemails handled."""
    if not any(partition.counters.get(HANDLED) for partition in partitions):
        return None
    found: dict[Key, Voicemails] = {(FLOOR, ""): Voicemails()}
    for partition in partitions:
        for one in partition.store.voicemails.values():
            for key in ((one.queue, one.channel), (FLOOR, "")):
                number, oldest = found.get(key, Voicemails())
                found[key] = Voicemails(number + 1, one.left_at if oldest is None else min(oldest, one.left_at))
    return found
