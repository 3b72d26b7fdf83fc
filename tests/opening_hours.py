"""Opening hours for tests: a calendar as the settings make it, and the instant a site's clock shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from streams.hours.calendar import Calendar, calendar_of
from streams.settings import from_raw

MINUTE = 60_000
HOUR = 60 * MINUTE
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
WEEK = (*WEEKDAYS, "sat", "sun")
OFFICE = dict.fromkeys(WEEKDAYS, ("09:00-17:00",))
ALWAYS = dict.fromkeys(WEEK, ("00:00-24:00",))


def calendar(hours: Mapping[str, Sequence[str]], **more: Any) -> Calendar:
    """The calendar of a queue with these opening hours and further settings."""
    settings = from_raw({"queues": {"billing": {"opening_hours": hours, **more}}}, {})
    return calendar_of(settings.queue("billing"))


def at(local: str, zone: str = "UTC", fold: int = 0) -> int:
    """The instant at which a site's clock shows "2026-03-02 09:00" (the second time, with fold 1), epoch ms."""
    return round(datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp() * 1000)
