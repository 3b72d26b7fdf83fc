"""How long things take: seconds enter, counts by bucket leave. For the operator's histograms, not for KPIs. Pure."""

from __future__ import annotations

from bisect import bisect_left
from typing import Final, NamedTuple

BOUNDS_SECONDS: Final = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0)
"""Inclusive upper bounds; above the last there is one bucket more."""


class Delays(NamedTuple):
    """Durations as they were counted: one number more than there are bounds, not cumulative, and their sum."""

    counts: tuple[int, ...] = (0,) * (len(BOUNDS_SECONDS) + 1)
    sum_seconds: float = 0.0


class Delay:
    """Counts durations, since it was made."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS_SECONDS) + 1)
        self._sum_seconds = 0.0

    def add(self, seconds: float, times: int = 1) -> None:
        """Count a duration; one below 0 (two clocks that disagree) is 0."""
        seconds = max(0.0, seconds)
        self._counts[bisect_left(BOUNDS_SECONDS, seconds)] += times
        self._sum_seconds += seconds * times

    def taken(self) -> Delays:
        """What was counted up to now."""
        return Delays(tuple(self._counts), self._sum_seconds)
