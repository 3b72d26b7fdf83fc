"""What the wall shows: a snapshot enters, a small dictionary leaves. Pure.

A tenth of ``/api/floor``: one window and today, and only what is read from three metres. What has no value is None,
never 0; whether it is fine, at risk or a breach is decided here (``streams.kpis.judge``), not in the browser.
"""

from __future__ import annotations

from typing import Any, Final

from streams import __version__, kpis
from streams.kpis.judge import live_states, window_states
from streams.snapshot import Row, Snapshot

PREFERRED: Final = ("30m", "15m", "1h", "5m", "1m")
"""The window shown: the first of these that is configured, else the first there is."""


def window_of(windows: tuple[str, ...]) -> str:
    """The name of the window shown; "" when none is configured."""
    return next((name for name in PREFERRED if name in windows), windows[0] if windows else "")


def wall(snapshot: Snapshot, *, agents_reported: bool, page: str) -> dict[str, Any]:
    """Everything on the wall. ``agents_reported``: some source tells of agents, so none available means none.

    ``page`` is the digest of the page's files: a wall that was loaded from others knows that it is an old one.
    """
    settings = snapshot.settings
    window = window_of(tuple(settings.windows))
    ages = {name: snapshot.staleness_seconds(name) for name in sorted(snapshot.sources)}
    return {
        "as_of_ms": snapshot.now,
        "clock": settings.clock,
        "timezone": settings.defaults.timezone,
        "version": __version__,
        "page": page,
        "window": window,
        "age_seconds": min(ages.values(), default=None),
        "stale": all(snapshot.is_stale(name) for name in ages),
        "sources": [
            {"source": name, "staleness_seconds": age, "stale": snapshot.is_stale(name)} for name, age in ages.items()
        ],
        "missing": len(snapshot.missing),
        "recovering": len(snapshot.status.restoring),
        "floor": _row("floor", snapshot.floor, snapshot, window, agents_reported),
        "queues": [_row("queue", row, snapshot, window, agents_reported) for row in snapshot.rows],
        "groups": [_row("group", row, snapshot, window, agents_reported) for row in snapshot.groups],
    }


def _row(kind: str, row: Row, snapshot: Snapshot, window: str, agents_reported: bool) -> dict[str, Any]:
    rule, live, now = row.rule, row.live, snapshot.now
    trust = snapshot.verdict(row)
    shown, today = row.windows.get(window), row.windows.get("today")
    level = kpis.PRESETS[rule.preset]
    return {
        "kind": kind,
        "queue": row.queue,
        "channel": row.channel,
        "threshold_seconds": rule.service_level_threshold_seconds,
        "target": {
            "service_level": rule.service_level_target_ratio,
            "asa": rule.asa_target_seconds,
            "abandonment": rule.abandonment_target_ratio,
            "oldest_wait": rule.oldest_wait_target_seconds,
        },
        "open": live.open,
        "stale": trust.stale,
        "incomplete": trust.incomplete,
        "waiting": live.waiting,
        "past_threshold": live.waiting_past_threshold,
        "oldest_wait_seconds": None if live.oldest_offered_at is None else live.oldest_wait_seconds(now),
        "available": live.agents.get("available", 0) if agents_reported else None,
        "staffed": live.staffed if agents_reported else None,
        "offered": None if shown is None else shown.counts.offered,
        "service_level": None if shown is None else level(shown.counts),
        "service_level_today": None if today is None else level(today.counts),
        "asa_seconds": None if shown is None else kpis.asa_seconds(shown.counts),
        "abandonment": None if shown is None else kpis.abandonment_ratio(shown.counts),
        "state": {
            **({} if shown is None else window_states(rule, shown)),
            **({} if live.oldest_offered_at is None else live_states(row, now)),
            **({"staffing": "breach"} if agents_reported and live.waiting and not row.serving else {}),
        },
    }
