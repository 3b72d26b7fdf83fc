"""What an agent does with a contact: talk, hold, after-contact work, and handing it on."""

from __future__ import annotations

import pytest

from streams import events as e
from streams import tally as y
from streams.kpis import aht_seconds, call_seconds, hold_seconds, talk_seconds, transfer_ratio, wrap_seconds
from tests.support import Floor, Story, call, chat


def test_handle_time_is_talk_and_hold_and_after_contact_work() -> None:
    story = call().offered(at=0).answered(at=10).held(at=30).resumed(at=50)

    billing = Floor().play(story.ended(at=100).wrapped_up(at=125)).total()

    assert (billing.segments, billing.holds, billing.wraps) == (1, 1, 1)
    assert (billing.talk_ms, billing.hold_ms, billing.wrap_ms) == (70_000, 20_000, 25_000)
    assert aht_seconds(billing) == 115.0


def test_handle_time_and_its_parts_are_means_over_segments() -> None:
    first = call("c1").offered(at=0).answered(at=0).held(at=10).resumed(at=20).ended(at=60).wrapped_up(at=70)
    second = call("c2").offered(at=0).answered(at=0, agent_id="bob").ended(at=90)

    billing = Floor().play(first, second).total()

    assert (talk_seconds(billing), hold_seconds(billing), wrap_seconds(billing)) == (70.0, 5.0, 5.0)
    assert aht_seconds(billing) == 80.0


def test_durations_the_source_measured_win_over_differences_of_times() -> None:
    floor = Floor().play(call().offered(at=0).answered(at=10).ended(at=100, talk_ms=71_000, hold_ms=4_000, acw_ms=900))

    billing = floor.total()
    assert (billing.talk_ms, billing.hold_ms, billing.wrap_ms) == (71_000, 4_000, 900)


def test_a_call_held_twice_has_one_segment_and_two_holds() -> None:
    story = call().offered(at=0).answered(at=0).held(at=10).resumed(at=15).held(at=20).resumed(at=40).ended(at=60)

    billing = Floor().play(story).total()

    assert (billing.segments, billing.holds, billing.hold_ms, billing.talk_ms) == (1, 2, 25_000, 35_000)


def test_after_contact_work_runs_from_its_start_when_that_is_told() -> None:
    story = call().offered(at=0).answered(at=0).ended(at=60)
    story.tell(e.CallWrapStarted, 75).tell(e.CallWrappedUp, 95)

    assert Floor().play(story).total().wrap_ms == 20_000


def test_an_average_call_lasts_from_its_start_to_its_end_ring_and_queue_included() -> None:
    floor = Floor().play(call().started(at=-20).offered(at=0).alerting(at=5).answered(at=10).ended(at=100))

    assert call_seconds(floor.total()) == 120.0


def test_a_transfer_within_the_queue_is_told_apart_from_one_across_queues() -> None:
    story = call().offered(at=0).answered(at=0).transferred(at=30, to="billing")

    billing = Floor().play(story.offered(at=30).answered(at=40, agent_id="bob").ended(at=60)).total()

    assert (billing.transfers_within, billing.transfers_across, billing.segments) == (1, 0, 2)
    assert transfer_ratio(billing) == 0.5


def test_a_transfer_that_names_no_agent_hands_on_the_call_and_not_the_consultation_31() -> None:
    story = call().offered(at=0).answered(at=10).answered(at=40, agent_id="bob", role="consult")

    floor = Floor().play(story.transferred(at=60, to="sales"))

    billing = floor.total()
    assert (billing.segments, billing.talk_ms, billing.transfers_across) == (1, 50_000, 1)
    assert floor.live(now=70).handling == 0


def test_a_hold_around_a_consultation_is_that_of_the_agent_who_has_the_call_31() -> None:
    story = call().offered(at=0).answered(at=10).held(at=30).answered(at=40, agent_id="bob", role="consult")

    floor = Floor().play(story.resumed(at=60).ended(at=100))

    assert (floor.total().hold_ms, floor.total().talk_ms) == (30_000, 60_000)


def test_a_consultation_that_is_handed_on_is_no_transfer_of_a_segment_31() -> None:
    story = call().offered(at=0).answered(at=10).answered(at=40, agent_id="bob", role="consult")

    floor = Floor().play(story.transferred(at=60, to="sales", agent_id="bob").ended(at=100, agent_id="ann"))

    assert (floor.total().segments, floor.total().transfers_across) == (1, 0)


