"""One call and its queues: how a visit begins, waits and ends. Numbers in brackets are those of the hard cases."""

from __future__ import annotations

import pytest

from streams import events as e
from streams import tally as y
from streams.kpis import asa_seconds, service_levels
from tests.support import Floor, call


def test_an_answered_call_waited_from_its_offer_to_its_answer() -> None:
    floor = Floor().play(call().offered(at=0).answered(at=12).ended(at=100))

    billing = floor.total()
    assert (billing.offered, billing.answered, billing.abandoned) == (1, 1, 0)
    assert billing.answered_wait_ms == 12_000
    assert billing.talk_ms == 88_000


def test_the_wait_the_source_measured_is_believed_before_the_difference_of_times() -> None:
    floor = Floor().play(call().offered(at=0).answered(at=12, wait_ms=9_500).ended(at=100))

    assert floor.total().answered_wait_ms == 9_500


@pytest.mark.parametrize(("wait", "within"), [(20.0, 1), (20.001, 0)])
def test_an_answer_at_the_threshold_is_within_it(wait: float, within: int) -> None:
    floor = Floor().play(call().offered(at=0).answered(at=wait).ended(at=100))

    assert floor.total().answered_in_threshold == within


@pytest.mark.parametrize(("wait", "short"), [(4.999, 1), (5.0, 0)])
def test_an_abandon_at_the_short_limit_is_not_short(wait: float, short: int) -> None:
    floor = Floor().play(call().offered(at=0).abandoned(at=wait))

    billing = floor.total()
    assert (billing.abandoned, billing.short_abandoned) == (1, short)


# --- transfers and loops [1, 3] --------------------------------------------------------------------------------------


def test_a_transfer_to_another_queue_is_a_new_visit_whose_wait_begins_again_1() -> None:
    transferred = call().offered(at=0).answered(at=10).transferred(at=70, to="sales")
    floor = Floor().play(transferred.offered(at=70, queue="sales").answered(at=100, agent_id="bob").ended(at=160))

    billing, sales = floor.total("billing"), floor.total("sales")
    assert (billing.offered, billing.answered, billing.answered_wait_ms) == (1, 1, 10_000)
    assert (sales.offered, sales.answered, sales.answered_wait_ms) == (1, 1, 30_000)
    assert (billing.transfers_across, billing.transfers_within, sales.transfers_across) == (1, 0, 0)
    assert (billing.talk_ms, sales.talk_ms) == (60_000, 60_000)


def test_a_transfer_out_of_the_queue_before_the_answer_flows_out_and_is_no_abandon_1() -> None:
    moved = call().offered(at=0).transferred(at=40, to="sales", before_answer=True)
    floor = Floor().play(moved.offered(at=40, queue="sales").answered(at=45).ended(at=60))

    billing = floor.total("billing")
    assert (billing.flowed_out_by, billing.abandoned, billing.flowed_out_wait_ms) == ({"transfer": 1}, 0, 40_000)
    assert floor.total("sales").answered_wait_ms == 5_000


def test_the_customer_of_a_transferred_call_waits_in_one_queue_at_a_time_1() -> None:
    story = call().offered(at=0).answered(at=10).transferred(at=70, to="sales").offered(at=70, queue="sales")

    floor = Floor().play(story)

    assert floor.live("billing", now=90).waiting == 0
    assert floor.live("sales", now=90).waiting == 1
    assert floor.live("sales", now=90).oldest_wait_seconds(90_000 + 1_772_445_600_000) == 20.0


def test_an_offer_to_a_second_queue_while_the_first_still_waits_is_a_visit_of_its_own_1() -> None:
    floor = Floor().play(call().offered(at=0, queue="billing").offered(at=30, queue="sales"))

    assert (floor.live("billing", now=60).waiting, floor.live("sales", now=60).waiting) == (1, 1)
    assert floor.everybody(now=60).conservation_residual == 0


def test_a_transfer_before_the_answer_moves_the_visit_though_an_agent_is_still_on_the_line_1() -> None:
    story = call().offered(at=0).answered(at=10).offered(at=40, queue="sales")

    floor = Floor().play(story.transferred(at=55, to="vip", before_answer=True))

    assert floor.total("sales").flowed_out_by == {"transfer": 1}
    assert (floor.total("billing").transfers_across, floor.live("billing", now=60).handling) == (0, 1)


