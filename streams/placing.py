"""Where producers put a key: a Kafka key and the number of partitions enter, a partition leaves. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from aiokafka.partitioner import murmur2  # noqa: TID251 - a function of bytes

Placing: TypeAlias = Callable[[bytes, int], int]


def by_murmur2(key: bytes, count: int) -> int:
    """As Kafka's own clients do, and those that follow them."""
    return (int(murmur2(key)) & 0x7FFFFFFF) % count


def by_crc32(key: bytes, count: int) -> int:
    """As librdkafka does, and what is built on it."""
    return zlib.crc32(key) % count


PLACINGS: Final[Mapping[str, Placing]] = {"murmur2": by_murmur2, "crc32": by_crc32}
