"""The planner's board: who is needed, who is there, what comes, how busy everybody is, and what arrives."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as dashboards
from grafana_foundation_sdk.builders import stat, timeseries

from grafana.boards.panels import (
    AT_RISK,
    BREACH,
    FINE,
    GREY,
    Line,
    Query,
    Steps,
    dashboard,
    place,
    stat_panel,
    time_panel,
    variable,
)

HERE = 'queue=~"$queue", channel=~"$channel"'
QUEUES = 'queue=~"$queue", queue!="ALL"'
QC = "queue_channel:contactcenter"
QCW = "queue_channel_window:contactcenter"
AGENTS = "queue_state:contactcenter_agents:sum"
NAME = "{{queue}} · {{channel}}"
LAST_WEEK = "last week " + NAME
BAND: Steps = ((None, FINE), (0.85, AT_RISK), (0.95, BREACH))
"""Above 85 % there is no time to breathe; above 95 % the queue runs away."""


def staffing() -> dashboards.Dashboard:
    """The dashboard ``queuepulse-staffing``."""
    board = dashboard("staffing", "Staffing", "Who is there, and for what arrives.", refresh="30s", since="now-12h")
    board.with_variable(variable("queue", "Queue")).with_variable(variable("channel", "Channel"))
    return place(
        board,
        [
            Line(5, [_gap(), _soon(), _late(), _age()]),
            Line(9, [_required(), _foreseen(), _chance()]),
            Line(9, [_power_of_one(), _needed(), _to_come()]),
            Line(9, [_staffed(), _available()]),
            Line(9, [_occupancy(), _floor_occupancy()]),
            Line(9, [_arrivals(), _handling(), _load()]),
        ],
    )


def _of_floor(name: str, more: str = "") -> str:
    """A number of /metrics/floor: every worker has it, a second apart at the most."""
    return f"max by (queue, channel) (contactcenter_{name}{{{HERE}{more}}})"


def _gap() -> stat.Panel:
    return stat_panel(
        "Too many or too few, now",
        "Agents at work less agents required (Erlang A on the last half hour); who serves several queues counts in "
        "parts. Below 0: too few.",
        Query(_of_floor("agents_gap"), NAME),
        unit="none",
        no_data="no queue is busy, or a partition is missing",
        steps=((None, BREACH), (-0.5, FINE)),
        decimals=1,
        signed=True,
    )


def _soon() -> stat.Panel:
    return stat_panel(
        "Service level in 10 minutes",
        "What the last 15 minutes will show then: of the part that is over as counted, of the rest as forecast. ALL is "
        "the floor.",
        Query('max by (queue) (contactcenter_service_level_in_10m_ratio{queue=~"$queue|ALL"})', "{{queue}}"),
        unit="percentunit",
        no_data="no forecast",
        steps=((None, GREY),),
        decimals=0,
    )


def _late() -> stat.Panel:
    return stat_panel(
        "Will be answered too late",
        "Of those waiting now: the sum of each one's chance to wait past the threshold.",
        Query(_of_floor("expected_breaches"), NAME),
        unit="none",
        no_data="no queue is busy",
        steps=((None, FINE), (0.5, AT_RISK), (3, BREACH)),
        decimals=1,
    )


def _age() -> stat.Panel:
    return stat_panel(
        "Age of the forecasts",
        "Made once a minute, less often on a very large floor; none is told after five minutes.",
        Query(f"max({_of_floor('forecast_age_seconds')})", "oldest"),
        unit="s",
        no_data="no forecast",
        steps=((None, FINE), (150, AT_RISK)),
    )


def _required() -> timeseries.Panel:
    return time_panel(
        "Required and at work",
        "Agents that the goal needs now (Erlang A on the last half hour), and those at work.",
        Query(_of_floor("agents_required"), f"required (target) {NAME}"),
        Query(_of_floor("agents_staffed"), f"at work {NAME}"),
        unit="none",
        no_data="no queue is busy",
    )


def _foreseen() -> timeseries.Panel:
    return time_panel(
        "Service level of the next 15 minutes",
        "Expected, and the band it is in in 8 of 10 cases: of those waiting and all who arrive.",
        *(
            Query(_of_floor(f"forecast_service_level{bound}_ratio", ', ahead="15m"'), f"{word} {NAME}")
            for bound, word in (("", "expected"), ("_low", "low"), ("_high", "high"))
        ),
        Query(
            f"queue_channel:contactcenter_sla_target_ratio:max{{{HERE}}}\n"
            "and on (queue, channel) contactcenter_forecast_age_seconds",
            f"target {NAME}",
        ),
        unit="percentunit",
        no_data="no forecast",
        maximum=1,
    )


def _chance() -> timeseries.Panel:
    return time_panel(
        "Chance of a breach in 5 minutes",
        "That the service level of the last 15 minutes then misses its goal. A warning is raised at 45 %.",
        Query(_of_floor("breach_chance_ratio"), NAME),
        unit="percentunit",
        no_data="no forecast",
        steps=((None, FINE), (0.45, AT_RISK)),
        maximum=1,
    )


def _power_of_one() -> timeseries.Panel:
    return time_panel(
        "Service level in the long run, and the power of one",
        "If nothing changes (Erlang A on the last half hour), and with one agent less or one more: where it rises "
        "steeply, one agent decides.",
        Query(_of_floor("predicted_service_level_ratio"), f"as it is {NAME}"),
        *(Query(_of_floor(f"service_level_with_one_{way}_ratio"), f"one {way} {NAME}") for way in ("less", "more")),
        Query(
            f"queue_channel:contactcenter_sla_target_ratio:max{{{HERE}}}\n"
            "and on (queue, channel) contactcenter_predicted_service_level_ratio",
            f"target {NAME}",
        ),
        unit="percentunit",
        no_data="no queue is busy, or a partition is missing",
        maximum=1,
    )


def _needed() -> timeseries.Panel:
    return time_panel(
        "Required in 15, 30 and 60 minutes",
        "Agents at work that the quarter of an hour then needs, each as it was foreseen.",
        Query(
            f"max by (queue, channel, ahead) (contactcenter_forecast_agents_required{{{HERE}}})",
            "in {{ahead}} {{queue}} · {{channel}}",
        ),
        unit="none",
        no_data="no forecast",
    )


def _to_come() -> timeseries.Panel:
    return time_panel(
        "At work in 15, 30 and 60 minutes",
        "As scheduled; agents without a schedule as they are now.",
        Query(
            f"max by (queue, channel, ahead) (contactcenter_forecast_agents_staffed{{{HERE}}})",
            "in {{ahead}} {{queue}} · {{channel}}",
        ),
        unit="none",
        no_data="no forecast",
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
    arrived = f'contactcenter_window_offered{{{HERE}, window="15m"}}'
    return time_panel(
        "Arrivals, 15 min",
        "Visits that entered each queue in the last 15 minutes; dotted at the same time last week.",
        Query(f"sum by (queue, channel) ({arrived})", NAME),
        Query(f"sum by (queue, channel) ({arrived} offset 1w)", LAST_WEEK),
        unit="none",
        no_data="nobody arrived",
    )


def _handling() -> timeseries.Panel:
    return time_panel(
        "Average handle time, 1 h",
        "Talk, hold and after-contact work / handle segments; dotted at the same time last week.",
        Query(f'{QCW}_aht:seconds{{{HERE}, window="1h"}}', NAME),
        Query(f'{QCW}_aht:seconds{{{HERE}, window="1h"}} offset 1w', LAST_WEEK),
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