def test_a_call_that_comes_back_into_the_same_queue_visits_it_twice_3() -> None:
    story = call().offered(at=0).flowed_out(at=30, reason="key").offered(at=50).answered(at=60).ended(at=90)

    floor = Floor().play(story)

    billing = floor.total()
    assert (billing.offered, billing.answered, billing.flowed_out) == (2, 1, 1)
    assert (billing.flowed_out_wait_ms, billing.answered_wait_ms) == (30_000, 10_000)
    assert floor.live(now=95).conservation_residual == 0


# --- ringing [2, 8] --------------------------------------------------------------------------------------------------


def test_a_ring_without_an_answer_is_a_missed_offer_and_does_not_reset_the_wait_2() -> None:
    story = call().offered(at=0).alerting(at=10, agent_id="ann").not_answered(at=25, agent_id="ann")
    floor = Floor().play(story.alerting(at=26, agent_id="bob").answered(at=30, agent_id="bob").ended(at=90))

    billing = floor.total()
    assert (billing.offered, billing.answered, billing.offers_missed, billing.alerts) == (1, 1, 1, 2)
    assert billing.answered_wait_ms == 30_000
    assert (billing.rings, billing.ring_ms) == (1, 4_000)


def test_a_call_goes_on_waiting_after_an_agent_missed_it_2() -> None:
    floor = Floor().play(call().offered(at=0).alerting(at=10).not_answered(at=25))

    live = floor.live(now=40)
    assert live.waiting == 1
    assert live.oldest_offered_at == 1_772_445_600_000


def test_a_hang_up_while_an_agent_rings_is_an_abandon_and_not_the_agents_fault_8() -> None:
    floor = Floor().play(call().offered(at=0).alerting(at=10).abandoned(at=14))

    billing = floor.total()
    assert (billing.abandoned, billing.abandoned_wait_ms) == (1, 14_000)
    assert (billing.offers_missed, billing.offers_cancelled) == (0, 1)


# --- leaving without an answer [4, 5, 6, 7, 9] -----------------------------------------------------------------------


def test_a_callback_request_flows_out_and_its_own_visit_is_marked_4() -> None:
    asked = call("c1").offered(at=0).flowed_out(at=15, reason="callback")
    called_back = call("c2").offered(at=600, is_callback=True, callback_of="c1")

    floor = Floor().play(asked, called_back)

    billing = floor.total()
    assert (billing.flowed_out_by, billing.abandoned, billing.callback_visits) == ({"callback": 1}, 0, 1)
    assert billing.callbacks_in_threshold == 1


def test_a_callback_that_waits_three_hours_is_not_the_longest_wait_4() -> None:
    waits = call("c1").offered(at=0, is_callback=True)
    younger = call("c2").offered(at=10_700)

    live = Floor().play(waits, younger).live(now=10_800)

    assert (live.waiting, live.waiting_callbacks) == (2, 1)
    assert live.oldest_wait_seconds(1_772_445_600_000 + 10_800_000) == 100.0


@pytest.mark.parametrize("reason", ["overflow", "timeout", "closed", "full", "no_agents", "key", "diverted"])
def test_a_call_the_queue_gave_up_is_no_abandon_and_has_its_own_reason_5(reason: str) -> None:
    floor = Floor().play(call().offered(at=0).flowed_out(at=120, reason=reason))

    billing = floor.total()
    assert (billing.abandoned, billing.flowed_out_by) == (0, {reason: 1})


def test_when_every_caller_timed_out_a_service_level_is_nothing_or_zero_never_perfect_5() -> None:
    floor = Floor().play(call("c1").offered(at=0).flowed_out(at=90, reason="timeout"))

    levels = service_levels(floor.total())
    assert {name for name, level in levels.items() if level is not None} == {
        "with_flowouts", "removed_from_queue", "offered",
    }  # fmt: skip
    assert {level for level in levels.values() if level is not None} == {0.0}


def test_voicemail_is_a_flow_out_of_its_own_6() -> None:
    floor = Floor().play(call().offered(at=0).flowed_out(at=45, reason="voicemail"))

    billing = floor.total()
    assert (billing.flowed_out_by, billing.abandoned, billing.flowed_out_wait_ms) == ({"voicemail": 1}, 0, 45_000)
    assert floor.live(now=60).waiting == 0


def test_a_hang_up_in_the_ivr_is_no_abandon_of_any_queue_7() -> None:
    floor = Floor().play(call("c1").started(at=0).ivr_abandoned(at=20), call("c2").offered(at=0).abandoned(at=20))

    assert floor.total("", "voice").ivr_abandoned == 1
    assert (floor.total("billing").abandoned, floor.total("billing").ivr_abandoned) == (1, 0)
    assert floor.total("", "voice").abandoned == 0


