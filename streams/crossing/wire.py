"""How facts that cross partitions stand in a Kafka record, and in what is stored of those they are about."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Literal

import msgspec

from streams.crossing.fact import (
    VERSION,
    Attempt,
    Bundle,
    Case,
    CrossFact,
    Cycle,
    Deed,
    Left,
    Piece,
    Told,
    Withdrawn,
    Work,
)

BUNDLE: Final = 32
"""How many things a record tells at the most: the time it takes to apply one is not divided."""
BUNDLE_BYTES: Final = 64 * 1024
"""How long a record becomes by joining; one thing alone may be longer."""


def head_of(topic: str, partition: int) -> bytes:
    """What each record of a source partition begins with, up to how much it tells."""
    return b"\x94" + _encode((VERSION, topic, partition))[1:] + b"\xdd"


def encode(head: bytes, told: Told) -> bytes:
    """The value of a Kafka record that tells one thing."""
    return head + _ONE + _encode(told.stored())


def bundled(head: bytes, values: Iterable[bytes]) -> list[bytes]:
    """Fewer values that tell the same: ``values``, each of one thing and of the same source partition, are joined."""
    bundles: list[bytes] = []
    parts: list[bytes] = []
    start, size = len(head) + len(_ONE), 0
    for value in values:
        if parts and (len(parts) == BUNDLE or size + len(value) > BUNDLE_BYTES):
            bundles.append(_joined(head, parts))
            parts, size = [], 0
        parts.append(value[start:])
        size += len(value)
    if parts:
        bundles.append(_joined(head, parts))
    return bundles


def _joined(head: bytes, parts: list[bytes]) -> bytes:
    return head + len(parts).to_bytes(4, "big") + b"".join(parts)


def decode(value: bytes | None) -> Bundle | str:
    """The record, or in words why it is none. Never raises."""
    if not value:
        return "the record has no value"
    try:
        return _single_of(value) if value[0] == _SINGLE else _bundle_of(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return f"no facts of version {VERSION}: {error}"


def _bundle_of(value: bytes) -> Bundle | str:
    version, topic, partition, told = _decode(value)
    if version != VERSION:
        return f"facts of version {version}; this program reads 1 and {VERSION}"
    return Bundle(topic, partition, [Told(one[0], one[1], one[2], one[3], _fact_of(bytes(one[4]))) for one in told])


def _single_of(value: bytes) -> Bundle | str:
    version, topic, partition, offset, index, watermark, who, raw = _decode_single(value)
    if version != 1:
        return f"a fact of version {version}; this program reads 1 and {VERSION}"
    return Bundle(topic, partition, [Told(offset, index, watermark, who, _fact_of(bytes(raw)))])


def raw_of(fact: CrossFact) -> bytes:
    """A fact as it is stored."""
    if not fact.raw:
        fact.raw = _encode(fact.stored())
    return fact.raw


def packed(raws: list[bytes]) -> msgspec.Raw:
    """Facts as they are stored (``raw_of``), an array."""
    count = len(raws)
    if not count:
        return _NONE
    head = _FEW[count] if count < len(_FEW) else b"\xdd" + count.to_bytes(4, "big")
    return _Raw(head + b"".join(raws))


def case_of(raw: bytes) -> Case:
    """A case as it was stored. Raises msgspec.DecodeError for anything else."""
    _, contact_id, part, channel, queue, done_at, cycles, callback = _case(raw)
    found = Case(
        contact_id, part, channel, queue, done_at,
        [Cycle(opened_at, resolved_at, into) for opened_at, resolved_at, into in cycles], callback,
    )  # fmt: skip
    found.raw = raw
    return found


def attempt_of(raw: bytes) -> Attempt:
    """An attempt as it was stored. Raises msgspec.DecodeError for anything else."""
    _, contact_id, part, channel, queue, lead, dialled_at, disposition, connected_at, abandoned_at = _attempt(raw)
    found = Attempt(contact_id, part, channel, queue, lead, dialled_at, disposition, connected_at, abandoned_at)
    found.raw = raw
    return found


def work_of(raw: bytes) -> Work:
    """Work as it was stored. Raises msgspec.DecodeError for anything else."""
    _, contact_id, part, channel, pieces, deeds, outbound = _work(raw)
    found = Work(
        contact_id, part, channel,
        [Piece(one[0], one[1], one[2], one[3], one[4], one[5], one[6]) for one in pieces],
        [Deed(resolved, at, queue) for resolved, at, queue in deeds], outbound,
    )  # fmt: skip
    found.raw = raw
    return found


def _left_of(raw: bytes) -> Left:
    return Left(_left(raw)[1])


def _withdrawn_of(raw: bytes) -> Withdrawn:
    _, contact_id, part = _withdrawn(raw)
    return Withdrawn(contact_id, part)


def _fact_of(raw: bytes) -> CrossFact | None:
    if raw == _NOTHING:
        return None
    # An array of less than sixteen that begins with the name of its kind: a byte for each length, then the name.
    read = _READ.get(raw[2 : 2 + (raw[1] & 0x1F)] if len(raw) > 1 else raw)
    if read is None:
        raise msgspec.DecodeError("a fact of an unknown kind")
    return read(raw)


_Cycles = list[tuple[int, int, str]]
_Pieces = list[tuple[str, int, int, int, int, int, int]]
_Deeds = list[tuple[bool, int, str]]
_NOTHING: Final = b"\xc0"
_ONE: Final = (1).to_bytes(4, "big")
_Raw: Final = msgspec.Raw
_FEW: Final = [bytes([0x90 | count]) for count in range(16)]
"""First byte of an array, by how much is in it."""
_NONE: Final = msgspec.Raw(b"\x90")
_SINGLE: Final = 0x98
"""First byte of a record of version 1, an array of eight: one fact."""

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(tuple[int, str, int, list[tuple[int, int, int, str, msgspec.Raw]]]).decode
_decode_single: Final = msgspec.msgpack.Decoder(tuple[int, str, int, int, int, int, str, msgspec.Raw]).decode
_case: Final = msgspec.msgpack.Decoder(tuple[Literal["case"], str, int, str, str, int, _Cycles, bool]).decode
_attempt: Final = msgspec.msgpack.Decoder(
    tuple[Literal["attempt"], str, int, str, str, bool, int, str, int, int]
).decode
_work: Final = msgspec.msgpack.Decoder(tuple[Literal["work"], str, int, str, _Pieces, _Deeds, bool]).decode
_left: Final = msgspec.msgpack.Decoder(tuple[Literal["left"], int]).decode
_withdrawn: Final = msgspec.msgpack.Decoder(tuple[Literal["withdrawn"], str, int]).decode
_READ: Final[dict[bytes, Callable[[bytes], CrossFact]]] = {
    b"case": case_of, b"attempt": attempt_of, b"work": work_of, b"left": _left_of, b"withdrawn": _withdrawn_of,
}  # fmt: skip
