"""The glossary's tables of metrics: every name that ``/metrics`` and ``/metrics/floor`` can have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from streams import kpis
from streams.explain.catalogue import ENTRIES
from streams.exposition import floor, worker
from streams.exposition.families import PREFIX, Family, gauge
from streams.glossary.kpis import absent_when, range_of
from streams.glossary.section import Section
from streams.measures.book import Book
from streams.measures.given import Given
from streams.settings import Settings, Weight
from streams.snapshot import Snapshot, WorkerStatus, take
from streams.view import FLOOR

_BUDGET: Final = (
    gauge("series", "Time series there are to expose.", ()),
    gauge("series_budget", "Time series that may be exposed: worker.series_budget.", ()),
    gauge("series_budget_exceeded", "1: there are more time series than the budget, and none of them is here.", ()),
)
"""What every endpoint says of itself (``streams.exposition``)."""

PROCESS: Final[dict[str, tuple[str, str]]] = {
    "process_cpu_seconds_total": ("counter", "Processor time of the worker."),
    "process_max_fds": ("gauge", "Files and sockets it may open."),
    "process_open_fds": ("gauge", "Files and sockets it has open."),
    "process_resident_memory_bytes": ("gauge", "Memory it uses."),
    "process_start_time_seconds": ("gauge", "When it was started."),
    "process_virtual_memory_bytes": ("gauge", "Memory it has reserved."),
    "python_gc_collections_total": ("counter", "Garbage collections, by generation."),
    "python_gc_objects_collected_total": ("counter", "Objects collected, by generation."),
    "python_gc_objects_uncollectable_total": ("counter", "Objects that could not be collected, by generation."),
    "python_info": ("gauge", "The Python that runs."),
}
"""What prometheus_client tells of a process on Linux; only on ``/metrics``."""

_SUFFIX: Final = {"counter": "_total", "gauge": "", "histogram": ""}
_COLUMNS: Final = ("name", "type", "definition", "unit", "range", "absent when", "example")
_CODE: Final = frozenset({"name", "example"})
_REGISTRY: Final = {kpi.name: kpi for kpi in kpis.REGISTRY}


def metrics() -> list[Section]:
    """A section for each endpoint, and one for the process."""
    nothing = _nothing()
    return [
        Section(
            "/metrics",
            (
                "One worker's share; everything adds over workers. A counter never goes down: what a correction takes "
                "back is in ..._corrected_total, to be subtracted."
            ),
            _COLUMNS,
            tuple(_rows([*_BUDGET, *worker.every_family(nothing)])),
            _CODE,
        ),
        Section(
            "/metrics/floor",
            "Ratios, means, quantiles and forecasts of the whole floor; they don't add.",
            _COLUMNS,
            tuple(_rows([*_BUDGET, *floor.every_family(nothing)])),
            _CODE,
        ),
        Section(
            "The process",
            "What prometheus_client tells of the worker's process on Linux, on /metrics only.",
            ("name", "type", "definition"),
            tuple((name, kind, words) for name, (kind, words) in PROCESS.items()),
        ),
    ]


def _nothing() -> Snapshot:
    """A floor where nothing has happened, configured so that every family is there, empty."""
    settings = Settings(weights={"asa_seconds": Weight(weight=1.0, target=20.0)})
    empty = take([], settings, WorkerStatus(), 0)
    return Snapshot(
        settings=settings, now=0, status=empty.status, parts=empty.parts, rows=empty.rows, outside=empty.outside,
        floor=empty.floor, groups=empty.groups, trust=empty.trust, given=Given(book=Book(), complete=True),
    )  # fmt: skip


def _rows(families: Iterable[Family]) -> Iterable[tuple[str, ...]]:
    for family in families:
        name = PREFIX + family.name + _SUFFIX[family.kind]
        kpi = _REGISTRY.get(family.name)
        unit = kpi.unit if kpi is not None else _unit(family.name)
        yield (
            name,
            family.kind,
            family.help,
            unit,
            range_of(family.name, unit) if kpi is not None else _range(family, unit),
            absent_when(ENTRIES[family.name]) if kpi is not None else _absent(family),
            _example(name, family.kind),
        )


def _unit(name: str) -> str:
    for suffix, unit in (
        ("_timestamp_seconds", "epoch seconds"), ("_seconds", "seconds"), ("_ratio", "ratio"), ("_info", "always 1"),
    ):  # fmt: skip
        if name.endswith(suffix):
            return unit
    return "count"


def _range(family: Family, unit: str) -> str:
    if family.help.startswith("1:") or unit == "always 1":
        return "0 or 1" if family.help.startswith("1:") else "1"
    if family.name in _BELOW_ZERO:
        return "any number"
    return "0 to 1" if unit == "ratio" else "0 or more"


_BELOW_ZERO: Final = frozenset({"agents_gap", "conservation_residual"})


def _absent(family: Family) -> str:
    if family.kind == "counter":
        return "it has not happened yet"
    return "there is nothing to tell it of"


def _example(name: str, kind: str) -> str:
    if kind == "counter":
        return f"sum(rate(max without (instance) ({name})[5m:15s]))"
    if kind == "histogram":
        return f"histogram_quantile(0.9, sum by (le) (rate({name}_bucket[5m])))"
    if name.startswith(PREFIX + "window_"):
        return f'sum by (queue) ({name}{{window="30m"}})'
    is_kpi = name.removeprefix(PREFIX) in _REGISTRY or name == PREFIX + "service_level_ratio"
    return f'{name}{{queue="{FLOOR}", window="30m"}}' if is_kpi else name
