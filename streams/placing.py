"""Where producers put a key: a Kafka key and the number of partitions enter, a partition leaves. Pure, and compiled.

MurmurHash2 is Kafka's (``org.apache.kafka.common.utils.Utils.murmur2``). Every fact of a customer or an agent is placed
by it, and aiokafka's takes ten times as long; a test holds this one to it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from mypy_extensions import i64

Placing: TypeAlias = Callable[[bytes, int], int]

_SEED: Final[i64] = 0x9747B28C
_MIXER: Final[i64] = 0x5BD1E995
_MASK: Final[i64] = 0xFFFFFFFF


def by_murmur2(key: bytes, count: int) -> int:
    """As Kafka's own clients do, and those that follow them."""
    return (murmur2(key) & 0x7FFFFFFF) % count


def by_crc32(key: bytes, count: int) -> int:
    """As librdkafka does, and what is built on it."""
    return zlib.crc32(key) % count


PLACINGS: Final[Mapping[str, Placing]] = {"murmur2": by_murmur2, "crc32": by_crc32}


def murmur2(key: bytes) -> int:
    """The unsigned hash of 32 bits."""
    length: i64 = len(key)
    whole: i64 = length & ~3
    mixed: i64 = _SEED ^ length
    at: i64 = 0
    while at < whole:
        four: i64 = key[at] | key[at + 1] << 8 | key[at + 2] << 16 | key[at + 3] << 24
        four = (four * _MIXER) & _MASK
        four ^= four >> 24
        mixed = (mixed * _MIXER) & _MASK ^ (four * _MIXER) & _MASK
        at += 4
    rest: i64 = length - whole
    if rest > 2:
        mixed ^= key[whole + 2] << 16
    if rest > 1:
        mixed ^= key[whole + 1] << 8
    if rest > 0:
        mixed = ((mixed ^ key[whole]) * _MIXER) & _MASK
    mixed ^= mixed >> 13
    mixed = (mixed * _MIXER) & _MASK
    return mixed ^ (mixed >> 15)
