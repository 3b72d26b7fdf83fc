"""Laws of the ledger: by whatever way a change comes to its slices they are the same, and none outlives its ring."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.facts import Fact, Kind
from streams.ledger import Ledger
from streams.settings import Settings
from streams.slices import DAY, HOUR, MINUTE, SECOND
from tests.support import START

NOW = START + 2 * HOUR + 5 * MINUTE
KINDS = (
    Kind.OFFERED, Kind.ANSWERED, Kind.ABANDONED, Kind.ORPHANED, Kind.TALKED, Kind.WRAPPED, Kind.HANDLED, Kind.RANG,
    Kind.CALL_ENDED, Kind.ESCALATED,
)  # fmt: skip
WITHOUT_MAXIMA = (Kind.TALKED, Kind.WRAPPED, Kind.HANDLED, Kind.RANG, Kind.CALL_ENDED)
"""Taken back here as well; a maximum that is taken back is found again from what contacts know."""

AGO = st.sampled_from((0, 3 * SECOND, 12 * SECOND, 61 * SECOND, 9 * MINUTE, 16 * MINUTE, 69 * MINUTE, 80 * MINUTE))
"""Few, so that several things happen in the same slices."""
POSTS = st.tuples(
    st.one_of(
        st.tuples(st.just(1), st.sampled_from(KINDS)),
        st.tuples(st.just(1), st.sampled_from((Kind.ANSWERED, Kind.ABANDONED))),
        st.tuples(st.just(-1), st.sampled_from(WITHOUT_MAXIMA)),
    ),
    st.sampled_from(("billing", "sales")),
    AGO,
    st.sampled_from((0, 1, 9_000, 61_000, 20 * MINUTE)),
    st.sampled_from((1, 1, 2, 7, 70)),
)
STEPS = st.lists(st.one_of(POSTS, POSTS, st.sampled_from(("look", "flush"))), max_size=20)


def ledger() -> Ledger:
    return Ledger(Settings(), b"call-events|")


def shown(one: Ledger) -> dict[object, object]:
    """Everything in a ledger but its stamps, by queue and channel."""
    return {
        key: [
            {start: (piece.fields, piece.maxima) for start, piece in store.items()}
            for store in ({0: book.total}, book.fine, book.minute, book.coarse, book.length)
        ]
        for key, book in one.books.items()
    }


@given(STEPS)
def test_what_gathers_in_cells_reaches_the_slices_that_it_would_have_reached_one_by_one(steps: list[object]) -> None:
    gathered, one_by_one = ledger(), ledger()
    one_by_one.guard_until = 2**60
    offset = 0
    for step in steps:
        match step:
            case "look":
                assert gathered.books.keys() == one_by_one.books.keys()
            case "flush":
                gathered.changed(offset)
            case ((int(sign), Kind() as kind), str(queue), int(ago), int(wait), int(again)):
                at = NOW - ago
                arrival = at if kind == Kind.OFFERED else at - wait
                fact = Fact(kind, queue, "voice", at, arrival, arrival, wait)
                for _ in range(again):
                    offset += 1
                    gathered.post((sign, fact), offset, NOW)
                    one_by_one.post((sign, fact), offset, NOW)

    assert shown(gathered) == shown(one_by_one)


MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("post"), st.sampled_from(("billing", "sales", "vip")), AGO),
        st.tuples(st.just("time"), st.just(""), st.one_of(AGO, st.integers(0, 9 * DAY))),
        st.just(("restart", "", 0)),
    ),
    max_size=25,
)


@given(MOVES)
def test_every_slice_older_than_its_ring_keeps_is_dropped_and_named_once_and_no_other_is(
    moves: list[tuple[str, str, int]],
) -> None:
    one, now, kept = ledger(), START, dict[bytes, bytes]()
    for offset, (move, queue, ms) in enumerate(moves):
        match move:
            case "post":
                at = now - ms
                one.post((1, Fact(Kind.OFFERED, queue, "voice", at, at, at)), offset, now)
            case "time":
                now += ms
            case _:
                one = ledger()
                for key, value in kept.items():
                    one.read_back(key, value)
        kept.update(one.changed(offset))
        keeps = {ring.code: ring.keep_ms + ring.width_ms for ring in one.rings}
        for key in one.purge(now):
            code, start, _, _ = one.parts_of(key)
            assert int(start) < now - keeps[code]
            del kept[key]

        for book in one.books.values():
            for ring in one.rings:
                assert all(start >= now - ring.keep_ms - ring.width_ms for start in book.slices(ring.code))
        books = one.books.values()
        there = {piece.key for book in books for ring in one.rings for piece in book.slices(ring.code).values()}
        assert there | {book.total.key for book in books} == set(kept)
