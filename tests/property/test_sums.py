"""What is remembered of sums changes nothing: whatever happens to the slices, the sums are those of a new beginning."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.books import Book, Limits, Slice
from streams.editions import Editions
from streams.settings import Settings
from streams.slices import MINUTE, Span, rings
from streams.sums import Sums, once

PARTITIONS = 3
STARTS = 4
MINUTES = rings().minute


def books() -> list[Book]:
    limits = _limits()
    return [
        Book("sales", "voice", limits, Slice(b"", {}, {}), {}, {}, {}, {}, {}) for _ in range(PARTITIONS)
    ]  # fmt: skip


def _limits() -> Limits:
    return Editions(Settings(), b"").current.limits("sales")


def change(book: Book, minute: int, field: int, n: int) -> None:
    """What the ledger does with a fact."""
    piece = book.minute.setdefault(minute * MINUTE, Slice(b"", {}, {}))
    piece.dirty = True
    piece.fields[field] = piece.fields.get(field, 0) + n
    piece.maxima[field] = max(piece.maxima.get(field, 0), n)


def flush(all_books: list[Book]) -> None:
    """What the ledger does when it has encoded what changed."""
    for book in all_books:
        for piece in book.minute.values():
            piece.version += piece.dirty
            piece.dirty = False


CHANGES = st.tuples(
    st.integers(0, PARTITIONS - 1), st.integers(0, STARTS - 1), st.integers(0, 3), st.integers(-2, 5)
)  # fmt: skip
STEPS = st.one_of(
    st.tuples(st.just("change"), CHANGES),
    st.tuples(st.just("flush"), st.none()),
    st.tuples(st.just("drop"), st.integers(0, STARTS - 1)),
    st.tuples(st.just("restore"), st.tuples(st.integers(0, PARTITIONS - 1), st.integers(0, STARTS - 1))),
    st.tuples(
        st.just("ask"),
        st.tuples(st.integers(0, STARTS - 1), st.integers(1, STARTS), st.sampled_from(("15m", "1h"))),
    ),
)


@given(st.lists(STEPS, max_size=40))
def test_sums_that_are_remembered_are_those_of_a_new_beginning(steps: list[tuple[str, object]]) -> None:
    kept, remembered = books(), Sums()
    for what, how in [*steps, ("ask", (0, STARTS, "1h")), ("ask", (1, 2, "15m"))]:
        match what, how:
            case "change", (int(partition), int(minute), int(field), int(n)):
                change(kept[partition], minute, field, n)
            case "flush", None:
                flush(kept)
            case "drop", int(minute):
                for book in kept:
                    book.minute.pop(minute * MINUTE, None)
            case "restore", (int(partition), int(minute)):
                kept[partition].minute[minute * MINUTE] = Slice(b"", {1: 7}, {1: 7})
            case "ask", (int(first), int(last), str(window)):
                span = Span(first * MINUTE, max(first + 1, last) * MINUTE)
                assert remembered.of(kept, MINUTES, span, window) == once(kept, MINUTES, span)


def test_slices_of_all_partitions_that_begin_in_the_span_are_added_and_the_largest_maximum_is_taken() -> None:
    kept = books()
    change(kept[0], 1, 0, 2)
    change(kept[1], 1, 0, 3)
    change(kept[1], 2, 5, 4)
    change(kept[2], 3, 0, 100)

    assert Sums().of(kept, MINUTES, Span(1 * MINUTE, 3 * MINUTE), "1h") == ({0: 5, 5: 4}, {0: 3, 5: 4})


def test_a_slice_that_changes_again_before_it_is_flushed_is_added_again() -> None:
    kept, sums, minute = books(), Sums(), Span(MINUTE, 2 * MINUTE)
    change(kept[0], 1, 0, 2)
    assert sums.of(kept, MINUTES, minute, "1h")[0] == {0: 2}

    change(kept[0], 1, 0, 2)

    assert sums.of(kept, MINUTES, minute, "1h")[0] == {0: 4}


def test_a_slice_in_the_place_of_another_is_another() -> None:
    kept, sums, minute = books(), Sums(), Span(MINUTE, 2 * MINUTE)
    for book in kept[:2]:
        book.minute[MINUTE] = Slice(b"", {0: 2}, {})
    assert sums.of(kept, MINUTES, minute, "1h")[0] == {0: 4}

    kept[0].minute[MINUTE] = Slice(b"", {0: 7}, {})
    assert sums.of(kept, MINUTES, minute, "1h")[0] == {0: 9}
    kept[1].minute.clear()
    assert sums.of(kept, MINUTES, minute, "1h")[0] == {0: 7}


def test_what_was_asked_for_is_the_callers_own() -> None:
    kept, sums = books(), Sums()
    change(kept[0], 1, 0, 2)
    flush(kept)
    fields, maxima = sums.of(kept, MINUTES, Span(MINUTE, 2 * MINUTE), "1h")

    fields[0], maxima[0] = 99, 99

    assert sums.of(kept, MINUTES, Span(MINUTE, 2 * MINUTE), "1h") == ({0: 2}, {0: 2})


def test_a_day_of_minutes_leaves_no_more_than_twice_the_longest_window() -> None:
    kept, sums = books(), Sums()
    for minute in range(1_440):
        change(kept[0], minute, 0, 1)
        flush(kept)
        kept[0].minute.pop((minute - 70) * MINUTE, None)
        assert sums.of(kept, MINUTES, Span((minute - 59) * MINUTE, (minute + 1) * MINUTE), "1h")[0] == {
            0: min(60, minute + 1)
        }

    assert sums.remembered <= 2 * 60 + 8 + 1


def test_other_partitions_let_the_sums_of_the_former_go() -> None:
    kept, sums, first, second = books(), Sums(), object(), object()
    sums.of_partitions([first])
    change(kept[0], 1, 0, 2)
    sums.of(kept, MINUTES, Span(MINUTE, 2 * MINUTE), "1h")

    sums.of_partitions([first])
    assert sums.remembered == 2
    sums.of_partitions([second])
    assert sums.remembered == 0