def test_a_call_handed_from_agent_to_agent_is_two_segments_and_one_answer() -> None:
    story = call().offered(at=0).answered(at=10).transferred(at=40, to="bob", to_type="agent")

    billing = Floor().play(story.answered(at=41, agent_id="bob", queue=None).ended(at=71)).total()

    assert (billing.answered, billing.segments, billing.talk_ms) == (1, 2, 60_000)


def test_an_escalation_is_counted_in_the_queue_of_the_contact() -> None:
    story: Story = call().offered(at=0).answered(at=10)

    story.tell(e.CallEscalated, 30).tell(e.CallEnded, 60)
    floor = Floor().play(story)

    assert floor.total().escalations == 1


def test_an_end_with_measured_times_tells_of_an_answer_nobody_sent() -> None:
    floor = Floor().play(call().offered(at=0).ended(at=100, wait_ms=30_000, talk_ms=70_000))

    billing = floor.total()
    assert (billing.answered, billing.answered_wait_ms, billing.talk_ms) == (1, 30_000, 70_000)


# --- conversations [30] ----------------------------------------------------------------------------------------------


def test_a_conversation_waits_from_its_queue_to_its_assignment() -> None:
    floor = Floor().play(chat().queued(at=0).assigned(at=42).resolved(at=342))

    written = floor.total("chat", "chat")
    assert (written.offered, written.answered, written.answered_wait_ms) == (1, 1, 42_000)
    assert (written.segments, written.talk_ms) == (1, 300_000)


@pytest.mark.parametrize("author", ["bot", "auto", "customer"])
def test_only_a_reply_by_a_person_takes_a_conversation_out_of_its_queue(author: str) -> None:
    floor = Floor().play(chat().queued(at=0).tell(e.ConversationMessage, 5, author=author))

    assert floor.live("chat", "chat", now=10).waiting == 1


def test_a_reply_by_a_person_answers_a_conversation_that_was_never_assigned() -> None:
    floor = Floor().play(chat().queued(at=0).tell(e.ConversationMessage, 25, author="agent", agent_id="ann"))

    assert floor.total("chat", "chat").answered_wait_ms == 25_000
    assert floor.live("chat", "chat", now=30).handling == 1


def test_a_private_note_by_a_person_answers_nothing() -> None:
    floor = Floor().play(chat().queued(at=0).tell(e.ConversationMessage, 25, author="agent", public=False))

    assert floor.live("chat", "chat", now=30).waiting == 1


def test_a_merged_conversation_leaves_the_queue_and_every_ratio_30() -> None:
    floor = Floor().play(chat("d1").queued(at=0).merged(at=60, into="d2"), chat("d2").queued(at=0).assigned(at=90))

    written = floor.total("chat", "chat")
    assert (written.answered, written.abandoned, written.flowed_out) == (1, 0, 0)
    assert (written.offered, written.orphaned, written.left, written.answered_wait_ms) == (1, 0, 1, 90_000)
    assert floor.count(y.EXCLUDED_MERGED, "", "chat") == 1
    assert floor.live("chat", "chat", now=120).waiting == 0
    assert floor.live("chat", "chat", now=120).conservation_residual == 0


def test_an_asynchronous_conversation_is_no_talk_for_days() -> None:
    story = Story("m1", channel="messaging").tell(e.ConversationQueued, 0, queue="inbox")
    story.tell(e.ConversationAssigned, 60, queue="inbox", agent_id="ann").tell(e.ConversationResolved, 200_000)

    written = Floor().play(story).total("inbox", "messaging")

    assert (written.segments, written.talk_ms) == (1, 0)


def test_a_reopened_conversation_that_queues_again_is_a_new_visit() -> None:
    story = chat().queued(at=0).assigned(at=10).resolved(at=100).tell(e.ConversationReopened, 500)
    story.tell(e.ConversationQueued, 500, queue="chat").tell(e.ConversationAssigned, 530, queue="chat", agent_id="bob")

    floor = Floor().play(story)

    assert floor.total("chat", "chat").answered_wait_ms == 40_000
    assert (floor.live("chat", "chat", now=540).handling, floor.count(y.REPEATED, "chat", "chat")) == (1, 0)


def test_the_end_of_a_consultation_without_an_agents_name_does_not_end_the_call_31() -> None:
    floor = Floor().play(
        call("c1")
        .offered(at=0)
        .answered(at=10)
        .answered(at=20, agent_id="bob", role="consult")
        .ended(at=30, agent_id=None, role="consult")
    )

    assert floor.live("billing", now=40).handling == 1
