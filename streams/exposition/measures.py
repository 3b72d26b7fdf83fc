"""The families of the numbers from outside and of what is composed of them. A snapshot enters, families leave.

Only the floor, and the teams and clients that the configuration names, have series; what was not given has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final
from zoneinfo import ZoneInfo

from streams.exposition.families import Family, gauge
from streams.measures.formulas import REGISTRY
from streams.measures.given import Given
from streams.measures.inputs import GIVEN, INPUTS
from streams.measures.latest import latest, shown_labels
from streams.measures.period import parse, span_of
from streams.measures.record import MEASURES, PARTITION
from streams.slices import day_of
from streams.snapshot import Part, Snapshot

SHOWN: Final[Mapping[str, str]] = {kpi.name: f"{kpi.formula} In {kpi.unit}." for kpi in REGISTRY} | {
    name: f"As given: {INPUTS[name].meaning}. In {INPUTS[name].unit}." for name in GIVEN
}
"""What each has a family for, and its help. Numbers of other names are only in ``/api/measures``."""


def measure_families(snapshot: Snapshot) -> Iterator[Family]:
    """``measure_<name>`` of the latest period of each kind that has a value, and when that period ended."""
    given, zone = snapshot.given, ZoneInfo(snapshot.settings.measures.timezone)
    if not given.complete:
        return
    found: dict[str, list[tuple[Mapping[str, str], float]]] = {name: [] for name in SHOWN}
    ends: list[tuple[Mapping[str, str], float]] = []
    for labels in shown_labels(snapshot.settings, given.book):
        for outcome in latest(given.book, given.own, day_of(snapshot.now, zone), labels):
            period = parse(outcome.period)
            where = {"period": period.kind, "team": labels.team, "client": labels.client}
            if outcome.value is not None and outcome.name in SHOWN:
                found[outcome.name].append((where, outcome.value))
                ends.append(({**where, "kpi": outcome.name}, span_of(period, zone).end / 1000))
    for name, points in found.items():
        yield gauge(f"measure_{name}", f"{SHOWN[name]} Of the latest period of each kind that has a value.", points)
    yield gauge("measure_period_end_timestamp_seconds", "When the period ends that measure_<kpi> is about.", ends)
    yield gauge("measures", "Numbers from outside that hold now.", [({}, len(given.book))])


def measures_part(given: Given) -> Part:
    """What became of the records of the topic, as a part that has nothing but counters."""
    return Part(
        topic=MEASURES, number=PARTITION, watermark=0, totals={}, counters=given.counters, contacts={}
    )  # fmt: skip
