"""One source partition: refused records, the watermark, and what flush and restore do to each."""

from __future__ import annotations

import msgspec
import pytest

from streams import events as e
from streams import tally as y
from streams.partition import Partition, Record, StateRefusedError
from streams.settings import Settings
from tests.support import START, Floor, call, heartbeat, in_time, ms, numbers, record, state, stored


def partition() -> Partition:
    return Partition(Settings(), e.CALL_EVENTS, 0)


def read_back(pairs: list[tuple[bytes, bytes | None]]) -> Partition:
    again = partition()
    for key, value in pairs:
        again.restore(key, value)
    again.restored()
    return again


GOOD = record(0, call().offered(at=0).events[0])
BAD = [
    (b"c1", b"{", "not_json"), (b"c1", None, "empty"), (b"c1", b"[1]", "not_an_object"), (b"c1", b"\xff", "not_utf8"),
    (b"c2", GOOD.value, "key_mismatch"), (None, GOOD.value, "key_mismatch"),
]  # fmt: skip


# --- refused records -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "value", "reason"), BAD)
def test_a_refused_record_is_counted_by_reason_and_handed_back_whole(
    key: bytes | None, value: bytes | None, reason: str
) -> None:
    one = partition()

    (refused,) = one.apply([Record(7, key, value, 1_234)])

    assert refused[:2] == (7, reason)
    assert refused[3:] == (key, value, 1_234)
    assert one.counters == {f"rejected|{reason}": 1, "source|rejected|other": 1}
    assert one.next_offset == 8


def test_a_refused_record_stops_nothing_and_leaves_no_trace_in_the_numbers() -> None:
    floor = Floor().play(call().offered(at=0))
    floor.take_raw(b"c1", b"{")
    floor.take(*call(event_id="answer").answered(at=12, queue="billing").events)

    assert floor.total().answered_wait_ms == 12_000


def test_refused_records_are_counted_once_when_read_again_after_a_crash_29() -> None:
    records = [GOOD, Record(1, b"x", b"{", 0), Record(2, b"y", b"{", 0)]
    one = partition()
    one.apply(records)
    flush = one.flush()
    assert flush is not None

    again = partition()  # the marker was lost, all before it was stored
    for key, value in [*flush.tallies, *flush.contacts]:
        again.restore(key, value)
    assert again.restored() is None
    refused = again.apply(records)

    assert [r.offset for r in refused] == [1, 2]
    assert again.counters == one.counters
    assert again.counters["rejected|not_json"] == 2


def test_a_record_seen_before_changes_nothing() -> None:
    one = partition()
    one.apply([GOOD])
    before = numbers(one)

    assert one.apply([GOOD]) == []
    assert numbers(one) == before


def test_what_the_totals_show_is_only_what_was_flushed_29() -> None:
    one = partition()
    one.apply([GOOD])
    assert (one.flushed_totals, one.flushed_counters) == ({}, {})
    flush = one.flush()
    assert flush is not None
    assert one.flushed_totals == {}

    one.flushed(flush)

    assert one.flushed_totals["billing", "voice"] == {y.OFFERED: 1}
    assert one.flushed_counters == {"events|call.offered": 1, "source|events|pbx": 1}


def test_a_flush_shows_the_totals_that_grew_and_those_that_did_not_29() -> None:
    one = partition()
    for offset, queue in enumerate(("billing", "sales", "billing")):
        one.apply([record(offset, call(f"c{offset}").offered(at=0, queue=queue).events[0])])
        flush = one.flush()
        assert flush is not None
        one.flushed(flush)

    assert one.flushed_totals == {("billing", "voice"): {y.OFFERED: 2}, ("sales", "voice"): {y.OFFERED: 1}}


def test_what_a_flush_took_that_was_not_stored_is_shown_with_the_next_29() -> None:
    one = partition()
    one.apply([GOOD])
    one.flush()
    one.apply([record(1, call("c2").offered(at=0, queue="sales").events[0])])
    flush = one.flush()
    assert flush is not None

    one.flushed(flush)

    assert one.flushed_totals == {(queue, "voice"): {y.OFFERED: 1} for queue in ("billing", "sales")}


