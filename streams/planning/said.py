"""Forecasts as JSON, as in ``/api/staffing``: a queue's next hour enters, plain dictionaries leave."""

from __future__ import annotations

from typing import Any

from streams.planning.ahead import Ahead, Interval
from streams.staffing.forecast import Forecast


def ahead(found: Ahead, now: int) -> dict[str, Any]:
    """One queue's next hour; durations in seconds, ratios in [0, 1], null without a value."""
    demand = found.demand
    return {
        "made_at_ms": found.made_at,
        "age_seconds": max(0, now - found.made_at) / 1000,
        "arrivals_from": found.arrivals_from,
        "aht_seconds": demand.aht_seconds,
        "patience_seconds": demand.patience_seconds,
        "assumed": list(found.assumed),
        "service_level_in_10_minutes": found.level_soon,
        "breach_chance": found.p_breach,
        "breach_foreseen": found.watch.warned,
        "in_breach": found.watch.in_breach,
        "horizons": [_horizon(minutes, one) for minutes, one in found.horizons.items()],
        "intervals": [_interval(one) for one in found.intervals],
    }


def _horizon(minutes: int, found: Forecast) -> dict[str, Any]:
    return {
        "minutes": minutes,
        "service_level": found.service_level,
        "median": found.median,
        "low": found.low,
        "high": found.high,
        "chance_below_target": found.p_below,
        "arrivals": found.arrivals,
        "abandonment_ratio": found.abandonment_ratio,
        "waiting": found.waiting,
    }


def _interval(found: Interval) -> dict[str, Any]:
    return {
        "start_ms": found.span.start,
        "end_ms": found.span.end,
        "arrivals_per_hour": found.arrivals_per_hour,
        "required": found.required.agents,
        "scheduled": found.required.scheduled,
        "staffed": found.staffed,
        "gap": found.gap,
    }