def test_a_hang_up_during_talk_is_no_abandon_9() -> None:
    floor = Floor().play(call().offered(at=0).answered(at=10).abandoned(at=70))

    billing = floor.total()
    assert (billing.answered, billing.abandoned, billing.segments, billing.talk_ms) == (1, 0, 1, 60_000)


def test_a_hang_up_on_hold_is_no_abandon_and_the_hold_counts_9() -> None:
    floor = Floor().play(call().offered(at=0).answered(at=10).held(at=30).abandoned(at=70))

    billing = floor.total()
    assert (billing.abandoned, billing.segments, billing.talk_ms, billing.hold_ms) == (0, 1, 20_000, 40_000)


# --- who does not count [31, 32, 38] ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("marks", "field"),
    [
        ({"direction": "outbound"}, y.EXCLUDED_OUTBOUND),
        ({"direction": "internal"}, y.EXCLUDED_INTERNAL),
        ({"test": True}, y.EXCLUDED_TEST),
    ],
)
def test_outbound_internal_and_test_calls_are_counted_apart_31_38(marks: dict[str, object], field: int) -> None:
    floor = Floor().play(call("c1", **marks).offered(at=0).answered(at=10).ended(at=70))

    assert floor.total() == Floor().total()
    assert floor.count(field, "", "voice") == 1


def test_a_test_call_does_not_wait_in_the_queue_38() -> None:
    floor = Floor().play(call(test=True).offered(at=0), call("c2").offered(at=5))

    assert floor.live(now=10).waiting == 1


def test_a_call_that_turns_out_to_be_a_test_is_taken_back_38() -> None:
    floor = Floor().play(call().offered(at=0).answered(at=10, test=True).ended(at=70))

    assert floor.total().offered == 0
    assert floor.taken_back(y.OFFERED) == 1
    assert floor.count(y.EXCLUDED_TEST, "", "voice") == 1


def test_a_callback_is_dialled_and_counts_in_its_queue_all_the_same_31() -> None:
    floor = Floor().play(call(direction="outbound").offered(at=0, is_callback=True).answered(at=10).ended(at=70))

    assert (floor.total().offered, floor.total().answered) == (1, 1)


def test_a_consultation_is_no_second_handling_of_the_call_31() -> None:
    story = call().offered(at=0).answered(at=10).answered(at=40, agent_id="bob", role="consult")
    floor = Floor().play(story.ended(at=60, agent_id="bob").ended(at=100, agent_id="ann"))

    billing = floor.total()
    assert (billing.answered, billing.segments, billing.talk_ms) == (1, 1, 90_000)
    assert floor.count(y.CONSULTS) == 1
    floor.take(*call(event_id="asked").tell(e.CallAnswered, 70, agent_id="cem", queue="sales", role="consult").events)
    assert (floor.count(y.ANSWERED, "sales"), floor.count(y.UNMATCHED, "sales")) == (0, 0)


def test_a_consultation_does_not_answer_a_call_that_waits_31() -> None:
    floor = Floor().play(call().offered(at=0).answered(at=5, agent_id="bob", role="consult"))

    assert floor.total().answered == 0
    assert floor.live(now=10).waiting == 1


def test_a_supervisor_who_listens_changes_nothing_32() -> None:
    story = call().offered(at=0).answered(at=10)
    story.tell(e.CallAnswered, 30, agent_id="eve", role="monitor").tell(e.CallEnded, 50, agent_id="eve", role="monitor")

    floor = Floor().play(story)

    assert (floor.total().answered, floor.count(y.REPEATED)) == (1, 0)
    assert (floor.live(now=60).handling, floor.total().segments) == (1, 0)


# --- priority, emptiness [34, 35] ------------------------------------------------------------------------------------


def test_those_who_wait_are_counted_by_priority_34() -> None:
    stories = [call("c1", priority=10).offered(at=0), call("c2").offered(at=5), call("c3", priority=10).offered(at=9)]

    live = Floor().play(*stories).live(now=10)

    assert live.by_priority == {10: 2, 0: 1}


def test_an_empty_queue_has_no_service_level_and_no_speed_of_answer_35() -> None:
    floor = Floor().play(call().offered(at=0).answered(at=10).ended(at=60))

    quiet = floor.window("5m", now=3_600)
    assert set(service_levels(quiet).values()) == {None}
    assert asa_seconds(quiet) is None
