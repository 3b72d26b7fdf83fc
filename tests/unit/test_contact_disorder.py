"""Events twice, out of order, late, with wrong clocks or without their ends: hard cases 22 to 27 of a queue."""

from __future__ import annotations

from itertools import permutations

import pytest

from streams import events as e
from streams import tally as y
from streams.kpis import asa_seconds, service_levels
from streams.settings import Retention, Settings
from tests.support import DAY, HOUR, Floor, call, chat, heartbeat, in_time, numbers


def test_the_same_event_twice_is_counted_once_and_as_a_duplicate_23() -> None:
    story = call().offered(at=0).abandoned(at=30)

    floor = Floor().take(*story.events, *story.events)

    assert (floor.total().offered, floor.total().abandoned) == (1, 1)
    assert floor.counter("duplicate") == 2


def test_an_abandon_that_another_webhook_repeats_under_a_new_id_is_counted_once_23() -> None:
    floor = Floor().play(call().offered(at=0).abandoned(at=30).abandoned(at=31))

    assert (floor.total().abandoned, floor.total().abandoned_wait_ms) == (1, 30_000)
    assert floor.count(y.REPEATED) == 1


def test_a_duplicate_is_recognised_when_only_a_stub_of_the_contact_is_left_23() -> None:
    story = call().offered(at=0).answered(at=10).ended(at=60)

    floor = Floor().take(*story.events, heartbeat(at=2 * HOUR), *story.events)

    assert floor.calls.contacts["c1"].is_stub
    assert (floor.total().offered, floor.counter("duplicate")) == (1, 3)


def test_every_order_of_a_calls_events_gives_the_same_numbers_24() -> None:
    story = call().offered(at=0).alerting(at=5).answered(at=12).ended(at=100).wrapped_up(at=110)
    expected = numbers(Floor().play(story).calls)

    for events in permutations(story.events):
        found = numbers(Floor().take(*events).calls)

        assert found.contacts == expected.contacts
        assert [slices for _, slices in found.books.values()] == [slices for _, slices in expected.books.values()]


def test_an_answer_before_its_offer_waits_for_it_and_then_has_its_wait_24() -> None:
    offered, answered = call().offered(at=0).answered(at=12).events
    floor = Floor().take(answered)
    assert (floor.total().answered, floor.total().unmatched) == (0, 1)

    floor.take(offered)

    assert (floor.total().answered, floor.total().answered_wait_ms, floor.total().unmatched) == (1, 12_000, 0)
    assert floor.counter("out_of_order") == 1


def test_an_end_before_its_answer_is_applied_when_the_answer_comes_24() -> None:
    offered, answered, ended = call().offered(at=0).answered(at=12).ended(at=100).events

    floor = Floor().take(offered, ended, answered)

    billing = floor.total()
    assert (billing.answered, billing.answered_wait_ms, billing.talk_ms, billing.orphaned) == (1, 12_000, 88_000, 0)
    assert (floor.live(now=110).waiting, floor.live(now=110).handling) == (0, 0)


def test_an_answer_without_its_offer_but_with_a_measured_wait_implies_the_offer_24() -> None:
    floor = Floor().play(call().answered(at=12, queue="billing", wait_ms=7_000).ended(at=100))

    billing = floor.total()
    assert (billing.offered, billing.answered, billing.answered_wait_ms) == (1, 1, 7_000)
    assert floor.live(now=110).conservation_residual == 0


def test_a_late_event_within_retention_corrects_the_slice_it_belongs_to_25() -> None:
    offered, abandoned = call("c1").offered(at=0).abandoned(at=30).events
    floor = Floor().take(offered, heartbeat(at=1_200))
    assert floor.window("1h", now=1_200).abandoned == 0

    floor.take(abandoned)

    assert floor.window("1h", now=1_200).abandoned == 1
    assert floor.window("15m", now=1_200).abandoned == 0
    assert (floor.counter("late"), floor.counter("out_of_order")) == (0, 0)


def test_a_window_is_corrected_when_an_earlier_guess_turns_out_wrong_25() -> None:
    story = call().offered(at=0).abandoned(at=30)
    answer = call("c1").answered(at=20, queue="billing", event_id="late").events[0]
    floor = Floor().take(*story.events, heartbeat(at=300))
    assert floor.window("15m", now=300).abandoned == 1

    floor.take(answer)

    window = floor.window("15m", now=300)
    assert (window.answered, window.abandoned, window.answered_wait_ms) == (1, 0, 20_000)
    assert (floor.count(y.ABANDONED), floor.taken_back(y.ABANDONED)) == (0, 1)


def test_what_is_older_than_every_window_keeps_is_counted_late_and_in_the_totals_25() -> None:
    settings = Settings(retention=Retention(coarse_days=1, orphan_hours={**Retention().orphan_hours, "voice": 99.0}))
    offered, abandoned = call().offered(at=0).abandoned(at=30).events

    floor = Floor(settings).take(offered, heartbeat(at=2 * DAY), abandoned)

    assert floor.counter("late") == 1
    assert floor.total().abandoned == 1
    assert floor.intervals(0, 2 * DAY, "day")[0].counts.abandoned == 0
    assert floor.live(now=2 * DAY).waiting == 0


