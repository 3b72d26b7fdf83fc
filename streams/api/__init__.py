"""The JSON of ``/api/floor`` and ``/api/intervals``: a snapshot, or intervals, enter; plain dictionaries leave.

Counts are integers; times are ISO 8601 with an offset, beside epoch milliseconds; durations are seconds. What has no
value is null, never 0. The shapes are described in ``docs/api.md``; a field may be added, none is renamed silently.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from msgspec import structs

from streams import __version__, kpis
from streams import tally as y
from streams.api.scores import team_row, weighted
from streams.api.trust import source_row, trusted
from streams.backlog import load
from streams.counts import Counts
from streams.exposition.counters import shown_as
from streams.kpis.judge import live_states, window_states
from streams.planning import Plan, plan
from streams.promises import AGES, PROMISES, Backlog
from streams.settings import QueueSettings
from streams.snapshot import Row, Snapshot
from streams.view import Interval, Window

ANSWERED_WITHIN: Final = (20, 30, 60, 120)
ABANDONED_WITHIN: Final = (5, 10, 20)

_INTEGERS: Final = tuple(
    field.name
    for field in structs.fields(Counts)
    if type(field.default) is int and field.name != "waiting_past_threshold"
)


def iso(at_ms: int, zone: ZoneInfo | None = None) -> str:
    """A moment as ISO 8601, to the millisecond, with the offset of the zone (UTC when there is none)."""
    return datetime.fromtimestamp(at_ms / 1000, zone or UTC).isoformat(timespec="milliseconds")


# --- /api/floor ------------------------------------------------------------------------------------------------------


def floor(snapshot: Snapshot) -> dict[str, Any]:
    """Everything about now: every queue, the floor, the groups; and how far it can be trusted."""
    settings, mark = snapshot.settings, snapshot.watermark
    sources = [source_row(snapshot, name) for name in sorted(snapshot.trust)]
    return {
        "as_of": iso(snapshot.now),
        "as_of_ms": snapshot.now,
        "clock": settings.clock,
        "version": __version__,
        "config_hash": settings.hash,
        "watermark": iso(mark) if mark else None,
        "watermark_ms": mark or None,
        "stale": all(source["stale"] for source in sources),
        "complete": not (snapshot.missing or snapshot.verdict(snapshot.floor).incomplete),
        "sources": sources,
        "missing_partitions": [{"topic": topic, "partition": number} for topic, number in snapshot.missing],
        "recovering": [{"topic": topic, "partition": n} for topic, n in sorted(snapshot.status.restoring)],
        "recovery_left": snapshot.status.restoring_left,
        "queues": [_row(row, snapshot) for row in snapshot.rows],
        "floor": _row(snapshot.floor, snapshot),
        "groups": [
            {**_row(row, snapshot), "members": list(settings.groups[row.queue])} for row in snapshot.groups
        ],
        "teams": [team_row(name, windows) for name, windows in snapshot.teams.items()],
        "weighted": weighted(snapshot),
    }  # fmt: skip


def _row(row: Row, snapshot: Snapshot) -> dict[str, Any]:
    rule, now = row.rule, snapshot.now
    trust = snapshot.verdict(row)
    return {
        "queue": row.queue,
        "channel": row.channel,
        "preset": rule.preset,
        "attribution": rule.attribution,
        "timezone": rule.timezone,
        "short_abandon_seconds": rule.short_abandon_seconds,
        "target": target(rule),
        "live": _live(row, now),
        "backlog": None if row.backlog is None else _backlog(row.backlog, row.windows.values(), now),
        "staffing": None if (found := plan(row, now)) is None else staffing(found),
        "trust": trusted(trust),
        "windows": {
            name: {**_window(rule, window), "complete": not trust.holes(window.span.start, window.span.end, now)}
            for name, window in row.windows.items()
        },
    }


def target(rule: QueueSettings) -> dict[str, float | None]:
    """What a queue is aimed at; null where nothing is."""
    return {
        "service_level_ratio": rule.service_level_target_ratio,
        "service_level_threshold_seconds": rule.service_level_threshold_seconds,
        "asa_seconds": rule.asa_target_seconds,
        "abandonment_ratio": rule.abandonment_target_ratio,
        "oldest_wait_seconds": rule.oldest_wait_target_seconds,
    }


def _live(row: Row, now: int) -> dict[str, Any]:
    live = row.live
    oldest = live.oldest_offered_at
    return {
        "waiting": live.waiting,
        "waiting_past_threshold": live.waiting_past_threshold,
        "waiting_callbacks": live.waiting_callbacks,
        "voicemails": None if (left := row.voicemails) is None else left.number,
        "oldest_voicemail_seconds": None if not left or left.oldest_at is None else max(0, now - left.oldest_at) / 1000,
        "by_priority": {str(priority): n for priority, n in sorted(live.by_priority.items())},
        "oldest_enqueue_ms": oldest,
        "oldest_wait_seconds": live.oldest_wait_seconds(now),
        "expected_wait_seconds": row.expected_wait_seconds(),
        "handling": live.handling,
        "agents": dict(sorted(live.agents.items())),
        "agents_staffed": live.staffed,
        "agents_serving": row.serving,
        "agents_available": live.agents.get("available", 0),
        "agents_available_share": row.staff.available if row.channel else None,
        "slots": row.slots.total,
        "slots_in_use": row.slots.in_use,
        "slot_occupancy_ratio": row.slots.occupancy_ratio,
        "no_agents": row.serving == 0,
        "open": live.open,
        "conservation_residual": live.conservation_residual,
        "state": live_states(row, now),
    }


def _backlog(open_now: Backlog, windows: Iterable[Window], now: int) -> dict[str, Any]:
    oldest = open_now.oldest_at
    amount = load(open_now.open, windows, now)
    return {
        "open": open_now.open,
        "work_hours": amount.work_hours,
        "days_to_clear": amount.days_to_clear,
        "by_age": {age: open_now.by_age.get(age, 0) for age, _ in AGES},
        "oldest_age_seconds": None if oldest is None else max(0, now - oldest) / 1000,
        "awaiting_first_reply": open_now.awaiting_first_reply,
        "awaiting_next_reply": open_now.awaiting_next_reply,
        "running": {name: open_now.running.get(name, 0) for name in PROMISES},
        "at_risk": {name: open_now.at_risk.get(name, 0) for name in PROMISES},
        "overdue": {name: open_now.overdue.get(name, 0) for name in PROMISES},
    }


def staffing(found: Plan) -> dict[str, Any]:
    """A queue's staffing now."""
    now, demand = found.now, found.inputs.demand
    return {
        "required": now.required.agents,
        "staffed": now.staffed,
        "gap": now.gap,
        "predicted_service_level": now.predicted.service_level,
        "predicted_abandonment_ratio": now.predicted.abandonment_ratio,
        "predicted_occupancy_ratio": now.predicted.occupancy_ratio,
        "service_level_with_one_more": now.power_of_one.one_more.service_level,
        "service_level_with_one_less": None if (less := now.power_of_one.one_less) is None else less.service_level,
        "expected_wait_seconds": now.expected_wait_seconds,
        "expected_breaches": found.expected_breaches,
        "arrivals_per_hour": 3600 * demand.arrivals_per_second,
        "aht_seconds": demand.aht_seconds,
        "patience_seconds": demand.patience_seconds,
        "assumed": list(found.inputs.assumed),
    }


