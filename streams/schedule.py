"""What an agent is planned to do, and when: ``agent.scheduled`` events enter, the activity planned for a moment leaves.

Of activities that overlap the one that begins last is in force (lunch within a shift); of those that begin together the
one told last (a change of plan). A shift is called off by the activity ``signed_out`` over the same time. Told twice is
told once, and the order of telling does not matter but for that.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from streams.events import AgentScheduled
from streams.slices import DAY, HOUR

KEEP_MS: Final = DAY
"""An activity that ended so long before the latest one was told is forgotten."""

MOST: Final = 300
"""Activities kept of one agent: two weeks of days with five pauses, and as many again."""

NEAR_MS: Final = 12 * HOUR
"""An agent with an activity so near has a schedule; without one, nothing is known of what is planned."""


class Activity(Struct, array_like=True, frozen=True, gc=False):
    """From ``start`` (inclusive) to ``end`` (exclusive), epoch ms; ``told_at`` is when it was planned."""

    start: int
    end: int
    activity: str
    paid: bool
    told_at: int


def planned(plans: list[Activity], event: AgentScheduled) -> list[Activity]:
    """The plans with what the event tells, in order of time; those long over are left out, and the furthest beyond
    ``MOST``."""
    new = Activity(event.starts_at, event.ends_at, event.activity, event.paid, event.occurred_at)
    latest = max([new.told_at, *(one.told_at for one in plans)])
    kept = {one for one in (*plans, new) if one.end > latest - KEEP_MS}
    return sorted(kept, key=lambda one: (one.start, one.told_at, one.end, one.activity, one.paid))[:MOST]


def activity_at(plans: list[Activity], at: int) -> str | None:
    """The activity planned for a moment; "signed_out" between activities; None for an agent without a schedule."""
    if not any(one.start < at + NEAR_MS and one.end > at - NEAR_MS for one in plans):
        return None
    found = activity_in_force(plans, at)
    return "signed_out" if found is None else found.activity


def activity_in_force(plans: list[Activity], at: int) -> Activity | None:
    """The plan in force at a moment; None between activities."""
    inside = [one for one in plans if one.start <= at < one.end]
    return max(inside, key=lambda one: (one.start, one.told_at), default=None)
