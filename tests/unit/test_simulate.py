"""The simulated floor: repeatable, believable, and every record of it good."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict

import pytest

from streams import events as e
from streams.decode import decode
from streams.simulate import Item, Oracle, Spec, demo, for_rate, simulate
from streams.simulate.arrivals import day_rate
from streams.simulate.spec import OFFICE_DAY

TEN_O_CLOCK = 1_760_004_000_000
HOUR = 3_600_000


def an_hour(*, drain: bool = False, hours: float = 1.0, hour: float = 10.0) -> Spec:
    return dataclasses.replace(demo(TEN_O_CLOCK, 3_600 * hours, hour=hour), drain=drain)


@pytest.fixture(scope="module")
def morning() -> tuple[list[Item], Oracle]:
    """Three hours from nine to noon, cut while contacts are open."""
    oracle = Oracle()
    return list(simulate(an_hour(hours=3, hour=9.0), 11, oracle)), oracle


def test_the_same_seed_gives_the_same_bytes() -> None:
    first = [(item.topic, item.key, item.value) for item in simulate(an_hour(), 3)]
    second = [(item.topic, item.key, item.value) for item in simulate(an_hour(), 3)]

    assert first == second
    assert len(first) > 5_000


def test_another_seed_gives_another_floor_and_other_contact_ids() -> None:
    def ids(seed: int) -> set[bytes | None]:
        return {item.key for item in simulate(an_hour(hours=0.2), seed) if item.topic == e.CALL_EVENTS and item.key}

    assert ids(1).isdisjoint(ids(2))


def test_every_record_is_a_good_event_on_its_topic_and_under_its_key(morning: tuple[list[Item], Oracle]) -> None:
    items, _ = morning

    for item in items:
        assert decode(item.topic, item.key, item.value, item.publish_at) == item.event
        assert item.event is not None
        assert e.key_of(item.event) is None or item.key == (e.key_of(item.event) or "").encode()


def test_time_never_goes_back_and_events_are_published_as_they_happen(morning: tuple[list[Item], Oracle]) -> None:
    items, _ = morning
    times = [item.publish_at for item in items]

    assert times == sorted(times)
    assert all(item.event is not None and item.event.occurred_at == item.publish_at for item in items)


def test_event_ids_are_unique(morning: tuple[list[Item], Oracle]) -> None:
    ids = Counter(item.event.event_id for item in morning[0] if item.event)

    assert [event_id for event_id, n in ids.items() if n > 1] == []


def test_heartbeats_go_to_every_partition_of_every_topic_every_five_seconds(
    morning: tuple[list[Item], Oracle],
) -> None:
    beats: dict[str, set[int]] = defaultdict(set)
    for item in morning[0]:
        if isinstance(item.event, e.SourceHeartbeat):
            assert item.everywhere
            assert item.key is None
            beats[item.topic].add(item.event.occurred_at)

    assert sorted(beats) == sorted(e.TOPICS)
    for times in beats.values():
        assert times == set(range(TEN_O_CLOCK + 5_000, TEN_O_CLOCK + 3 * HOUR + 1, 5_000))


def test_nearly_every_kind_of_event_happens_in_a_few_hours(morning: tuple[list[Item], Oracle]) -> None:
    seen = {type(item.event) for item in morning[0]}
    all_kinds = set(e.Event.__args__)

    assert all_kinds - seen <= {e.SourceSnapshot, e.SourceGap, e.CallVoicemailHandled, e.ConversationMerged, e.Reviewed,
                                e.ConversationCommented, e.ConversationReopened, e.ConversationAbandoned}  # fmt: skip


def test_arrivals_of_a_day_add_up_and_are_highest_at_the_peaks() -> None:
    rate, busiest = day_rate(OFFICE_DAY, 10_000)

    whole_day = sum(rate(minute * 60_000) * 60_000 for minute in range(24 * 60))

    assert whole_day == pytest.approx(10_000, rel=1e-3)
    assert rate(11 * HOUR) == pytest.approx(busiest)
    assert rate(15 * HOUR) > 0.95 * busiest
    assert rate(3 * HOUR) < 0.05 * busiest


def test_calls_arrive_as_the_day_says() -> None:
    spec = dataclasses.replace(demo(TEN_O_CLOCK, 86_400, hour=0.0), heartbeat_ms=HOUR)
    calls = [q for q in spec.queues if q.channel == "voice" and q.open_hours == (0.0, 24.0)]
    expected = [sum(day_rate(spec.day, q.per_day)[0](int((h + 0.5) * HOUR)) * HOUR for q in calls) for h in range(24)]
    first_queue: dict[str, tuple[str, int]] = {}
    oracle = Oracle()

    for _ in simulate(spec, 5, oracle):
        pass
    for visit in oracle.visits:
        if visit.channel == "voice" and not visit.is_callback:
            first_queue.setdefault(visit.contact_id, (visit.queue, visit.started_ms))
    names = {q.name for q in calls}
    arrived = Counter((at - spec.midnight_ms) // HOUR for queue, at in first_queue.values() if queue in names)

    for hour in range(24):  # 4 % give up in the IVR, 1.5 % are internal or tests; four standard deviations of room
        assert arrived[hour] == pytest.approx(expected[hour] * 0.95, abs=4 * (expected[hour] + 5) ** 0.5)


def test_littles_law_holds_between_the_events_and_the_truth(morning: tuple[list[Item], Oracle]) -> None:
    items, oracle = morning
    length, area, last, open_visits = 0, 0, TEN_O_CLOCK, set()
    for item in items:
        event = item.event
        if not isinstance(event, e.CallEvent) or event.test or event.direction != "inbound" or event.role != "handler":
            continue
        area, last = area + length * (event.occurred_at - last), event.occurred_at
        if isinstance(event, e.CallOffered):
            open_visits.add(event.contact_id)
        elif isinstance(event, e.CallAnswered | e.CallAbandoned | e.CallFlowedOut) or (
            isinstance(event, e.CallTransferred) and event.before_answer
        ):
            open_visits.discard(event.contact_id)
        length = len(open_visits)
    area += length * (TEN_O_CLOCK + 3 * HOUR - last)

    waited = sum(visit.wait_ms for visit in oracle.visits if visit.counted and visit.channel == "voice")

    assert waited == pytest.approx(area, rel=0.02)  # one of the two exchanges cuts its waits to whole seconds
    assert area > 0


def test_each_queue_is_balanced(morning: tuple[list[Item], Oracle]) -> None:
    for place, n in morning[1].totals().items():
        left = sum(n.get(name, 0) for name in ("answered", "abandoned", "flowed_out", "waiting"))
        reasons = sum(count for name, count in n.items() if name.startswith("flowed_out_") and name[-3:] != "_ms")

        assert n["offered"] == left, place
        assert n.get("flowed_out", 0) == reasons, place


def test_a_drained_floor_is_empty_at_the_end() -> None:
    oracle = Oracle()

    last = list(simulate(an_hour(drain=True), 4, oracle))[-1]

    assert all(visit.outcome != "waiting" for visit in oracle.visits)
    assert all(segment.ending in ("ended", "transferred") for segment in oracle.segments)
    assert last.publish_at > TEN_O_CLOCK + HOUR


def test_an_agent_on_the_phone_has_one_call_at_a_time(morning: tuple[list[Item], Oracle]) -> None:
    in_hand: dict[str, str] = {}
    for item in morning[0]:
        event = item.event
        if not isinstance(event, e.CallEvent) or event.role != "handler" or event.agent_id is None:
            continue
        if isinstance(event, e.CallAnswered):
            assert event.agent_id not in in_hand
            in_hand[event.agent_id] = event.contact_id
        elif isinstance(event, e.CallEnded | e.CallTransferred) and event.direction != "outbound":
            assert in_hand.pop(event.agent_id) == event.contact_id


def test_about_forty_agents_work_at_the_peak(morning: tuple[list[Item], Oracle]) -> None:
    state = {
        item.event.agent_id: item.event.state for item in morning[0] if isinstance(item.event, e.AgentStateChanged)
    }

    signed_in = [agent for agent, now in state.items() if now != "signed_out"]

    assert 36 <= len(signed_in) <= 44


def test_the_wall_is_alive_service_level_moves(morning: tuple[list[Item], Oracle]) -> None:
    quarters: dict[int, Counter[str]] = defaultdict(Counter)
    for (_, channel, start), counts in morning[1].intervals(minutes=15).items():
        if channel == "voice":
            quarters[start].update(counts)
    levels = [n["answered_within"] / (n["answered"] + n["abandoned"] - n["short_abandoned"]) for n in quarters.values()]

    assert len(levels) == 12
    assert 0.60 < sum(levels) / 12 < 0.97
    assert max(levels) - min(levels) > 0.15


def test_sources_measure_some_waits_and_leave_others_to_the_reader(morning: tuple[list[Item], Oracle]) -> None:
    answers = [item.event for item in morning[0] if isinstance(item.event, e.CallAnswered)]
    measured = [event for event in answers if event.wait_ms is not None]

    assert 0.3 < len(measured) / len(answers) < 0.7
    assert all(event.wait_ms is not None and event.wait_ms % 1000 == 0 for event in measured)


def test_a_missed_ring_leaves_the_wait_running_and_the_agent_out_of_the_rotation(
    morning: tuple[list[Item], Oracle],
) -> None:
    items, oracle = morning
    missed = {
        item.event.contact_id: item.event.occurred_at
        for item in items
        if isinstance(item.event, e.CallNotAnswered) and item.event.reason == "no_answer"
    }
    answered_later = [
        visit for visit in oracle.visits if visit.contact_id in missed and visit.outcome == "answered" and visit.counted
    ]

    assert answered_later
    assert any(visit.wait_ms >= 18_000 for visit in answered_later)
    assert any(isinstance(i.event, e.AgentStateChanged) and i.event.state == "not_responding" for i in items)


def test_a_callback_is_a_new_contact_that_names_the_first() -> None:
    items = list(simulate(an_hour(hours=2.5, hour=11.0), 1))
    flowed_out = {
        item.event.contact_id
        for item in items
        if isinstance(item.event, e.CallFlowedOut) and item.event.reason == "callback"
    }
    callbacks = [item.event for item in items if isinstance(item.event, e.CallOffered) and item.event.is_callback]

    assert callbacks
    assert {event.callback_of for event in callbacks} <= flowed_out
    assert all(event.contact_id != event.callback_of for event in callbacks)


def test_a_lost_end_says_nothing_more_of_that_contact() -> None:
    oracle = Oracle()
    spec = dataclasses.replace(an_hour(hours=6), missing_ends=0.1)
    ends = Counter(
        item.event.contact_id
        for item in simulate(spec, 2, oracle)
        if isinstance(item.event, e.CallAbandoned | e.CallEnded) and item.event.role == "handler"
    )

    lost = {visit.contact_id for visit in oracle.visits if visit.outcome == "lost"}
    floor = oracle.floor()

    assert lost
    assert not lost & set(ends)
    assert floor["orphaned"] > 0  # quiet for four hours by the end
    assert floor["handling_orphaned"] > floor["orphaned"]
    assert floor["offered"] == sum(
        floor[name] for name in ("answered", "abandoned", "flowed_out", "waiting", "orphaned")
    )


def test_a_spec_for_a_rate_gives_about_that_many_events_a_second() -> None:
    spec = for_rate(100, TEN_O_CLOCK, 1_200)
    second_half = TEN_O_CLOCK + 600_000

    events = sum(item.publish_at >= second_half for item in simulate(spec, 1))

    assert events / 600 == pytest.approx(100, rel=0.1)
