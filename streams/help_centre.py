"""The help centre: its events enter, each counted once; facts leave. Pure.

A visit, a search and an answered visitor belong to no contact, so a repeat is recognised here: by the digest of the
event's id, kept as long as those of a contact that is over (``retention.stub_hours``). What is older than that is late.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final, NamedTuple, TypeAlias

import msgspec

from streams.contact.history import DIGEST, DUPLICATE, LATE
from streams.events import HelpDeflected, HelpSearched, HelpViewed
from streams.facts import Change, Fact, Kind
from streams.slices import HOUR

HelpEvent: TypeAlias = HelpViewed | HelpSearched | HelpDeflected

CHANNEL: Final = "help"
"""Where its counts stand: in no queue, in a channel of their own."""


class _Seen(NamedTuple):
    """When an event happened, and the offset whose flush stored its digest; -1 while none has."""

    at: int
    stamp: int


class HelpCentre:
    """What was seen of the help centre in one partition."""

    def __init__(self, keep_hours: float, prefix: bytes) -> None:
        self._keep_ms = round(keep_hours * HOUR)
        self._prefix = prefix + b"h|"
        self._seen: dict[bytes, _Seen] = {}
        self._dirty: list[bytes] = []
        self._purged_at = 0

    def take(self, event: HelpEvent, offset: int, watermark: int) -> tuple[list[Change], str]:
        """What changes, and what to count the event as besides; nothing for one that the state includes already."""
        digest = blake2b(event.event_id.encode("utf-8", "surrogatepass"), digest_size=DIGEST).digest()
        known = self._seen.get(digest)
        if known is not None:
            return [], "" if known.stamp >= offset else DUPLICATE
        if event.occurred_at < watermark - self._keep_ms:
            return [], LATE
        self._seen[digest] = _Seen(event.occurred_at, -1)
        self._dirty.append(digest)
        if event.test:
            return [], ""
        queue, at = event.queue or "", event.occurred_at
        return [(1, Fact(Kind.HELPED, queue, CHANNEL, at, at, at, 0, name)) for name in _counted(event)], ""

    def changed(self, stamp: int) -> list[tuple[bytes, bytes]]:
        """Every digest new since the last call, encoded and stamped with the offset it includes."""
        written = []
        for digest in self._dirty:
            seen = self._seen[digest] = _Seen(self._seen[digest].at, stamp)
            written.append((self._prefix + digest, _encode(seen)))
        self._dirty.clear()
        return written

    def purge(self, watermark: int) -> list[bytes]:
        """Forget the digests of what would be late by now, once an hour of event time; returns their stored keys."""
        if watermark - self._purged_at < HOUR:
            return []
        self._purged_at = watermark
        gone = [digest for digest, seen in self._seen.items() if seen.at < watermark - self._keep_ms]
        for digest in gone:
            del self._seen[digest]
        return [self._prefix + digest for digest in gone]

    def restore(self, name: bytes, value: bytes | None) -> None:
        """Take one stored digest back; an empty value deletes."""
        if value:
            self._seen[name] = _decode(value)
        else:
            self._seen.pop(name, None)


def _counted(event: HelpEvent) -> tuple[str, ...]:
    match event:
        case HelpViewed():
            return ("help_visits",)
        case HelpDeflected():
            return ("help_visits_alone",)
        case HelpSearched(found=True):
            return ("help_searches",)
        case HelpSearched():
            return ("help_searches", "help_searches_failed")


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Seen).decode