def test_what_comes_after_a_contact_was_forgotten_opens_no_new_one_25() -> None:
    story = call().offered(at=0).answered(at=10).ended(at=60)

    floor = Floor().take(*story.events, heartbeat(at=2 * DAY), *call().wrapped_up(at=90, event_id="late").events)

    assert floor.calls.contacts == {}
    assert floor.counter("late_after_close") == 1


def test_a_negative_wait_is_taken_as_nothing_and_counted_26() -> None:
    story = call().offered(at=0)
    answer = call("c1").answered(at=-2, queue="billing", event_id="skewed").ended(at=60, event_id="end")

    floor = Floor().take(*story.events, *answer.events)

    billing = floor.total()
    assert (billing.answered, billing.answered_wait_ms) == (1, 0)
    assert floor.count(y.SKEWED) == 1


def test_a_measured_wait_is_right_however_wrong_the_clocks_are_26() -> None:
    story = call().offered(at=0)
    answer = call("c1").answered(at=-2, queue="billing", event_id="skewed", wait_ms=9_000)

    floor = Floor().take(*story.events, *answer.events)

    assert (floor.total().answered_wait_ms, floor.count(y.SKEWED)) == (9_000, 0)


def test_a_hold_longer_than_the_call_leaves_no_talk_and_is_counted_26() -> None:
    floor = Floor().play(call().offered(at=0).answered(at=10).ended(at=60, hold_ms=70_000))

    assert (floor.total().talk_ms, floor.total().hold_ms, floor.count(y.SKEWED)) == (0, 70_000, 1)


def test_after_contact_work_that_ends_before_the_call_is_no_work_and_is_counted_26() -> None:
    floor = Floor().play(call().offered(at=0).answered(at=10).wrapped_up(at=50).ended(at=60))

    assert (floor.total().wrap_ms, floor.total().wraps, floor.count(y.SKEWED)) == (0, 1, 1)


def test_a_call_whose_end_never_comes_is_an_orphan_outside_service_level_and_asa_27() -> None:
    floor = Floor().take(*call().offered(at=0).events, heartbeat(at=4 * HOUR - 1))
    assert floor.live(now=4 * HOUR - 1).waiting == 1

    floor.take(heartbeat(at=4 * HOUR))

    billing = floor.total()
    assert (billing.orphaned, billing.abandoned, billing.answered) == (1, 0, 0)
    assert set(service_levels(billing).values()) == {None}
    assert asa_seconds(billing) is None
    assert floor.counter("orphaned_contacts|silence") == 1
    assert (floor.live(now=4 * HOUR).waiting, floor.live(now=4 * HOUR).conservation_residual) == (0, 0)


def test_a_call_answered_for_hours_is_let_go_and_its_talk_is_nobodys_27() -> None:
    floor = Floor().take(*call().offered(at=0).answered(at=10).events, heartbeat(at=5 * HOUR))

    assert (floor.total().answered, floor.total().segments, floor.total().talk_ms) == (1, 0, 0)
    assert floor.live(now=5 * HOUR).handling == 0


@pytest.mark.parametrize(("hours", "waiting"), [(11.9, 1), (12.1, 0)])
def test_each_channel_has_its_own_patience_with_missing_ends_27(hours: float, waiting: int) -> None:
    floor = Floor().take(*chat().queued(at=0).events)

    floor.take(*chat("d2").queued(at=hours * HOUR, queue="other").events)

    assert floor.live("chat", "chat", now=hours * HOUR).waiting == waiting


def test_a_call_whose_after_contact_work_never_ends_is_over_once_and_forgotten_27() -> None:
    floor = Floor().play(call().offered(at=0).answered(at=10).ended(at=60).tell(e.CallWrapStarted, 60))

    floor.take(*(heartbeat(at=hour * HOUR) for hour in range(1, 28)))
    assert floor.calls.contacts["c1"].is_stub
    assert floor.counter("orphaned_contacts|silence") == 1
    floor.take(*(heartbeat(at=hour * HOUR) for hour in range(28, 60)))

    assert floor.calls.contacts == {}
    assert (floor.total().segments, floor.total().handle_ms) == (1, 50_000)


def test_a_call_given_up_as_an_orphan_is_no_first_contact_resolved_and_its_true_end_makes_it_one_27() -> None:
    story = call(customer_id="kim").offered(at=0).answered(at=10).transferred(at=60, to="sales")
    floor = Floor().play(story.offered(at=61, queue="sales").answered(at=70, agent_id="bob"))

    floor.take(heartbeat(at=4.2 * HOUR))
    assert floor.total("billing").of_people("first_contacts_resolved") == 0
    floor.take(*call(customer_id="kim", event_id="x").ended(at=90, queue="sales", agent_id="bob").events)

    assert floor.total("sales").of_people("first_contacts_resolved") == 1


def test_the_true_end_of_an_orphan_puts_it_right_27() -> None:
    offered, answered = call().offered(at=0).answered(at=5 * HOUR).events

    floor = Floor().take(offered, heartbeat(at=4 * HOUR), answered)

    billing = floor.total()
    assert (billing.orphaned, billing.answered, billing.answered_wait_ms) == (0, 1, 5 * HOUR * 1000)
    assert floor.taken_back(y.ORPHANED) == 1


def test_a_story_told_in_order_of_time_is_not_out_of_order_24() -> None:
    stories = [call("c1").offered(at=0).answered(at=30).ended(at=60), call("c2").offered(at=10).abandoned(at=20)]

    floor = Floor().take(*in_time(stories))

    assert floor.counter("out_of_order") == 0