def test_nothing_is_flushed_when_nothing_came_since() -> None:
    one = partition()
    one.apply([GOOD])
    assert one.flush() is not None

    assert one.flush() is None


# --- the watermark ---------------------------------------------------------------------------------------------------


def test_the_watermark_never_goes_back() -> None:
    floor = Floor()
    seen = []
    for at in (10, 5, 30, -1_000, 30, 31):
        floor.take(heartbeat(at=at))
        seen.append((floor.calls.watermark - START) / 1000)

    assert seen == [10, 10, 30, 30, 30, 31]


def test_the_watermark_is_the_same_after_a_restart_29() -> None:
    again = Floor().take(heartbeat(at=60), *call().offered(at=0).events).restarted()

    assert again.calls.watermark == ms(60)
    again.take(*call("c2").offered(at=1).events)
    assert again.calls.watermark == ms(60)


def test_each_source_has_a_time_of_its_own_36() -> None:
    floor = Floor().take(
        *call("c1", source="north").offered(at=50).events, *call("c2", source="south").offered(at=9).events
    )
    floor.take(*call("c3", source="north").offered(at=20).events)

    assert floor.calls.sources == {"north": ms(50), "south": ms(9)}
    assert floor.restarted().calls.sources == floor.calls.sources


def test_a_refused_record_does_not_move_the_watermark() -> None:
    floor = Floor().take(heartbeat(at=10))
    floor.take_raw(b"other", msgspec.json.encode(call().offered(at=900).events[0]))

    assert floor.calls.watermark == ms(10)


# --- storing and reading back ----------------------------------------------------------------------------------------


def test_the_next_offset_is_read_back_from_the_marker_29() -> None:
    one = partition()
    one.apply([GOOD, Record(1, b"x", b"{", 0)])
    again = partition()

    for key, value in stored(one):
        again.restore(key, value)

    assert again.restored() == 2
    assert numbers(again) == numbers(one)


def test_an_empty_changelog_means_reading_from_the_beginning_29() -> None:
    assert partition().restored() is None


def test_a_tombstone_deletes_a_contact_and_a_slice_29() -> None:
    one = partition()
    one.apply([GOOD])
    pairs = stored(one)
    gone: list[tuple[bytes, bytes | None]] = [(key, b"") for key, _ in pairs if b"|c|" in key or b"|s|f|" in key]

    again = read_back([*pairs, *gone])

    assert again.contacts == {}
    assert again.ledger.books["billing", "voice"].fine == {}
    assert again.ledger.books["billing", "voice"].minute != {}


def test_a_marker_of_another_version_is_refused_with_what_to_do() -> None:
    marker = msgspec.msgpack.encode((7, 12, START, {}))

    with pytest.raises(
        StateRefusedError, match="The stored marker is of state version 7; this program reads versions 3, 4 and 5"
    ):
        partition().restore(b"call-events|m|", marker)


def test_two_flushes_read_back_as_one_state_29() -> None:
    one = partition()
    first, second = in_time([call().offered(at=0).answered(at=12)])
    one.apply([record(0, first)])
    pairs = stored(one)
    one.apply([record(1, second)])

    assert numbers(read_back([*pairs, *stored(one)])) == numbers(one)


def test_agents_and_their_time_read_back_as_they_were_29() -> None:
    floor = Floor().take(state("ann", 0, "available", ("billing",)), state("ann", 90, "break"))

    again = floor.restarted()

    assert numbers(again.people) == numbers(floor.people)
    again.take(state("ann", 100, "signed_out"))
    assert again.people.ledger.books["", ""].total.fields == {
        y.STATE_MS["available"]: 90_000, y.STATE_MS["break"]: 10_000,
    }  # fmt: skip
