"""Laws of business time: it adds up, is bounded by plain time, never falls, and agrees with a clock watched all day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.hours.calendar import Calendar, business_ms, due_at, is_open, next_open
from streams.hours.opening import Hours
from streams.settings.values import span_minutes

MINUTE = 60_000
DAY = 24 * 60 * MINUTE
ZONES = (
    "UTC", "America/New_York", "Europe/London", "Australia/Sydney", "Australia/Lord_Howe", "Asia/Kolkata",
    "Asia/Kathmandu", "Pacific/Chatham", "America/Santiago", "America/Havana", "Africa/Casablanca", "Pacific/Apia",
)  # fmt: skip
CHANGES = tuple(
    round(datetime(2026, month, day, tzinfo=UTC).timestamp() * 1000)
    for month, day in ((2, 15), (3, 8), (3, 22), (3, 29), (4, 5), (9, 6), (9, 27), (10, 4), (10, 25), (11, 1))
)
"""Days around which clocks change somewhere in 2026, both hemispheres."""


@st.composite
def spans(draw: st.DrawFn) -> tuple[str, ...]:
    """Up to three spans of one day; the last may close on the next."""
    times = sorted(draw(st.sets(st.integers(0, 24 * 4 - 1), max_size=6)))
    pairs = [(times[n] * 15, times[n + 1] * 15) for n in range(0, len(times) - 1, 2)]
    clocks = [f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in pairs]
    if len(times) % 2 and times[0] > 0:
        closing = draw(st.integers(0, times[0] - 1)) * 15
        clocks.append(f"{times[-1] * 15 // 60:02}:{times[-1] * 15 % 60:02}-{closing // 60:02}:{closing % 60:02}")
    return tuple(clocks)


@st.composite
def hours(draw: st.DrawFn) -> Hours:
    week = draw(st.lists(spans(), min_size=7, max_size=7))
    days = draw(st.sets(st.sampled_from(CHANGES), max_size=3))
    holidays = frozenset(datetime.fromtimestamp(day / 1000, UTC).date() for day in days)
    as_ms = tuple(tuple((a * MINUTE, b * MINUTE) for a, b in map(span_minutes, day)) for day in week)
    return Hours(draw(st.sampled_from(ZONES)), as_ms, holidays)


@st.composite
def instants(draw: st.DrawFn) -> int:
    """Around a change of clocks mostly, to the millisecond."""
    return draw(st.sampled_from(CHANGES)) + draw(st.integers(-3 * DAY, 3 * DAY))


def shows_open(door: Hours, at_ms: int) -> bool:
    """Whether the local clock, read as a person would, shows a time within the hours on the door."""
    clock = datetime.fromtimestamp(at_ms / 1000, ZoneInfo(door.zone))
    now = (clock.hour * 60 + clock.minute) * MINUTE

    def on_door(day: date, at: int) -> bool:
        return day not in door.holidays and any(a <= at < b for a, b in door.week[day.weekday()])

    return on_door(clock.date(), now) or on_door(clock.date() - timedelta(days=1), now + DAY)


@settings(deadline=None)
@given(hours(), st.sampled_from(CHANGES), st.integers(-36 * 60, 36 * 60), st.integers(0, 48 * 60))
def test_business_time_is_what_a_clock_watched_minute_by_minute_says(
    door: Hours, around: int, offset: int, minutes: int
) -> None:
    start = around + offset * MINUTE
    watched = sum(shows_open(door, start + n * MINUTE) for n in range(minutes))

    assert business_ms(Calendar(door), start, start + minutes * MINUTE) == watched * MINUTE


@settings(deadline=None)
@given(hours(), instants())
def test_it_is_open_when_the_clock_shows_a_time_on_the_door(door: Hours, at: int) -> None:
    assert is_open(Calendar(door), at) == shows_open(door, at)


@settings(deadline=None)
@given(hours(), st.lists(instants(), min_size=3, max_size=3))
def test_business_time_adds_up_in_any_cut_and_whatever_was_asked_first(door: Hours, times: list[int]) -> None:
    a, b, c = sorted(times)
    calendar = Calendar(door)
    whole = business_ms(Calendar(door), a, c)

    assert business_ms(calendar, b, c) + business_ms(calendar, a, b) == whole


@settings(deadline=None)
@given(hours(), instants(), instants(), st.integers(0, DAY))
def test_business_time_is_within_plain_time_and_never_falls(door: Hours, one: int, other: int, more: int) -> None:
    start, end = sorted((one, other))
    calendar = Calendar(door)
    business = business_ms(calendar, start, end)

    assert 0 <= business <= end - start
    assert business <= business_ms(calendar, start, end + more) <= business + more
    assert business_ms(calendar, end, start) == (0 if end >= start else business)


@settings(deadline=None)
@given(hours(), instants(), st.integers(0, 5 * DAY))
def test_what_is_due_is_due_when_the_budget_has_gone_by_and_not_before(door: Hours, start: int, budget: int) -> None:
    calendar = Calendar(door)
    due = due_at(calendar, start, budget)

    if due is None:
        assert not any(door.week)
        return
    assert business_ms(calendar, start, due) == budget
    assert budget == 0 or business_ms(calendar, start, due - 1) == budget - 1


@settings(deadline=None)
@given(hours(), instants())
def test_the_next_opening_is_open_and_nothing_is_before_it(door: Hours, at: int) -> None:
    calendar = Calendar(door)
    opens = next_open(calendar, at)

    if opens is None:
        assert not any(door.week)
        return
    assert opens >= at
    assert is_open(calendar, opens)
    assert business_ms(calendar, at, opens) == 0