def _window(rule: QueueSettings, window: Window) -> dict[str, Any]:
    zone, counts = ZoneInfo(rule.timezone), window.counts
    shown = {shown_as(name): _seconds_or_count(counts, name) for name in _INTEGERS}
    return {
        "start": iso(window.span.start, zone),
        "start_ms": window.span.start,
        "end_ms": window.span.end,
        **shown,
        "left": counts.left,
        "flowed_out_by_reason": dict(counts.flowed_out_by),
        "agent_state_seconds": {state: ms / 1000 for state, ms in counts.state_ms.items()},
        "conversations": _told(counts.told),
        "people": _told(counts.people),
        "kpis": {kpi.name: kpi.function(counts) for kpi in kpis.REGISTRY},
        "service_level": kpis.service_levels(counts),
        "state": window_states(rule, window),
    }


def _told(counted: Mapping[str, int]) -> dict[str, int | float]:
    """What was counted of conversations or of people; what did not happen is left out."""
    return {shown_as(name): n / 1000 if name.endswith("_ms") else n for name, n in sorted(counted.items())}


def _seconds_or_count(counts: Counts, name: str) -> int | float:
    value: int = getattr(counts, name)
    return value / 1000 if name.endswith("_ms") else value


# --- /api/intervals --------------------------------------------------------------------------------------------------


def interval(found: Interval, rule: QueueSettings) -> dict[str, Any]:
    """One row: the fields of ``queuepulse report`` and, where the report is exact, the same values.

    ``abandonment_ratio`` is raw (abandoned / left, or offered by arrival); ``abandonment_ratio_long`` leaves short
    abandons out. The median handle time is within 5 %.
    """
    c, zone = found.counts, ZoneInfo(rule.timezone)
    p50 = y.quantile_ms(c.handles, 0.5)
    return {
        "queue": found.key[0],
        "channel": found.key[1],
        "start": datetime.fromtimestamp(found.span.start / 1000, zone).isoformat(),
        "start_ms": found.span.start,
        "end_ms": found.span.end,
        "offered": c.offered,
        "answered": c.answered,
        "abandoned": c.abandoned,
        "short_abandoned": c.short_abandoned,
        "flowed_out": c.flowed_out,
        "flowed_out_by_reason": dict(c.flowed_out_by),
        "orphaned": c.orphaned,
        "answered_wait_seconds_sum": c.answered_wait_ms / 1000 if c.answered else None,
        "abandoned_wait_seconds_sum": c.abandoned_wait_ms / 1000 if c.abandoned else None,
        "asa_seconds": kpis.asa_seconds(c),
        "abandon_time_seconds": kpis.abandon_time_seconds(c),
        "max_wait_answered_seconds": None if c.max_answered_wait_ms is None else c.max_answered_wait_ms / 1000,
        "abandonment_ratio": kpis.abandonment_raw_ratio(c),
        "abandonment_ratio_long": kpis.abandonment_ratio(c),
        "service_level": kpis.service_levels(c),
        "answered_within": _within(c.answered_waits, ANSWERED_WITHIN),
        "abandoned_within": _within(c.abandoned_waits, ABANDONED_WITHIN),
        "handle_segments": c.segments,
        "handle_seconds_sum": c.handle_ms / 1000 if c.segments else None,
        "aht_seconds": kpis.aht_seconds(c),
        "p50_handle_seconds": None if p50 is None else p50 / 1000,
        "max_queue_length": found.max_queue_length if c.offered or c.left else None,
    }


def _within(buckets: Sequence[tuple[int, int]], limits: Sequence[int]) -> dict[str, int | None]:
    """How many waited for at most each limit (seconds); exact: limits are bucket edges. Null when nobody did."""
    if not any(n for _, n in buckets):
        return dict.fromkeys(map(str, limits))
    return {str(limit): sum(n for b, n in buckets if y.EDGES_MS[b] <= limit * 1000) for limit in limits}
