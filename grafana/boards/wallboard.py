"""The wall: read at three metres in three seconds. A line of six numbers for each queue, nothing to click.

Open it with ``?kiosk``; ``&var-queue=billing&var-queue=sales`` chooses queues.
"""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as dashboards
from grafana_foundation_sdk.builders import stat

from grafana.boards.panels import BREACH, FINE, Line, dashboard, judged, labelled, place, tile, variable

HERE = 'queue=~"$queue"'
LEVEL = "queue_channel_window:contactcenter_service_level"
ABANDONMENT = "queue_channel_window:contactcenter_abandonment"
OLDEST = "queue_channel:contactcenter_oldest_wait"
OPEN = "queue_channel:contactcenter_queue_open:max"
AGENTS = "queue_state:contactcenter_agents:sum"
STALENESS = "min(source:contactcenter_staleness:seconds)"


def wallboard() -> dashboards.Dashboard:
    """The dashboard ``queuepulse-wallboard``."""
    board = dashboard("wallboard", "Wallboard", "Every queue now, for the wall.", refresh="5s", since="now-15m")
    board.with_variable(variable("queue", "Queue", shown=False))
    of_queue = [_level("30 min", "30m"), _level("today", "today"), _waiting(), _oldest(), _agents(), _abandonment()]
    return place(
        board,
        [
            Line(4, [_age(), _floor_waiting(), _floor_agents(), _alerts()]),
            Line(5, of_queue, row="$queue", repeat="queue"),
        ],
    )


# --- one queue -------------------------------------------------------------------------------------------------------


def _windowed(name: str, window: str) -> str:
    where = f'{{{HERE}, window="{window}"}}'
    left = f"queue_channel_window:contactcenter_window_left:sum{where}"
    return judged(f"{name}:ratio{where}", f"{name}:state{where}", left)


def _level(words: str, window: str) -> stat.Panel:
    description = "Answered within the threshold, by the queue's preset; coloured by contactcenter_sla_target_ratio."
    return tile(f"Service level, {words}", description, _windowed(LEVEL, window), unit="percentunit", decimals=0)


def _abandonment() -> stat.Panel:
    description = "Gave up / left, short abandons aside; coloured by contactcenter_abandonment_target_ratio."
    return tile("Abandonment, 30 min", description, _windowed(ABANDONMENT, "30m"), unit="percentunit", decimals=0)


def _waiting() -> stat.Panel:
    value = judged(f"queue_channel:contactcenter_waiting:sum{{{HERE}}}", f"{OLDEST}:state{{{HERE}}}")
    return tile("Waiting", "Visits waiting now; coloured as the oldest of them.", value, unit="none")


def _oldest() -> stat.Panel:
    description = (
        "How long the longest waiter has waited, 0 when nobody waits; coloured by "
        "contactcenter_oldest_wait_target_seconds."
    )
    value = judged(f"{OLDEST}:seconds{{{HERE}}}", f"{OLDEST}:state{{{HERE}}}")
    return tile("Oldest wait", description, value, unit="dtdurations", decimals=0)


def _agents() -> stat.Panel:
    nobody = f"0 * max by (queue) ({OPEN}{{{HERE}}})"
    return tile(
        "Agents",
        "Available for the queue now, and all who are signed in for it, on a break or not.",
        labelled(f'sum by (queue) ({AGENTS}{{{HERE}, state="available"}}) or {nobody}', "available"),
        labelled(f"sum by (queue) ({AGENTS}{{{HERE}}}) or {nobody}", "staffed"),
        unit="none",
        no_data="nobody known",
        words=[("available", FINE)],
    )


# --- the floor -------------------------------------------------------------------------------------------------------


def _age() -> stat.Panel:
    stale = "contactcenter_feed_stale:bool"
    return tile(
        "Age of the data",
        "How long ago the source heard of last was heard of. STALE: longer than contactcenter_stale_after_seconds; "
        "then every number here is of the past, and grey.",
        labelled(f"{STALENESS} and on () {stale} == 0", "✓ live")
        + "\nor "
        + labelled(f"{STALENESS} and on () {stale} == 1", "STALE"),
        unit="dtdurations",
        no_data="no source has been heard of",
        decimals=0,
        words=[("live", FINE)],
    )


def _floor_waiting() -> stat.Panel:
    return tile(
        "Waiting, all queues",
        "Visits waiting now, in every queue.",
        labelled("sum(queue_channel:contactcenter_waiting:sum)", "waiting"),
        unit="none",
        no_data="no queue known",
        words=[("waiting", FINE)],
    )


def _floor_agents() -> stat.Panel:
    return tile(
        "Agents, all queues",
        "Available now, and all who are signed in; each counted once, however many queues they serve.",
        labelled(f'sum({AGENTS}{{queue="ALL", state="available"}}) or vector(0)', "available"),
        labelled(f'sum({AGENTS}{{queue="ALL"}}) or vector(0)', "staffed"),
        unit="none",
        no_data="nobody known",
        words=[("available", FINE)],
    )


def _alerts() -> stat.Panel:
    firing = 'count(ALERTS{alertstate="firing"})'
    return tile(
        "Alerts",
        "Alerts that fire now, about queues and about Queuepulse itself; those held back too.",
        labelled(f"{firing} > 0", "✗ firing") + "\nor " + labelled(f"({firing} or vector(0)) == 0", "✓ none"),
        unit="none",
        no_data="Prometheus evaluates no rules",
        words=[("firing", BREACH), ("none", FINE)],
    )
