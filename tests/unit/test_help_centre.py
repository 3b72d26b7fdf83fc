"""The help centre's events: each counted once, in no queue, whatever is repeated, late, or crashed in between."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams import events as e
from streams.help_centre import CHANNEL
from streams.partition import Partition
from streams.settings import Settings
from tests.support import DAY, Floor, heartbeat, ms, numbers, record


def view(name: str, at: float = 0.0, **fields: object) -> e.HelpViewed:
    return e.HelpViewed(event_id=name, occurred_at=ms(at), **fields)  # type: ignore[arg-type]


def told(floor: Floor) -> dict[str, int]:
    return dict(floor.total("", CHANNEL).told)


def test_a_search_without_a_hit_is_a_search_and_a_failed_one() -> None:
    floor = Floor().take(
        view("h1"),
        e.HelpSearched(event_id="h2", occurred_at=ms(1), found=True),
        e.HelpSearched(event_id="h3", occurred_at=ms(2), found=False),
        e.HelpDeflected(event_id="h4", occurred_at=ms(3)),
    )

    assert told(floor) == {"help_visits": 1, "help_visits_alone": 1, "help_searches": 2, "help_searches_failed": 1}


def test_a_repeated_visit_is_counted_once_and_as_a_duplicate() -> None:
    floor = Floor().take(view("h1"), view("h1"), view("h2"))

    assert told(floor) == {"help_visits": 2}
    assert floor.counter("duplicate") == 1


def test_a_repeat_is_recognised_after_a_restart() -> None:
    floor = Floor().take(view("h1")).restarted().take(view("h1"))

    assert told(floor) == {"help_visits": 1}
    assert floor.counter("duplicate") == 1


def test_a_visit_older_than_what_is_remembered_is_late_and_counts_nothing() -> None:
    floor = Floor().take(heartbeat(0))
    floor.conversations.apply([record(0, heartbeat(2 * DAY))])

    floor.take(view("h1", 0.0))

    assert told(floor) == {}
    assert floor.counter("late_after_close") == 1


def test_a_test_visit_counts_nothing() -> None:
    assert told(Floor().take(view("h1", test=True))) == {}


def test_digests_are_forgotten_when_a_repeat_would_be_late() -> None:
    partition = Partition(Settings(), e.CONVERSATION_EVENTS, 0)
    partition.apply([record(0, view("h1"))])
    first = partition.flush()
    assert first is not None
    partition.flushed(first)
    (key,) = [key for key, _ in first.contacts]

    partition.apply([record(1, heartbeat(2 * DAY))])
    second = partition.flush()

    assert second is not None
    assert key in partition.flushed(second)


@given(
    st.lists(st.sampled_from(["h1", "h2", "h3", "h4"]), max_size=12), st.integers(0, 12), st.sampled_from(["t", "c"])
)
@pytest.mark.parametrize("kind", [e.HelpViewed, e.HelpDeflected])
def test_a_crash_in_the_middle_of_a_flush_counts_nothing_twice_and_loses_nothing(
    kind: type[e.HelpViewed], names: list[str], crash: int, died_after: str
) -> None:
    records = [record(n, kind(event_id=name, occurred_at=ms(n))) for n, name in enumerate(names)]
    whole = Partition(Settings(), e.CONVERSATION_EVENTS, 0)
    whole.apply(records)
    broken = Partition(Settings(), e.CONVERSATION_EVENTS, 0)
    broken.apply(records[:crash])
    flush = broken.flush()
    again = Partition(Settings(), e.CONVERSATION_EVENTS, 0)
    if flush is not None:
        for key, value in [*flush.tallies, *(flush.contacts if died_after == "c" else [])]:
            again.restore(key, value)
    again.restored()

    again.apply(records)

    assert numbers(again) == numbers(whole)
