"""A file of calls enters, exact numbers per queue and interval leave: the worker's own core, without a broker.

Every number is made of the facts the core gives; nothing is computed from the file's rows except how many there were
and how many were left out on purpose. Sums of integers, exact quantiles, null where nothing counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.text import Text

from streams import kpis
from streams.events import CALL_EVENTS, CONVERSATION_EVENTS, Event, key_of, topic_of
from streams.exact import ALL, By, Floor, Interval, Start
from streams.facts import Fact, Kind
from streams.partition import Partition, Record
from streams.settings import Attribution, Settings
from streams.sources import Bad, Format, Ignored, rows_of
from streams.sources.files import lines_of, source_of

ANSWERED_WITHIN: Final = (20, 30, 60, 120)
ABANDONED_WITHIN: Final = (5, 10, 20)
_BATCH: Final = 2_000
_encode: Final = msgspec.json.Encoder().encode


class UnknownZoneError(ValueError):
    """A time zone nobody knows; says what one looks like."""


class Report(Struct, frozen=True):
    """``rows`` as in the JSON; what the file held besides: events, rows refused by the core, ignored and bad ones."""

    rows: list[dict[str, Any]]
    events: int
    ignored: dict[str, int]
    refused: dict[str, int]
    bad: list[Bad]


def report(
    file: str,
    *,
    form: Format,
    settings: Settings,
    map_path: Path | str | None = None,
    by: By = "hour",
    queue: str | None = None,
    attribution: Attribution | None = None,
    zone: str | None = None,
) -> Report:
    """Exact numbers of a file, or of standard input for "-": one row per queue, channel and interval.

    ``queue`` keeps one queue; "ALL" is the floor as one. ``attribution`` and ``zone`` come from the argument, else from
    the source (a CSV map knows both), else from each queue's settings. Raises MapError, OSError, and UnknownZoneError.
    """
    if zone is not None:
        _check_zone(zone)
    source = source_of(form, map_path)
    floor = Floor(settings, by, attribution or source.hints.attribution, zone or source.hints.zone)
    events: list[Event] = []
    ignored: Counter[str] = Counter()
    bad: list[Bad] = []
    for row in rows_of(source, lines_of(file)):
        if isinstance(row, Ignored):
            ignored[row.reason] += 1
            if row.queue is not None and row.channel is not None:
                floor.ignore(row.at_ms, row.queue, row.channel, row.reason)
        elif isinstance(row, Bad):
            bad.append(row)
        else:
            events.append(row)
    events.sort(key=lambda event: (event.occurred_at, event.source_seq))
    refused = run_core(events, settings, floor.post)
    rows = [
        _row(name, channel, start, interval)
        for name, channel, start, interval in floor.intervals()
        if name == queue or (queue is None and name != ALL)
    ]
    if queue == ALL and len(floor.channels()) == 1:
        rows = [{**row, "channel": channel} for row in rows for channel in floor.channels()]
    return Report(rows, len(events), dict(ignored), dict(refused), bad)


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, ZoneInfoNotFoundError) as error:
        raise UnknownZoneError(f"unknown time zone {zone!r}: name one as Europe/Berlin or UTC") from error


def run_core(events: Iterable[Event], settings: Settings, on_fact: Callable[[int, Fact], None]) -> Counter[str]:
    """Feed events to the worker's core as the bytes a worker would read; returns what it refused, by reason."""
    partitions = {topic: Partition(settings, topic, 0, on_fact) for topic in (CALL_EVENTS, CONVERSATION_EVENTS)}
    waiting: dict[str, list[Record]] = {topic: [] for topic in partitions}
    offsets: Counter[str] = Counter()
    refused: Counter[str] = Counter()

    def apply(topic: str) -> None:
        refused.update(r.reason for r in partitions[topic].apply(waiting[topic]))
        partitions[topic].take_outgoing()  # nobody is told: what is in a file has no customers' partitions
        waiting[topic] = []

    for event in events:
        topic, key = topic_of(event), key_of(event)
        value = _encode(event)
        for each in partitions if topic is None else (topic,):
            if each in partitions:  # what agents do is no part of a report on contacts
                waiting[each].append(Record(offsets[each], key.encode() if key is not None else None, value, 0))
                offsets[each] += 1
                if len(waiting[each]) == _BATCH:
                    apply(each)
    for topic in partitions:
        apply(topic)
    return refused


