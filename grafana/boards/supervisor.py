"""The supervisor's board: what is wrong now, in which queue, since when, and who could help."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as dashboards
from grafana_foundation_sdk.builders import statetimeline, table, timeseries

from grafana.boards.panels import (
    AT_RISK,
    BREACH,
    FINE,
    GREY,
    Line,
    Query,
    dashboard,
    firing_annotations,
    place,
    state_panel,
    table_panel,
    time_panel,
    variable,
)

HERE = 'queue=~"$queue", channel=~"$channel"'
QCW = "queue_channel_window:contactcenter"
QC = "queue_channel:contactcenter"
AGENTS = "queue_state:contactcenter_agents:sum"
OCCUPANCY = "queue_window:contactcenter_occupancy:ratio"
OPEN = f"{QC}_queue_open:max{{{HERE}}}"
FIRING = 'ALERTS{alertstate="firing", queue=~"$queue|"}'
P90 = "contactcenter_first_response_p90_seconds"
NAME = "{{queue}} · {{channel}}"
TARGET = "target of " + NAME
TRUSTED = {0: ("✓ live", FINE), 1: ("! incomplete", AT_RISK), 2: ("stale", GREY)}
ATTENDED = {0: ("✓ somebody free", FINE), 1: ("! all busy", AT_RISK), 2: ("✗ nobody there", BREACH)}


def supervisor() -> dashboards.Dashboard:
    """The dashboard ``queuepulse-supervisor``."""
    board = dashboard(
        "supervisor", "Supervisor", "What is wrong now, where, since when.", refresh="10s", since="now-3h"
    )
    board.with_variable(variable("queue", "Queue")).with_variable(variable("channel", "Channel"))
    board.annotation(firing_annotations())
    return place(
        board,
        [
            Line(6, [_alerts(), _states(), _trust()], (8, 9, 7)),
            Line(9, [_queues()]),
            Line(8, [_waiting(), _oldest(), _level()]),
            Line(8, [_response(), _backlog(), _promises()], row="Conversations"),
            Line(8, [_attended(), _agents()], row="Agents"),
            Line(8, [_breaks(), _handling(), _longer()]),
        ],
    )


def _alerts() -> table.Panel:
    return table_panel(
        "Firing alerts",
        "Alerts that fire now for these queues, and those about Queuepulse itself. What to do is in their runbooks.",
        {
            "Firing": (
                Query('max by (alertname, queue, severity) (ALERTS{alertstate="firing", queue=~"$queue|"})'),
                "none",
            )
        },
        no_data="no alert fires",
        hidden=("Time", "Firing", "Value"),
        renamed={"alertname": "Alert", "queue": "Queue", "severity": "Severity"},
    )


def _states() -> statetimeline.Panel:
    return state_panel(
        "Service level against its target, 15 min",
        "Fine, at risk (within 5 % of contactcenter_sla_target_ratio) or breach; a gap is a time without contacts.",
        Query(f'{QCW}_service_level:state{{{HERE}, window="15m"}}', NAME),
        no_data="no contacts in this time",
    )


def _trust() -> statetimeline.Panel:
    def of(name: str) -> str:
        return f"max by (queue, channel) (contactcenter_queue_{name}{{{HERE}}})"

    return state_panel(
        "Can a queue's numbers be trusted",
        "Stale: every source that feeds the queue is silent, its numbers are of the past. Incomplete: one of them is "
        "silent or was cut off; the queue may look quieter than it is.",
        Query(f"clamp_max(2 * {of('stale')} + {of('incomplete')}, 2)", NAME),
        no_data="no queue known, or a partition is missing",
        states=TRUSTED,
    )


def _of_agents(expr: str) -> Query:
    """What is known of a queue's agents, whatever the channel, beside every channel of the queue."""
    return Query(f"0 * {OPEN} + on (queue) group_left () {expr}")


def _queues() -> table.Panel:
    half = f'{{{HERE}, window="30m"}}'
    return table_panel(
        "Queues",
        "Each queue now, and its last 30 minutes beside what it should be; coloured by the same targets as the alerts.",
        {
            "Waiting": (Query(f"{QC}_waiting:sum{{{HERE}}}"), "none"),
            "Oldest wait": (Query(f"{QC}_oldest_wait:seconds{{{HERE}}}"), "dtdurations"),
            "Oldest wait is": (Query(f"{QC}_oldest_wait:state{{{HERE}}}"), "state"),
            "Service level": (Query(f"max without (window) ({QCW}_service_level:ratio{half})"), "percentunit"),
            "Target": (Query(f"{QC}_sla_target_ratio:max{{{HERE}}}"), "percentunit"),
            "Service level is": (Query(f"max without (window) ({QCW}_service_level:state{half})"), "state"),
            "ASA": (Query(f"max without (window) ({QCW}_asa:seconds{half})"), "s"),
            "ASA is": (Query(f"max without (window) ({QCW}_asa:state{half})"), "state"),
            "Abandonment": (Query(f"max without (window) ({QCW}_abandonment:ratio{half})"), "percentunit"),
            "Abandonment is": (Query(f"max without (window) ({QCW}_abandonment:state{half})"), "state"),
            "Occupancy": (_of_agents(f'max by (queue) ({OCCUPANCY}{{window="30m"}})'), "percentunit"),
            "Staffed": (_of_agents(f"sum by (queue) ({AGENTS})"), "none"),
            "Required": (Query(f"max by (queue, channel) (contactcenter_agents_required{{{HERE}}})"), "none"),
            "Available": (_of_agents(f'sum by (queue) ({AGENTS}{{state="available"}})'), "none"),
        },
        no_data="no queue has had a contact yet",
        renamed={"queue": "Queue", "channel": "Channel"},
    )  # fmt: skip


