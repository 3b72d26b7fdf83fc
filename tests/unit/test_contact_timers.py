"""A contact that is over leaves no timer of the hours it might have been open: memory follows what is kept."""

from __future__ import annotations

from streams.events import CALL_EVENTS
from streams.partition import Partition
from streams.settings import from_raw
from tests.support import call, heartbeat, in_time, record

CALLS = 2_000


def test_timers_are_no_more_than_a_few_for_each_contact_that_is_kept() -> None:
    settings = from_raw({"retention": {"correction_minutes": 0, "stub_hours": 0.01}}, {})
    partition = Partition(settings, CALL_EVENTS, 0)
    stories = [call(f"c{n}").offered(n).answered(n + 2).ended(n + 5) for n in range(CALLS)]
    most = 0

    for event in in_time(stories):
        assert partition.apply([record(partition.next_offset, event)]) == []
        most = max(most, partition.store._timers.count)

    assert len(partition.contacts) == 36  # stubs of as many seconds; five calls more while others begin
    assert most <= 2 * (36 + 6) + 64 + 1
    assert partition.apply([record(partition.next_offset, heartbeat(CALLS + 60))]) == []
    assert partition.contacts == {}


def test_what_is_due_fires_at_its_time_though_the_timers_were_made_anew_meanwhile() -> None:
    settings = from_raw({"retention": {"correction_minutes": 0, "stub_hours": 0.01}}, {})
    partition = Partition(settings, CALL_EVENTS, 0)
    silent = call("silent").offered(0)
    others = [call(f"c{n}").offered(n).answered(n + 2).ended(n + 5) for n in range(4 * 3_600 + 10)]

    for event in in_time([silent, *others]):
        assert partition.apply([record(partition.next_offset, event)]) == []
        if "orphaned_contacts|silence" in partition.counters:
            break

    assert partition.watermark == others[4 * 3_600].events[0].occurred_at
