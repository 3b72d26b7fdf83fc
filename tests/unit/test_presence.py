"""Agents: two axes, time in states spread over slices, late changes, forgotten sign-outs, and each agent once."""

from __future__ import annotations

import pytest

from streams import snapshot
from streams.contact.history import DUPLICATE, LATE
from streams.events import AgentHeartbeat, AgentScheduled, AgentState, AgentStateChanged
from streams.kpis import occupancy_ratio, on_call_ratio, pulled_per_hour
from streams.pieces import at_once
from streams.presence import MAX_CHANGES, Presence, Spent, open_span, record
from streams.settings import Settings
from streams.snapshot import WorkerStatus
from streams.view import FLOOR
from tests.support import DAY, HOUR, Floor, call, heartbeat, ms, state, stored
from tests.support import record as record_of


def agent(*changes: AgentStateChanged) -> Presence:
    one = Presence("ann", changes=[])
    for change in changes:
        record(one, change)
    return one


def spent(spans: list[Spent] | str) -> list[tuple[int, str, float, float]]:
    """Sign, state, and seconds from the start of the day's story."""
    assert not isinstance(spans, str)
    return [(sign, name, (start - ms(0)) / 1000, (end - ms(0)) / 1000) for sign, name, _, start, end in spans]


# --- spans -----------------------------------------------------------------------------------------------------------


def test_a_change_ends_the_state_before_it() -> None:
    one = agent(state("ann", 0, "available"))

    assert spent(record(one, state("ann", 60, "break"))) == [(1, "available", 0.0, 60.0)]


def test_a_late_change_splits_the_span_that_was_counted_24() -> None:
    one = agent(state("ann", 0, "available"), state("ann", 100, "on_contact"))

    spans = record(one, state("ann", 40, "break"))

    assert spent(spans) == [(-1, "available", 0.0, 100.0), (1, "available", 0.0, 40.0), (1, "break", 40.0, 100.0)]


def test_the_same_change_twice_is_counted_once_23() -> None:
    one = agent(state("ann", 0, "available"))

    assert record(one, state("ann", 0, "available")) == DUPLICATE
    assert len(one.changes) == 1


def test_a_change_of_the_day_before_yesterday_is_late_25() -> None:
    one = agent(state("ann", 0, "available"))

    assert record(one, state("ann", -25 * HOUR, "break")) == LATE


def test_a_forgotten_sign_out_is_twelve_hours_of_work_and_no_more() -> None:
    one = agent(state("ann", 0, "available"))

    assert spent(record(one, state("ann", 20 * HOUR, "available", event_id="next"))) == [
        (1, "available", 0.0, 12 * HOUR),
    ]  # fmt: skip


def test_an_agent_nobody_heard_of_for_twelve_hours_is_signed_out() -> None:
    one = agent(state("ann", 0, "available"))

    assert one.state_at(ms(12 * HOUR)) == "available"
    assert one.state_at(ms(12 * HOUR) + 1) == "signed_out"
    assert open_span(one, ms(12 * HOUR) + 1) is None


def test_an_agent_of_whom_nothing_is_known_is_signed_out() -> None:
    assert agent().state_at(ms(0)) == "signed_out"
    assert open_span(agent(), ms(0)) is None


def test_only_the_recent_changes_of_an_agent_are_kept() -> None:
    one = agent(*(state("ann", n, "available" if n % 2 else "on_contact") for n in range(MAX_CHANGES + 20)))

    assert len(one.changes) == MAX_CHANGES


def test_a_change_older_than_all_that_is_kept_is_not_counted_over_what_was_25() -> None:
    one = agent(*(state("ann", 10 * n, "available" if n % 2 else "on_contact") for n in range(MAX_CHANGES + 20)))

    assert record(one, state("ann", 5, "break")) == LATE


def test_a_repeat_of_a_change_that_is_no_longer_kept_is_late_as_after_a_restart_25() -> None:
    one = agent(*(state("ann", 10 * n, "available" if n % 2 else "on_contact") for n in range(MAX_CHANGES + 20)))

    assert record(one, state("ann", 190, "available")) == LATE
    assert record(one, state("ann", 200, "on_contact")) == DUPLICATE


def test_queues_that_are_not_said_stay_as_they_were() -> None:
    one = agent(state("ann", 0, "available", ("billing",)), state("ann", 10, "on_contact"))

    assert one.queues == ("billing",)


def test_queues_that_are_said_late_hold_for_the_changes_after_them_24() -> None:
    one = agent(state("ann", 10, "on_contact"), state("ann", 0, "available", ("billing",)))

    assert one.queues == ("billing",)


def test_a_late_change_without_queues_has_those_of_the_change_before_it_24() -> None:
    one = agent(state("ann", 0, "available", ("billing",)), state("ann", 20, "available", ("sales",)))

    spans = record(one, state("ann", 10, "break"))

    assert not isinstance(spans, str)
    assert [(span.sign, span.state, span.queues) for span in spans] == [
        (-1, "available", ("billing",)), (1, "available", ("billing",)), (1, "break", ("billing",)),
    ]  # fmt: skip


