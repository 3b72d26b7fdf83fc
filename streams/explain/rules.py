"""Which settings decide a number, what they say for a queue, and whose word that is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from msgspec import Struct

from streams.explain.catalogue import SERVICE_LEVEL
from streams.settings import Settings
from streams.settings.origin import Origin, origin_of
from streams.snapshot import Row
from streams.view import FLOOR

_BY_COUNT: Final = {
    "answered_in_threshold": ("service_level_threshold_seconds",),
    "abandoned_in_threshold": ("service_level_threshold_seconds",),
    "callbacks_in_threshold": ("service_level_threshold_seconds",),
    "waiting_past_threshold": ("service_level_threshold_seconds",),
    "short_abandoned": ("short_abandon_seconds",),
    "first_replies": ("first_reply_clock",),
    "first_reply_met": ("first_reply_clock", "first_reply_target_seconds", "targets_in_business_hours", "priorities"),
    "next_reply_met": ("next_reply_target_seconds", "targets_in_business_hours", "priorities"),
    "resolution_met": ("resolution_target_seconds", "targets_in_business_hours", "priorities"),
    "first_reply_business_ms": ("opening_hours", "holiday_calendar"),
    "next_reply_business_ms": ("opening_hours", "holiday_calendar"),
    "resolution_business_ms": ("opening_hours", "holiday_calendar"),
}
"""The settings that decide what a count counts."""

_BY_NAME: Final = {
    SERVICE_LEVEL: ("preset", "service_level_target_ratio"),
    "asa_seconds": ("asa_target_seconds",),
    "abandonment_ratio": ("abandonment_target_ratio",),
    "oldest_wait_seconds": ("oldest_wait_target_seconds",),
    "waiting_past_threshold": ("service_level_threshold_seconds",),
}


class Rule(Struct, frozen=True):
    """One setting in force. ``section`` is where it is written: ``queues.<name>``, ``defaults``, or nowhere."""

    key: str
    value: Any
    origin: Origin
    section: str


def in_force(settings: Settings, row: Row, name: str, counted: Collection[str], *, live: bool) -> list[Rule]:
    """The settings that decide a number of this row: of the floor the defaults, of a group its first member's."""
    keys = [] if live else ["attribution", "timezone"]
    for count in counted:
        keys += _BY_COUNT.get(count, ())
    keys += _BY_NAME.get(name, ())
    queue = decided_by(settings, row)
    found = []
    for key in dict.fromkeys(keys):
        origin = origin_of(settings, queue, key)
        section = {"queue": f"queues.{queue}", "defaults": "defaults", "built-in": ""}[origin]
        found.append(Rule(key, getattr(row.rule, key), origin, section))
    return found


def decided_by(settings: Settings, row: Row) -> str:
    """The queue whose settings judge a row: its own, of a group its first member; "" (the defaults) for the floor."""
    if row.queue == FLOOR:
        return ""
    members = settings.groups.get(row.queue, ()) if not row.channel else ()
    return members[0] if members else row.queue


def judged(entry_name: str, states: Mapping[str, str]) -> str | None:
    """The state of the number where it is judged: "fine", "at_risk", "breach" or "none"; None where it is not."""
    return states.get({"asa_seconds": "asa", "abandonment_ratio": "abandonment", SERVICE_LEVEL: SERVICE_LEVEL,
                       "oldest_wait_seconds": "oldest_wait"}.get(entry_name, ""))  # fmt: skip
