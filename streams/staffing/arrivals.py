"""How many will arrive: earlier weeks and today so far enter, a rate per interval and its uncertainty leave.

The same interval of earlier weeks (its neighbours count in part, which halves the noise), scaled by how today has gone
against them; without earlier weeks the recent rate. A forecasting library would not pay an hour ahead: what is left to
know is how busy this day is.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import fmean
from typing import Final, NamedTuple

NEIGHBOURS: Final = ((-2, 0.25), (-1, 0.5), (0, 1.0), (1, 0.5), (2, 0.25))
"""Intervals by distance, and how much they say about the one between them."""

WEIGHT_OF_USUAL: Final = 25.0
"""Today's scale starts from "as usual" with the weight of this many contacts."""

STRAY: Final = 0.08
"""How far an interval strays from its day, as a share: what no count of earlier intervals can tell."""


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
    rate = contacts / seconds
    return Arrivals(rate, sqrt(max(1, contacts) / seconds**2 + (STRAY * rate) ** 2))


def usual(weeks: Sequence[Sequence[int]], today: Sequence[int], interval: int, seconds: float) -> Arrivals | None:
    """The forecast of one interval of a day; None when no earlier week is known.

    ``weeks``: for each earlier week the contacts of this weekday, interval by interval, each of ``seconds``. ``today``:
    those of the intervals that are over. ``interval``: the one to forecast, from 0.
    """
    if not weeks or seconds <= 0:
        return None
    mean, counted = _typical(weeks, interval)
    so_far = sum(fmean(week[n] for week in weeks) for n in range(len(today)))
    scale = scale_of_today(sum(today), so_far)
    uncertain = 1 / max(1.0, counted) + 1 / (so_far + WEIGHT_OF_USUAL) + STRAY**2
    return Arrivals(mean * scale / seconds, mean * scale / seconds * sqrt(uncertain))


def scale_of_today(today: int, usual_so_far: float) -> float:
    """How today compares so far: (today + 25) / (usual + 25), so that a quiet hour says little and a full day all."""
    return (today + WEIGHT_OF_USUAL) / (usual_so_far + WEIGHT_OF_USUAL)


def _typical(weeks: Sequence[Sequence[int]], interval: int) -> tuple[float, float]:
    """The weighted mean around an interval, and the number of contacts that a plain mean as good would rest on."""
    inside = [
        (week[interval + by], weight) for week in weeks for by, weight in NEIGHBOURS if _within(week, interval + by)
    ]
    whole, squares = sum(weight for _, weight in inside), sum(weight**2 for _, weight in inside)
    if whole == 0:
        return 0.0, 0.0
    mean = sum(count * weight for count, weight in inside) / whole
    return mean, mean * whole**2 / squares


def _within(week: Sequence[int], interval: int) -> bool:
    return 0 <= interval < len(week)
