"""The warning of a breach to come: minute after minute the chance of one enters, whether the warning stands leaves.

A breach begins when the service level of the last quarter of an hour misses the goal after ten minutes in which it did
not, and is over after ten such minutes. While it lasts there is nothing left to warn of.
"""

from __future__ import annotations

from typing import Final, NamedTuple

RAISE_AT: Final = 0.45
KEEP_ABOVE: Final = 0.02
"""A warning is raised when the chance reaches the one, and kept while it is above the other.

Chosen on simulated days that the published figures are not from, for eight breaches in ten foreseen and at most one
warning in four that comes to nothing.
"""

AHEAD_SECONDS: Final = 300.0
"""The chance is that of missing the goal so far ahead: beyond the two minutes asked, near enough to be right."""

WINDOW_SECONDS: Final = 900.0
"""The service level is that of so long a time."""

QUIET_SECONDS: Final = 600.0
"""A breach is over, and another can begin, after so long without a miss."""


class Watch(NamedTuple):
    """What is known of a queue's breaches. ``missed_at``: when the goal was last seen missed, in seconds."""

    missed_at: float
    in_breach: bool = False
    warned: bool = False
    began: bool = False


def first(at: float) -> Watch:
    """Before the first look."""
    return Watch(at - QUIET_SECONDS)


def look(before: Watch, at: float, missed: bool, chance: float | None) -> Watch:
    """The watch at ``at`` seconds: the goal is missed now or not, and ``chance`` is P(missed ``AHEAD_SECONDS`` on).

    ``began`` is True in the look in which a breach begins. Without a chance (nobody has come) no warning is raised.
    """
    began = missed and not before.in_breach and at - before.missed_at > QUIET_SECONDS
    if missed:
        return Watch(at, in_breach=True, warned=before.warned, began=began)
    if before.in_breach and at - before.missed_at <= QUIET_SECONDS:
        return before._replace(began=False)
    still = before.warned and not before.in_breach
    given = chance or 0.0
    return Watch(before.missed_at, in_breach=False, warned=given > KEEP_ABOVE if still else given >= RAISE_AT)
