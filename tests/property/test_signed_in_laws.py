"""Laws of who is signed in: what is added up in order is what each agent for itself comes to."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from streams import tally as y
from streams.presence import LONGEST_MS, Presence, open_span, record
from streams.signed_in import SignedIn
from streams.slices import Span
from tests.support import HOUR, Floor, ms, state

STATES = ("available", "on_contact", "after_contact_work", "break", "signed_out")
SERVED = (None, (), ("billing",), ("billing", "sales"))
MOMENTS = (0.0, 0.001, 1.0, 59.5, 60.0, 611.0, HOUR, 3 * HOUR, 11.9 * HOUR, 12 * HOUR, 12.5 * HOUR, 20 * HOUR)


@st.composite
def a_floor(draw: st.DrawFn) -> Floor:
    """Up to six agents with some changes each, of whom some are heard of no more, and some only by a heartbeat."""
    floor = Floor()
    for n in range(draw(st.integers(0, 6))):
        for at in sorted(draw(st.sets(st.sampled_from(MOMENTS), min_size=1, max_size=4))):
            floor.take(state(f"agent-{n}", at, draw(st.sampled_from(STATES)), draw(st.sampled_from(SERVED))))
    return floor


def one_by_one(floor: Floor, queue: str, span: Span, now: int) -> tuple[Counter[str], Counter[int]]:
    """Agents by state, and milliseconds by field, by looking at each agent for itself."""
    counts, spent = Counter[str](), Counter[int]()
    for agent in floor.people.agents.values():
        one = open_span(agent, now)
        for _ in [served for served in ("", *one.queues) if served == queue] if one else ():
            assert one is not None
            counts[one.state] += 1
            spent[y.STATE_MS[one.state]] += max(0, min(one.end, now, span.end) - max(one.start, span.start))
    return counts, +spent


@settings(max_examples=400, deadline=None)
@given(a_floor(), st.sampled_from(("", "billing", "sales", "nobody's")), st.data())
def test_the_time_agents_have_been_in_their_states_is_what_each_of_them_comes_to(
    floor: Floor, queue: str, data: st.DataObject
) -> None:
    moments = st.sampled_from([ms(at) + shift for at in MOMENTS for shift in (-1, 0, 1)])
    now, start, end = data.draw(moments), data.draw(moments), data.draw(moments)
    span = Span(min(start, end), max(start, end))

    signed_in = SignedIn(floor.partitions, now)

    assert (signed_in.by_state(queue), signed_in.spent(queue, span)) == one_by_one(floor, queue, span, now)


def test_a_state_that_nobody_ended_counts_for_twelve_hours_while_the_agent_is_heard_of() -> None:
    floor = Floor().take(state("ann", 0, "break", ("billing",)))
    floor.people.agents["ann"].heard_at = ms(13 * HOUR)
    hour = Span(ms(11.5 * HOUR), ms(13 * HOUR))

    signed_in = SignedIn(floor.partitions, ms(13 * HOUR))

    assert signed_in.by_state("billing") == {"break": 1}
    assert signed_in.spent("billing", hour) == {y.STATE_MS["break"]: LONGEST_MS - 11.5 * HOUR * 1_000}


@settings(max_examples=300, deadline=None)
@given(st.permutations(range(5)), st.lists(st.sampled_from(SERVED), min_size=5, max_size=5))
def test_whoever_asks_an_agents_queues_between_two_changes_is_told_those_of_now(
    order: list[int], served: list[tuple[str, ...] | None]
) -> None:
    asked, not_asked = Presence("ann", changes=[]), Presence("ann", changes=[])
    for n in order:
        change = state("ann", n, "available", served[n], capacity=n + 1 if n % 2 else None)
        record(asked, change)
        record(not_asked, change)

        unasked = Presence("ann", changes=not_asked.changes)
        assert (asked.queues, asked.capacity) == (unasked.queues, unasked.capacity)
    assert (asked.queues, asked.capacity) == (not_asked.queues, not_asked.capacity)
