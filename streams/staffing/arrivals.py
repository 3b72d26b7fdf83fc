"""How many will arrive: earlier weeks and today so far enter, a rate per interval and its uncertainty leave.

The same interval of earlier weeks, scaled by how today has gone against them; without earlier weeks the recent rate.
More than that (a forecasting library) does not pay an hour ahead: what is left to know is how busy this day is.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import fmean, variance
from typing import Final, NamedTuple

WEIGHT_OF_USUAL: Final = 25.0
"""Today's scale starts from "as usual" with the weight of this many contacts."""


class Arrivals(NamedTuple):
    """Contacts per second, and the standard error of that rate (not the chance of the single arrivals)."""

    per_second: float
    error: float

    @property
    def uncertainty(self) -> float:
        """The standard error as a share of the rate; 0 for no arrivals."""
        return self.error / self.per_second if self.per_second > 0 else 0.0


def recent(contacts: int, seconds: float) -> Arrivals:
    """The rate of the last ``seconds``: the forecast when earlier weeks are not known. ValueError without any time."""
    if seconds <= 0:
        raise ValueError(f"a rate needs time, not {seconds} s")
    return Arrivals(contacts / seconds, sqrt(max(1, contacts)) / seconds)


def scale_of_today(today: int, usual: float) -> float:
    """How today compares so far: (today + 25) / (usual + 25), so that a quiet hour says little and a full day all."""
    return (today + WEIGHT_OF_USUAL) / (usual + WEIGHT_OF_USUAL)


def usual(weeks: Sequence[int], seconds: float, today: int = 0, usual_so_far: float = 0.0) -> Arrivals | None:
    """The forecast of one interval of ``seconds``; None when no earlier week is known.

    ``weeks``: contacts in this interval, one number for each earlier week. ``today``: contacts so far today, where
    earlier weeks had ``usual_so_far`` on average. The error is that of the mean, by how much weeks differ (at least as
    much as chance makes them), with that of today's scale.
    """
    if not weeks or seconds <= 0:
        return None
    mean = fmean(weeks)
    scale = scale_of_today(today, usual_so_far)
    spread = max(variance(weeks) if len(weeks) > 1 else 0.0, mean, 1.0)
    of_mean = spread / len(weeks)
    of_scale = mean * mean / (usual_so_far + WEIGHT_OF_USUAL)
    return Arrivals(mean * scale / seconds, scale * sqrt(of_mean + of_scale) / seconds)
