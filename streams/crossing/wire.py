"""How a fact that crosses partitions stands in a Kafka record, and in what is stored of those it is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Literal

import msgspec

from streams.crossing.fact import VERSION, Attempt, Case, CrossFact, Cycle, Deed, Left, Piece, Told, Withdrawn, Work


def encode(told: Told) -> bytes:
    """The value of the Kafka record."""
    return _encode(told.stored())


def decode(value: bytes | None) -> Told | str:
    """The record, or in words why it is none. Never raises."""
    if not value:
        return "the record has no value"
    try:
        version, topic, partition, offset, index, watermark, who, raw = _decode(value)
        if version != VERSION:
            return f"a fact of version {version}; this program reads {VERSION}"
        return Told(version, topic, partition, offset, index, watermark, who, _fact_of(bytes(raw)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return f"no fact of this version: {error}"


def packed(facts: Sequence[CrossFact]) -> msgspec.Raw:
    """Facts as they are stored, an array."""
    for fact in facts:
        if not fact.raw:
            fact.raw = _encode(fact.stored())
    return msgspec.Raw(b"\xdd" + len(facts).to_bytes(4, "big") + b"".join([fact.raw for fact in facts]))


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

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(tuple[int, str, int, int, int, int, str, msgspec.Raw]).decode
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
