"""What is kept of an agent's day, and how often what is too old is sought."""

from __future__ import annotations

from streams.crossing.agents import Agents
from streams.crossing.fact import Piece, Work
from streams.slices import HOUR, MINUTE

NINE = 1_772_442_000_000  # a full hour


def call(n: int) -> Work:
    """The n-th call of a minute each, one after the other from nine o'clock on."""
    began = NINE + n * MINUTE
    return Work(f"call-{n}", 0, "voice", [Piece("billing", began, began + MINUTE, began + MINUTE)], [])


def test_of_a_busy_agent_what_is_too_old_is_sought_once_an_hour_and_not_for_each_contact() -> None:
    rules = Agents()
    known = rules.new("a:ann")
    for n in range(180):
        rules.take(known, call(n), NINE + n * MINUTE)

    checks = []
    while known.work:
        now = rules.due(known)
        checks.append((now - NINE) // HOUR)
        rules.fire(known, now)

    assert checks == [27, 28, 29]  # the first call was over at 9:01, and kept for 26 hours


def test_at_the_full_hour_all_that_is_older_than_twenty_six_hours_goes() -> None:
    rules = Agents()
    known = rules.new("a:ann")
    for n in range(90):
        rules.take(known, call(n), NINE + n * MINUTE)

    rules.fire(known, rules.due(known))

    assert [one.contact_id for one in known.work.values()] == [f"call-{n}" for n in range(60, 90)]
    assert [started_at for started_at, *_ in known.line] == [NINE + n * MINUTE for n in range(60, 90)]


def test_what_is_told_late_counts_until_the_full_hour_behind_the_twenty_six() -> None:
    rules, last_minute, full_hour = Agents(), NINE + 27 * HOUR - MINUTE, NINE + 27 * HOUR

    changes = rules.take(rules.new("a:ann"), call(0), last_minute)
    assert not isinstance(changes, str)
    assert [sign for sign, _ in changes] == [1]
    assert rules.take(rules.new("a:ann"), call(0), full_hour) == "late"
