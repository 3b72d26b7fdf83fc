"""The contacts of a partition over time: open, settled, a stub, forgotten; and how they are stored."""

from __future__ import annotations

import msgspec
import pytest

from streams import events as e
from streams import tally as y
from streams.contacts import Contacts
from streams.settings import Settings
from streams.stored import StateRefusedError, check_version
from tests.support import DAY, HOUR, Floor, Story, call, chat, heartbeat, ms

DONE = call().offered(at=0).answered(at=10).ended(at=60)


def tick(floor: Floor, at: float) -> Floor:
    """Let time pass on conversation-events, by an event of another conversation."""
    return floor.take(*chat(f"tick@{at}").queued(at=at, queue="elsewhere").events)


# --- from open to forgotten ------------------------------------------------------------------------------------------


def test_a_finished_call_shrinks_to_a_stub_after_the_time_for_corrections() -> None:
    floor = Floor().take(*DONE.events, heartbeat(at=60 + 1_799))
    assert not floor.calls.contacts["c1"].is_stub

    floor.take(heartbeat(at=60 + 1_800))

    assert floor.calls.contacts["c1"].is_stub


def test_a_call_in_after_contact_work_is_not_over() -> None:
    story = call().offered(at=0).answered(at=10).ended(at=60)
    story.tell(e.CallWrapStarted, 60)
    floor = Floor().take(*story.events, heartbeat(at=2 * HOUR))
    assert not floor.calls.contacts["c1"].is_stub

    floor.take(*call().wrapped_up(at=2 * HOUR, queue="billing", event_id="done").events)

    assert floor.total().wrap_ms == 7_140_000


def test_a_stub_is_forgotten_after_a_day() -> None:
    floor = Floor().take(*DONE.events, heartbeat(at=2 * HOUR), heartbeat(at=60 + DAY - 1))
    assert "c1" in floor.calls.contacts

    floor.take(heartbeat(at=60 + DAY))

    assert floor.calls.contacts == {}


def test_what_is_kept_is_counted_as_it_goes_from_open_to_closed_to_a_stub_and_is_forgotten() -> None:
    other = call("c2").offered(at=0)
    floor = Floor().take(*other.events, *DONE.events[:-1])
    assert floor.calls.store.kept == [2, 0, 0]

    floor.take(*DONE.events[-1:])
    assert floor.calls.store.kept == [1, 1, 0]
    floor.take(heartbeat(at=60 + 1_800))
    assert floor.calls.store.kept == [1, 0, 1]
    floor.take(*other.answered(at=7_200).ended(at=7_300).events[-2:], heartbeat(at=60 + DAY))

    assert floor.calls.store.kept == [0, 0, 1], "c1 is forgotten, c2 a stub"


def test_queue_and_channel_of_all_that_is_in_hand_are_kept_once() -> None:
    floor = Floor().take(
        *call("c1").offered(at=0).answered(at=1).events, *call("c2").offered(at=0).answered(at=2).events
    )

    first, second = floor.calls.handling.values()

    assert first == ("billing", "voice")
    assert first is second


def test_a_conversation_is_remembered_for_a_week() -> None:
    floor = Floor().play(chat().queued(at=0).assigned(at=10).resolved(at=100))
    tick(floor, 6 * DAY)
    assert floor.conversations.contacts["d1"].is_stub

    tick(floor, 8 * DAY)

    assert "d1" not in floor.conversations.contacts


def test_a_new_conversation_two_days_late_is_counted_in_the_slice_it_belongs_to_25() -> None:
    floor = tick(Floor(), 2 * DAY)

    floor.play(chat("late").queued(at=0).assigned(at=10))

    assert floor.total("chat", "chat").answered == 1
    assert floor.counter("late_after_close") == 0


def test_a_call_that_comes_a_day_late_may_have_been_counted_before_and_is_not_again_25() -> None:
    floor = Floor().take(heartbeat(at=DAY + 1))

    floor.take(*call("late").offered(at=0).events)

    assert floor.total().offered == 0
    assert floor.counter("late_after_close") == 1


def test_a_conversation_reopened_the_next_day_is_a_new_cycle_and_no_repetition_20() -> None:
    floor = Floor().play(chat().queued(at=0).assigned(at=10).resolved(at=100))
    tick(floor, DAY)
    assert floor.conversations.contacts["d1"].is_stub

    again = Story("d1", channel="chat", event_id="again", queue="chat").tell(e.ConversationReopened, DAY + 60)
    floor.take(*again.events)

    assert floor.count(y.REPEATED, "chat", "chat") == 0
    assert floor.conversations.contacts["d1"].head is not None


def test_a_survey_answered_the_next_day_does_not_open_the_conversation_again_20() -> None:
    floor = Floor().play(chat().queued(at=0).assigned(at=10).resolved(at=100))
    tick(floor, DAY)

    rated = Story("d1", channel="chat", event_id="rated").tell(e.Rated, DAY + 60, kind="csat", score=5.0)
    floor.take(*rated.events)
    tick(floor, 3 * DAY)

    assert (
        floor.conversations.counters.get("orphaned_contacts|silence", 0) == 1
    )  # the tick of the first day, and only that
    assert floor.live("chat", "chat", now=3 * DAY).waiting == 0