def _waiting() -> timeseries.Panel:
    return time_panel(
        "Waiting",
        "Visits waiting in each queue.",
        Query(f"{QC}_waiting:sum{{{HERE}}}", NAME),
        unit="none",
        no_data="no queue known",
    )


def _oldest() -> timeseries.Panel:
    return time_panel(
        "Oldest wait",
        "How long the longest waiter has waited; dashed, where there is one, contactcenter_oldest_wait_target_seconds.",
        Query(f"{QC}_oldest_wait:seconds{{{HERE}}}", NAME),
        Query(f"{QC}_oldest_wait_target_seconds:max{{{HERE}}}", TARGET),
        unit="dtdurations",
        no_data="no queue known",
    )


def _level() -> timeseries.Panel:
    return time_panel(
        "Service level, 15 min",
        "Answered within the threshold, by the queue's preset; dashed contactcenter_sla_target_ratio.",
        Query(f'{QCW}_service_level:ratio{{{HERE}, window="15m"}}', NAME),
        Query(f"{QC}_sla_target_ratio:max{{{HERE}}}", TARGET),
        unit="percentunit",
        no_data="no contacts in this time",
        maximum=1,
    )


def _response() -> timeseries.Panel:
    return time_panel(
        "First response time, 1 h",
        "From creation, hand-off or queueing (a setting) to the first public reply of a person: mean, and 90 % within.",
        Query(f'{QCW}_first_response:seconds{{{HERE}, window="1h"}}', f"mean {NAME}"),
        Query(f'max by (queue, channel) ({P90}{{{HERE}, window="1h"}})', f"90 % {NAME}"),
        unit="s",
        no_data="no conversation has had a reply in this time",
    )


def _backlog() -> timeseries.Panel:
    return time_panel(
        "Backlog by age",
        "Open conversations, by how long ago they began.",
        Query(f"sum by (age) (contactcenter_backlog_by_age{{{HERE}}})", "{{age}}"),
        unit="none",
        no_data="no open conversations",
        stacked=True,
    )


def _promises() -> timeseries.Panel:
    open_now = f"0 * sum({QC}_queue_open:max{{{HERE}}})"
    return time_panel(
        "Promises",
        "Replies and resolutions with a target: about to be late (at_risk_ratio of the time is used), and late.",
        Query(f"sum by (promise) (contactcenter_promises_at_risk{{{HERE}}}) or {open_now}", "at risk {{promise}}"),
        Query(f"sum by (promise) (contactcenter_promises_overdue{{{HERE}}}) or {open_now}", "late {{promise}}"),
        unit="none",
        no_data="no promises: no targets are set",
    )


def _attended() -> statetimeline.Panel:
    agents = f'{AGENTS}{{queue=~"$queue", queue!="ALL"'
    known = f"0 * sum by (queue) ({agents}}})"
    serving = f'queue:contactcenter_agents_serving:sum{{queue=~"$queue"}} > bool 0 or {known}'
    free = f'sum by (queue) ({agents}, state="available"}}) > bool 0 or {known}'
    return state_panel(
        "Who is there for a queue",
        "Somebody free for the next contact; all on contacts, wrapping up or being rung; or nobody who serves it.",
        Query(f"2 - ({serving}) - ({free})", "{{queue}}"),
        no_data="nobody is signed in",
        states=ATTENDED,
    )


def _agents() -> timeseries.Panel:
    return time_panel(
        "Agents by state",
        "Agents of the floor, each counted once.",
        Query('sum by (state) (queue_state:contactcenter_agents:sum{queue="ALL"})', "{{state}}"),
        unit="none",
        no_data="nobody is signed in",
        stacked=True,
    )


def _breaks() -> timeseries.Panel:
    return time_panel(
        "Away from contacts",
        "Agents of these queues on a break, at a meal, in a meeting, in training or doing other work.",
        Query(
            f'sum by (queue, state) ({AGENTS}{{queue=~"$queue", '
            'state!~"available|ringing|on_contact|after_contact_work"})',
            "{{queue}} {{state}}",
        ),
        unit="none",
        no_data="nobody is away",
    )


def _handling() -> timeseries.Panel:
    return time_panel(
        "Handling, 30 min",
        "Average handle time (talk, hold and after-contact work together), and after-contact work alone.",
        Query(f'{QCW}_aht:seconds{{{HERE}, window="30m"}}', f"AHT {NAME}"),
        Query(f'max by (queue, channel) (contactcenter_wrap_seconds{{{HERE}, window="30m"}})', f"wrap {NAME}"),
        unit="s",
        no_data="nothing was handled in this time",
    )


def _longer() -> timeseries.Panel:
    aht = f"{QCW}_aht:seconds{{{HERE}, window="
    return time_panel(
        "Handled for longer than usual",
        "Average handle time of the last 30 minutes / that of today: 1 is as usual. A fault that every customer calls "
        "about, or a tool that has become slow, is seen here first.",
        Query(f'max without (window) ({aht}"30m"}}) / max without (window) ({aht}"today"}})', NAME),
        unit="none",
        no_data="nothing was handled in this time",
        steps=((None, FINE), (1.25, AT_RISK), (1.5, BREACH)),
    )
