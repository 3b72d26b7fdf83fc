"""An agent's work stored on pages is the work that was told, whatever was written, deleted and read back in between.

Random work of a few contacts, corrected, withdrawn, over after days, with flushes and crashes anywhere: a roster that
is stored and read back (its pages in any order) is compared with one that never dies.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.crossing.agents import KEEP_MS, Agents, derive
from streams.crossing.fact import CrossFact, Left, Piece, Withdrawn, Work
from streams.crossing.pages import FULL
from streams.facts import Change
from streams.owned import is_shared
from streams.placing import by_murmur2
from streams.regroup import Part, regroup
from streams.roster import Roster
from streams.slices import HOUR, MINUTE
from streams.stored import STATE_VERSION
from tests.property.dying_roster import Dying, Written

NINE = 1_772_442_000_000
ANN = "a:ann"
PREFIX = b"agent-facts|"
encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder().decode
People = Roster[Any, CrossFact, Change]


def people() -> People:
    rules = Agents()
    return Roster(rules, PREFIX + b"p|", rules)


class Floor(Dying[CrossFact]):
    """One agent, and the most pieces of work that were written at once."""

    def __init__(self) -> None:
        super().__init__(people, PREFIX, ANN, NINE)
        self.most_written = 0

    def copy(self, told: CrossFact) -> CrossFact:
        """What is known of an agent belongs to one roster."""
        if not isinstance(told, Work):
            return told
        return Work(told.contact_id, told.part, told.channel, told.pieces, told.deeds, told.outbound)

    def tell(self, fact: CrossFact | None, later: int) -> None:
        self.now += later
        self.record(fact)

    def flush(self) -> Written:
        written = super().flush()
        for _, value in written:
            self.most_written = max(self.most_written, (value or b"").count(b"\xa4work"))
        return written

    def seen(self, roster: People) -> object:
        known = roster.by_who.get(ANN)
        if known is None:
            return None
        derive(known)
        work = {address: one.stored() for address, one in known.work.items()}
        latest = {key: at for key, at in known.latest.items() if at > self.now - KEEP_MS}
        return work, known.left, known.line, latest


def work(contact: int, began: int, lasts: int, *, over: bool) -> Work:
    ended = began + lasts if over else -1
    return Work(f"call-{contact}", 0, "voice", [Piece("billing", began, ended, ended)], [])


minutes = st.integers(0, 90).map(lambda n: n * MINUTE)
steps = st.one_of(
    st.tuples(st.just("work"), st.integers(0, 12), minutes, st.booleans()),
    st.tuples(st.just("work"), st.integers(0, 12), minutes, st.booleans()),
    st.tuples(st.just("withdraw"), st.integers(0, 12)),
    st.tuples(st.just("left"), minutes),
    st.tuples(st.just("wait"), st.integers(1, 14).map(lambda n: n * HOUR)),
    st.tuples(st.just("flush")),
    st.tuples(st.just("flush")),
    st.tuples(st.just("die"), st.integers(0, 40)),
)


def run(told: list[Any]) -> Floor:
    floor = Floor()
    for what, *more in told:
        now = floor.now
        if what == "work":
            contact, ago, over = more
            floor.tell(work(contact, now - ago, ago // 2, over=over), 5 * MINUTE)
        elif what == "withdraw":
            floor.tell(Withdrawn(f"call-{more[0]}", 0), MINUTE)
        elif what == "left":
            floor.tell(Left(now - more[0]), MINUTE)
        elif what == "wait":
            floor.tell(None, more[0])
        elif what == "flush":
            floor.flush()
        else:
            floor.die(more[0])
        assert floor.seen(floor.stored) == floor.seen(floor.living)
    return floor


@given(st.lists(steps, max_size=80))
def test_what_is_stored_on_pages_is_what_was_told(told: list[Any]) -> None:
    floor = run(told)

    floor.flush()
    floor.die(0)
    assert floor.seen(floor.stored) == floor.seen(floor.living)


@given(st.lists(steps, max_size=60))
def test_nothing_is_left_of_somebody_who_is_forgotten(told: list[Any]) -> None:
    floor = run([*told, ("flush",)])
    for contact in range(13):  # over, if they were not
        floor.tell(work(contact, floor.now - MINUTE, MINUTE, over=True), MINUTE)
    floor.flush()
    for _ in range(5):
        floor.tell(None, 14 * HOUR)
        floor.flush()
    floor.flush()

    assert floor.living.by_who == floor.stored.by_who == {}
    assert floor.store == {}


def test_a_fact_writes_a_page_and_not_all_that_an_agent_did() -> None:
    calls = [("work", n, 5 * MINUTE, over) for n in range(100) for over in (False, True)]
    floor = run([step for call in calls for step in (call, ("flush",))])

    assert len(floor.living.by_who[ANN].work) == 100
    assert floor.most_written == FULL
    assert len(floor.store) == 100 // FULL


def test_a_call_that_was_over_long_ago_does_not_come_back_as_one_that_goes_on() -> None:
    begun = [("work", n, 0, False) for n in range(FULL)]  # a page on which call-0 stays, with none of their ends
    ended = [("work", n, 0, True) for n in (FULL, *range(1, FULL))]  # on the next
    floor = run([*begun, ("flush",), *ended, ("flush",), ("wait", 27 * HOUR), ("flush",), ("flush",), ("die", 0)])

    assert list(floor.stored.by_who[ANN].work) == [("call-0", 0)]


def forgotten_before_it_was_stored() -> Floor:
    """Two pages are stored, the next flush has that something changed and all was forgotten: and then it dies."""
    calls = [("work", n, 5 * MINUTE, True) for n in range(FULL)]
    change = ("work", 0, 6 * MINUTE, True)
    return run(
        [*calls, ("flush",), ("work", FULL, 5 * MINUTE, True), ("flush",), change, ("wait", 40 * HOUR), ("flush",)]
    )


def test_who_was_forgotten_stays_so_in_whatever_order_pages_are_read() -> None:
    floor = forgotten_before_it_was_stored()
    assert len(floor.store) == 2

    for order in range(2):
        pairs = list(floor.store.items())
        found = people()
        for key, value in pairs[order:] + pairs[:order]:
            floor.read(found, key, value)

        assert found.by_who == {}
        assert found.includes(ANN, floor.flushed)
        assert sorted(found.tombstones(found.forgotten(floor.flushed))) == sorted(floor.store)


def grown(floor: Floor) -> tuple[People, list[Part]]:
    """The agent as read back where the next fact comes once there are four partitions, and these."""
    marker = encode((3, len(floor.log), floor.now, {}))
    parts = regroup([{**floor.store, b"agent-facts|m|": marker}], 4, {"agent-facts": "agent-facts"})
    found = people()
    for key, value in parts[by_murmur2(b"ann", 4)].pairs:
        if key != b"agent-facts|m|":
            floor.read(found, key, value)
    return found, parts


def test_more_partitions_take_all_pages_of_an_agent_to_where_the_next_fact_comes() -> None:
    calls = [("work", n, 5 * MINUTE, True) for n in range(5 * FULL)]
    floor = run([step for call in calls for step in (call, ("flush",))])
    assert len(floor.store) == 5

    found, parts = grown(floor)

    assert floor.seen(found) == floor.seen(floor.living)
    assert found.by_who[ANN].stamp == -1
    assert {decode(dict(part.pairs)[b"agent-facts|m|"])[0] for part in parts} == {STATE_VERSION}


@pytest.mark.parametrize("order", range(3))
def test_after_a_crash_the_latest_page_is_written_on_so_that_more_partitions_take_what_is_true(order: int) -> None:
    begun = [("work", n, 5 * MINUTE, False) for n in range(FULL)]
    floor = run([*begun, ("flush",), ("work", FULL, 5 * MINUTE, True), ("flush",), ("die", order)])
    floor.tell(work(FULL, NINE, 3 * MINUTE, over=True), MINUTE)
    floor.flush()

    assert len(floor.store) == 2
    assert floor.seen(grown(floor)[0]) == floor.seen(floor.living)


@pytest.mark.parametrize("order", range(3))
def test_what_was_withdrawn_stays_so_in_whatever_order_pages_are_read(order: int) -> None:
    two = [("work", n, 5 * MINUTE, True) for n in (1, 2)]
    floor = run([*two, ("flush",), ("withdraw", 1), ("flush",), ("die", order)])
    assert len(floor.store) == 2

    floor.tell(work(2, NINE, MINUTE, over=True), MINUTE)  # the same page again, and older ones do not count either
    floor.flush()
    assert len(floor.store) == 2
    floor.die(order)
    assert list(floor.stored.by_who[ANN].work) == [("call-2", 0)]


def test_an_agent_who_was_stored_in_one_piece_is_read_and_goes_on_on_pages() -> None:
    calls = [work(n, NINE + n * HOUR, MINUTE, over=True) for n in range(8)]
    value = encode((3, 7, [one.stored() for one in calls], [NINE]))
    found = people()
    found.restore(b"a:ann", value)
    found.restored()

    assert found.take(ANN, work(8, NINE + 8 * HOUR, MINUTE, over=True), 8, NINE + 8 * HOUR)
    ((key, page),) = found.changed(8)

    assert (key, page.count(b"\xa4work")) == (b"agent-facts|P|1|a:ann", 1)
    assert len(found.by_who[ANN].work) == 9
    assert found.by_who[ANN].left == [NINE]


def test_other_workers_see_every_page() -> None:
    assert is_shared(b"agent-facts|P|1|a:ann", len("agent-facts|"))


def test_who_comes_back_in_the_moment_of_being_forgotten_is_known() -> None:
    floor = run([("work", 1, 0, True), ("flush",), ("wait", 40 * HOUR), ("work", 2, 0, True), ("flush",), ("flush",)])

    floor.die(0)
    assert list(floor.stored.by_who[ANN].work) == [("call-2", 0)]
    assert list(floor.store) == [b"agent-facts|p|a:ann"]
