"""What a user may ask: the queue now, a window, an interval; over midnight, over partitions, in both attributions."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from streams import events as e
from streams import view
from streams.kpis import abandonment_ratio, offers_missed_ratio, service_levels, transfer_ratio
from streams.lengths import longest_queues
from streams.partition import Partition
from streams.pieces import at_once
from streams.settings import Settings, from_raw
from streams.slices import Span
from streams.view import FLOOR
from streams.windows import Windows, moment
from tests.support import DAY, HOUR, START, Call, Floor, by, call, chat, heartbeat, in_time, ms, record

MIDNIGHT = 14 * HOUR
"""00:00 UTC of the day after, in seconds of a story: stories begin at 10:00."""

FIVE_CALLS = (
    ("c1", -100, -90), ("c2", -80, -50), ("c3", -60, 20), ("c4", -10, 15), ("c5", 5, 30),
)  # fmt: skip
"""Five calls around 10:00: offered and answered, in seconds."""


def five_calls() -> list[Call]:
    return [call(name).offered(at=at).answered(at=left) for name, at, left in FIVE_CALLS]


# --- intervals and attribution [10] ----------------------------------------------------------------------------------


def test_by_event_time_a_call_that_straddles_two_hours_is_offered_in_one_and_answered_in_the_next_10() -> None:
    before, after = Floor().play(*five_calls()).intervals(-HOUR, HOUR)

    assert (before.counts.offered, before.counts.answered, before.counts.answered_in_threshold) == (4, 2, 1)
    assert (after.counts.offered, after.counts.answered, after.counts.answered_in_threshold) == (1, 3, 0)


def test_by_arrival_all_of_a_call_counts_in_the_hour_it_was_offered_10() -> None:
    before, after = Floor(by("arrival")).play(*five_calls()).intervals(-HOUR, HOUR)

    assert (before.counts.offered, before.counts.answered, before.counts.answered_wait_ms) == (4, 4, 145_000)
    assert (after.counts.offered, after.counts.answered, after.counts.answered_wait_ms) == (1, 1, 25_000)


def test_by_arrival_of_the_contact_a_second_queue_counts_where_the_call_began_10() -> None:
    story = call().offered(at=-100).answered(at=-90).transferred(at=20, to="sales").offered(at=20, queue="sales")
    story.answered(at=50, agent_id="bob")

    by_visit = Floor(by("arrival")).play(story).intervals(-HOUR, HOUR, queue="sales")
    by_contact = Floor(by("contact_arrival")).play(story).intervals(-HOUR, HOUR, queue="sales")

    assert [(row.span.start - START, row.counts.offered) for row in by_visit] == [(0, 1)]
    assert [(row.span.start - START, row.counts.offered) for row in by_contact if row.counts.offered] == [
        (-3_600_000, 1),
    ]  # fmt: skip


def test_a_ratio_does_not_pass_1_in_an_hour_that_answers_calls_of_the_hour_before_10() -> None:
    stories = [call(f"c{n}").offered(at=-5).answered(at=n) for n in range(4)]

    _, after = Floor().play(*stories).intervals(-HOUR, HOUR)

    assert service_levels(after.counts)["offered"] == 1.0
    assert abandonment_ratio(after.counts) == 0.0


def test_offers_that_rang_in_the_hour_before_cannot_be_missed_more_than_all_10() -> None:
    stories = [call(f"c{n}").offered(at=-30).alerting(at=-5).not_answered(at=5) for n in range(3)]
    stories.append(call("c9").offered(at=-30).alerting(at=6).answered(at=9))

    _, after = Floor().play(*stories).intervals(-HOUR, HOUR)

    assert offers_missed_ratio(after.counts) == 0.75


def test_a_transfer_told_after_the_end_of_its_segment_counts_with_it_10() -> None:
    story = call().offered(at=-60).answered(at=-50).ended(at=-5).transferred(at=5, to="sales")

    (before,) = Floor().play(story).intervals(-HOUR, HOUR)

    assert transfer_ratio(before.counts) == 1.0


def test_a_window_counts_what_happened_in_it_10() -> None:
    floor = Floor().play(*five_calls())

    assert floor.window("1m", now=55).answered == 3
    assert floor.window("15m", now=55).answered == 5


# --- midnight [11] ---------------------------------------------------------------------------------------------------


def test_a_call_across_midnight_is_offered_today_and_answered_tomorrow_11() -> None:
    floor = Floor().play(call().offered(at=MIDNIGHT - 60).answered(at=MIDNIGHT + 60).ended(at=MIDNIGHT + 600))

    first, second = floor.intervals(0, MIDNIGHT + HOUR, "day")
    assert (first.counts.offered, first.counts.answered) == (1, 0)
    assert (second.counts.offered, second.counts.answered, second.counts.answered_wait_ms) == (0, 1, 120_000)


def test_the_live_queue_is_not_reset_at_midnight_11() -> None:
    floor = Floor().take(*call().offered(at=MIDNIGHT - 60).events, heartbeat(at=MIDNIGHT + 60))

    live = floor.live(now=MIDNIGHT + 60)
    assert live.waiting == 1
    assert live.oldest_wait_seconds(ms(MIDNIGHT + 60)) == 120.0
    assert live.conservation_residual == 0


def test_today_begins_again_at_midnight_of_the_queues_own_zone_11_12() -> None:
    rules = {"kolkata": {"timezone": "Asia/Kolkata"}, "london": {"timezone": "Europe/London"}}
    floor = Floor(from_raw({"queues": rules}, {}))
    evening = 8.5 * HOUR  # 18:30 UTC is midnight in Kolkata
    for queue in rules:
        floor.play(call(f"{queue}-1").offered(at=evening - 60, queue=queue), call(f"{queue}-2").offered(
            at=evening + 60, queue=queue))  # fmt: skip

    assert floor.window("today", "kolkata", now=evening + 120).offered == 1
    assert floor.window("today", "london", now=evening + 120).offered == 2
    assert floor.window("today", "london", now=evening + DAY).offered == 0


def test_a_call_across_midnight_is_in_both_days_longest_queues_11() -> None:
    floor = Floor().play(call().offered(at=MIDNIGHT - 60).answered(at=MIDNIGHT + 60))

    assert [row.max_queue_length for row in floor.intervals(0, MIDNIGHT + HOUR, "day")] == [1, 1]


# --- the queue now ---------------------------------------------------------------------------------------------------


def test_a_queue_nobody_waits_in_has_no_oldest_enqueue_35() -> None:
    live = Floor().play(call().offered(at=0).answered(at=10)).live(now=20)

    assert (live.waiting, live.oldest_offered_at, live.oldest_wait_seconds(ms(20))) == (0, None, 0.0)


def test_the_oldest_enqueue_is_an_instant_and_the_oldest_wait_a_duration_in_seconds_37() -> None:
    live = Floor().play(call().offered(at=0), call("c2").offered(at=30)).live(now=90)

    assert live.oldest_offered_at == 1_772_445_600_000
    assert live.oldest_wait_seconds(ms(90)) == 90.0


@pytest.mark.parametrize(("now", "past"), [(20.0, 0), (20.001, 1)])
def test_who_waits_past_the_threshold_has_waited_longer_than_it(now: float, past: int) -> None:
    assert Floor().play(call().offered(at=0)).live(now=now).waiting_past_threshold == past


def test_those_who_wait_too_long_pull_down_the_live_adjusted_level_only() -> None:
    floor = Floor().play(call("c1").offered(at=0).answered(at=5), call("c2").offered(at=0))

    levels = service_levels(floor.window("5m", now=60))
    assert (levels["live_adjusted"], levels["short_abandons_excluded"]) == (0.5, 1.0)


def test_the_floor_is_the_sum_of_its_queues_over_all_partitions_and_channels() -> None:
    floor = Floor().play(call("c1").offered(at=0), call("c2").offered(at=5, queue="sales"), chat().queued(at=9))

    everybody = floor.everybody(now=20)
    assert (everybody.waiting, everybody.oldest_offered_at) == (3, START)
    assert floor.window("5m", FLOOR, "", now=20).offered == 3


def test_each_queue_has_its_own_threshold_and_the_floor_adds_them_up() -> None:
    rules = {"vip": {"service_level_threshold_seconds": 10.0}}
    floor = Floor(from_raw({"queues": rules}, {}))
    floor.play(call("c1").offered(at=0, queue="vip").answered(at=15), call("c2").offered(at=0).answered(at=15))
    floor.play(call("c3").offered(at=20, queue="vip"), call("c4").offered(at=20))

    assert floor.window("5m", FLOOR, "", now=35).answered_in_threshold == 1
    assert floor.everybody(now=35).waiting_past_threshold == 1


def test_a_window_of_the_floor_has_the_longest_wait_of_any_queue() -> None:
    floor = Floor().play(
        call("c1").offered(at=0).answered(at=15), call("c2").offered(at=0, queue="sales").answered(at=40)
    )

    assert floor.window("5m", FLOOR, "", now=50).max_wait_ms == 40_000


@pytest.mark.parametrize(("clock", "expected"), [("wall", 5), ("stream", START + 30_000)])
def test_now_is_the_wall_clock_or_the_streams_own(clock: str, expected: int) -> None:
    floor = Floor(from_raw({"clock": clock}, {})).take(heartbeat(at=30))

    assert view.now_of(floor.partitions, floor.settings, 5) == expected


# --- the longest queue -----------------------------------------------------------------------------------------------


def over_two(*stories: Call) -> list[Partition]:
    """These calls, dealt out to two partitions in turn."""
    partitions = [Partition(Settings(), e.CALL_EVENTS, n) for n in range(2)]
    for n, story in enumerate(stories):
        partition = partitions[n % 2]
        partition.apply([record(partition.next_offset + k, event) for k, event in enumerate(in_time([story]))])
    return partitions


def longest(partitions: list[Partition], start: float = 0, end: float = 300) -> int:
    return longest_queues(partitions, [("billing", "voice")], [Span(ms(start), ms(end))])[0]


def test_the_longest_queue_is_over_all_partitions_at_the_same_moment() -> None:
    stories = [call(f"c{n}").offered(at=n).answered(at=100 + n) for n in range(4)]

    assert longest(over_two(*stories)) == 4


def test_two_queues_at_different_times_are_never_added_up() -> None:
    stories = [call("c1").offered(at=0).answered(at=10), call("c2").offered(at=20).answered(at=30)]

    assert longest(over_two(*stories)) == 1


def test_within_a_second_who_leaves_goes_before_who_enters_whatever_the_partition() -> None:
    leaves_late = call("c1").offered(at=0).answered(at=10.9)
    enters_early = call("c2").offered(at=10.1).answered(at=20)

    assert longest(over_two(leaves_late, enters_early)) == 1
    assert longest(over_two(call("c1").offered(at=0).answered(at=11), enters_early)) == 2


def test_those_who_waited_before_the_interval_began_are_in_its_longest_queue() -> None:
    stories = [call("c1").offered(at=-3_000).answered(at=500), call("c2").offered(at=100).answered(at=120)]

    assert longest(over_two(*stories)) == 2
    assert longest(over_two(*stories), 130, 200) == 1
    assert longest(over_two(*stories), 600, 900) == 0


def test_a_correction_shortens_the_longest_queue_25() -> None:
    floor = Floor().play(call("c1").offered(at=0), call("c2").offered(at=100).answered(at=110))
    assert floor.intervals(0, 300)[0].max_queue_length == 2

    floor.take(*call("c1", event_id="late").answered(at=50, queue="billing").events)

    assert floor.intervals(0, 300)[0].max_queue_length == 1


# --- two partitions are one floor ------------------------------------------------------------------------------------


@pytest.mark.parametrize("window", ["1m", "5m", "15m", "30m", "1h", "today"])
def test_the_same_calls_over_two_partitions_give_the_same_window(window: str) -> None:
    one = Floor().play(*five_calls())

    def shown(partitions: list[Partition]) -> object:
        return Windows().of(partitions, Settings(), window, ms(55))["billing", "voice"]

    assert shown(over_two(*five_calls())) == shown([one.calls])


def test_a_window_is_counted_anew_when_too_much_has_changed_while_it_was() -> None:
    floor = Floor().play(call("c1").offered(at=0, queue="billing"))
    remembered, known = Windows(), moment(floor.partitions, Settings(), ms(55))
    remembered.of(floor.partitions, Settings(), "1m", ms(55), known)

    counting = remembered.of_in_steps(floor.partitions, Settings(), "1m", ms(55), known)
    next(counting)
    floor.take(*call("c2").offered(at=1, queue="billing").events)
    for one in floor.partitions:
        one.ledger.stirred.tell(b"")  # any slice may have

    found = at_once(counting)
    assert (found["billing", "voice"].counts.offered, found["ALL", ""].counts.offered) == (2, 2)


@pytest.mark.parametrize(
    "ask", [lambda f: f.window("1h", now=60), lambda f: f.live(now=60), lambda f: f.intervals(-HOUR, HOUR)]
)
def test_asking_changes_nothing(ask: Callable[[Floor], object]) -> None:
    floor = Floor().play(*five_calls())

    assert ask(floor) == ask(floor)
