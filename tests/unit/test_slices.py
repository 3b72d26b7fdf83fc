"""Windows, site days and clock hours: where they begin and how long they are, on the days clocks change too."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from streams.slices import HOUR, MINUTE, day_span, hour_start, intervals, length_ms, midnight, rings, window_span

RINGS = rings()


def utc(moment: str) -> int:
    """Epoch milliseconds of an ISO moment in UTC."""
    return round(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp() * 1000)


def said(at_ms: int) -> str:
    """A moment as ISO in UTC, to the minute."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M")


# --- windows ---------------------------------------------------------------------------------------------------------


def test_a_window_is_the_current_partial_slice_and_the_whole_ones_before_it() -> None:
    span = window_span("1m", utc("2026-03-02T10:00:34"), ZoneInfo("UTC"), RINGS.fine)

    assert span == (utc("2026-03-02T09:59:40"), utc("2026-03-02T10:00:40"))


def test_a_window_that_begins_on_a_slice_holds_that_moment() -> None:
    span = window_span("15m", utc("2026-03-02T10:00:00"), ZoneInfo("UTC"), RINGS.minute)

    assert span == (utc("2026-03-02T09:46:00"), utc("2026-03-02T10:01:00"))


def test_a_window_shorter_than_its_slices_is_one_slice() -> None:
    span = window_span("30s", utc("2026-03-02T10:07:00"), ZoneInfo("UTC"), RINGS.coarse)

    assert span == (utc("2026-03-02T10:00:00"), utc("2026-03-02T10:15:00"))


def test_no_window_is_shorter_than_a_word_without_a_unit() -> None:
    with pytest.raises(ValueError, match="'15' is no window"):
        length_ms("15")


# --- today -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "now", "starts"),
    [
        ("UTC", "2026-03-02T23:59", "2026-03-02T00:00"),
        ("Asia/Kolkata", "2026-03-02T18:29", "2026-03-01T18:30"),
        ("Asia/Kolkata", "2026-03-02T18:30", "2026-03-02T18:30"),
        ("Asia/Kathmandu", "2026-03-02T18:14", "2026-03-01T18:15"),
        ("Asia/Kathmandu", "2026-03-02T18:15", "2026-03-02T18:15"),
        ("Australia/Sydney", "2026-01-15T13:00", "2026-01-15T13:00"),
        ("Australia/Sydney", "2026-07-15T13:00", "2026-07-14T14:00"),
        ("America/New_York", "2026-01-15T04:59", "2026-01-14T05:00"),
        ("America/New_York", "2026-07-15T04:00", "2026-07-15T04:00"),
        ("Europe/London", "2026-07-15T22:59", "2026-07-14T23:00"),
    ],
)
def test_today_begins_at_the_sites_own_midnight_12(zone: str, now: str, starts: str) -> None:
    span = window_span("today", utc(now), ZoneInfo(zone), RINGS.coarse)

    assert said(span.start) == starts


CHANGES = [
    ("Australia/Sydney", "2026-04-05T12:00", "2026-04-04T13:00", 25),
    ("Australia/Sydney", "2026-10-04T11:00", "2026-10-03T14:00", 23),
    ("America/New_York", "2026-03-08T20:00", "2026-03-08T05:00", 23),
    ("America/New_York", "2026-11-01T20:00", "2026-11-01T04:00", 25),
    ("Europe/London", "2026-03-29T20:00", "2026-03-29T00:00", 23),
    ("Europe/London", "2026-10-25T20:00", "2026-10-24T23:00", 25),
    ("Asia/Kolkata", "2026-03-29T12:00", "2026-03-28T18:30", 24),
    ("Asia/Kathmandu", "2026-10-25T12:00", "2026-10-24T18:15", 24),
    ("America/Santiago", "2026-09-06T12:00", "2026-09-06T04:00", 23),  # its midnight does not exist
]


@pytest.mark.parametrize(("zone", "now", "starts", "hours"), CHANGES)
def test_the_day_clocks_change_has_23_or_25_hours_13(zone: str, now: str, starts: str, hours: int) -> None:
    span = day_span(utc(now), ZoneInfo(zone))

    assert said(span.start) == starts
    assert span.end - span.start == hours * HOUR


