"""The families of staffing on ``/metrics/floor``: now, and the next hour. Rows and forecasts enter, families leave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from streams.exposition.families import Family, gauge
from streams.planning import plan
from streams.planning.ahead import Ahead, Interval, floor_soon
from streams.slices import MINUTE
from streams.snapshot import Row
from streams.view import FLOOR, Key


def now_families(rows: list[Row], now: int) -> Iterator[Family]:
    """What a planner asks now, for queues where customers wait in line; absent for quiet ones."""
    plans = [({"queue": row.queue, "channel": row.channel}, p) for row in rows if (p := plan(row, now)) is not None]
    help_ = "Agents at work that the goal needs, by Erlang A on the last half hour."
    yield gauge("agents_required", help_, [(key, p.now.required.agents) for key, p in plans])
    help_ = "Agents at work; one who serves several queues counts in parts."
    yield gauge("agents_staffed", help_, [(key, p.now.staffed) for key, p in plans])
    yield gauge("agents_gap", "Staffed less required; below 0: too few.", [(key, p.now.gap) for key, p in plans])
    help_ = "The service level in the long run if nothing changes."
    predicted = [(key, p.now.predicted.service_level) for key, p in plans]
    yield gauge("predicted_service_level_ratio", help_, predicted)
    for way in ("more", "less"):
        help_ = f"The service level in the long run with one agent {way} than are wholly the queue's."
        steps = [(key, getattr(p.now.power_of_one, f"one_{way}")) for key, p in plans]
        yield gauge(f"service_level_with_one_{way}_ratio", help_, [(key, s.service_level) for key, s in steps if s])
    help_ = "The share that would give up in the long run if nothing changes."
    yield gauge("predicted_abandonment_ratio", help_, [(key, p.now.predicted.abandonment_ratio) for key, p in plans])
    help_ = "What somebody who arrives now and stays must expect, those ahead giving up as they do."
    yield gauge("expected_wait_patient_seconds", help_, [(key, p.now.expected_wait_seconds) for key, p in plans])
    help_ = "How many of those waiting will pass the threshold before they are answered: the sum of their chances."
    yield gauge("expected_breaches", help_, [(key, p.expected_breaches) for key, p in plans])


def ahead_families(forecasts: Mapping[Key, Ahead], now: int) -> Iterator[Family]:
    """The forecasts of the next 15, 30 and 60 minutes, and the warning; absent while there is none."""
    found = [({"queue": queue, "channel": channel}, one) for (queue, channel), one in sorted(forecasts.items())]
    cells = [
        ({**key, "ahead": f"{minutes}m"}, one, minutes, at)
        for key, one in found
        for minutes, at in one.horizons.items()
    ]  # fmt: skip
    help_ = "Expected service level from now until then, of those waiting now and all who arrive until then."
    yield gauge("forecast_service_level_ratio", help_, [(key, at.service_level) for key, _, _, at in cells])
    help_ = "The forecast's lower bound: the service level is between the bounds in 8 of 10 cases."
    yield gauge("forecast_service_level_low_ratio", help_, [(key, at.low) for key, _, _, at in cells])
    help_ = "The forecast's upper bound: the service level is between the bounds in 8 of 10 cases."
    yield gauge("forecast_service_level_high_ratio", help_, [(key, at.high) for key, _, _, at in cells])
    help_ = "The share of those waiting now and all who arrive until then that is expected to give up."
    yield gauge("forecast_abandonment_ratio", help_, [(key, at.abandonment_ratio) for key, _, _, at in cells])
    yield gauge("forecast_arrivals", "Visits expected until then.", [(key, at.arrivals) for key, _, _, at in cells])
    yield gauge(
        "forecast_queue_length", "Visits expected to wait then.", [(key, at.waiting) for key, _, _, at in cells]
    )
    then = [(key, interval_at(one, minutes)) for key, one, minutes, _ in cells]
    help_ = "Agents at work that the quarter of an hour in force then needs, by Erlang A."
    yield gauge("forecast_agents_required", help_, [(key, one.required.agents) for key, one in then])
    help_ = "Agents at work then: as scheduled, those without a schedule as they are now; shared ones in parts."
    yield gauge("forecast_agents_staffed", help_, [(key, one.staffed) for key, one in then])
    help_ = "The service level that the last 15 minutes will show in 10 minutes."
    soon = [*((key, one.level_soon) for key, one in found), ({"queue": FLOOR, "channel": ""}, floor_soon(forecasts))]
    yield gauge("service_level_in_10m_ratio", help_, soon)
    help_ = "Chance that the service level of the last 15 minutes misses its goal in 5 minutes."
    yield gauge("breach_chance_ratio", help_, [(key, one.p_breach) for key, one in found])
    help_ = (
        "1: the service level is about to miss its goal: raised at a chance of 0.45, kept above 0.02 and while missed."
    )
    yield gauge("breach_forecast", help_, [(key, float(one.watch.warned)) for key, one in found])
    help_ = "How long ago the forecasts of this queue were made: once a minute, or less often on a very large floor."
    yield gauge("forecast_age_seconds", help_, [(key, max(0, now - one.made_at) / 1000) for key, one in found])


def interval_at(one: Ahead, minutes: int) -> Interval:
    """The interval in force so many minutes ahead; the last one at its very end."""
    at = one.made_at + minutes * MINUTE
    return next((i for i in one.intervals if i.span.start <= at < i.span.end), one.intervals[-1])