def test_a_review_of_the_next_day_counts_in_the_queue_of_the_conversation() -> None:
    floor = tick(Floor().play(chat("d1").queued(at=0).assigned(at=10).resolved(at=60)), HOUR)
    assert floor.conversations.contacts["d1"].is_stub

    review = chat("d1", event_id="review").tell(e.Reviewed, DAY, kind="qa", score=0.9)
    floor.play(review)

    assert floor.total("chat", "chat").say("qa_reviews") == 1
    assert floor.total("", "chat").say("qa_reviews") == 0


def test_a_test_conversation_rated_the_next_day_is_one_test_contact_38() -> None:
    floor = Floor().play(chat(test=True).queued(at=0).assigned(at=10).resolved(at=100))
    tick(floor, DAY)

    floor.take(*Story("d1", event_id="rated").tell(e.Rated, DAY + 60, kind="csat", score=5.0).events)

    assert floor.count(y.EXCLUDED_TEST, "", "chat") == 1


def test_after_contact_work_that_ends_forty_minutes_later_opens_no_contact_27() -> None:
    floor = Floor().take(*DONE.events, heartbeat(at=60 + 2_400))

    floor.take(*call(event_id="wrapped").wrapped_up(at=60 + 2_400).events, heartbeat(at=8 * HOUR))

    assert floor.counter("orphaned_contacts|silence") == 0


# --- storing and reading back ----------------------------------------------------------------------------------------

ODD = [
    "c|1",
    "||",
    "c1|s|t|0",
    "Grüße",
    "звонок",
    "📞☎️",
    "\x00",
    "a\x00b",
    "c|call-events|m|",
    " ",
    "\u202e",
    "x" * 200,
]


@pytest.mark.parametrize("contact_id", ODD)
def test_a_contact_of_any_id_survives_a_restart_29(contact_id: str) -> None:
    floor = Floor().play(call(contact_id, event_id="one").offered(at=0))

    again = floor.restarted()

    assert list(again.calls.contacts) == [contact_id]
    assert again.live(now=30).waiting == 1
    again.take(*call(contact_id, event_id="two").answered(at=12, queue="billing").events)
    assert again.total().answered_wait_ms == 12_000


@pytest.mark.parametrize("agent_id", ["a|b", "Jörg", "🙂", "\x00"])
def test_an_agent_of_any_id_survives_a_restart_29(agent_id: str) -> None:
    change = e.AgentStateChanged(event_id="1", occurred_at=ms(0), agent_id=agent_id, state="available", queues=("q|1",))

    again = Floor().take(change).restarted()

    assert again.people.agents[agent_id].state_at(ms(60)) == "available"
    assert dict(again.everybody(now=60).agents) == {"available": 1}


def test_live_gauges_come_from_state_after_a_restart_29() -> None:
    stories = [call("c1", priority=3).offered(at=0), call("c2").offered(at=5).answered(at=9), call("c3").offered(at=7)]
    floor = Floor().play(*stories)

    again = floor.restarted()

    assert again.live(now=20) == floor.live(now=20)
    assert (again.live(now=20).waiting, again.live(now=20).handling) == (2, 1)
    assert again.live(now=20).conservation_residual == 0


def test_a_timer_fires_after_a_restart_as_it_would_have_before_29() -> None:
    again = Floor().take(*call().offered(at=0).events).restarted()

    again.take(heartbeat(at=4 * HOUR))

    assert again.total().orphaned == 1


def test_what_is_forgotten_is_deleted_from_the_store_once() -> None:
    floor = Floor().take(*DONE.events, heartbeat(at=2 * HOUR))
    first = floor.calls.flush()
    assert first is not None
    assert b"call-events|c|c1" not in floor.calls.flushed(first)

    floor.take(heartbeat(at=2 * DAY))
    second = floor.calls.flush()
    assert second is not None
    assert floor.calls.flushed(second).count(b"call-events|c|c1") == 1


def test_an_id_in_use_again_is_not_deleted_from_the_store() -> None:
    floor = Floor().take(*DONE.events, heartbeat(at=2 * HOUR))
    floor.calls.flush()
    floor.take(heartbeat(at=2 * DAY))
    flush = floor.calls.flush()
    assert flush is not None

    floor.take(*call(event_id="again").offered(at=2 * DAY).events)

    assert b"call-events|c|c1" not in floor.calls.flushed(flush)


def test_state_of_another_version_is_refused_with_what_to_do() -> None:
    one = Contacts(Settings(), b"call-events|")

    with pytest.raises(
        StateRefusedError, match=r"state version 9; this program reads versions 3, 4 and 5\. Run the version that"
    ):
        one.restore(b"c1", msgspec.msgpack.encode((9, 0, False, 0, b"", None, -1, b"")))
    with pytest.raises(StateRefusedError, match="The stored marker is of state version 8"):
        check_version(8, "marker")


def test_state_of_another_version_is_refused_with_what_to_do_though_it_is_built_in_another_way() -> None:
    one = Contacts(Settings(), b"call-events|")

    with pytest.raises(StateRefusedError, match="The stored contact is of state version 9"):
        one.restore(b"c1", msgspec.msgpack.encode((9, "all", {"is": "new"})))