@pytest.mark.parametrize(("zone", "now", "starts", "hours"), CHANGES)
def test_today_is_never_longer_than_the_sites_day_13(zone: str, now: str, starts: str, hours: int) -> None:
    last_moment = day_span(utc(now), ZoneInfo(zone)).end - 1

    span = window_span("today", last_moment, ZoneInfo(zone), RINGS.coarse)

    assert (said(span.start), span.end - span.start) == (starts, hours * HOUR)


@pytest.mark.parametrize(("zone", "now", "starts", "hours"), CHANGES)
def test_the_hours_of_a_day_fill_it_without_gap_or_overlap_13(zone: str, now: str, starts: str, hours: int) -> None:
    day = day_span(utc(now), ZoneInfo(zone))

    spans = intervals(day.start, day.end, "hour", ZoneInfo(zone))

    assert len(spans) == hours
    assert said(spans[0].start) == starts
    assert all(before.end == after.start for before, after in itertools.pairwise(spans))
    assert spans[-1].end == day.end


def test_the_repeated_hour_of_autumn_comes_twice_13() -> None:
    spans = intervals(utc("2026-10-25T00:00"), utc("2026-10-25T02:00"), "hour", ZoneInfo("Europe/London"))

    local = [datetime.fromtimestamp(span.start / 1000, ZoneInfo("Europe/London")).isoformat() for span in spans]
    assert local == ["2026-10-25T01:00:00+01:00", "2026-10-25T01:00:00+00:00"]


def test_the_skipped_hour_of_spring_does_not_come_13() -> None:
    spans = intervals(utc("2026-03-29T00:00"), utc("2026-03-29T02:00"), "hour", ZoneInfo("Europe/London"))

    local = [datetime.fromtimestamp(span.start / 1000, ZoneInfo("Europe/London")).hour for span in spans]
    assert local == [0, 2]


# --- hours and intervals ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "at", "starts"),
    [
        ("UTC", "2026-03-02T10:59:59.999", "2026-03-02T10:00"),
        ("Asia/Kolkata", "2026-03-02T10:29", "2026-03-02T09:30"),
        ("Asia/Kolkata", "2026-03-02T10:30", "2026-03-02T10:30"),
        ("Asia/Kathmandu", "2026-03-02T10:14", "2026-03-02T09:15"),
        ("Asia/Kathmandu", "2026-03-02T10:15:00.001", "2026-03-02T10:15"),
        ("America/New_York", "2026-03-02T10:30", "2026-03-02T10:00"),
    ],
)
def test_an_hour_begins_where_the_sites_clock_says_12(zone: str, at: str, starts: str) -> None:
    assert said(hour_start(utc(at), ZoneInfo(zone))) == starts
    assert hour_start(utc(at), ZoneInfo(zone)) % MINUTE == 0


def test_the_hours_that_touch_a_stretch_are_whole_hours() -> None:
    spans = intervals(utc("2026-03-02T10:59"), utc("2026-03-02T12:01"), "hour", ZoneInfo("UTC"))

    assert [said(span.start) for span in spans] == ["2026-03-02T10:00", "2026-03-02T11:00", "2026-03-02T12:00"]


def test_the_end_of_a_stretch_is_exclusive() -> None:
    spans = intervals(utc("2026-03-02T10:00"), utc("2026-03-02T11:00"), "hour", ZoneInfo("UTC"))

    assert spans == [(utc("2026-03-02T10:00"), utc("2026-03-02T11:00"))]


def test_a_week_of_days_over_a_change_of_clocks_has_seven_of_them_13() -> None:
    spans = intervals(utc("2026-03-23T00:00"), utc("2026-03-29T23:00"), "day", ZoneInfo("Europe/London"))

    assert [(span.end - span.start) // HOUR for span in spans] == [24, 24, 24, 24, 24, 24, 23]


def test_a_day_with_two_midnights_begins_at_the_first() -> None:
    havana = ZoneInfo("America/Havana")

    assert said(midnight(datetime(2026, 11, 1, tzinfo=havana).date(), havana)) == "2026-11-01T04:00"
