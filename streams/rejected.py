"""Rejected records: a ``Refused`` enters, the key and value of a record on ``<topic>-rejected`` leave.

Nothing is lost: the reason, where the record stands, its digest and up to 64 KiB of its bytes are kept. A crash may
write a record twice, with the same ``id``, by which a repeat is recognised.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Final

import orjson

from streams.partition import Refused

KEPT_BYTES: Final = 64 * 1024


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
        "key": _kept(refused.key),
        "value": _kept(refused.value),
    }
    return name.encode(), orjson.dumps(value)


def _kept(raw: bytes | None) -> str | None:
    return None if raw is None else base64.b64encode(raw[:KEPT_BYTES]).decode()
