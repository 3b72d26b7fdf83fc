"""How far numbers can be trusted: silence and gaps by source and queue, snapshots, clocks, what sources sent badly."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from streams import api, snapshot
from streams import events as e
from streams.crossing import fact as crossing
from streams.crossing.wire import decode
from streams.exposition.floor import floor_families
from streams.exposition.worker import worker_families
from streams.partition import Partition, Record
from streams.settings import Settings
from streams.snapshot import Snapshot, WorkerStatus
from streams.trust import MAX_FEEDS, MAX_GAPS, MAX_SOURCES, Sources
from streams.trust.origin import origin_of
from tests.support import DAY, HOUR, Floor, call, chat, ms, record, state, stored


def beat(source: str, at: float) -> e.SourceHeartbeat:
    return e.SourceHeartbeat(event_id=f"{source}@{at}", occurred_at=ms(at), source=source)


def gap(at: float, since: float, source: str = "pbx") -> e.SourceGap:
    return e.SourceGap(event_id=f"gap@{at}", occurred_at=ms(at), source=source, since=ms(since))


def still_open(at: float, *contacts: str, source: str = "pbx") -> e.SourceSnapshot:
    return e.SourceSnapshot(event_id=f"open@{at}", occurred_at=ms(at), source=source, open_contacts=contacts)


def seen(floor: Floor, now: float) -> Snapshot:
    """The floor as it is shown, everything flushed."""
    for partition in floor.partitions:
        stored(partition)
    return snapshot.take(floor.partitions, floor.settings, WorkerStatus(), ms(now))


def row(taken: Snapshot, queue: str = "billing") -> dict[str, object]:
    (found,) = [each for each in api.floor(taken)["queues"] if each["queue"] == queue]
    trust: dict[str, object] = found["trust"]
    return trust


def counts(taken: Snapshot, source: str) -> dict[str, int]:
    return {name: n for name, n in taken.trust[source].counts.items() if n}


# --- silence [36] ----------------------------------------------------------------------------------------------------


def two_sites() -> Floor:
    """Billing is fed by north alone, sales by north and south; south was last heard of at 100 s."""
    floor = Floor().take(*call("c1", source="north").offered(at=0).events)
    floor.take(*call("c2", source="north").offered(at=5, queue="sales").events)
    floor.take(*call("c3", source="south").offered(at=9, queue="sales").events)
    return floor.take(beat("south", 100), beat("north", 300))


def test_a_stale_source_marks_every_queue_it_feeds_and_no_other_36() -> None:
    taken = seen(two_sites(), now=301)

    assert taken.settings.worker.stale_after_seconds == 30
    assert (row(taken, "billing")["stale"], row(taken, "billing")["incomplete"]) == (False, False)
    assert (row(taken, "sales")["stale"], row(taken, "sales")["incomplete"]) == (False, True)
    assert row(taken, "sales")["silent_sources"] == ["south"]
    assert api.floor(taken)["complete"] is False


def test_a_queue_whose_sources_are_all_silent_is_stale_and_not_quiet_36() -> None:
    taken = seen(two_sites().take(beat("north", 310)), now=341)

    assert (row(taken, "sales")["stale"], row(taken, "billing")["stale"]) == (True, True)
    values = {
        (point.labels["queue"], family.name): point.value
        for family in floor_families(taken)
        if family.name == "queue_stale"
        for point in family.points
    }
    assert values["sales", "queue_stale"] == values["billing", "queue_stale"] == values["ALL", "queue_stale"] == 1.0


def test_a_source_feeds_a_queue_for_a_week_after_it_last_told_of_it_36() -> None:
    floor = two_sites().take(beat("north", 6 * DAY), beat("south", 100.5))

    assert row(seen(floor, now=6 * DAY), "sales")["silent_sources"] == ["south"]
    floor.take(beat("north", 8 * DAY))
    assert row(seen(floor, now=8 * DAY), "sales")["sources"] == []


def test_what_feeds_what_is_known_after_a_restart_29_36() -> None:
    floor = two_sites().take(state("ann", 20, "available", ["vip"]))

    again = floor.restarted()

    assert [p.trust.feeds for p in again.partitions] == [p.trust.feeds for p in floor.partitions]
    assert again.people.trust.feeds == {"vip": {"acd": ms(0)}}


def test_the_lag_of_a_source_is_behind_the_one_that_is_furthest_on() -> None:
    sources = {s["source"]: s for s in api.floor(seen(two_sites(), now=301))["sources"]}

    assert (sources["north"]["watermark_lag_seconds"], sources["south"]["watermark_lag_seconds"]) == (0, 200)
    assert (sources["north"]["staleness_seconds"], sources["south"]["staleness_seconds"]) == (1, 201)
    assert sources["south"]["queues"] == ["sales"]


def test_a_group_is_as_trustworthy_as_its_queues_36() -> None:
    floor = two_sites()
    floor.settings = Settings(groups={"all": ("billing", "sales"), "one": ("billing",)})

    groups = {group["queue"]: group["trust"]["incomplete"] for group in api.floor(seen(floor, now=301))["groups"]}

    assert groups == {"all": True, "one": False}


# --- gaps and snapshots [27, 28] -------------------------------------------------------------------------------------


def test_a_gap_marks_the_queue_as_incomplete_until_a_snapshot_closes_it_28() -> None:
    floor = Floor().take(*call("c1").offered(at=0).events, gap(at=300, since=60))

    cut_off = seen(floor, now=301)
    assert (row(cut_off)["stale"], row(cut_off)["incomplete"]) == (False, True)
    assert cut_off.trust["pbx"].cut_off_since == ms(60)

    floor.take(still_open(305, "c1"))
    whole = seen(floor, now=306)
    assert row(whole)["incomplete"] is False
    assert whole.trust["pbx"].cut_off_since is None


def test_a_window_that_overlaps_a_gap_stays_incomplete_28() -> None:
    floor = Floor().take(*call("c1").offered(at=0).events, gap(at=300, since=60), still_open(305, "c1"))

    (billing,) = api.floor(seen(floor.take(beat("pbx", 1_000)), now=1_000))["queues"]

    assert {name: window["complete"] for name, window in billing["windows"].items()} == {
        "1m": True, "5m": True, "15m": False, "30m": False, "1h": False, "today": False,
    }  # fmt: skip


def test_what_a_snapshot_no_longer_lists_is_closed_as_an_orphan_28() -> None:
    floor = Floor().take(
        *call("waits").offered(at=0).events, *call("gone").offered(at=5).events,
        *call("talks").offered(at=6).answered(at=10).events, *call("over").offered(at=7).answered(at=12).events,
    )  # fmt: skip

    floor.take(still_open(300, "waits", "talks"))

    assert (floor.live(now=301).waiting, floor.live(now=301).handling) == (1, 1)
    billing = floor.total()
    assert (billing.offered, billing.orphaned, billing.abandoned, billing.answered) == (4, 1, 0, 2)
    assert floor.live(now=301).conservation_residual == 0
    assert (floor.counter("orphaned_contacts|snapshot"), floor.counter("orphaned_contacts|silence")) == (2, 0)


def test_a_snapshot_speaks_for_its_own_source_and_for_the_time_before_it_28() -> None:
    floor = Floor().take(
        *call("other", source="pbx-2").offered(at=0).events, *call("later").offered(at=301).events, still_open(300)
    )

    assert floor.live(now=302).waiting == 2


def test_the_true_end_of_what_a_snapshot_closed_puts_it_right_28() -> None:
    story = call("c1").offered(at=0).abandoned(at=100)
    floor = Floor().take(story.events[0], still_open(300), story.events[1])

    billing = floor.total()
    assert (billing.orphaned, billing.abandoned, billing.abandoned_wait_ms) == (0, 1, 100_000)


def test_the_same_snapshot_twice_closes_once_and_a_stub_not_at_all_28() -> None:
    done = call("done").offered(at=0).answered(at=5).ended(at=50)
    floor = Floor().take(*done.events, *call("c1").offered(at=0).events, beat("pbx", 2 * HOUR))

    floor.take(still_open(2 * HOUR), still_open(2 * HOUR))

    assert (floor.total().orphaned, floor.counter("orphaned_contacts|snapshot")) == (1, 1)


def test_a_contact_that_a_snapshot_lists_is_not_given_up_by_the_clock_27() -> None:
    floor = Floor().take(*call("c1").offered(at=0).events, *call("c2").offered(at=0).events)

    floor.take(still_open(3.5 * HOUR, "c1", "c2"), still_open(7 * HOUR, "c1", "c2"), beat("pbx", 10.9 * HOUR))
    assert (floor.live(now=10.9 * HOUR).waiting, floor.total().orphaned) == (2, 0)

    floor.take(beat("pbx", 11 * HOUR))  # four hours after it was listed last
    assert (floor.live(now=11 * HOUR).waiting, floor.total().orphaned) == (0, 2)


def test_a_conversation_is_reconciled_like_a_call_27_28() -> None:
    floor = Floor().take(*chat("d1", source="desk").queued(at=0).events)
    lost = still_open(60, source="desk")

    floor.conversations.apply([record(floor.conversations.next_offset, lost)])

    assert floor.live("chat", "chat", now=61).waiting == 0
    assert floor.total("chat", "chat").orphaned == 1


@pytest.mark.parametrize("lost", [0, 1, 2, 3])
def test_a_snapshot_read_again_after_a_crash_closes_what_it_closed_28_29(lost: int) -> None:
    told: Sequence[e.Event] = (
        *call("c1").offered(at=0).events, *call("c2").offered(at=5).events, gap(200, since=100), still_open(300, "c2"),
        *call("c3").offered(at=310).events, *call("not yet told of").offered(at=250).events,
    )  # fmt: skip
    records = [record(n, event) for n, event in enumerate(told)]
    whole = Partition(Settings(), e.CALL_EVENTS, 0)
    whole.apply(records)
    flush = whole.flush()
    assert flush is not None
    phases = [*flush.tallies, *flush.contacts, flush.marker]

    again = Partition(Settings(), e.CALL_EVENTS, 0)
    for key, value in phases[: len(phases) - lost]:
        again.restore(key, value)
    again.restored()
    again.apply(records)

    assert again.counters == whole.counters
    assert again.waiting == whole.waiting
    assert (again.trust.gaps, again.trust.feeds) == (whole.trust.gaps, whole.trust.feeds)
    assert {k: b.total.fields for k, b in again.ledger.books.items()} == {
        k: b.total.fields for k, b in whole.ledger.books.items()
    }


def test_a_gap_of_the_future_is_refused() -> None:
    floor = Floor()

    (refused,) = floor.take_raw(None, msgspec.json.encode(gap(at=0, since=1)))

    assert (refused.reason, refused.detail.startswith("$.since is after $.occurred_at")) == ("out_of_range", True)


# --- what each source sent -------------------------------------------------------------------------------------------


def test_duplicates_disorder_late_and_refused_records_are_counted_by_source() -> None:
    story = call("c1", source="north").offered(at=0).answered(at=10).ended(at=100)
    floor = Floor().take(story.events[0], story.events[2], story.events[1], story.events[1])
    floor.take(beat("north", 40 * DAY), *call("c0", source="north").offered(at=0).events)
    floor.take_raw(b"x", msgspec.json.encode(call("c9", source="north").offered(at=1).events[0]))
    floor.take_raw(b"x", msgspec.json.encode(call("c9", source="nobody").offered(at=1).events[0]))
    floor.take_raw(b"x", b"{")

    taken = seen(floor, now=40 * DAY)

    assert counts(taken, "north") == {"events": 6, "duplicates": 1, "out_of_order": 1, "late": 1, "rejected": 1}
    shown = {(f.name, p.labels["source"]): p.value for f in worker_families(taken) for p in f.points
             if f.name.startswith("source_") and "topic" in p.labels}  # fmt: skip
    assert shown["source_duplicates", "north"] == 1
    assert shown["source_rejected", "other"] == 2


def test_a_negative_duration_is_counted_for_the_source_whose_word_made_it_26() -> None:
    offered = call("c1", source="pbx").offered(at=10).events
    answered = call("c1", source="desk", event_id="answer").answered(at=7, queue="billing").events

    taken = seen(Floor().take(*offered, *answered), now=20)

    assert counts(taken, "desk") == {"events": 1, "negative_durations": 1, "out_of_order": 1}
    assert counts(taken, "pbx") == {"events": 1}


@pytest.mark.parametrize(("ahead", "least"), [(0, 0.2), (5_000, -4.8), (-3_000, 3.2)])
def test_a_clock_that_is_ahead_is_told_by_events_from_the_future_26(ahead: int, least: float) -> None:
    floor = Floor()
    for n, delay in enumerate((900, 200, 400)):
        event = beat("pbx", 60 * n)
        skewed = msgspec.structs.replace(event, occurred_at=event.occurred_at + ahead)
        floor.calls.apply([Record(n, None, msgspec.json.encode(skewed), ms(60 * n) + delay)])

    (source,) = api.floor(seen(floor, now=200))["sources"]

    assert source["least_delay_seconds"] == least


def test_the_least_delay_forgets_after_two_hours() -> None:
    sources = Sources()
    for hour, delay in ((0, 100), (1, 700), (2, 500), (5, 900)):
        sources.hear("pbx", ms(hour * HOUR), None, ms(hour * HOUR) + delay)
        if hour == 1:
            assert sources.least_delay_ms("pbx") == 100
        if hour == 2:
            assert sources.least_delay_ms("pbx") == 500

    assert sources.least_delay_ms("pbx") == 900
    assert sources.least_delay_ms("nobody") is None


# --- bounds ----------------------------------------------------------------------------------------------------------


def test_sources_beyond_fifty_are_one_39() -> None:
    floor = Floor().take(*(beat(f"s{n}", n) for n in range(1_000)))

    assert len(floor.calls.sources) == MAX_SOURCES == 50
    assert floor.calls.sources["other"] == ms(999)
    assert sum(n for name, n in floor.calls.counters.items() if name.startswith("source|")) == 1_000


def test_gaps_and_pairs_of_queue_and_source_are_bounded() -> None:
    sources = Sources()
    for n in range(3_000):
        sources.lost_sight("pbx", ms(n))
        sources.hear("pbx", ms(n), f"q{n}", 0)

    assert sorted(sources.gaps["pbx"]) == [ms(n) for n in range(3_000 - MAX_GAPS, 3_000)]
    assert sum(map(len, sources.feeds.values())) == MAX_FEEDS


@pytest.mark.parametrize(
    ("value", "source"),
    [(b'{"source": "pbx", "type": 7}', "pbx"), (b'{"source": 7}', ""), (b"{", ""), (None, ""), (b"[" * 60_000, ""),
     (b'{"source": "\xff"}', ""), (b'{"source": "' + b"x" * 70_000 + b'"}', "")],
)  # fmt: skip
def test_the_source_of_a_refused_record_is_read_where_that_is_possible(value: bytes | None, source: str) -> None:
    assert origin_of(value) == source


def test_what_a_snapshot_closes_is_over_for_its_customer_too() -> None:
    floor = Floor().take(*call().offered(at=0, customer_id="anna").events)
    floor.calls.take_outgoing()

    floor.calls.apply([record(floor.calls.next_offset, still_open(60))])

    (bundle,) = [decode(value) for _, key, value in floor.calls.take_outgoing() if key == b"anna"]
    assert isinstance(bundle, crossing.Bundle)
    (told,) = bundle.told
    assert isinstance(told.fact, crossing.Case)
    assert (told.fact.contact_id, told.fact.done_at) == ("c1", ms(60))