def _row(queue: str, channel: str, start: Start, interval: Interval) -> dict[str, Any]:
    """One row of the report. Counts are 0 where nothing happened; sums, means, ratios and quantiles are null."""
    c, ignored = interval.counts(), interval.ignored.total()
    return {
        "queue": queue,
        "channel": channel,
        "start": start.local,
        "rows": c.offered + ignored,
        "ignored": ignored,
        "offered": c.offered,
        "answered": c.answered,
        "abandoned": c.abandoned,
        "short_abandoned": c.short_abandoned,
        "flowed_out": c.flowed_out,
        "flowed_out_by_reason": c.flowed_out_by,
        "orphaned": c.orphaned,
        "answered_wait_seconds_sum": _seconds(c.answered_wait_ms) if c.answered else None,
        "abandoned_wait_seconds_sum": _seconds(c.abandoned_wait_ms) if c.abandoned else None,
        "asa_seconds": kpis.asa_seconds(c),
        "abandon_time_seconds": kpis.abandon_time_seconds(c),
        "max_wait_answered_seconds": _seconds(interval.max_ms(Kind.ANSWERED)),
        "abandonment_ratio": kpis.abandonment_raw_ratio(c),
        "abandonment_ratio_long": kpis.abandonment_ratio(c),
        "service_level": kpis.service_levels(c),
        "answered_within": _within(interval, Kind.ANSWERED, ANSWERED_WITHIN),
        "abandoned_within": _within(interval, Kind.ABANDONED, ABANDONED_WITHIN),
        "handle_segments": c.segments,
        "handle_seconds_sum": _seconds(c.handle_ms) if c.segments else None,
        "aht_seconds": kpis.aht_seconds(c),
        "p50_handle_seconds": _seconds(interval.median_ms(Kind.HANDLED)),
        "max_queue_length": interval.longest_queue if c.offered or c.left else None,
    }


def _within(interval: Interval, kind: Kind, limits: Sequence[int]) -> dict[str, int | None]:
    """How many within each limit (seconds, inclusive); null when there was none of the kind."""
    any_at_all = interval.number(kind)
    return {str(limit): interval.at_most(kind, limit * 1000) if any_at_all else None for limit in limits}


def _seconds(ms: float | None) -> float | None:
    return None if ms is None else ms / 1000


def as_json(result: Report) -> str:
    """The rows as one JSON array."""
    return msgspec.json.format(msgspec.json.encode(result.rows), indent=1).decode()


_COLUMNS: Final[tuple[tuple[str, str, str], ...]] = (
    ("start", "start", "{}"), ("queue", "queue", "{}"), ("channel", "channel", "{}"), ("rows", "rows", "{:,}"),
    ("offered", "offered", "{:,}"), ("answered", "answered", "{:,}"), ("abandoned", "abandoned", "{:,}"),
    ("flowed out", "flowed_out", "{:,}"), ("ASA s", "asa_seconds", "{:.1f}"),
    ("abandonment", "abandonment_ratio", "{:.1%}"), ("AHT s", "aht_seconds", "{:.1f}"),
    ("longest queue", "max_queue_length", "{}"),
)  # fmt: skip


def show(result: Report, console: Console) -> None:
    """Print the rows as a table, and under it what was left out and what could not be read."""
    table = [[title for title, _, _ in _COLUMNS]]
    for row in result.rows:
        cells = {**row, "start": row["start"][:16].replace("T", " ")}
        table.append(["-" if cells[key] is None else form.format(cells[key]) for _, key, form in _COLUMNS])
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for n, line in enumerate(table):
        aligned = [
            cell.ljust(width) if key in ("start", "queue", "channel") else cell.rjust(width)
            for cell, width, (_, key, _) in zip(line, widths, _COLUMNS, strict=True)
        ]
        # soft wrap: a narrow terminal breaks lines rather than lose numbers
        console.print(Text("  ".join(aligned).rstrip(), "bold" if n == 0 else ""), soft_wrap=True)
    for what, counts in (("ignored", result.ignored), ("refused", result.refused)):
        if counts:
            console.print(f"{what}: " + ", ".join(f"{reason} {n:,}" for reason, n in sorted(counts.items())))
    for bad in result.bad[:20]:
        console.print(f"line {bad.line_number}: {bad.reason}", highlight=False)
    if len(result.bad) > 20:
        console.print(f"... and {len(result.bad) - 20:,} unreadable rows more")