def test_queues_are_remembered_when_the_change_that_said_them_is_not() -> None:
    one = agent(
        state("ann", 0, "available", ("billing",)), state("ann", 2 * DAY, "break"), state("ann", 4 * DAY, "away")
    )

    assert len(one.changes) == 2
    assert one.queues == ("billing",)


# --- on the floor ----------------------------------------------------------------------------------------------------


def test_an_agent_of_three_queues_is_one_agent_on_the_floor_15() -> None:
    floor = Floor().take(state("ann", 0, "available", ("a", "b", "c")), state("bob", 0, "available", ("a",)))

    assert dict(floor.everybody(now=60).agents) == {"available": 2}
    floor.play(call("c1").offered(at=30, queue="a"), call("c2").offered(at=30, queue="b"))
    assert dict(floor.live("a", now=60).agents) == {"available": 2}
    assert dict(floor.live("b", now=60).agents) == {"available": 1}


def test_the_time_of_an_agent_of_three_queues_counts_once_on_the_floor_15() -> None:
    floor = Floor().take(state("ann", 0, "available", ("a", "b", "c")), state("ann", 100, "signed_out"))
    floor.play(call("c1").offered(at=10, queue="a"))

    assert floor.window("15m", FLOOR, "", now=100).state_ms == {"available": 100_000}
    assert floor.window("15m", "a", now=100).state_ms == {"available": 100_000}


def test_an_agent_on_a_break_may_still_be_finishing_a_call_18() -> None:
    floor = Floor().play(call().offered(at=0).answered(at=10))
    floor.take(state("ann", 0, "on_contact", ("billing",)), state("ann", 30, "break"))

    live = floor.live(now=60)
    assert (live.handling, dict(live.agents)) == (1, {"break": 1})


@pytest.mark.parametrize("window", ["1m", "15m", "1h"])
def test_occupancy_is_of_the_time_inside_the_window_and_cannot_pass_1(window: str) -> None:
    floor = Floor().take(state("ann", -2 * HOUR, "on_contact", ("billing",)), heartbeat(at=0))
    floor.take(*call().offered(at=-10).events)

    counts = floor.window(window, now=0)

    assert (occupancy_ratio(counts), on_call_ratio(counts)) == (1.0, 1.0)


def test_a_state_that_lasts_is_counted_up_to_now_and_half_of_each_is_half() -> None:
    floor = Floor().take(state("ann", 0, "available", ("billing",)), state("ann", 30, "on_contact"))
    floor.play(call().offered(at=20).answered(at=30))

    assert floor.window("1m", now=59).state_ms == {"available": 30_000, "on_contact": 29_000}
    assert occupancy_ratio(floor.window("1m", now=59)) == 29 / 59


def test_a_long_state_is_spread_over_the_windows_it_overlaps_not_put_in_its_last() -> None:
    floor = Floor().take(state("ann", -1_800, "available", ("billing",)), state("ann", 30, "break"))

    assert floor.window("1m", FLOOR, "", now=30).state_ms == {"available": 50_000}
    assert floor.window("1h", FLOOR, "", now=30).state_ms == {"available": 1_830_000}


def test_a_state_that_goes_on_counts_in_a_window_only_for_the_part_inside_it() -> None:
    floor = Floor().take(state("ann", -2 * HOUR, "available", ("billing",))).play(call().offered(at=-10))

    assert floor.window("1m", FLOOR, "", now=5).state_ms == {"available": 55_000}
    assert floor.window("1m", now=5).state_ms == {"available": 55_000}


def test_a_late_change_corrects_the_windows_it_touches_25() -> None:
    floor = Floor().take(state("ann", 0, "available"), state("ann", 600, "signed_out"))
    assert floor.window("15m", FLOOR, "", now=600).state_ms == {"available": 600_000}

    floor.take(state("ann", 200, "break"))

    assert floor.window("15m", FLOOR, "", now=600).state_ms == {"available": 200_000, "break": 400_000}


def test_heartbeats_keep_an_agent_signed_in_but_are_no_change_of_state() -> None:
    floor = Floor().take(state("ann", 0, "available"))
    floor.take(AgentHeartbeat(event_id="beat", occurred_at=ms(11 * HOUR), agent_id="ann"))

    assert dict(floor.everybody(now=20 * HOUR).agents) == {"available": 1}
    assert len(floor.people.agents["ann"].changes) == 1


def test_conversations_pulled_per_hour_are_of_signed_in_time() -> None:
    floor = Floor().take(state("ann", 0, "available", ("billing",)), state("ann", 1_800, "signed_out"))
    floor.play(*(call(f"c{n}").offered(at=n * 60).answered(at=n * 60 + 5).ended(at=n * 60 + 50) for n in range(6)))

    assert pulled_per_hour(floor.window("1h", now=1_800)) == 12.0


@pytest.mark.parametrize("to", ["signed_out", "break"])
def test_presence_survives_a_restart_29(to: AgentState) -> None:
    floor = Floor().take(state("ann", 0, "available", ("billing",), team="north"), state("ann", 60, to))

    again = floor.restarted()

    assert again.people.agents == floor.people.agents
    assert again.everybody(now=90) == floor.everybody(now=90)
    assert again.window("15m", FLOOR, "", now=90) == floor.window("15m", FLOOR, "", now=90)


