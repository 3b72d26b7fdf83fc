"""Staffing of a live queue: a row of a snapshot enters, what a planner asks of it now leaves.

The formulas are ``streams.staffing``'s; this reads their inputs off the windows, the waiting contacts and the agents.
Pure, and meant for the thread that renders: half a millisecond a queue.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from streams.settings import QueueSettings
from streams.slices import HOUR, length_ms
from streams.snapshot import Row, Snapshot
from streams.staffing.breach import outlook
from streams.staffing.estimate import Inputs, Staff, inputs
from streams.staffing.now import Now
from streams.staffing.now import now as staffing_now
from streams.staffing.required import Goal

CHANNELS: Final = frozenset({"voice", "video", "chat"})
"""Where customers wait in line for somebody to be free; letters have clocks, not lines."""

WINDOW: Final = "30m"
MOST_WAITING: Final = 300
"""Chances are worked out for so many of those waiting, the next to be answered first."""


class Plan(NamedTuple):
    """The inputs, as estimated and as assumed, what follows from them, and the agents by share."""

    inputs: Inputs
    staff: Staff
    now: Now

    @property
    def expected_breaches(self) -> float:
        """How many of those waiting will pass the threshold before they are answered: the sum of their chances."""
        return sum(outlook.breach for outlook in self.now.outlooks)


def plan(row: Row, now: int) -> Plan | None:
    """The queue's staffing now; None for a channel without a line, a window not configured, or a quiet queue."""
    window = row.windows.get(_window(row))
    if row.channel not in CHANNELS or window is None:
        return None
    waited = [max(0, now - since) / 1000 for since in row.live.waiting_since]
    if not window.counts.offered and not waited:
        return None
    seconds = max(1.0, (min(now, window.span.end) - window.span.start) / 1000)
    believed = inputs(window.counts, seconds, sum(waited))
    found = staffing_now(
        believed.demand,
        row.staff.at_work,
        goal_of(row.rule),
        waited=waited[:MOST_WAITING],
        available=int(row.staff.available),
    )
    return Plan(believed, row.staff, found)


def chances_of_breach(snapshot: Snapshot, waiters: Iterable[tuple[str, str, int]]) -> list[float | None]:
    """For each waiting (queue, channel, offered at) P(not answered within the threshold), in the order given.

    Those of one queue are given in the order of answering. 1 for who has waited past the threshold; None where the
    queue has no line, its agents are not told of, or the place is beyond ``MOST_WAITING``.
    """
    waiters = list(waiters)
    waited: dict[tuple[str, str], list[float]] = {}
    for queue, channel, offered_at in waiters:
        waited.setdefault((queue, channel), []).append(max(0, snapshot.now - offered_at) / 1000)
    chances = {}
    for key, seconds in waited.items():
        row = snapshot.row(*key)
        planned = plan(row, snapshot.now) if row is not None and can_be_planned(snapshot, row) else None
        if row is not None and planned is not None:
            threshold = row.rule.service_level_threshold_seconds
            found = outlook(planned.inputs.demand, planned.staff.at_work, seconds[:MOST_WAITING], threshold)
            chances[key] = iter([one.breach for one in found])
    nothing: Iterator[float] = iter(())
    return [next(chances.get((queue, channel), nothing), None) for queue, channel, _ in waiters]


def can_be_planned(snapshot: Snapshot, row: Row) -> bool:
    """Whether the queue has a line, and its agents are known: by a source that tells of them, or nobody is there."""
    told = bool(snapshot.floor.live.agents)
    served_unseen = row.staff.at_work <= 0 and row.live.handling > 0
    return row.channel in CHANNELS and told and not served_unseen


def goal_of(rule: QueueSettings) -> Goal:
    """What a queue's settings promise."""
    return Goal(
        rule.service_level_target_ratio, rule.service_level_threshold_seconds, rule.short_abandon_seconds,
        rule.max_occupancy_ratio, rule.shrinkage_ratio,
    )  # fmt: skip


def _window(row: Row) -> str:
    """Half an hour where it is configured, else the longest window of at most an hour."""
    if WINDOW in row.windows:
        return WINDOW
    short = [name for name in row.windows if name != "today" and length_ms(name) <= HOUR]
    return max(short, key=length_ms, default="")
