"""The planner's board: who is there, how busy they are, and what arrives."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as dashboards
from grafana_foundation_sdk.builders import timeseries

from grafana.boards.panels import AT_RISK, BREACH, FINE, Line, Query, Steps, dashboard, place, time_panel, variable

HERE = 'queue=~"$queue", channel=~"$channel"'
QUEUES = 'queue=~"$queue", queue!="ALL"'
QC = "queue_channel:contactcenter"
QCW = "queue_channel_window:contactcenter"
AGENTS = "queue_state:contactcenter_agents:sum"
NAME = "{{queue}} · {{channel}}"
BAND: Steps = ((None, FINE), (0.85, AT_RISK), (0.95, BREACH))
"""Above 85 % there is no time to breathe; above 95 % the queue runs away."""


def staffing() -> dashboards.Dashboard:
    """The dashboard ``queuepulse-staffing``."""
    board = dashboard("staffing", "Staffing", "Who is there, and for what arrives.", refresh="30s", since="now-12h")
    board.with_variable(variable("queue", "Queue")).with_variable(variable("channel", "Channel"))
    return place(
        board,
        [
            Line(9, [_staffed(), _available()]),
            Line(9, [_occupancy(), _floor_occupancy()]),
            Line(9, [_arrivals(), _handling(), _load()]),
        ],
    )


def _staffed() -> timeseries.Panel:
    return time_panel(
        "Staffed and serving",
        "Agents signed in for each queue, and those of them who take contacts (not away). Who serves several queues is "
        "in each of them: don't add.",
        Query(f"sum by (queue) ({AGENTS}{{{QUEUES}}})", "staffed {{queue}}"),
        Query(f"queue:contactcenter_agents_serving:sum{{{QUEUES}}}", "serving {{queue}}"),
        unit="none",
        no_data="nobody is signed in",
    )


def _available() -> timeseries.Panel:
    return time_panel(
        "Available",
        "Agents free for the next contact, by queue; ALL counts each once.",
        Query(f'sum by (queue) ({AGENTS}{{queue=~"$queue|ALL", state="available"}})', "{{queue}}"),
        unit="none",
        no_data="nobody is available",
    )


def _occupancy() -> timeseries.Panel:
    return time_panel(
        "Occupancy, 30 min",
        "On contact and after-contact work / that and ringing and available. The band begins at 85 %.",
        Query(f'queue_window:contactcenter_occupancy:ratio{{{QUEUES}, window="30m"}}', "{{queue}}"),
        unit="percentunit",
        no_data="nobody was there in this time",
        steps=BAND,
        maximum=1,
    )


def _floor_occupancy() -> timeseries.Panel:
    return time_panel(
        "Occupancy of the floor",
        "Of all agents, each counted once: the last five minutes, and the last hour. The band begins at 85 %.",
        Query('queue_window:contactcenter_occupancy:ratio{queue="ALL", window=~"5m|1h"}', "{{window}}"),
        unit="percentunit",
        no_data="nobody was there in this time",
        steps=BAND,
        maximum=1,
    )


def _arrivals() -> timeseries.Panel:
    return time_panel(
        "Arrivals, 15 min",
        "Visits that entered each queue in the last 15 minutes.",
        Query(f'sum by (queue, channel) (contactcenter_window_offered{{{HERE}, window="15m"}})', NAME),
        unit="none",
        no_data="nobody arrived",
        stacked=True,
    )


def _handling() -> timeseries.Panel:
    return time_panel(
        "Average handle time, 1 h",
        "Talk, hold and after-contact work / handle segments.",
        Query(f'{QCW}_aht:seconds{{{HERE}, window="1h"}}', NAME),
        unit="s",
        no_data="nothing was handled in this time",
    )


def _load() -> timeseries.Panel:
    return time_panel(
        "Load in agents, 15 min",
        "Arrivals a second x average handle time (Erlang): so many agents are busy if nobody is turned away, and more "
        "must be there.",
        Query(
            f'sum by (queue, channel) (contactcenter_window_offered{{{HERE}, window="15m"}}) / 900\n'
            f'* on (queue, channel) max without (window) ({QCW}_aht:seconds{{{HERE}, window="1h"}})',
            NAME,
        ),
        unit="none",
        no_data="nothing was handled in this time",
    )
