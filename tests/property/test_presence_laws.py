"""Laws of presence: the order in which an agent's changes come never matters, and no time is counted twice."""

from __future__ import annotations

import itertools
import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.events import AgentStateChanged
from streams.kpis import occupancy_ratio, on_call_ratio
from streams.presence import LONGEST_MS, Presence, record
from streams.view import FLOOR
from tests.support import HOUR, Floor, numbers, state

STATES = ("available", "on_contact", "after_contact_work", "break", "signed_out")


@st.composite
def a_day(draw: st.DrawFn) -> list[AgentStateChanged]:
    """The changes of one agent within 23 hours, in order of time; some share a moment, some do not say the queues."""
    changes, at = [], 0.0
    for n in range(draw(st.integers(1, 8))):
        at += draw(st.sampled_from((0.0, 0.001, 1.0, 9.5, 60.0, 611.0, HOUR, 3 * HOUR)))
        queues = draw(st.sampled_from((None, (), ("billing",), ("billing", "sales"))))
        changes.append(state("ann", at, draw(st.sampled_from(STATES)), queues, event_id=f"e{n}", source_seq=n))
    return changes


def net_time(changes: list[AgentStateChanged]) -> tuple[list[object], Counter[tuple[str, tuple[str, ...], int]]]:
    """The state an agent ends in, and every counted second by state and queues."""
    one, total = Presence("ann", changes=[]), Counter[tuple[str, tuple[str, ...], int]]()
    for change in changes:
        spans = record(one, change)
        assert not isinstance(spans, str)
        for sign, name, queues, start, end in spans:
            total[name, queues, start] += sign
            total[name, queues, end] -= sign
    ended = [(change.at, change.state) for change in one.changes]
    return [*ended, one.queues, one.heard_at], Counter({k: n for k, n in total.items() if n})


@settings(max_examples=500, deadline=None)
@given(a_day(), st.randoms(use_true_random=False))
def test_any_order_of_an_agents_changes_ends_in_the_same_state_and_the_same_time(
    changes: list[AgentStateChanged], rng: random.Random
) -> None:
    shuffled = list(changes)
    rng.shuffle(shuffled)

    assert net_time(shuffled) == net_time(changes)


@settings(max_examples=200, deadline=None)
@given(a_day(), st.randoms(use_true_random=False))
def test_any_order_and_repetition_ends_in_the_same_slices(changes: list[AgentStateChanged], rng: random.Random) -> None:
    shuffled = [*changes, *rng.sample(changes, rng.randint(0, len(changes)))]
    rng.shuffle(shuffled)
    window = Floor().take(*changes).window("today", FLOOR, "", now=23 * HOUR)

    assert Floor().take(*shuffled).window("today", FLOOR, "", now=23 * HOUR) == window


@settings(max_examples=120, deadline=None)
@given(a_day())
def test_the_time_counted_is_the_time_between_changes_at_most_twelve_hours_each(
    changes: list[AgentStateChanged],
) -> None:
    times = [change.occurred_at for change in changes]
    expected = sum(min(after - before, LONGEST_MS) for before, after in itertools.pairwise(times))

    floor = Floor().take(*changes)

    book = numbers(floor.people).books.get(("", ""), ({}, []))
    assert sum(book[0].values()) == expected


@settings(max_examples=120, deadline=None)
@given(a_day(), st.sampled_from(("1m", "5m", "30m", "1h", "today")), st.integers(0, 20 * HOUR))
def test_no_agent_is_busier_than_time_allows(changes: list[AgentStateChanged], window: str, now: int) -> None:
    floor = Floor().take(*(change for change in changes if change.occurred_at <= changes[0].occurred_at + now * 1000))

    counts = floor.window(window, FLOOR, "", now=now)

    for ratio in (occupancy_ratio(counts), on_call_ratio(counts)):
        assert ratio is None or 0 <= ratio <= 1
    assert all(spent >= 0 for spent in counts.state_ms.values())
