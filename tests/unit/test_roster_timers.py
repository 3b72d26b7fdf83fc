"""A timer each: what was due until it was known better takes no room until its day comes."""

from __future__ import annotations

from streams.crossing.customers import OPEN_MS, Customer, Customers
from streams.crossing.fact import Case, CrossFact, Cycle
from streams.facts import CASE_RESOLVED, Change
from streams.roster import Roster
from streams.slices import DAY, HOUR

AT = 1_772_442_000_000
CUSTOMERS = 1_000


def case(n: int, done_at: int) -> Case:
    began = AT + n * HOUR
    return Case(f"call-{n}", n, "voice", "billing", done_at, [Cycle(began, done_at, "billing")])


def test_a_contact_that_ended_leaves_no_timer_of_the_sixty_days_it_might_have_been_open() -> None:
    roster: Roster[Customer, CrossFact, Change] = Roster(Customers(7 * DAY), b"p|")
    offset = 0
    for n in range(CUSTOMERS):  # one an hour, who calls once; the call is told of as open, then as over
        for done_at in (-1, AT + n * HOUR + 5_000):
            roster.take(f"c:{n}", case(n, done_at), offset, AT + n * HOUR)
            offset += 1
        list(roster.fire(AT + n * HOUR, offset))

    assert len(roster.by_who) == 8 * 24 + 1
    assert len(roster._timers) <= 2 * (8 * 24 + 1) + 65
    assert roster.next_due == min(roster._timed.values())
    list(roster.fire(AT + OPEN_MS + 60 * DAY, offset))
    assert not roster.by_who
    assert not roster._timers


def test_who_came_back_and_counts_no_more_still_explains_what_is_told_late() -> None:
    rules = Customers(2 * DAY)
    known = rules.new("c:carla")
    for day, done in ((0, -1), (3, -1), (5, 5)):
        contact = case(24 * day, AT + done * DAY if done >= 0 else -1)
        assert not isinstance(rules.take(known, contact, AT + day * DAY), str)
    rules.fire(known, AT + 9 * DAY)
    assert [one.contact_id for one in known.past] == ["call-120"]

    changes = rules.take(known, case(0, AT + 4 * DAY), AT + 9 * DAY)

    assert not isinstance(changes, str)
    assert [change.detail for _, change in changes if change.kind == CASE_RESOLVED] == ["recurred"]
