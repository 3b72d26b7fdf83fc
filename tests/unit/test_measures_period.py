"""Periods: their text, their days, what is before them, and when they begin at a site."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.measures.period import PeriodError, between, parse, previous, span_of

DAYS = st.dates(date(1991, 1, 1), date(2098, 12, 31))


@pytest.mark.parametrize(
    ("text", "kind", "start", "end"),
    [
        ("2026-03-31", "day", date(2026, 3, 31), date(2026, 4, 1)),
        ("2026-W01", "week", date(2025, 12, 29), date(2026, 1, 5)),
        ("2026-W53", "week", date(2026, 12, 28), date(2027, 1, 4)),
        ("2024-02", "month", date(2024, 2, 1), date(2024, 3, 1)),
        ("2026-12", "month", date(2026, 12, 1), date(2027, 1, 1)),
        ("2026-Q1", "quarter", date(2026, 1, 1), date(2026, 4, 1)),
        ("2026-Q4", "quarter", date(2026, 10, 1), date(2027, 1, 1)),
        ("2026", "year", date(2026, 1, 1), date(2027, 1, 1)),
        ("2026-03-01..2026-03-14", "range", date(2026, 3, 1), date(2026, 3, 15)),
    ],
)
def test_a_period_has_its_days_and_one_text(text: str, kind: str, start: date, end: date) -> None:
    period = parse(text)

    assert (period.kind, period.start, period.end, str(period)) == (kind, start, end, text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("2026-03-01..2026-03-31", "2026-03"),
        ("2026-03-02..2026-03-08", "2026-W10"),
        ("2026-01-01..2026-12-31", "2026"),
        ("2026-04-01..2026-06-30", "2026-Q2"),
        ("2026-04-01..2026-04-01", "2026-04-01"),
    ],
)
def test_a_range_that_has_a_name_is_written_by_it(text: str, name: str) -> None:
    assert str(parse(text)) == name


@pytest.mark.parametrize(
    "text",
    [
        "", "march", "2026-13", "2026-00", "2026-02-29", "2026-W00", "2025-W53", "2026-Q5", "26-03", "2026-3",
        "2026-03 ", "2026-03-02..2026-03-01", "2026-03..2026-04", "2026-03-01..", "..2026-03-01", "2026-03\n", "٢٠٢٦",
    ],
)  # fmt: skip
def test_anything_else_is_no_period(text: str) -> None:
    with pytest.raises(PeriodError, match="is not a period written like") as caught:
        parse(text)

    assert not caught.value.outside


@pytest.mark.parametrize("text", ["1989-12", "2100", "0000-01-01"])
def test_a_year_nobody_measures_is_outside(text: str) -> None:
    with pytest.raises(PeriodError, match="1990 to 2099") as caught:
        parse(text)

    assert caught.value.outside


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("2026-03-01", "2026-02-28"), ("2026-W01", "2025-W52"), ("2026-03", "2026-02"), ("2026-Q1", "2025-Q4"),
        ("2026", "2025"), ("2026-03-11..2026-03-20", "2026-03-01..2026-03-10"),
    ],
)  # fmt: skip
def test_the_period_before_is_of_the_same_kind(text: str, before: str) -> None:
    assert str(previous(parse(text))) == before


def test_a_period_without_a_day_is_none() -> None:
    with pytest.raises(PeriodError):
        between(date(2026, 3, 2), date(2026, 3, 2))


def test_a_month_begins_and_ends_by_the_clock_of_the_site() -> None:
    span = span_of(parse("2026-03"), ZoneInfo("America/New_York"))

    assert (span.start, span.end) == (1_772_341_200_000, 1_775_016_000_000)  # 05:00 UTC, and 04:00 UTC in summer


@settings(deadline=None)
@given(DAYS, DAYS)
def test_every_period_is_read_back_from_its_text(one: date, other: date) -> None:
    start, end = sorted((one, other))
    if start == end:
        return

    assert parse(str(between(start, end))) == between(start, end)


@settings(deadline=None)
@given(DAYS, st.sampled_from(("%Y", "%Y-%m", "%Y-%m-%d", "%G-W%V")))
def test_the_period_before_ends_where_this_one_begins(day: date, form: str) -> None:
    period = parse(day.strftime(form))

    assert previous(period).end == period.start
    assert previous(period).kind == period.kind
