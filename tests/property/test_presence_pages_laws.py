"""An agent's states stored on pages are the states that were told, whatever was written, deleted and read back.

Random changes of one agent, late, repeated and days apart, plans and signs of life, with flushes and crashes anywhere:
a roster that is stored and read back (its pages in any order) is compared with one that never dies, and so is one that
only follows what is written, as another worker does.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streams.events import AgentEvent, AgentHeartbeat, AgentScheduled, AgentState
from streams.owned import is_shared
from streams.placing import PLACINGS
from streams.presence import MAX_CHANGES, Presence, Spent, spans_of
from streams.presence_pages import FULL
from streams.presence_pages import order as order_of
from streams.regroup import regroup
from streams.roster import Roster
from streams.staff import Staff
from streams.stored import STATE_VERSION
from tests.property.dying_roster import Dying, Written
from tests.support import DAY, HOUR, ms, state

KEEP_MS = 8 * DAY * 1000
PREFIX = b"agent-events|"
GHOST = 0x92
TOLD_STATES: tuple[AgentState, ...] = ("available", "on_contact", "break", "signed_out")
encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder().decode
People = Roster[Presence, AgentEvent, Spent]


def people() -> People:
    staff = Staff(KEEP_MS)
    return Roster(staff, PREFIX + b"a|", staff)


class Floor(Dying[AgentEvent]):
    """One agent; ``follower`` only reads what is written, as another worker does."""

    def __init__(self) -> None:
        super().__init__(people, PREFIX, "ann", ms(0))
        self.follower = people()
        self.most_written = 0

    def tell(self, event: AgentEvent | None) -> None:
        if event is not None:
            self.now = max(self.now, event.occurred_at)
        self.record(event)

    def flush(self) -> Written:
        written = super().flush()
        for key, value in written:
            self.read(self.follower, key, value)
            if value is not None and value[0] != GHOST:
                self.most_written = max(self.most_written, len(decode(value)[4]))
        if self.stored.by_who:  # who is forgotten is deleted with the next flush
            assert seen(self.follower) == seen(self.stored)
        return written


def seen(roster: People) -> object:
    """All that is known of the agent, and all that a change at any moment could take back."""
    known = roster.by_who.get("ann")
    if known is None:
        return None
    told = known.team, known.heard_at, known.cut, known.plans, known.queues, known.capacity
    return told, known.changes, spans_of(known), roster._rules.due(known)


minutes = st.integers(-200, 90)
steps = st.one_of(
    st.tuples(st.just("state"), minutes, st.sampled_from(TOLD_STATES), st.sampled_from((None, (), ("a",), ("b", "c")))),
    st.tuples(st.just("state"), st.just(5), st.sampled_from(TOLD_STATES), st.none()),
    st.tuples(st.just("many"), st.integers(2, 30)),
    st.tuples(st.just("again"), st.integers(0, 200)),
    st.tuples(st.just("beat"), minutes),
    st.tuples(st.just("plan"), st.integers(0, 30)),
    st.tuples(st.just("wait"), st.sampled_from((1, 7, 25, 60, 9 * 24, 40 * 24))),
    st.tuples(st.just("flush")),
    st.tuples(st.just("flush")),
    st.tuples(st.just("die"), st.integers(0, 40)),
)


def run(told: list[Any]) -> Floor:
    floor = Floor()
    for what, *more in told:
        n = len(floor.log)
        seconds = (floor.now - ms(0)) / 1000
        if what == "state":
            at, to, queues = more
            capacity = None if queues is None else len(queues)
            team = "north" if queues else ""
            floor.tell(
                state(
                    "ann", seconds + 60 * at, to, queues, capacity=capacity, team=team, event_id=f"e{n}", source_seq=n
                )
            )
        elif what == "many":
            for step in range(more[0]):
                floor.tell(state("ann", seconds + 30 * (step + 1), TOLD_STATES[step % 4], event_id=f"e{n}-{step}"))
        elif what == "again":
            events = [event for event, _ in floor.log if event is not None]
            if events:
                floor.tell(events[-1 - more[0] % len(events)])
        elif what == "beat":
            floor.tell(AgentHeartbeat(event_id=f"e{n}", occurred_at=floor.now + 60_000 * more[0], agent_id="ann"))
        elif what == "plan":
            starts_at = floor.now + more[0] * HOUR * 1000
            floor.tell(
                AgentScheduled(
                    event_id=f"e{n}", occurred_at=floor.now, agent_id="ann", starts_at=starts_at,
                    ends_at=starts_at + 4 * HOUR * 1000, activity="available",
                )
            )  # fmt: skip
        elif what == "wait":
            floor.now += more[0] * HOUR * 1000
            floor.tell(None)
        elif what == "flush":
            floor.flush()
        else:
            floor.die(more[0])
        assert seen(floor.stored) == seen(floor.living)
    return floor


MANY = [("many", 30), ("flush",)]


@settings(deadline=None)
@given(st.lists(steps, max_size=80))
@example([*MANY * 20, ("state", -200, "break", ("a",)), ("flush",), ("die", 7), *MANY])
@example([("beat", 0), ("flush",), ("wait", 9 * 24), ("beat", 0), ("flush",), ("die", 0)])
@example([*MANY, ("state", 5, "break", None), ("wait", 9 * 24), ("beat", 0), ("again", 30), ("flush",), ("die", 0)])
def test_what_is_stored_on_pages_is_what_was_told(told: list[Any]) -> None:
    floor = run(told)

    floor.flush()
    floor.die(0)
    assert seen(floor.stored) == seen(floor.living)


@settings(deadline=None)
@given(st.lists(steps, max_size=60))
def test_nothing_is_left_of_somebody_who_is_forgotten(told: list[Any]) -> None:
    floor = run([*told, ("flush",), *[("wait", 40 * 24), ("flush",)] * 3])

    assert floor.living.by_who == floor.stored.by_who == floor.follower.by_who == {}
    assert floor.store == {}


def test_a_change_writes_a_page_and_not_all_of_a_day() -> None:
    floor = run([("state", 1, "available", None), ("flush",)] * 1_000)

    assert len(floor.living.by_who["ann"].changes) == MAX_CHANGES
    assert floor.most_written == FULL
    assert MAX_CHANGES / FULL <= len(floor.store) <= MAX_CHANGES / FULL + 1
    assert len(floor.follower.by_who["ann"].pages.void) <= 1


def test_queues_told_on_a_page_that_is_gone_hold_after_a_crash() -> None:
    floor = run([("state", 1, "available", ("b", "c")), *[("state", 1, "break", None), ("flush",)] * 600, ("die", 0)])

    known = floor.stored.by_who["ann"]
    assert (known.queues, known.capacity) == (("b", "c"), 2)
    assert b"agent-events|a|ann" not in floor.store


def test_of_who_came_back_only_the_new_pages_go_to_more_partitions() -> None:
    day = [("state", 5, "available", ("a",)), ("flush",)] * (3 * FULL)
    floor = run([*day, ("wait", 9 * 24), ("state", 0, "break", None), ("flush",)])
    assert len(floor.store) == 3
    marker = encode((STATE_VERSION, len(floor.log), floor.now, {}, {}))

    parts = regroup([{**floor.store, b"agent-events|m|": marker}], 2, {})

    kept = [key for part in parts for key in dict(part.pairs) if b"|m|" not in key]
    assert kept == [b"agent-events|a|ann"]


@pytest.mark.parametrize("order", range(3))
def test_who_comes_back_before_the_old_pages_are_deleted_begins_anew(order: int) -> None:
    day = [("state", 5, "available", ("a",)), ("flush",)] * (3 * FULL)
    first_again = ("again", 3 * FULL)
    floor = run([*day, ("wait", 9 * 24), ("beat", 0), first_again, ("flush",), ("die", order)])
    assert len(floor.store) == 3

    assert len(floor.stored.by_who["ann"].changes) == 1
    floor.tell(state("ann", (floor.now - ms(0)) / 1000 - 60, "break", event_id="late"))
    floor.flush()
    floor.flush()
    assert list(floor.store) == [b"agent-events|a|ann"]


def test_pages_given_up_just_before_an_agent_is_forgotten_are_deleted_too() -> None:
    day = [("state", 5, "available", ("a",)), ("flush",)] * (3 * FULL)
    floor = run([*day, ("wait", 25), ("state", 0, "break", None), ("wait", 9 * 24), ("flush",), ("flush",)])

    assert floor.store == {}


def test_more_partitions_take_all_pages_of_an_agent_to_where_the_next_event_comes() -> None:
    floor = run([("state", 5, "available", ("a",)), ("flush",)] * (5 * FULL))
    assert len(floor.store) == 5
    del floor.store[b"agent-events|a|ann"]  # as when all on it is a day old: the others tell where keys are placed
    marker = encode((STATE_VERSION, len(floor.log), floor.now, {}, {}))

    parts = regroup([{**floor.store, b"agent-events|m|": marker}], 4, {}, "crc32")
    moved = regroup([dict(part.pairs) for part in parts], 8, {})

    found = people()
    for key, value in parts[[b"|A|" in key for part in parts for key in dict(part.pairs)].index(True)].pairs:
        if b"|m|" not in key:
            floor.read(found, key, value)
    known, living = found.by_who["ann"], floor.living.by_who["ann"]
    assert known.changes == living.changes[FULL:]
    assert (known.stamp, known.heard_at, known.queues) == (-1, living.heard_at, ("a",))
    homes = {n for n, part in enumerate(moved) for key in dict(part.pairs) if b"|A|" in key}
    assert homes == {PLACINGS["crc32"](b"ann", 8)} != {PLACINGS["murmur2"](b"ann", 8)}


def test_an_agent_who_was_stored_in_one_piece_is_read_and_goes_on_on_pages() -> None:
    changes = [(ms(60 * n), n, f"e{n}", "available", ["a"] if n == 0 else None, None) for n in range(20)]
    found = people()
    Floor().read(found, b"agent-events|a|ann", encode(("ann", 7, "north", ms(1_140), changes, False, [])))
    found.restored()

    assert found.take("ann", state("ann", 1_200, "break", event_id="e20"), 8, ms(1_200)) != []
    ((key, page),) = found.changed(8)

    known = found.by_who["ann"]
    assert (key, len(decode(page)[4])) == (b"agent-events|A|1|ann", 1)
    assert [order_of(change) for change in known.changes[:2]] == [(ms(0), 0, "e0"), (ms(60), 1, "e1")]
    assert (len(known.changes), known.team, known.queues) == (21, "north", ("a",))


def test_other_workers_see_every_page() -> None:
    assert is_shared(b"agent-events|A|1|ann", len("agent-events|"))
