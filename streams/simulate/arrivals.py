"""The shape of the day: how many contacts arrive at which time.

What enters are weights by hour and a number of contacts a day; what leaves is a rate as a function of the time of day.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from streams.simulate.spec import DAY_MS, HOUR_MS


def day_rate(weights: Sequence[float], per_day: float) -> tuple[Callable[[int], float], float]:
    """Arrivals per ms at a time of day (ms since midnight), and their maximum.

    Weights stand at the middle of their hours and are joined by straight lines; over a day the rate adds up to
    ``per_day``. With no contacts a day the maximum is a rate so small that nobody comes.
    """
    unit = max(per_day, 1e-6) / DAY_MS * len(weights) / sum(weights)

    def rate(time_of_day_ms: int) -> float:
        hours = time_of_day_ms / HOUR_MS - 0.5
        hour = int(hours // 1)
        part = hours - hour
        return unit * (weights[hour % len(weights)] * (1 - part) + weights[(hour + 1) % len(weights)] * part)

    return rate, unit * max(weights)
