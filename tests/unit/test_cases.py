"""The hard cases that have no other home, and the table of all forty: each row names a test that says its number."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from streams import api, snapshot
from streams import events as e
from streams import tally as y
from streams.board.queue import detail, positions, waiting
from streams.exposition import Exposition
from streams.exposition.floor import floor_families
from streams.exposition.worker import worker_families
from streams.kpis import escalation_ratio
from streams.partition import Waiting
from streams.settings import QueueSettings, Settings, from_raw
from streams.snapshot import Snapshot, WorkerStatus
from streams.staffing.erlang import Demand
from streams.staffing.pool import Bounds, bounds
from streams.staffing.required import Goal
from tests.support import DAY, HOUR, Floor, call, chat, heartbeat, ms, state, stored

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "cases.md"


def taken(floor: Floor, now: float) -> Snapshot:
    return snapshot.take(floor.partitions, floor.settings, WorkerStatus(), ms(now))


def live(floor: Floor, now: float, queue: str = "billing") -> dict[str, Any]:
    """What ``/api/floor`` says of a queue now; "ALL" is the floor."""
    answer = api.floor(taken(floor, now))
    if queue == "ALL":
        return dict(answer["floor"]["live"])
    (row,) = [row for row in answer["queues"] if row["queue"] == queue]
    return dict(row["live"])


# --- the table -------------------------------------------------------------------------------------------------------


def rows() -> list[tuple[int, str, str]]:
    """Number, case and test of each row."""
    cells = [line.strip("|").split(" | ") for line in TABLE.read_text("utf-8").splitlines() if re.match(r"\| \d", line)]
    return [(int(row[0]), row[1].strip(), row[-1].strip().strip("`")) for row in cells]


def test_there_are_forty_cases_in_order() -> None:
    assert [number for number, _, _ in rows()] == list(range(1, 41))


@pytest.mark.parametrize(("number", "case", "test"), rows(), ids=lambda value: str(value)[:40])
def test_each_case_has_a_test_whose_name_ends_with_its_number(number: int, case: str, test: str) -> None:
    path, _, name = test.partition("::")
    ending = re.search(r"((?:_\d+)+)$", name)

    assert case
    assert f"def {name}(" in (ROOT / path).read_text("utf-8")
    assert ending is not None
    assert str(number) in ending[1].split("_")


# --- coming back [3] -------------------------------------------------------------------------------------------------


def test_a_visit_that_comes_back_is_linked_to_the_one_it_follows_3() -> None:
    loop = call().offered(at=0).flowed_out(at=30, reason="timeout").offered(at=31).flowed_out(at=60, reason="timeout")
    floor = Floor().play(loop.offered(at=61).answered(at=70).ended(at=90))

    head = floor.calls.contacts["c1"].head
    assert head is not None
    assert [visit.previous for visit in head.visits] == [-1, 0, 1]
    assert (floor.total().offered, floor.total().rejoined, floor.total().answered_wait_ms) == (3, 2, 9_000)


def test_a_visit_after_an_answer_is_no_coming_back_3() -> None:
    story = call().offered(at=0).answered(at=5).transferred(at=50, to="billing").offered(at=50).answered(at=60)

    assert Floor().play(story.ended(at=90)).total().rejoined == 0


def test_a_link_is_found_in_whatever_order_it_is_told_3_24() -> None:
    story = call().offered(at=0).flowed_out(at=30, reason="timeout").offered(at=31).answered(at=40)
    first, left, again, answer = story.events

    floor = Floor().take(again, answer, left, first)

    assert (floor.total().offered, floor.total().rejoined, floor.total().answered_wait_ms) == (2, 1, 9_000)


# --- voicemail [6] ---------------------------------------------------------------------------------------------------


def left_a_message(name: str, at: float) -> e.Event:
    (_, event) = call(name).offered(at=at - 40).flowed_out(at=at, reason="voicemail").events
    return event


def handled(name: str, at: float) -> e.Event:
    return call(name, event_id=f"handled-{name}@{at}").tell(e.CallVoicemailHandled, at).events[0]


def voicemails(floor: Floor, now: float, queue: str = "billing") -> tuple[int | None, float | None]:
    found = live(floor, now, queue)
    return found["voicemails"], found["oldest_voicemail_seconds"]


def test_a_voicemail_is_in_the_backlog_until_somebody_deals_with_it_6() -> None:
    stories = [call(f"c{n}").offered(at=60 * n).flowed_out(at=60 * n + 40, reason="voicemail") for n in range(3)]
    floor = Floor().play(*stories).take(handled("c0", 600))

    assert voicemails(floor, 700) == (2, 600.0)
    assert voicemails(floor, 700, "ALL") == (2, 600.0)
    floor.take(handled("c2", 710), handled("c1", 720))
    assert voicemails(floor, 730) == (0, None)


def test_where_nobody_tells_of_voicemails_dealt_with_there_is_no_backlog_6_35() -> None:
    floor = Floor().play(call().offered(at=0).flowed_out(at=40, reason="voicemail"))

    assert voicemails(floor, 60) == (None, None)


def test_a_voicemail_of_the_weekend_is_kept_and_survives_a_restart_6_29() -> None:
    floor = Floor().play(call("c1").offered(at=0).flowed_out(at=40, reason="voicemail"))
    floor.play(call("c2").offered(at=60).flowed_out(at=100, reason="voicemail")).take(handled("c2", 200))

    again = floor.take(heartbeat(2 * DAY)).restarted()

    assert voicemails(again, 2 * DAY) == (1, 2 * DAY - 40)
    again.take(handled("c1", 2 * DAY + 5))
    assert voicemails(again, 2 * DAY + 6) == (0, None)


def test_a_voicemail_is_given_up_after_a_week_and_is_no_orphan_6() -> None:
    floor = Floor().play(call("c1").offered(at=0).flowed_out(at=40, reason="voicemail"))
    floor.play(call("c2").offered(at=60).flowed_out(at=100, reason="voicemail")).take(handled("c2", 200))

    floor.take(heartbeat(7 * DAY), heartbeat(7 * DAY + 41), heartbeat(9 * DAY))

    assert voicemails(floor, 9 * DAY) == (0, None)
    assert (floor.counter("orphaned_contacts|silence"), floor.total().orphaned) == (0, 0)
    assert floor.calls.contacts == {}


def test_a_voicemail_dealt_with_twice_is_a_repetition_6_23() -> None:
    floor = Floor().play(call().offered(at=0).flowed_out(at=40, reason="voicemail"))

    floor.take(handled("c1", 100), handled("c1", 110))

    assert voicemails(floor, 120) == (0, None)


# --- agents of several queues, several contacts at once [15, 16, 17] -------------------------------------------------


def test_an_agent_of_three_queues_is_a_third_available_in_each_and_one_on_the_floor_15() -> None:
    stories = [call(f"c{n}").offered(at=0, queue=queue) for n, queue in enumerate(("billing", "sales", "vip"))]
    floor = Floor().play(*stories).take(state("ann", 1, "available", ["billing", "sales", "vip"]))
    floor.take(state("bob", 1, "available", ["billing"]))

    shares = {queue: live(floor, 10, queue)["agents_available_share"] for queue in ("billing", "sales", "vip")}

    assert shares == {"billing": pytest.approx(4 / 3), "sales": pytest.approx(1 / 3), "vip": pytest.approx(1 / 3)}
    assert [live(floor, 10, queue)["agents_staffed"] for queue in ("billing", "sales", "vip", "ALL")] == [2, 1, 1, 2]


def test_queues_that_share_agents_need_fewer_than_the_sum_of_what_each_needs_alone_16() -> None:
    four_erlang, goal = Demand(1 / 60, 240.0), Goal(0.8, 20.0)

    assert bounds([(four_erlang, goal)] * 3) == Bounds(pooled=16, alone=21)
    assert bounds([(four_erlang, goal)]) == Bounds(7, 7)
    assert bounds([]) == Bounds(0, 0)


def test_one_of_three_chats_is_a_third_of_an_agent_17() -> None:
    stories = [chat(f"d{n}").queued(at=n).assigned(at=10 + n) for n in range(4)]
    floor = Floor().play(stories[0]).take(state("ann", 5, "on_contact", ["chat"], capacity=3))

    one = live(floor, 60, "chat")
    assert (one["slots"], one["slots_in_use"], one["slot_occupancy_ratio"]) == (3, 1, pytest.approx(1 / 3))

    full = live(floor.play(*stories[1:]), 60, "chat")
    assert (full["slots"], full["slots_in_use"], full["slot_occupancy_ratio"]) == (3, 3, 1.0)


def test_slots_are_of_the_agents_whatever_queue_fills_them_17() -> None:
    floor = Floor().play(call("c1").offered(at=0, queue="sales").answered(at=5), call("c2").offered(at=1))
    floor.take(state("ann", 0, "on_contact", ["billing", "sales"]), state("bob", 0, "break", ["billing"]))

    assert (live(floor, 10)["slots"], live(floor, 10)["slots_in_use"]) == (1, 1)
    assert (live(floor, 10, "ALL")["slots"], live(floor, 10, "ALL")["slots_in_use"]) == (1, 1)


def test_with_nobody_serving_there_is_no_occupancy_of_slots_17_35() -> None:
    floor = Floor().play(call().offered(at=0))

    assert (live(floor, 10)["slots"], live(floor, 10)["slot_occupancy_ratio"]) == (0, None)


def test_capacity_is_known_when_older_changes_were_forgotten_17() -> None:
    floor = Floor().take(state("ann", 0, "available", ["chat"], capacity=3))
    for n in range(1_200):
        floor.take(state("ann", 10 + n, "on_contact" if n % 2 else "available"))

    agent = floor.people.agents["ann"]
    assert (agent.cut, agent.capacity, agent.queues) == (True, 3, ("chat",))


# --- two clocks of a conversation [19] -------------------------------------------------------------------------------


def test_a_conversation_of_five_days_waited_ten_minutes_and_is_five_days_old_19() -> None:
    story = chat("d1").tell(e.ConversationStarted, 0)
    story.tell(e.ConversationMessage, 0, author="customer").tell(e.ConversationQueued, 1, queue="chat")
    story.tell(e.ConversationMessage, 60, author="agent", agent_id="ann")
    story.tell(e.ConversationMessage, 5 * DAY, author="customer")
    story.tell(e.ConversationMessage, 5 * DAY + 600, author="agent", agent_id="ann")
    floor = Floor().play(story)

    answer = api.floor(taken(floor, 5 * DAY + 3_600))
    (row,) = answer["queues"]

    assert row["windows"]["today"]["kpis"]["next_response_seconds"] == 600.0
    assert row["backlog"]["oldest_age_seconds"] == 5 * DAY + 3_600
    assert row["backlog"]["awaiting_next_reply"] == 0


# --- closed, nobody there [33] ---------------------------------------------------------------------------------------


def test_a_closed_queue_says_so_and_without_agents_there_is_no_expected_wait_33() -> None:
    closed = e.QueueStateChanged(event_id="q", occurred_at=ms(0), queue="billing", open=False)
    answered = call("c0").offered(at=-100).answered(at=-90).ended(at=-10)
    floor = Floor().play(answered, call().offered(at=1)).take(closed)

    nobody = live(floor, 10)
    assert (nobody["open"], nobody["no_agents"], nobody["expected_wait_seconds"]) == (False, True, None)
    exposed = {
        family.name: [point.value for point in family.points if point.labels["queue"] == "billing"]
        for family in floor_families(taken(floor, 10))
        if family.name in ("no_agents", "expected_wait_seconds")
    }
    assert exposed == {"no_agents": [1.0]}

    floor.take(state("ann", 11, "available", ["billing"]))
    assert (live(floor, 12)["no_agents"], live(floor, 12)["expected_wait_seconds"]) == (False, 160.0)


# --- who is next [34] ------------------------------------------------------------------------------------------------


def test_who_is_next_goes_by_priority_and_then_by_time_34() -> None:
    stories = [call("c1").offered(at=0), call("vip", priority=10).offered(at=5), call("c3").offered(at=9)]
    taken_now = taken(floor := Floor().play(*stories), 10)
    (row,) = taken_now.rows

    waiters = waiting(floor.partitions, taken_now, row)

    assert [name for name, _ in waiters] == ["vip", "c1", "c3"]
    assert [contact["position"] for contact in detail(taken_now, row, waiters)["contacts"]] == [1, 2, 3]


def test_the_routers_position_holds_where_it_is_better_34() -> None:
    stories = [call("c1").offered(at=0), call("c2").offered(at=5, position=9), call("c3").offered(at=9, position=1)]
    floor = Floor().play(*stories)

    waits = sorted(floor.calls.waiting.items())

    assert [visit.position for _, (visit,) in waits] == [0, 9, 1]
    assert positions([(name, visit) for name, (visit,) in waits]) == [1, 2, 1]


def test_each_queue_and_channel_is_a_line_of_its_own_34() -> None:
    places = [("billing", "voice"), ("sales", "voice"), ("billing", "chat"), ("billing", "voice")]
    lines = [(f"c{n}", Waiting(queue, channel, n, 0, False)) for n, (queue, channel) in enumerate(places)]

    assert positions(lines) == [1, 1, 1, 2]


# --- labels, settings [39, 40] ---------------------------------------------------------------------------------------


def test_no_id_of_a_contact_a_customer_or_an_agent_is_ever_a_label_39() -> None:
    story = call("contact-4711", customer_id="customer-4712").offered(at=0).answered(at=5, agent_id="agent-4713")
    floor = Floor().play(story.ended(at=60), call("contact-4714", customer_id="customer-4715").offered(at=70))
    floor.take(state("agent-4713", 0, "available", ["billing"]))
    for partition in floor.partitions:
        stored(partition)
    shown = taken(floor, 80)

    text = Exposition(20_000, with_process=False).text([*worker_families(shown), *floor_families(shown)]).decode()

    assert 'queue="billing"' in text
    assert "471" not in text


def test_a_renamed_queue_is_a_queue_of_its_own_and_the_old_one_goes_on_39() -> None:
    floor = Floor().play(call("c1").offered(at=0, queue="billing").answered(at=5).ended(at=50))
    floor.play(call("c2").offered(at=60, queue="accounts").answered(at=70).ended(at=90))

    assert (floor.total("billing").answered, floor.total("accounts").answered) == (1, 1)
    assert [row["queue"] for row in api.floor(taken(floor, 100))["queues"]] == ["accounts", "billing"]


def test_a_changed_threshold_has_another_hash_and_leaves_what_was_counted_40() -> None:
    before = Floor(Settings(defaults=QueueSettings(service_level_threshold_seconds=20.0)))
    before.play(call("c1").offered(at=0).answered(at=25).ended(at=60))

    after = before.restarted(Settings(defaults=QueueSettings(service_level_threshold_seconds=30.0)))
    after.play(call("c2").offered(at=100).answered(at=125).ended(at=160))

    assert before.settings.hash != after.settings.hash
    assert (after.total().answered, after.total().answered_in_threshold) == (2, 1)
    info = [p.labels for f in worker_families(taken(after, 200)) if f.name == "config_info" for p in f.points]
    assert info == [{"hash": after.settings.hash}]


@pytest.mark.parametrize(
    ("change", "same"),
    [({"defaults": {"preset": "answered_only"}}, False), ({"queues": {"vip": {"short_abandon_seconds": 9}}}, False),
     ({"defaults": {"attribution": "arrival"}}, False), ({"defaults": {"timezone": "Asia/Kolkata"}}, False),
     ({"web": {"port": 9_000}}, True), ({"worker": {"series_budget": 9_000}}, True)],
)  # fmt: skip
def test_what_changes_a_definition_changes_its_hash_40(change: dict[str, Any], same: bool) -> None:
    assert (from_raw(change, {}).hash == from_raw({}, {}).hash) is same


# --- escalations -----------------------------------------------------------------------------------------------------


def test_an_escalation_counts_once_with_its_segment_and_the_ratio_does_not_pass_1() -> None:
    story = call().offered(at=0).answered(at=10).tell(e.CallEscalated, 30).tell(e.CallEscalated, 40)
    floor = Floor().play(story)

    assert escalation_ratio(floor.window("5m", now=45)) is None
    floor.take(*call(event_id="end").ended(at=50, queue="billing", agent_id="ann").events)
    assert (floor.total().escalations, escalation_ratio(floor.window("5m", now=60))) == (1, 1.0)
    assert floor.count(y.REPEATED) == 1


def test_an_escalation_while_waiting_counts_with_the_segment_that_follows() -> None:
    story = call().offered(at=0).tell(e.CallEscalated, 5)
    floor = Floor().play(story)

    assert floor.total().escalations == 0
    floor.take(*call(event_id="a").answered(at=10, queue="billing").events)
    floor.take(*call(event_id="b").ended(at=HOUR, queue="billing").events)
    assert floor.total().escalations == 1
