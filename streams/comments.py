"""What customers wrote about the service: comments enter, the latest of one partition are kept. Pure.

How many there were is counted like everything else; the words are kept for whoever reads them (``/api/comments``), the
latest ``retention.comments`` of each partition, and are never a label. A comment is stored with the tallies, before its
contact: read again after a crash it takes its own place.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import Final

import msgspec
from msgspec import Struct

from streams.events import ConversationCommented
from streams.facts import COMMENTED, Change

_DIGEST: Final = 8


class Comment(Struct, array_like=True, frozen=True):
    """One comment; ``at`` is epoch ms. ``queue`` and ``channel`` are its contact's."""

    at: int
    contact_id: str
    queue: str
    channel: str
    text: str


class Comments:
    """The latest comments of one partition, at most ``most``; 0 keeps none."""

    def __init__(self, most: int, prefix: bytes) -> None:
        self._most = most
        self._prefix = prefix + b"k|"
        self._kept: dict[bytes, Comment] = {}
        self._dirty: dict[bytes, None] = {}
        self._gone: list[bytes] = []

    def __iter__(self) -> Iterator[Comment]:
        return iter(self._kept.values())

    def take(self, event: ConversationCommented, changes: list[Change]) -> None:
        """Keep the words of a comment that counts; one about a test contact does not."""
        for sign, fact in changes:
            if sign > 0 and fact.kind == COMMENTED and event.text:
                comment = Comment(event.occurred_at, event.contact_id, fact.queue, fact.channel, event.text)
                self._keep(event.event_id, comment)

    def _keep(self, event_id: str, comment: Comment) -> None:
        """Keep a comment, if it is among the latest; the oldest makes room."""
        raw = f"{comment.contact_id}\n{event_id}".encode("utf-8", "surrogatepass")
        name = blake2b(raw, digest_size=_DIGEST).hexdigest().encode()
        self._kept[name] = comment
        self._dirty[name] = None
        while len(self._kept) > self._most:
            oldest = min(self._kept, key=lambda each: (self._kept[each].at, each))
            del self._kept[oldest]
            self._dirty.pop(oldest, None)
            self._gone.append(self._prefix + oldest)

    def changed(self) -> list[tuple[bytes, bytes]]:
        """Every comment new since the last call, encoded."""
        written = [(self._prefix + name, _encode(self._kept[name])) for name in self._dirty]
        self._dirty.clear()
        return written

    def purge(self, _watermark: int) -> list[bytes]:
        """The stored keys of those that made room since the last call."""
        gone, self._gone = self._gone, []
        return gone

    def restore(self, name: bytes, value: bytes | None) -> None:
        """Take one stored comment back; an empty value deletes."""
        if value:
            self._kept[name] = _decode(value)
        else:
            self._kept.pop(name, None)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Comment).decode
