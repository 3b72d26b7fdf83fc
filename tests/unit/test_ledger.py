"""The ledger: totals that only grow, slices that are corrected, retention, and reading back what was stored."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from streams import tally as y
from streams.books import CORRECTED, OTHER, Book, Slice, net
from streams.facts import Fact, Kind
from streams.ledger import Ledger
from streams.presence import Spent
from streams.settings import QueueSettings, Retention, Settings
from streams.slices import DAY, HOUR, MINUTE, SECOND
from streams.tally import COHORT
from tests.support import START, Floor, call, heartbeat, ms

PREFIX = b"call-events|"


def ledger(settings: Settings | None = None) -> Ledger:
    return Ledger(settings or Settings(), PREFIX)


def left(kind: Kind, wait: int, at: int = START, queue: str = "billing", detail: str = "") -> Fact:
    """A visit that left its queue at ``at`` after ``wait`` ms."""
    return Fact(kind, queue, "voice", at, at - wait, at - wait, wait, detail)


def offered(at: int = START, queue: str = "billing") -> Fact:
    return Fact(Kind.OFFERED, queue, "voice", at, at, at)


def only(store: Mapping[int, Slice]) -> Slice:
    (piece,) = store.values()
    return piece


def kept(store: Mapping[int, Slice]) -> dict[int, int]:
    """The fields of the one slice of a ring, without what came to 0."""
    return {field: n for field, n in only(store).fields.items() if n}


def shown(one: Ledger) -> dict[object, object]:
    """Everything in a ledger, by queue and channel."""
    return {
        key: [
            {start: (piece.stamp, dict(piece.fields), dict(piece.maxima)) for start, piece in store.items()}
            for store in ({0: book.total}, book.fine, book.minute, book.coarse, book.length)
        ]
        for key, book in one.books.items()
    }


# --- totals ----------------------------------------------------------------------------------------------------------


def test_a_correction_is_counted_beside_the_total_which_only_grows_25() -> None:
    one = ledger()
    seen: list[tuple[int, int]] = []
    for offset, (sign, wait) in enumerate([(1, 30_000), (-1, 30_000), (1, 20_000)]):
        one.post((sign, left(Kind.ABANDONED, wait)), offset, START)
        total = one.books["billing", "voice"].total.fields
        seen.append((total.get(y.ABANDONED, 0), total.get(y.ABANDONED + CORRECTED, 0)))

    assert seen == [(1, 0), (1, 1), (2, 1)]
    assert net(total, y.ABANDONED) == 1
    assert net(total, y.ABANDONED_WAIT_MS) == 20_000


def test_a_correction_takes_its_counts_out_of_every_slice() -> None:
    one = ledger()
    one.post((1, left(Kind.ABANDONED, 30_000)), 0, START)

    one.post((-1, left(Kind.ABANDONED, 30_000)), 1, START)

    book = one.books["billing", "voice"]
    assert [{f: n for s in store.values() for f, n in s.fields.items() if n} for store in (book.fine, book.minute)] == [
        {},
        {},
    ]
    assert {field: n for piece in book.coarse.values() for field, n in piece.fields.items() if n} == {}


def test_histograms_live_in_minute_and_coarse_slices_only() -> None:
    one = ledger()

    one.post((1, left(Kind.ANSWERED, 0)), 0, START)

    book = one.books["billing", "voice"]
    waited = y.ANSWERED_WAITS + y.bucket(0)
    assert waited not in only(book.fine).fields
    assert (only(book.minute).fields[waited], only(book.coarse).fields[waited]) == (1, 1)
    assert (only(book.minute).fields[waited + COHORT], book.total.fields[waited]) == (1, 1)


def test_what_happens_after_a_quarter_began_counts_in_the_quarter_of_its_arrival_as_well_10() -> None:
    one = ledger()

    one.post((1, left(Kind.ANSWERED, 60_000, at=START + 30_000)), 0, START + 30_000)

    before, after = (one.books["billing", "voice"].coarse[start] for start in (START - 15 * MINUTE, START))
    assert (before.fields.get(y.ANSWERED, 0), before.fields[y.ANSWERED + COHORT]) == (0, 1)
    assert (after.fields[y.ANSWERED], after.fields.get(y.ANSWERED + COHORT, 0)) == (1, 0)


def test_a_queue_is_counted_by_its_own_threshold_and_another_by_that_of_the_defaults() -> None:
    one = ledger(Settings(queues={"sales": QueueSettings(service_level_threshold_seconds=5)}))

    for offset, queue in enumerate(("sales", "billing", "support")):
        one.post((1, left(Kind.ANSWERED, 10_000, queue=queue)), offset, START)

    assert {key[0]: book.total.fields.get(y.ANSWERED_IN_T, 0) for key, book in one.books.items()} == {
        "sales": 0, "billing": 1, "support": 1,
    }  # fmt: skip


def test_a_cell_keeps_sums_not_everything_that_came() -> None:
    one = ledger()

    for offset in range(10_000):
        one.post((1, offered()), offset, START)

    assert [len(cell) < 100 for cell in one.book("billing", "voice").cells.values()] == [True]
    assert one.books["billing", "voice"].total.fields == {y.OFFERED: 10_000}


# --- time spent, retention, names ------------------------------------------------------------------------------------


def test_time_spent_is_spread_over_the_slices_it_overlaps() -> None:
    one = ledger()

    one.spend(Spent(1, "available", (), START - 25_000, START + 61_000), "", 0, START + 61_000)

    book, field = one.books["", ""], y.STATE_MS["available"]
    assert {start: piece.fields[field] for start, piece in book.minute.items()} == {
        START - MINUTE: 25_000, START: 60_000, START + MINUTE: 1_000,
    }  # fmt: skip
    assert {start: piece.fields[field] for start, piece in book.coarse.items()} == {
        START - 15 * MINUTE: 25_000, START: 61_000,
    }  # fmt: skip
    assert sum(piece.fields[field] for piece in book.fine.values()) == book.total.fields[field] == 86_000


def test_what_is_beyond_retention_is_dropped_and_named_for_deletion() -> None:
    one = ledger(Settings(retention=Retention(coarse_days=1)))
    one.post((1, offered(START)), 0, START)
    one.changed(0)

    gone = one.purge(START + DAY + 15 * MINUTE + 1)

    book = one.books["billing", "voice"]
    assert (book.fine, book.minute, book.coarse, book.length) == ({}, {}, {}, {})
    assert len(gone) == 4
    assert book.total.fields == {y.OFFERED: 1}


def test_what_is_within_retention_is_kept() -> None:
    one = ledger()
    one.post((1, offered(START)), 0, START)
    one.changed(0)

    assert one.purge(START + 10 * MINUTE + 10 * SECOND) == []
    assert len(one.purge(START + 10 * MINUTE + 10 * SECOND + 1)) == 1
    assert len(one.purge(START + 72 * MINUTE)) == 1
    assert one.purge(START + 8 * DAY) == []


def test_slices_opened_out_of_order_are_purged_all_the_same() -> None:
    one = ledger()
    one.post((1, offered(START + HOUR)), 0, START + HOUR)
    for n in range(130):
        one.post((1, offered(START + n * 10 * SECOND)), n + 1, START + HOUR)
    one.changed(130)

    one.purge(START + 30 * DAY)

    book = one.books["billing", "voice"]
    assert (book.fine, book.minute, book.coarse, book.length) == ({}, {}, {}, {})


def test_queues_beyond_the_limit_are_counted_together_as_other_39() -> None:
    one = ledger(Settings(retention=Retention(max_queues=2)))
    for offset, queue in enumerate(["billing", "sales", "billing", "q3", "q4", "q5"]):
        one.post((1, offered(queue=queue)), offset, START)

    assert {key[0]: book.total.fields[y.OFFERED] for key, book in one.books.items()} == {
        "billing": 2, "sales": 1, OTHER: 3,
    }  # fmt: skip


@pytest.mark.parametrize("queue", ["a|b", "|", "Störung", "фон", "📞", "\x00", "other"])
def test_a_queue_of_any_name_reads_back_as_itself(queue: str) -> None:
    one, again = ledger(), ledger()
    one.post((1, offered(queue=queue)), 0, START)

    for key, value in one.changed(0):
        again.read_back(key, value)

    assert list(again.books) == [(queue, "voice")]
    assert shown(again) == shown(one)


# --- storing and reading back ----------------------------------------------------------------------------------------


def busy() -> Ledger:
    one = ledger()
    for offset in range(40):
        kind, detail = [(Kind.ANSWERED, ""), (Kind.ABANDONED, ""), (Kind.FLOWED_OUT, "overflow")][offset % 3]
        at = START + offset * 7_000
        one.post((1, offered(at - 9_000)), offset, at)
        one.post((1, left(kind, 9_000, at, detail=detail)), offset, at)
    one.spend(Spent(1, "break", ("billing",), START, START + 90_000), "billing", 40, START + 300_000)
    return one


def test_what_is_read_back_is_what_was_written() -> None:
    one, again = busy(), ledger()

    for key, value in one.changed(40):
        again.read_back(key, value)

    assert shown(again) == shown(one)
    assert again.guard_until == 40


def test_only_what_changed_since_is_written_again() -> None:
    one = busy()
    one.changed(40)
    assert one.changed(40) == []

    one.post((1, left(Kind.ABANDONED, 1_000, START + 290_000)), 41, START + 300_000)

    assert {key.split(b"|")[2] for key, _ in one.changed(41)} == {b"t", b"f", b"m", b"c", b"l"}
    assert one.changed(41) == []


def test_an_offset_that_a_slice_includes_is_not_entered_again_29() -> None:
    one, again = busy(), ledger()
    for key, value in one.changed(40):
        again.read_back(key, value)
    before = shown(again)

    again.post((1, left(Kind.ABANDONED, 9_000, START + 20 * 7_000)), 20, START + 300_000)

    assert shown(again) == before


def test_an_offset_that_only_some_slices_include_is_entered_where_it_is_missing_29() -> None:
    one, again = busy(), ledger()
    for key, value in one.changed(40):
        if b"|t|" in key:
            again.read_back(key, value)

    for offset in range(40):
        at = START + offset * 7_000
        again.post((1, offered(at - 9_000)), offset, at)

    book = again.books["billing", "voice"]
    assert net(book.total.fields, y.OFFERED) == 40
    assert sum(piece.fields.get(y.OFFERED, 0) for piece in book.coarse.values()) == 40


def test_other_read_back_first_does_not_swallow_the_queues_read_after_it_29_39() -> None:
    settings = Settings(retention=Retention(max_queues=2))
    one, again = ledger(settings), ledger(settings)
    for offset, queue in enumerate(["billing", "sales", "q3", "q4"]):
        one.post((1, offered(queue=queue)), offset, START)
    written = sorted(one.changed(3), key=lambda pair: b"|other" not in pair[0])  # as compaction may leave it

    for key, value in written:
        again.read_back(key, value)

    assert shown(again) == shown(one)


def test_a_deleted_slice_is_forgotten_a_total_never() -> None:
    one = busy()
    written = one.changed(40)

    for key, _ in written:
        one.forget(key)

    book: Book = one.books["billing", "voice"]
    assert (book.fine, book.minute, book.coarse, book.length) == ({}, {}, {}, {})
    assert net(book.total.fields, y.OFFERED) == 40


def test_a_visit_that_outlives_every_slice_of_its_offer_still_leaves_the_queue() -> None:
    settings = Settings(retention=Retention(coarse_days=1, orphan_hours={**Retention().orphan_hours, "voice": 99.0}))
    waits = call().offered(at=0)

    floor = Floor(settings).take(*waits.events, heartbeat(at=50 * 3_600), *waits.abandoned(at=50 * 3_600).events[1:])

    assert floor.total().abandoned_wait_ms == 50 * HOUR
    assert floor.live(now=50 * 3_600).conservation_residual == 0
    assert floor.calls.ledger.books["billing", "voice"].balance() == 0
    assert floor.calls.watermark == ms(50 * 3_600)
