"""What every worker keeps of the topic ``measures``: bounded, counted, and shared without being changed."""

from __future__ import annotations

from streams.measures.book import Labels
from streams.measures.period import parse
from streams.measures.record import Measure, encode, key_of
from streams.measures.shelf import Shelf
from streams.partition import Record

MARCH = parse("2026-03")


def record(offset: int, name: str, value: float, period: str = "2026-03", team: str | None = None) -> Record:
    key, text = encode(Measure(name=name, period=period, value=value, team=team))
    return Record(offset, key, text, 0)


def test_the_latest_record_of_a_number_holds() -> None:
    shelf = Shelf()

    shelf.take(record(0, "operating_cost", 100.0))
    shelf.take(record(1, "operating_cost", 90.0))

    assert shelf.book().find("operating_cost", MARCH) == 90.0
    assert shelf.counters == {"events|measure": 2}


def test_a_record_that_can_t_be_read_is_counted_kept_and_changes_nothing() -> None:
    shelf = Shelf()
    shelf.take(record(0, "operating_cost", 100.0))

    refused = shelf.take(Record(1, b"k", b"not json", 1_772_445_600_000))

    assert refused is not None
    assert (refused.offset, refused.reason, refused.key, refused.value) == (1, "not_json", b"k", b"not json")
    assert shelf.counters == {"events|measure": 1, "rejected|not_json": 1}
    assert shelf.book().find("operating_cost", MARCH) == 100.0


def test_a_record_without_value_withdraws_the_number() -> None:
    shelf = Shelf()
    shelf.take(record(0, "operating_cost", 100.0))

    shelf.take(Record(1, key_of(Measure(name="operating_cost", period="2026-03", value=0.0).identity), None, 0))

    assert shelf.book().find("operating_cost", MARCH) is None
    assert shelf.counters == {"events|measure": 1, "events|measure_withdrawn": 1}


def test_a_full_shelf_refuses_a_new_number_and_still_takes_what_replaces_or_withdraws_one() -> None:
    shelf = Shelf(most=2)
    shelf.take(record(0, "leads", 1.0))
    shelf.take(record(1, "sales", 2.0))

    refused = shelf.take(record(2, "leavers", 3.0))
    shelf.take(record(3, "leads", 4.0))
    shelf.take(Record(4, key_of(Measure(name="sales", period="2026-03", value=0.0).identity), None, 0))
    taken = shelf.take(record(5, "leavers", 5.0))

    assert refused is not None
    assert (refused.reason, taken) == ("out_of_range", None)
    assert shelf.book().names(Labels()) == ["leads", "leavers"]
    assert len(shelf.book()) == 2


def test_a_book_that_was_shared_is_not_changed_by_what_comes_later() -> None:
    shelf = Shelf()
    shelf.take(record(0, "leads", 1.0))
    shared = shelf.book()

    shelf.take(record(1, "leads", 2.0))

    assert (shared.find("leads", MARCH), shelf.book().find("leads", MARCH)) == (1.0, 2.0)
    assert shelf.book() is shelf.book()
