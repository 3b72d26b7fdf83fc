"""How facts stand in records and in state: what is read is what was written, and anything else is said to be none."""

from __future__ import annotations

import msgspec
import pytest

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
from streams.crossing.wire import BUNDLE, BUNDLE_BYTES, bundled, decode, encode, head_of, packed, raw_of, work_of

AT = 1_772_442_000_000
HEAD = head_of("call-events", 3)
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


def single(version: int, fact: CrossFact | None) -> bytes:
    """A record as version 1 had it."""
    raw = None if fact is None else fact.stored()
    return msgspec.msgpack.encode((version, "call-events", 3, 41, 1, AT, "a:ann", raw))


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_is_read_as_it_was_told(fact: CrossFact | None) -> None:
    told = Told(41, 1, AT, "a:ann", fact)

    assert decode(encode(HEAD, told)) == Bundle("call-events", 3, [told])


@pytest.mark.parametrize("partition", [0, 3, 0xDD, 0xDDDD, 0xDD000000])
def test_what_is_joined_is_read_in_its_order(partition: int) -> None:
    head = head_of("call-events", partition)
    told = [Told(41, n, AT, "a:ann", fact) for n, fact in enumerate(FACTS)]

    (value,) = bundled(head, [encode(head, one) for one in told])

    assert decode(value) == Bundle("call-events", partition, told)


@pytest.mark.parametrize("fact", FACTS)
def test_a_record_of_version_1_is_one_fact(fact: CrossFact | None) -> None:
    assert decode(single(1, fact)) == Bundle("call-events", 3, [Told(41, 1, AT, "a:ann", fact)])


def test_what_is_told_alone_is_the_record_it_was() -> None:
    value = encode(HEAD, Told(41, 1, AT, "a:ann", WORK))

    assert bundled(HEAD, [value]) == [value]
    assert bundled(HEAD, []) == []


def test_a_record_tells_32_things_at_the_most() -> None:
    told = [Told(n, 0, AT, "a:ann", WORK) for n in range(2 * BUNDLE + 1)]

    read = [decode(value) for value in bundled(HEAD, (encode(HEAD, one) for one in told))]

    assert read == [Bundle("call-events", 3, told[n : n + 32]) for n in (0, 32, 64)]


def test_long_facts_make_no_longer_record_than_64_kib_unless_one_is() -> None:
    long = Told(1, 0, AT, "a:ann", Work("c" * 30_000, 14, "voice", [], []))
    longest = Told(2, 0, AT, "a:ann", Work("c" * BUNDLE_BYTES, 14, "voice", [], []))

    values = bundled(HEAD, [encode(HEAD, one) for one in (long, long, long, longest, long)])

    assert [decode(value) for value in values] == [
        Bundle("call-events", 3, told) for told in ([long, long], [long], [longest], [long])
    ]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "the record has no value"),
        (b"", "the record has no value"),
        (b"{}", "no facts of version 2: "),
        (msgspec.msgpack.encode((VERSION + 1, "call-events", 3, [])), "facts of version 3; this program reads 1 and 2"),
        (single(2, WORK), "a fact of version 2; this program reads 1 and 2"),
        (single(1, WORK)[:-1], "no facts of version 2: "),
        (b"\x98", "no facts of version 2: "),
        (b"\x94", "no facts of version 2: "),
        (encode(HEAD, Told(41, 1, AT, "a:ann", WORK))[:-1], "no facts of version 2: "),
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
    value = msgspec.msgpack.encode((VERSION, "call-events", 3, [(41, 1, AT, "a:ann", fact)]))

    assert str(decode(value)).startswith("no facts of version 2: ")


def test_what_is_kept_is_stored_as_it_came() -> None:
    came = msgspec.msgpack.encode(WORK.stored())

    kept = work_of(came)

    assert kept == WORK
    assert kept.raw is came
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(packed([raw_of(kept), raw_of(WORK)]))) == [
        msgspec.msgpack.decode(came), msgspec.msgpack.decode(came),
    ]  # fmt: skip


@pytest.mark.parametrize("count", [0, 1, 15, 16, 300])
def test_however_much_is_kept_is_stored_as_an_array(count: int) -> None:
    raw = msgspec.msgpack.encode(WORK.stored())

    assert (
        msgspec.msgpack.decode(msgspec.msgpack.encode(packed([raw] * count))) == [msgspec.msgpack.decode(raw)] * count
    )
