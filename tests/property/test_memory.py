"""Memory is bounded: when every retention has passed, a day more keeps nothing more.

A million contacts in thirty days are ``python -m benchmarks.bench_memory``.
"""

from __future__ import annotations

from benchmarks.bench_memory import Kept, grown, measured


def test_nothing_grows_after_the_retentions_but_what_is_open() -> None:
    days = list(measured(13, 2_600))

    assert grown(days) == []
    assert [kept.day for kept in days] == list(range(13))
    assert days[8].slices > 4 * days[0].slices  # it did grow, until the retentions
    assert 200 < days[12].stubs < 500  # a day of calls, a week of chats
    assert days[12].open < 10
    assert days[12].agents < 10 + 24 * 9
    assert 500 < days[12].people < 1_500


def test_what_grows_is_found() -> None:
    kept = Kept(9, 100, 10, 10, 80, 5_000, 400, 70, 6_000, 900_000, 60)

    assert grown([kept, kept._replace(day=10, stubs=200)]) == ["stubs: at most 80 until day 9, 200 after it"]


def test_a_dictionary_that_took_its_next_size_and_gave_it_back_has_not_grown() -> None:
    kept = Kept(9, 100, 10, 10, 80, 5_000, 400, 70, 6_000, 900_000, 600)

    assert grown([kept._replace(day=9 + n, process_mib=mib) for n, mib in enumerate((600, 720, 610, 725))]) == []
    assert grown([kept._replace(day=9 + n, process_mib=mib) for n, mib in enumerate((600, 720, 610, 780))]) == [
        "process_mib: at most 720 until day 10, 780 after it"
    ]
