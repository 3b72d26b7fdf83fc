"""The warning of a breach: raised, kept, dropped, and silent while a breach lasts."""

from __future__ import annotations

from streams.staffing.warning import Watch, first, look


def watched(*minutes: tuple[bool, float | None]) -> list[Watch]:
    """One look a minute: whether the goal is missed, and the chance given."""
    found, watch = [], first(0.0)
    for n, (missed, chance) in enumerate(minutes):
        watch = look(watch, 60.0 * n, missed, chance)
        found.append(watch)
    return found


def test_a_warning_is_raised_at_45_percent_and_kept_while_above_2() -> None:
    found = watched((False, 0.44), (False, 0.45), (False, 0.03), (False, 0.02), (False, 0.3))

    assert [watch.warned for watch in found] == [False, True, True, False, False]


def test_a_warning_stands_until_the_breach_it_foresaw_is_over() -> None:
    found = watched((False, 0.5), (True, 1.0), *[(False, 0.0)] * 10, (False, 0.0))

    assert [watch.warned for watch in found] == [True, *[True] * 11, False]
    assert [watch.in_breach for watch in found] == [False, *[True] * 11, False]


def test_a_breach_begins_once_however_long_it_lasts() -> None:
    found = watched(*[(False, 0.0)] * 2, (True, 1.0), (False, 0.9), (True, 1.0), *[(False, 0.0)] * 11, (True, 1.0))

    assert [n for n, watch in enumerate(found) if watch.began] == [2, 16]


def test_a_breach_nobody_foresaw_raises_no_warning_when_it_is_there() -> None:
    found = watched((False, 0.1), (True, 1.0), (False, 0.9))

    assert [watch.warned for watch in found] == [False, False, False]


def test_without_anybody_to_come_there_is_no_chance_and_no_warning() -> None:
    assert not watched((False, None))[0].warned
    assert not watched((False, 0.9), (False, None))[1].warned
