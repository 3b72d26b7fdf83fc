"""Rejected records: a ``Refused`` enters, the key and value of a record on ``<topic>-rejected`` leave; and back.

Nothing is lost: the reason, where the record stands, its digest and up to 64 KiB of its bytes are kept. A crash may
write a record twice, with the same ``id``, by which a repeat is recognised.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Final

import msgspec
import orjson

from streams.events import TOPICS
from streams.partition import Refused

KEPT_BYTES: Final = 64 * 1024


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A rejected record as it stands on its topic; see ``rejected_record``. Keys and values come decoded."""

    id: str
    topic: str
    partition: int
    offset: int
    published_at: int
    reason: str
    detail: str
    size: int
    sha256: str | None
    key: bytes | None
    value: bytes | None

    @property
    def obstacle(self) -> str | None:
        """Why it can't be fed again, in words; None when key and value are whole."""
        if self.topic not in TOPICS:
            return f"{self.topic!r} is no topic that Queuepulse reads"
        if self.value is None:
            return "it had no value: there is nothing to feed"
        if len(self.value) < self.size:
            part = f"only the first {len(self.value):,} of its {self.size:,} bytes were kept"
            return f"{part}: have its source send it again, smaller"
        if self.key is not None and len(self.key) >= KEPT_BYTES:
            return "its key may have been cut: have its source send it again"
        if hashlib.sha256(self.value).hexdigest() != self.sha256:
            return "its bytes do not match their digest: something else wrote it"
        return None


_kept: Final = msgspec.json.Decoder(Kept)


def read_kept(value: bytes | None) -> Kept | None:
    """What stands in a record of a rejected topic; None when Queuepulse has not written it."""
    try:
        return _kept.decode(value or b"")
    except msgspec.DecodeError:
        return None


def rejected_record(topic: str, partition: int, refused: Refused) -> tuple[bytes, bytes]:
    """Key and JSON value for the rejected topic. The key is the id: source topic, partition and offset.

    ``key`` and ``value`` are base64, null where the record has none, at most 64 KiB each; ``size`` counts the bytes of
    the whole value and ``sha256`` is its digest (null for no value). ``published_at`` is the Kafka timestamp in
    milliseconds, 0 when unknown. The schema is ``schema_rejected``'s.
    """
    name = f"{topic}-{partition}-{refused.offset}"
    raw = refused.value
    value = {
        "id": name,
        "topic": topic,
        "partition": partition,
        "offset": refused.offset,
        "published_at": refused.published_at,
        "reason": refused.reason,
        "detail": refused.detail,
        "size": 0 if raw is None else len(raw),
        "sha256": None if raw is None else hashlib.sha256(raw).hexdigest(),
        "key": _base64(refused.key),
        "value": _base64(refused.value),
    }
    return name.encode(), orjson.dumps(value)


def _base64(raw: bytes | None) -> str | None:
    return None if raw is None else base64.b64encode(raw[:KEPT_BYTES]).decode()
