"""How facts stand in records and in state: what is read is what was written, and anything else is said to be none."""

from __future__ import annotations

import msgspec
import pytest

from streams.crossing.fact import VERSION, Attempt, Case, CrossFact, Cycle, Deed, Left, Piece, Told, Withdrawn, Work
from streams.crossing.wire import decode, encode, packed, work_of

AT = 1_772_442_000_000
WORK = Work("c1", 14, "voice", [Piece("billing", AT, AT + 60_000, AT + 75_000, 50_000, 10_000, 15_000)], [])
FACTS: list[CrossFact | None] = [
    Case("c1", 7, "chat", "billing", -1, [Cycle(AT, AT + 5, "billing"), Cycle(AT + 9)], callback=True),
    Attempt("c1", 7, "voice", "sales", True, AT, "person", AT + 8_000, -1),
    WORK,
    Work("c2", 15, "chat", [], [Deed(True, AT, "billing")], outbound=True),
    Left(AT),
    Withdrawn("c1", 7),
    None,
]


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_is_read_as_it_was_told(fact: CrossFact | None) -> None:
    told = Told(VERSION, "call-events", 3, 41, 1, AT, "a:ann", fact)

    assert decode(encode(told)) == told


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "the record has no value"),
        (b"", "the record has no value"),
        (b"{}", "no fact of this version"),
        (encode(Told(VERSION + 1, "call-events", 3, 41, 1, AT)), "a fact of version 2; this program reads 1"),
        (encode(Told(VERSION, "call-events", 3, 41, 1, AT, "a:ann", WORK))[:-1], "no fact of this version"),
    ],
)
def test_what_is_no_fact_is_said_to_be_none(value: bytes | None, said: str) -> None:
    found = decode(value)

    assert isinstance(found, str)
    assert found.startswith(said)


@pytest.mark.parametrize(
    "fact",
    [["rumour", 1], ["work", "c1"], ["left", "noon"], ["case", "c1", 7, "chat", "", -1, [[]], False], [], 7, "x"],
)
def test_a_fact_of_no_known_kind_or_shape_is_none(fact: object) -> None:
    value = msgspec.msgpack.encode((VERSION, "call-events", 3, 41, 1, AT, "a:ann", fact))

    assert str(decode(value)).startswith("no fact of this version: ")


def test_what_is_kept_is_stored_as_it_came() -> None:
    came = msgspec.msgpack.encode(WORK.stored())

    kept = work_of(came)

    assert kept == WORK
    assert kept.raw is came
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(packed([kept, WORK]))) == [
        msgspec.msgpack.decode(came), msgspec.msgpack.decode(came),
    ]  # fmt: skip
