"""Which source a refused record says it is from: bytes enter, a name or nothing leaves."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from streams.decode import MAX_BYTES


class _Origin(Struct):
    """The one field of a refused record that may still be read."""

    source: str = ""


def origin_of(value: bytes | None) -> str:
    """Which source a refused record says it is from; "" when it cannot be read. Never raises."""
    if not value or len(value) > MAX_BYTES:
        return ""
    try:
        return _read_origin(value).source
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return ""


_read_origin = msgspec.json.Decoder(_Origin).decode
