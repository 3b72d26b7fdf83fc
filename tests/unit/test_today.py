"""Today, of queues in five cities, on both days of 2026 on which their clocks change: through the whole core."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from streams.settings import from_raw
from streams.slices import day_span
from tests.support import START, Floor, call

CITIES = {
    "kolkata": "Asia/Kolkata", "kathmandu": "Asia/Kathmandu", "sydney": "Australia/Sydney",
    "new_york": "America/New_York", "london": "Europe/London",
}  # fmt: skip
CHANGES = {
    "2026-03-08": {"new_york": 23}, "2026-03-29": {"london": 23}, "2026-04-05": {"sydney": 25},
    "2026-10-04": {"sydney": 23}, "2026-10-25": {"london": 25}, "2026-11-01": {"new_york": 25},
}  # fmt: skip
DAYS = [(day, city, changed.get(city, 24)) for day, changed in CHANGES.items() for city in CITIES]


def seconds(moment: datetime) -> float:
    """Seconds after the start of the tests' day."""
    return moment.timestamp() - START / 1000


def at(day: str, clock: str, city: str) -> float:
    """The moment a city's clock shows, in seconds after the start."""
    return seconds(datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZoneInfo(CITIES[city])))


@cache
def floor_around(day: str) -> Floor:
    """A call in every queue at 20 and 50 minutes past each hour of UTC, from the day before to the day after."""
    settings = from_raw({"queues": {city: {"timezone": zone} for city, zone in CITIES.items()}}, {})
    begins = datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(hours=36)
    moments = [begins + timedelta(minutes=20 + 30 * n) for n in range(2 * 24 * 4)]
    stories = [
        call(f"{city}-{n}").offered(at=seconds(moment), queue=city).abandoned(at=seconds(moment) + 10)
        for n, moment in enumerate(moments)
        for city in CITIES
    ]
    return Floor(settings).play(*stories)


@pytest.mark.parametrize(("day", "city", "hours"), DAYS)
def test_today_has_all_hours_of_the_citys_day_and_none_of_another_11_12_13(day: str, city: str, hours: int) -> None:
    floor = floor_around(day)

    assert floor.window("today", city, now=at(day, "23:59:59", city)).offered == 2 * hours
    assert floor.window("today", city, now=at(day, "00:10", city)).offered <= 1
    tomorrow = str(date.fromisoformat(day) + timedelta(days=1))
    assert floor.window("today", city, now=at(tomorrow, "00:00", city)).offered <= 1


@pytest.mark.parametrize(("day", "city", "hours"), DAYS)
def test_the_days_of_a_city_are_its_own_and_lose_nothing_12_13(day: str, city: str, hours: int) -> None:
    floor, noon = floor_around(day), at(day, "12:00", city)

    (found,) = floor.intervals(noon, noon + 1, by="day", queue=city)

    assert (found.counts.offered, found.counts.abandoned) == (2 * hours, 2 * hours)
    assert (found.span.end - found.span.start) == hours * 3_600_000
    assert found.span == day_span(START + round(noon * 1000), ZoneInfo(CITIES[city]))


@pytest.mark.parametrize(("day", "city", "hours"), DAYS)
def test_the_hours_of_a_citys_day_add_up_to_it_13(day: str, city: str, hours: int) -> None:
    floor = floor_around(day)
    (whole,) = floor.intervals(at(day, "12:00", city), at(day, "12:01", city), by="day", queue=city)
    first, after = whole.span.start / 1000 - START / 1000, whole.span.end / 1000 - START / 1000

    found = floor.intervals(first, after, by="hour", queue=city)

    assert len(found) == hours
    assert [interval.counts.offered for interval in found] == [2] * hours
    assert {interval.span.start % 900_000 for interval in found} == {0}


def test_the_floors_today_is_that_of_the_default_zone_12() -> None:
    floor = floor_around("2026-03-29")

    assert floor.window("today", "ALL", "", now=at("2026-03-29", "13:00", "london")).offered == sum(
        floor.window("today", city, now=at("2026-03-29", "13:00", "london")).offered for city in CITIES
    )
