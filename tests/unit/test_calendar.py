"""Business time: opening hours, lunch, night shifts, holidays, and what is due when."""

from __future__ import annotations

from datetime import date

import pytest

from streams.hours.calendar import business_ms, due_at, is_open, next_open
from streams.hours.public_holidays import calendar_names, public_holidays
from tests.opening_hours import ALWAYS, HOUR, MINUTE, OFFICE, WEEKDAYS, at, calendar

LUNCH = dict.fromkeys(WEEKDAYS, ("09:00-12:00", "13:00-17:00"))
NIGHT = dict.fromkeys(WEEKDAYS, ("22:00-02:00",))


def test_a_week_of_office_hours_is_forty_hours() -> None:
    office = calendar(OFFICE)

    assert business_ms(office, at("2022-03-20 00:00"), at("2022-03-26 23:59")) == 144_000_000


def test_without_opening_hours_business_time_is_plain_time() -> None:
    always = calendar({})

    assert business_ms(always, 1_000, 5_000) == 4_000
    assert is_open(always, 1_000)
    assert next_open(always, 1_000) == 1_000
    assert due_at(always, 1_000, 4_000) == 5_000


def test_business_time_is_never_negative() -> None:
    assert business_ms(calendar(OFFICE), at("2026-03-02 12:00"), at("2026-03-02 10:00")) == 0
    assert business_ms(calendar({}), 5_000, 1_000) == 0


def test_lunch_is_not_business_time_14() -> None:
    lunch = calendar(LUNCH)

    assert business_ms(lunch, at("2026-03-02 11:30"), at("2026-03-02 13:10")) == 40 * MINUTE
    assert not is_open(lunch, at("2026-03-02 12:00"))
    assert is_open(lunch, at("2026-03-02 13:00"))
    assert next_open(lunch, at("2026-03-02 12:15")) == at("2026-03-02 13:00")


def test_a_question_of_friday_evening_waits_from_monday_on() -> None:
    office = calendar(OFFICE)

    assert business_ms(office, at("2026-03-06 18:00"), at("2026-03-09 09:25")) == 25 * MINUTE
    assert next_open(office, at("2026-03-06 17:00")) == at("2026-03-09 09:00")


def test_it_is_open_at_the_opening_minute_and_closed_at_the_closing_one() -> None:
    office = calendar(OFFICE)

    assert is_open(office, at("2026-03-02 09:00"))
    assert is_open(office, at("2026-03-02 17:00") - 1)
    assert not is_open(office, at("2026-03-02 17:00"))
    assert not is_open(office, at("2026-03-02 09:00") - 1)


def test_a_holiday_is_closed_14() -> None:
    office = calendar(OFFICE, holidays=[date(2026, 12, 25)])

    assert business_ms(office, at("2026-12-24 16:00"), at("2026-12-28 10:00")) == 2 * HOUR
    assert next_open(office, at("2026-12-25 10:00")) == at("2026-12-28 09:00")


def test_a_named_calendar_brings_the_holidays_of_its_region() -> None:
    bavaria = calendar(OFFICE, timezone="Europe/Berlin", holiday_calendar="DE-BY")
    prussia = calendar(OFFICE, timezone="Europe/Berlin", holiday_calendar="DE-BE")
    epiphany = (at("2026-01-06 00:00", "Europe/Berlin"), at("2026-01-07 00:00", "Europe/Berlin"))

    assert business_ms(bavaria, *epiphany) == 0
    assert business_ms(prussia, *epiphany) == 8 * HOUR


def test_days_of_ones_own_are_added_to_a_named_calendar() -> None:
    office = calendar(OFFICE, holidays=[date(2026, 7, 3)], holiday_calendar="FR")

    assert not is_open(office, at("2026-07-03 10:00"))
    assert not is_open(office, at("2026-07-14 10:00"))


def test_a_holiday_kept_on_another_day_is_closed_on_that_day() -> None:
    assert date(2026, 12, 28) in public_holidays("GB-ENG", 2026)  # Boxing Day, a Saturday


def test_an_unknown_holiday_calendar_is_refused() -> None:
    assert "DE-XX" not in calendar_names()
    with pytest.raises(ValueError, match="no holiday calendar"):
        public_holidays("DE-XX", 2026)


def test_a_night_shift_goes_on_past_midnight() -> None:
    night = calendar(NIGHT)

    assert business_ms(night, at("2026-03-02 21:00"), at("2026-03-03 08:00")) == 4 * HOUR
    assert is_open(night, at("2026-03-03 01:59"))
    assert not is_open(night, at("2026-03-03 02:00"))


def test_the_hours_after_midnight_go_with_the_evening_before() -> None:
    night = calendar(NIGHT, holidays=[date(2026, 3, 4)])

    assert is_open(night, at("2026-03-07 01:00"))  # a Saturday: Friday's night
    assert not is_open(night, at("2026-03-02 01:00"))  # a Monday: Sunday has no night
    assert is_open(night, at("2026-03-04 01:00"))  # the holiday: Tuesday's night
    assert not is_open(night, at("2026-03-05 01:00"))  # the holiday's night


def test_hours_that_overlap_over_midnight_count_once() -> None:
    both = calendar({"mon": ["22:00-06:00"], "tue": ["05:00-09:00"]})

    assert business_ms(both, at("2026-03-02 00:00"), at("2026-03-04 00:00")) == 11 * HOUR


def test_round_the_clock_is_every_hour_of_the_week() -> None:
    always = calendar(ALWAYS, timezone="America/New_York")

    assert business_ms(always, at("2026-01-01 00:00"), at("2027-01-01 00:00")) == 365 * 24 * HOUR


def test_a_budget_runs_over_night_weekend_and_holiday() -> None:
    office = calendar(OFFICE, holidays=[date(2026, 3, 9)])

    assert due_at(office, at("2026-03-06 16:00"), 4 * HOUR) == at("2026-03-10 12:00")


def test_a_budget_that_ends_with_the_day_is_due_at_closing_time() -> None:
    assert due_at(calendar(OFFICE), at("2026-03-06 16:00"), HOUR) == at("2026-03-06 17:00")


def test_no_budget_is_due_at_once_also_when_closed() -> None:
    assert due_at(calendar(OFFICE), at("2026-03-07 12:00"), 0) == at("2026-03-07 12:00")


def test_a_negative_budget_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="negative"):
        due_at(calendar(OFFICE), 0, -1)


def test_a_queue_that_never_opens_is_never_due() -> None:
    never = calendar({"mon": []})

    assert business_ms(never, at("2026-01-01 00:00"), at("2027-01-01 00:00")) == 0
    assert next_open(never, at("2026-01-01 00:00")) is None
    assert due_at(never, at("2026-01-01 00:00"), 1) is None


def test_long_ago_and_far_ahead_are_reckoned_alike() -> None:
    office = calendar(OFFICE)

    assert business_ms(office, at("1990-01-01 00:00"), at("1990-01-08 00:00")) == 40 * HOUR
    assert business_ms(office, at("2099-12-07 00:00"), at("2099-12-14 00:00")) == 40 * HOUR


def test_queues_with_the_same_hours_share_one_calendar() -> None:
    assert calendar(OFFICE) is calendar(OFFICE)
    assert calendar(OFFICE) is not calendar(OFFICE, timezone="Asia/Kolkata")
