"""The operator's board: can the numbers be trusted, and is the machinery keeping up."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as dashboards
from grafana_foundation_sdk.builders import stat, table, timeseries

from grafana.boards.panels import (
    AT_RISK,
    BREACH,
    FINE,
    Line,
    Query,
    dashboard,
    place,
    stat_panel,
    table_panel,
    time_panel,
)

UP = 'up{job="queuepulse"}'
WHERE = "{{topic}}/{{partition}}"


def pipeline() -> dashboards.Dashboard:
    """The dashboard ``queuepulse-pipeline``."""
    board = dashboard("pipeline", "Pipeline", "Can the numbers be trusted?", refresh="10s", since="now-1h")
    return place(
        board,
        [
            Line(4, [_workers(), _unowned(), _residual(), _rejected(), _series(), _versions()]),
            Line(8, [_delay(), _lag(), _lag_seconds(), _silence()], row="Behind"),
            Line(8, [_events(), _oddities(), _refused()], row="Events"),
            Line(8, [_flush(), _rebalances(), _contacts(), _scrape()], row="Machinery"),
            Line(8, [_memory(), _processor()]),
        ],
    )


def _workers() -> stat.Panel:
    return stat_panel(
        "Workers that answer",
        "Of those that are known; none: nothing is counted.",
        Query(f"sum({UP})", "answering"),
        unit="none",
        no_data="no worker is known",
        steps=((None, BREACH), (1, FINE)),
    )


def _unowned() -> stat.Panel:
    return stat_panel(
        "Partitions nobody counts",
        "Being restored, or not taken over yet; above 0 the queues' numbers are of a part of the floor.",
        Query("contactcenter_partitions_unowned:count", "partitions"),
        unit="none",
        no_data="the number of partitions is unknown",
        steps=((None, FINE), (1, BREACH)),
        signed=True,
    )


def _residual() -> stat.Panel:
    return stat_panel(
        "Visits unaccounted for",
        "Offered - answered - abandoned - flowed out - orphaned - waiting, the worst queue: 0, or a fault of ours.",
        Query("max(abs(sum by (queue, channel) (contactcenter_conservation_residual)))", "visits"),
        unit="none",
        no_data="no queue known",
        steps=((None, FINE), (1, BREACH)),
    )


def _rejected() -> stat.Panel:
    return stat_panel(
        "Records refused, 15 min",
        "Of all records; they are kept on the rejected topics. Above 1 % somebody is told.",
        Query("contactcenter_rejected:ratio_rate15m or vector(0)", "refused"),
        unit="percentunit",
        no_data="no records",
        steps=((None, FINE), (0.005, AT_RISK), (0.01, BREACH)),
    )


def _series() -> stat.Panel:
    return stat_panel(
        "Series of the budget",
        "Time series of the largest worker / worker.series_budget; above it, a worker exposes none.",
        Query("max(contactcenter_series / contactcenter_series_budget)", "used"),
        unit="percentunit",
        no_data="no worker answers",
        steps=((None, FINE), (0.8, AT_RISK), (1, BREACH)),
    )


def _versions() -> table.Panel:
    return table_panel(
        "Versions and configurations",
        "Of the workers that answer; more than one while a new version is rolled out.",
        {
            "Version": (Query('count by (version) (contactcenter_build_info{job="queuepulse"})'), "none"),
            "Configuration": (Query('count by (hash) (contactcenter_config_info{job="queuepulse"})'), "none"),
        },
        no_data="no worker answers",
    )


def _delay() -> timeseries.Panel:
    def quantile(share: float) -> str:
        return f"histogram_quantile({share}, le:contactcenter_event_delay_seconds_bucket:rate5m)"

    return time_panel(
        "From event to number",
        "From a record's arrival at Kafka to its being in the numbers, over 5 min; each batch by its first record.",
        Query(quantile(0.5), "half within"),
        Query(quantile(0.99), "99 % within"),
        unit="s",
        no_data="no events in the last 5 minutes",
        steps=((None, FINE), (0.5, AT_RISK), (5, BREACH)),
    )


def _rebalances() -> timeseries.Panel:
    return time_panel(
        "Rebalances",
        "Times a worker gave its partitions back, in 5 min: once for each worker that comes or goes.",
        Query("increase(contactcenter_rebalances_total[5m])", "{{instance}}"),
        unit="none",
        no_data="no worker answers",
    )


def _lag() -> timeseries.Panel:
    return time_panel(
        "Records waiting",
        "Consumer lag: records not applied yet, as far as the last fetch told.",
        Query("sum by (topic) (max by (topic, partition) (contactcenter_consumer_lag_records))", "{{topic}}"),
        unit="short",
        no_data="no lag is known yet",
    )


def _lag_seconds() -> timeseries.Panel:
    return time_panel(
        "Time to catch up",
        "Records waiting / records taken a second, the slowest partition; above a minute somebody is told.",
        Query("max by (topic) (topic_partition:contactcenter_consumer_lag:seconds)", "{{topic}}"),
        unit="s",
        no_data="no lag is known yet",
        steps=((None, FINE), (60, BREACH)),
    )


def _silence() -> timeseries.Panel:
    return time_panel(
        "Silence of the sources",
        "How long ago, in event time, each source was heard of: what an event needs to become a number, and quiet "
        "times. Dashed contactcenter_stale_after_seconds.",
        Query("source:contactcenter_staleness:seconds", "{{source}}"),
        Query("max(contactcenter_stale_after_seconds)", "target"),
        unit="s",
        no_data="no source has been heard of",
    )


def _events() -> timeseries.Panel:
    return time_panel(
        "Events by type",
        "Events understood, a second.",
        Query("type:contactcenter_events:rate5m", "{{type}}"),
        unit="eps",
        no_data="no events yet",
        stacked=True,
    )


def _oddities() -> timeseries.Panel:
    def rate(name: str) -> str:
        return f"sum(rate(topic_partition:contactcenter_{name}_total:max[5m])) or vector(0)"

    return time_panel(
        "Late, repeated, out of order",
        "Seen before (they changed nothing), older than the last of their contact (put where they belong), older than "
        "the windows keep (in the totals all the same), after their contact was forgotten.",
        *(
            Query(rate(name), name.replace("_", " "))
            for name in ("duplicates", "out_of_order", "late", "late_after_close")
        ),
        unit="eps",
        no_data="no events yet",
    )


def _refused() -> timeseries.Panel:
    return time_panel(
        "Refused by reason",
        "Records that could not be understood, a second.",
        Query("reason:contactcenter_rejected:rate15m or vector(0)", "{{reason}}"),
        unit="eps",
        no_data="no records yet",
    )


def _flush() -> timeseries.Panel:
    return time_panel(
        "Flushes",
        "How long the last flush of state to Kafka took, by worker, and how many there were a second.",
        Query("contactcenter_last_flush_seconds", "took {{instance}}"),
        Query("rate(contactcenter_flushes_total[5m])", "a second {{instance}}"),
        unit="s",
        no_data="no worker answers",
    )


def _contacts() -> timeseries.Panel:
    return time_panel(
        "Contacts in memory",
        "Open; closed, while corrections can come; stubs, against duplicates.",
        Query("sum by (state) (contactcenter_contacts)", "{{state}}"),
        unit="short",
        no_data="no worker answers",
        stacked=True,
    )


def _scrape() -> timeseries.Panel:
    return time_panel(
        "Scrapes",
        "How long Prometheus needed to read a worker; at 4 s it gives up.",
        Query('scrape_duration_seconds{job=~"queuepulse.*"}', "{{instance}} {{job}}"),
        unit="s",
        no_data="no worker is known",
        steps=((None, FINE), (1, AT_RISK), (4, BREACH)),
    )


def _memory() -> timeseries.Panel:
    return time_panel(
        "Memory",
        "Resident memory of each worker.",
        Query('process_resident_memory_bytes{job="queuepulse"}', "{{instance}}"),
        unit="bytes",
        no_data="no worker answers",
    )


def _processor() -> timeseries.Panel:
    return time_panel(
        "Processor",
        "Processor time of each worker, seconds a second: a worker can use one core.",
        Query('rate(process_cpu_seconds_total{job="queuepulse"}[1m])', "{{instance}}"),
        unit="percentunit",
        no_data="no worker answers",
        steps=((None, FINE), (0.8, AT_RISK), (0.95, BREACH)),
    )
