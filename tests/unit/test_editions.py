"""A changed definition holds for contacts first heard of from then on; those before keep theirs, corrections too."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from streams import api, snapshot
from streams import events as e
from streams import tally as y
from streams.partition import Partition, Record
from streams.settings import PriorityTargets, QueueSettings, Retention, Settings
from streams.snapshot import WorkerStatus
from tests.support import DAY, HOUR, Floor, call, chat, heartbeat, ms, record, stored

VERSIONS = b"call-events|v|"


def rule(**fields: Any) -> Settings:
    return Settings(defaults=QueueSettings(**fields))


def within(seconds: float) -> Settings:
    return rule(service_level_threshold_seconds=seconds)


def editions(partition: Partition) -> list[int]:
    """The offsets at which the editions that a partition has stored begin."""
    written = [value for key, value in stored(partition) if key == VERSIONS and value]
    return [since for since, _ in msgspec.msgpack.decode(written[-1])] if written else []


def test_a_correction_after_a_restart_takes_back_what_was_counted_under_the_old_threshold_40() -> None:
    floor = Floor(within(20)).play(call().offered(at=0).answered(at=25).ended(at=60)).restarted(within(30))

    floor.take(*call(event_id="late").tell(e.CallStarted, 1, test=True).events)

    assert (floor.total().answered, floor.total().answered_in_threshold) == (0, 0)
    assert floor.window("15m", now=70).answered_in_threshold == 0


def test_a_contact_that_waits_through_the_restart_is_counted_as_when_it_came_and_the_next_one_as_now_40() -> None:
    floor = Floor(within(20)).play(call("c1").offered(at=0)).restarted(within(30))

    floor.play(call("c1", event_id="x").answered(at=25), call("c2").offered(at=26).answered(at=51))

    assert (floor.total().answered, floor.total().answered_in_threshold) == (2, 1)


def test_each_of_three_thresholds_is_taken_back_as_it_was_counted_40() -> None:
    floor = Floor(within(20)).play(call("c1").offered(at=0).answered(at=25).ended(at=60))
    floor = floor.restarted(within(30)).play(call("c2").offered(at=100).answered(at=125).ended(at=160))
    floor = floor.restarted(within(10)).play(call("c3").offered(at=200).answered(at=205).ended(at=260))
    assert floor.total().answered_in_threshold == 2

    for name, at in (("c1", 1), ("c2", 101), ("c3", 201)):
        floor.take(*call(name, event_id="late").tell(e.CallStarted, at, test=True).events)

    assert (floor.total().answered, floor.total().answered_in_threshold) == (0, 0)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [({"short_abandon_seconds": 5.0}, {"short_abandon_seconds": 9.0}, y.SHORT_ABANDONED),
     ({"ring_band_to_seconds": 20.0}, {"ring_band_to_seconds": 2.0}, y.RINGS_TOO_SLOW)],
)  # fmt: skip
def test_short_abandons_and_the_ring_band_are_taken_back_as_they_were_counted_40(
    old: dict[str, float], new: dict[str, float], field: int
) -> None:
    stories = (call("c1").offered(at=0).abandoned(at=7), call("c2").offered(at=0).alerting(at=1).answered(at=5))
    floor = Floor(rule(**old)).play(*stories).restarted(rule(**new))

    for name in ("c1", "c2"):
        floor.take(*call(name, event_id="late").tell(e.CallStarted, 1, test=True).events)

    assert floor.count(field) == 0
    assert (floor.total().abandoned, floor.total().answered) == (0, 0)


def test_a_promise_runs_and_is_kept_or_missed_by_the_target_of_when_the_conversation_began_40() -> None:
    told = chat("d1").queued(at=0)
    floor = Floor(rule(first_reply_target_seconds=120.0)).play(told).restarted(rule(first_reply_target_seconds=30.0))

    running = api.floor(snapshot.take(floor.partitions, floor.settings, WorkerStatus(), ms(60)))
    floor.take(*chat("d1", event_id="r").tell(e.ConversationMessage, 60, author="agent", queue="chat").events)

    assert running["floor"]["backlog"]["overdue"]["first_reply"] == 0
    counts = floor.total("chat", "chat")
    assert (counts.say("first_reply_met"), counts.say("first_reply_missed")) == (1, 0)


def test_a_crash_in_the_middle_of_a_flush_and_a_new_threshold_count_once_and_under_the_old_one_40() -> None:
    old = Partition(within(20), e.CALL_EVENTS, 0)
    events = call().offered(at=0).answered(at=25).ended(at=60).events
    records = [record(n, event) for n, event in enumerate(events)]
    old.apply(records)
    flush = old.flush()
    assert flush is not None

    new = Partition(within(30), e.CALL_EVENTS, 0)
    for key, value in flush.tallies:  # and neither contacts nor marker
        new.restore(key, value)
    new.restored()
    new.apply(records)
    new.apply([record(3, call(event_id="late").tell(e.CallStarted, 1, test=True).events[0])])

    fields = new.ledger.books["billing", "voice"].total.fields
    assert {n for n in (y.ANSWERED, y.ANSWERED_IN_T) if fields.get(n, 0)} == {y.ANSWERED}
    assert editions(new) == [0, 3]


def test_the_same_settings_begin_no_edition_and_other_ones_do_and_settings_that_count_nothing_do_not() -> None:
    floor = Floor(within(20)).play(call("c1").offered(at=0))
    assert editions(floor.calls) == [0]

    same = Floor(within(20)).play(call("c1").offered(at=0)).restarted().play(call("c2").offered(at=9))
    assert editions(same.calls) == []
    windows = Settings(defaults=within(20).defaults, windows=("1m",), retention=Retention(coarse_days=9))
    quiet = Floor(within(20)).play(call("c1").offered(at=0)).restarted(windows).play(call("c2").offered(at=9))
    assert editions(quiet.calls) == []
    other = Floor(within(20)).play(call("c1").offered(at=0)).restarted(within(30)).play(call("c2").offered(at=9))
    assert editions(other.calls) == [0, 1]


def test_an_edition_goes_with_the_last_contact_that_was_counted_under_it() -> None:
    floor = Floor(within(20)).play(call("c1").offered(at=0).answered(at=5).ended(at=9)).restarted(within(30))
    floor.play(call("c2").offered(at=100)).take(heartbeat(at=2 * DAY))
    assert "c1" not in floor.calls.contacts

    again = floor.restarted().take(heartbeat(at=2 * DAY + HOUR))

    assert editions(again.calls) == [3]


def test_definitions_read_back_as_they_were_stored() -> None:
    settings = Settings(
        queues={"vip": QueueSettings(opening_hours={"mon": ("09:00-12:00", "13:00-17:00")}, holiday_calendar="DE-BY",
                                     priorities={"5": PriorityTargets(first_reply_target_seconds=9.0)})},
        teams={"north": ("ann",)}, tags=("invoice",),
    )  # fmt: skip
    floor = Floor(settings).play(call("c1").offered(at=0))

    again = floor.restarted()

    assert editions(again.play(call("c2").offered(at=9)).calls) == []


def test_a_changelog_without_editions_is_counted_under_what_is_in_force() -> None:
    old = Floor(within(20)).play(call("c1").offered(at=0))
    new = Partition(within(30), e.CALL_EVENTS, 0)
    for key, value in stored(old.calls):
        if key != VERSIONS:
            new.restore(key, value)
    new.restored()
    (answered,) = call("c1", event_id="x").answered(at=25).events

    assert new.apply([Record(1, b"c1", msgspec.json.encode(answered), 0)]) == []

    assert new.ledger.books["billing", "voice"].total.fields[y.ANSWERED_IN_T] == 1
