"""Opening hours where clocks change, where zones are odd, and the days called today and yesterday at a site."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from streams.hours.calendar import business_ms, due_at, is_open, next_open, yesterday_span
from streams.slices import day_span
from tests.opening_hours import ALWAYS, HOUR, MINUTE, OFFICE, WEEK, at, calendar


@pytest.mark.parametrize(
    ("zone", "spring", "autumn"),
    [
        ("America/New_York", "2026-03-08", "2026-11-01"),
        ("Europe/London", "2026-03-29", "2026-10-25"),
        ("Australia/Sydney", "2026-10-04", "2026-04-05"),
        ("America/Santiago", "2026-09-06", "2026-04-04"),  # at midnight, southern
        ("Pacific/Chatham", "2026-09-27", "2026-04-05"),  # quarter of an hour, southern
    ],
)
def test_the_hour_that_spring_skips_is_not_worked_and_the_one_autumn_repeats_is_worked_twice_13(
    zone: str, spring: str, autumn: str
) -> None:
    always = calendar(ALWAYS, timezone=zone)

    lengths = [business_ms(always, *day_span(at(f"{day} 12:00", zone), ZoneInfo(zone))) for day in (spring, autumn)]

    assert lengths == [23 * HOUR, 25 * HOUR]


def test_lord_howe_changes_by_half_an_hour() -> None:
    zone = "Australia/Lord_Howe"
    night = calendar(dict.fromkeys(WEEK, ("01:00-04:00",)), timezone=zone)

    assert business_ms(night, *day_span(at("2026-10-04 12:00", zone), ZoneInfo(zone))) == 150 * MINUTE
    assert business_ms(night, *day_span(at("2026-04-05 12:00", zone), ZoneInfo(zone))) == 210 * MINUTE


def test_the_night_shift_of_the_change_is_as_long_as_it_was_lived_13() -> None:
    night = calendar(dict.fromkeys(WEEK, ("22:00-06:00",)), timezone="Europe/Berlin")
    noons = [at(f"2026-{day} 12:00", "Europe/Berlin") for day in ("03-28", "03-29", "10-24", "10-25")]

    assert business_ms(night, noons[0], noons[1]) == 7 * HOUR
    assert business_ms(night, noons[2], noons[3]) == 9 * HOUR


def test_hours_within_the_skipped_hour_do_not_exist_that_day() -> None:
    brief = calendar({"sun": ["02:00-03:00"]}, timezone="Europe/Berlin")

    assert business_ms(brief, at("2026-03-29 00:00", "Europe/Berlin"), at("2026-03-30 00:00", "Europe/Berlin")) == 0
    assert next_open(brief, at("2026-03-29 00:00", "Europe/Berlin")) == at("2026-04-05 02:00", "Europe/Berlin")


def test_hours_within_the_repeated_hour_are_open_both_times() -> None:
    brief = calendar({"sun": ["02:00-02:30"]}, timezone="Europe/Berlin")
    first, second = (at("2026-10-25 02:15", "Europe/Berlin", fold) for fold in (0, 1))

    assert is_open(brief, first)
    assert is_open(brief, second)
    assert not is_open(brief, at("2026-10-25 02:45", "Europe/Berlin"))
    assert second - first == HOUR
    assert business_ms(brief, first, second) == 30 * MINUTE


def test_a_promise_made_before_the_change_is_due_by_the_hours_that_pass() -> None:
    always = calendar(ALWAYS, timezone="America/New_York")

    due = due_at(always, at("2026-03-07 20:00", "America/New_York"), 8 * HOUR)

    assert due == at("2026-03-08 05:00", "America/New_York")


@pytest.mark.parametrize(
    ("zone", "opens"),
    [
        ("Asia/Kolkata", "2026-03-02T03:30Z"),
        ("Asia/Kathmandu", "2026-03-02T03:15Z"),
        ("Pacific/Chatham", "2026-03-01T19:15Z"),
        ("Pacific/Kiritimati", "2026-03-01T19:00Z"),
        ("America/St_Johns", "2026-03-02T12:30Z"),
    ],
)
def test_half_and_quarter_hour_zones_open_by_their_own_clock_12(zone: str, opens: str) -> None:
    office = calendar(OFFICE, timezone=zone)

    assert next_open(office, at("2026-03-02 00:00", zone)) == at(opens.replace("T", " ").removesuffix("Z"))
    assert business_ms(office, at("2026-03-02 00:00", zone), at("2026-03-03 00:00", zone)) == 8 * HOUR


def test_a_day_that_a_site_skipped_was_not_worked() -> None:
    office = calendar(OFFICE, timezone="Pacific/Apia")  # 30 December 2011, a Friday, did not happen

    week = (at("2011-12-26 00:00", "Pacific/Apia"), at("2012-01-02 00:00", "Pacific/Apia"))

    assert business_ms(office, *week) == 32 * HOUR


def test_a_change_just_after_midnight_tears_no_hole_into_the_day() -> None:
    zone = "America/St_Johns"  # until 2011 at one past midnight: 7 November 2010 began, stopped and began again
    late = calendar({"sat": ["23:00-24:00"], "sun": ["00:00-01:00"]}, timezone=zone)

    assert business_ms(late, at("2010-11-06 12:00", zone), at("2010-11-07 12:00", zone)) == 3 * HOUR


@pytest.mark.parametrize(
    ("zone", "day", "before", "hours", "hours_before"),
    [
        ("America/New_York", "2026-03-09", "2026-03-08", 24, 23),
        ("America/New_York", "2026-11-02", "2026-11-01", 24, 25),
        ("America/New_York", "2026-03-08", "2026-03-07", 23, 24),
        ("Europe/London", "2026-03-29", "2026-03-28", 23, 24),
        ("Europe/London", "2026-10-26", "2026-10-25", 24, 25),
        ("Australia/Sydney", "2026-04-06", "2026-04-05", 24, 25),
        ("Australia/Sydney", "2026-10-04", "2026-10-03", 23, 24),
        ("Asia/Kolkata", "2026-03-29", "2026-03-28", 24, 24),
        ("Asia/Kathmandu", "2026-10-25", "2026-10-24", 24, 24),
    ],
)
def test_today_and_yesterday_are_the_days_of_the_site_11_12_13(
    zone: str, day: str, before: str, hours: int, hours_before: int
) -> None:
    site = ZoneInfo(zone)

    for clock in ("00:00", "12:00", "23:59"):
        today = day_span(at(f"{day} {clock}", zone), site)
        yesterday = yesterday_span(at(f"{day} {clock}", zone), site)

        assert today.start == yesterday.end == at(f"{day} 00:00", zone)
        assert yesterday.start == at(f"{before} 00:00", zone)
        assert (today.end - today.start, yesterday.end - yesterday.start) == (hours * HOUR, hours_before * HOUR)
