"""The next hour of one queue: what was gathered enters, forecasts and the agents each interval needs leave.

Pure, and meant for a thread: ten milliseconds for a queue of twenty agents.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from math import sqrt
from typing import Final, Literal, NamedTuple

from streams.planning.given import SOON_SECONDS, Given
from streams.slices import SECOND, Span
from streams.staffing import warning
from streams.staffing.arrivals import Arrivals, recent, usual
from streams.staffing.erlang import Demand
from streams.staffing.estimate import Assumptions
from streams.staffing.forecast import Counted, Forecast, forecast, p_window_below
from streams.staffing.required import Required, required
from streams.staffing.transient import Stage
from streams.staffing.warning import Watch
from streams.view import Key

HORIZONS_MINUTES: Final = (15, 30, 60)
QUARTER_SECONDS: Final = 900.0
READ_AT: Final = frozenset({round(warning.AHEAD_SECONDS), round(SOON_SECONDS), *(60 * n for n in HORIZONS_MINUTES)})
"""Seconds ahead at which a forecast is read off."""

ASSUMED: Final = Assumptions()


class Interval(NamedTuple):
    """One interval to come: contacts an hour, agents required for its own long run, and those there will be."""

    span: Span
    arrivals_per_hour: float
    required: Required
    staffed: float

    @property
    def gap(self) -> float:
        """Staffed less required; negative: too few."""
        return self.staffed - self.required.agents


class Ahead(NamedTuple):
    """The next hour of a queue as seen at ``made_at`` (epoch ms).

    ``horizons``: by minutes from then. ``soon``: contacts expected in the service level of the last 15 minutes as it
    will be in ten. ``p_breach``: P(that level misses the goal in five minutes); None when nobody is expected.
    ``arrivals_from``: "usual" (earlier weeks, scaled by today) or "recent" (the last 15 minutes).
    """

    key: Key
    made_at: int
    demand: Demand
    arrivals_from: Literal["usual", "recent"]
    assumed: tuple[str, ...]
    horizons: dict[int, Forecast]
    intervals: tuple[Interval, ...]
    soon: tuple[float, float]
    p_breach: float | None
    watch: Watch

    @property
    def level_soon(self) -> float | None:
        """The service level of the last 15 minutes as it will be in ten; None when nobody is expected in it."""
        in_time, counted = self.soon
        return min(1.0, in_time / counted) if counted > 0 else None


def ahead(given: Given, before: Watch | None = None) -> Ahead:
    """Look ahead from what was gathered; ``before`` is the watch of the last look, None at the first."""
    demand, assumed, of_aht = _demand(given)
    rates = [_arrivals(given, n) for n in range(len(given.coming))]
    intervals = tuple(
        Interval(
            coming.span, rate.per_second * 3600,
            required(demand._replace(arrivals_per_second=rate.per_second), given.goal), coming.agents,
        )
        for coming, rate in zip(given.coming, rates, strict=True)
    )  # fmt: skip
    stages = _stages(given, demand, rates)
    uncertainty = sqrt(max(rate.uncertainty for rate in rates) ** 2 + of_aht**2)
    ends = [round(seconds) for seconds in accumulate(stage.seconds for stage in stages)]
    busy = min(stages[0].agents, max(round(given.staff.busy), given.handling)) + given.more_waiting
    found = forecast(
        stages, given.goal, busy=busy, waited=given.waited, uncertainty=uncertainty, quick=True,
        at=[n for n, end in enumerate(ends) if end in READ_AT],
    )  # fmt: skip
    by_seconds = {round(one.seconds): one for one in found}
    chance = p_window_below(given.last_but_next, by_seconds[round(warning.AHEAD_SECONDS)], given.goal)
    at = given.now / SECOND
    missed = given.last.in_time < given.goal.service_level * given.last.counted
    return Ahead(
        key=given.key,
        made_at=given.now,
        demand=stages[0].demand,
        arrivals_from="usual" if given.weeks else "recent",
        assumed=assumed,
        horizons={minutes: by_seconds[minutes * 60] for minutes in HORIZONS_MINUTES},
        intervals=intervals,
        soon=_soon(given.last_but_soon, by_seconds[round(SOON_SECONDS)]),
        p_breach=chance,
        watch=warning.look(before or warning.first(at), at, missed, chance),
    )


def _demand(given: Given) -> tuple[Demand, tuple[str, ...], float]:
    """Handling of the last hour and patience of the day; what leans on belief; and the error of the handling."""
    contacts, spent_ms = given.handled
    missing, patient = max(0, ASSUMED.minimum - contacts), max(0, ASSUMED.minimum - given.gave_up)
    aht = (spent_ms / SECOND + missing * ASSUMED.aht_seconds) / (contacts + missing)
    patience = (given.waited_ms / SECOND + patient * ASSUMED.patience_seconds) / (given.gave_up + patient)
    assumed = (("aht",) if missing else ()) + (("patience",) if patient else ())
    return Demand(0.0, max(1.0, aht), max(1.0, patience)), assumed, (contacts + missing) ** -0.5


def _arrivals(given: Given, n: int) -> Arrivals:
    """How many will come in an interval: nobody to a closed queue, else as usual, else as lately."""
    coming = given.coming[n]
    if not coming.open:
        return Arrivals(0.0, 0.0)
    return usual(given.weeks, given.today, coming.quarter, QUARTER_SECONDS) or recent(*given.recent)


def _stages(given: Given, demand: Demand, rates: list[Arrivals]) -> list[Stage]:
    """The intervals, cut where a forecast is to be read off; those that are alike as one."""
    ends = [(coming.span.end - given.now) / SECOND for coming in given.coming]
    stages: list[Stage] = []
    here = 0.0
    for end in sorted({*map(float, READ_AT), *ends}):
        n = next(n for n, until in enumerate(ends) if end <= until)
        arriving = demand._replace(arrivals_per_second=rates[n].per_second)
        stage = Stage(end - here, arriving, whole(given.coming[n].agents))
        if stages and here not in READ_AT and stages[-1][1:] == stage[1:]:
            stage = stage._replace(seconds=stage.seconds + stages.pop().seconds)
        stages.append(stage)
        here = end
    return stages


def whole(agents: float) -> int:
    """Shares of agents as people: the nearest number, and one where there is at least a part of somebody."""
    return max(1, round(agents)) if agents > 0 else 0


def _soon(past: Counted, coming: Forecast) -> tuple[float, float]:
    """Answered in time and counted in a window of which a part is past; who still waits at its end is no part of it."""
    leaving = max(coming.in_time, coming.counted - coming.waiting)
    return past.in_time + coming.in_time, past.counted + leaving


def floor_soon(forecasts: Mapping[Key, Ahead]) -> float | None:
    """The service level of the last 15 minutes as it will be in ten, of all queues together; None without anybody."""
    in_time, counted = (sum(one.soon[n] for one in forecasts.values()) for n in range(2))
    return min(1.0, in_time / counted) if counted > 0 else None
