"""One event of a contact as its log keeps it, and the way into the log and back."""

from __future__ import annotations

from typing import Final

import msgspec
from mypy_extensions import mypyc_attr

from streams.contact.nouns import Noun


@mypyc_attr(acyclic=True)
class Entry(Noun):
    """One event as the state machine sees it. Durations are milliseconds, None when the source did not measure them.

    An entry never changes once it is made.
    """

    def __init__(
        self, at: int, seq: int, transition: int, event_id: str, queue: str | None = None, agent_id: str | None = None,
        segment_id: str | None = None, channel: str | None = None, detail: str = "", flags: int = 0, priority: int = 0,
        wait_ms: int | None = None, ring_ms: int | None = None, talk_ms: int | None = None, hold_ms: int | None = None,
        acw_ms: int | None = None,
    ) -> None:  # fmt: skip
        self.at = at
        self.seq = seq
        self.transition = transition
        self.event_id = event_id
        self.queue = queue
        self.agent_id = agent_id
        self.segment_id = segment_id
        self.channel = channel
        self.detail = detail
        self.flags = flags
        self.priority = priority
        self.wait_ms = wait_ms
        self.ring_ms = ring_ms
        self.talk_ms = talk_ms
        self.hold_ms = hold_ms
        self.acw_ms = acw_ms

    def stored(self) -> tuple[object, ...]:
        return (
            self.at, self.seq, self.transition, self.event_id, self.queue, self.agent_id, self.segment_id, self.channel,
            self.detail, self.flags, self.priority, self.wait_ms, self.ring_ms, self.talk_ms, self.hold_ms, self.acw_ms,
        )  # fmt: skip


def packed(entry: Entry) -> bytes:
    """One entry as it is kept in a contact's log."""
    return _pack(entry.stored())


def unpacked(log: bytes, count: int) -> list[Entry]:
    """The entries of a log of ``count`` packed entries (fewer than 2**32)."""
    return [
        Entry(
            one[0], one[1], one[2], one[3], one[4], one[5], one[6], one[7], one[8], one[9], one[10], one[11], one[12],
            one[13], one[14], one[15],
        )
        for one in _unpack(b"\xdd" + count.to_bytes(4, "big") + log)
    ]  # fmt: skip


_Fields = tuple[
    int, int, int, str, str | None, str | None, str | None, str | None, str, int, int, int | None, int | None,
    int | None, int | None, int | None,
]  # fmt: skip
_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(list[_Fields]).decode