def test_a_day_on_several_pages_survives_restarts_29() -> None:
    floor = Floor()
    for n in range(40):
        change = state("ann", 60 * n, "break" if n % 2 else "available", ("billing",) if n == 0 else None)
        floor = floor.take(change).restarted()

    assert [change.at for change in floor.people.agents["ann"].changes] == [ms(60 * n) for n in range(40)]
    assert floor.window("1h", FLOOR, "", now=2_340).state_ms == {"available": 1_200_000, "break": 1_140_000}


def test_of_changes_two_days_apart_only_the_one_before_the_last_is_kept() -> None:
    one = agent(*(state("ann", 2 * n * DAY, "available") for n in range(5)))

    assert [change.at for change in one.changes] == [ms(6 * DAY), ms(8 * DAY)]


# --- forgetting ------------------------------------------------------------------------------------------------------


def known(floor: Floor) -> set[str]:
    return set(floor.people.agents)


def wait(floor: Floor, until: float) -> Floor:
    """Time passes for the agents' partition."""
    assert floor.people.apply([record_of(floor.people.next_offset, heartbeat(at=until))]) == []
    return floor


def test_an_agent_nobody_speaks_of_is_forgotten_with_what_is_stored_of_them() -> None:
    floor = Floor().take(state("ann", 0, "available"), state("bob", 5 * DAY, "available"))
    stored(floor.people)

    wait(floor, 8 * DAY - 1)
    assert known(floor) == {"ann", "bob"}
    wait(floor, 8 * DAY)

    assert known(floor) == {"bob"}
    assert (b"agent-events|a|ann", None) in stored(floor.people)


def test_a_sign_of_life_and_a_plan_keep_an_agent() -> None:
    planned = AgentScheduled(
        event_id="p", occurred_at=ms(0), agent_id="cem", starts_at=ms(20 * DAY), ends_at=ms(20 * DAY + 8 * HOUR),
        activity="available",
    )  # fmt: skip
    floor = Floor().take(state("ann", 0, "available"), state("bob", 0, "available"), planned)
    floor.take(AgentHeartbeat(event_id="beat", occurred_at=ms(7 * DAY), agent_id="ann"))

    assert known(wait(floor, 9 * DAY)) == {"ann", "cem"}
    assert known(wait(floor, 28 * DAY)) == {"cem"}
    assert known(wait(floor, 29 * DAY)) == set()


def test_what_comes_too_late_of_a_forgotten_agent_is_late_and_brings_nobody_back() -> None:
    floor = wait(Floor().take(state("ann", 0, "available")), 9 * DAY)

    floor.take(state("ann", 60, "break"))

    assert (known(floor), floor.people.counters["late_after_close"]) == (set(), 1)
    assert known(floor.take(state("ann", 9 * DAY, "available"))) == {"ann"}


def test_an_agent_forgotten_before_a_crash_is_forgotten_after_it() -> None:
    floor = Floor().take(state("ann", 0, "available"))
    log = stored(floor.people)
    flush = wait(floor, 9 * DAY).people.flush()
    assert flush is not None

    again = Floor()
    for key, value in [*log, *flush.tallies, *flush.contacts, flush.marker]:  # and no deletion
        again.people.restore(key, value)
    again.people.restored()

    assert known(again) == set()
    assert (b"agent-events|a|ann", None) in stored(wait(again, 9 * DAY + 1).people)


def test_an_agent_who_came_and_went_between_two_flushes_takes_no_event_twice_after_a_crash() -> None:
    floor = wait(Floor().take(state("ann", 0, "available"), state("ann", 60, "break")), 9 * DAY)
    flush = floor.people.flush()
    assert flush is not None
    assert len([key for key, _ in flush.contacts if key == b"agent-events|a|ann"]) == 1

    again = Floor()
    for key, value in [*flush.tallies, *flush.contacts]:  # and no marker
        again.people.restore(key, value)
    again.people.restored()

    assert known(again.take(state("ann", 0, "available"), state("ann", 60, "break"))) == set()
    assert known(wait(again, 9 * DAY)) == set()
    assert again.people.ledger.books["", ""].total.fields == floor.people.ledger.books["", ""].total.fields


def test_signs_of_life_cost_one_timer_however_many_there_are() -> None:
    floor = Floor()
    for n in range(1_000):
        floor.take(AgentHeartbeat(event_id=f"b{n}", occurred_at=ms(60 * n), agent_id="ann"))

    assert len(floor.people._staff._timers) == 1


def test_a_state_that_ends_while_a_snapshot_is_being_made_is_not_counted_twice() -> None:
    floor = Floor(Settings(clock="stream", windows=("30m", "1h"))).take(state("ann", 0, "available"), heartbeat(600))
    work = snapshot.steps(floor.partitions, floor.settings, WorkerStatus(), 0)
    next(work)

    floor.take(state("ann", 600, "break"))

    taken = at_once(work)
    assert taken.now == ms(600)
    for window in ("30m", "1h"):
        assert taken.floor.windows[window].counts.state_ms["available"] == 600_000
