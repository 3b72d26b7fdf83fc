"""The glossary's tables of numbers: presets, KPIs, the counts they are made of, and what is live."""

from __future__ import annotations

from typing import Final

from streams import kpis as catalogue
from streams.counts import Counts
from streams.explain.catalogue import ENTRIES, LIVE, SERVICE_LEVEL, Entry
from streams.explain.formula import worked_out
from streams.glossary.example import EXAMPLE
from streams.glossary.section import Section

_RANGES: Final = {
    "ratio": "0 to 1",
    "seconds": "0 or more",
    "count": "0 or more",
    "thousandths": "0 or more",
    "contacts per hour": "0 or more",
    "contacts": "0 or more",
    "attempts": "0 or more",
    "conversations": "any whole number",
    "points": "-100 to 100",
}
_PASS_ONE: Final = frozenset({"unanswered_ratio", "reopened_ratio", "complaint_ratio"})
"""Ratios of two things that happen at different times: in a short window the first can be more than the second."""

_LONG: Final = 100
"""Characters beyond which a divisor is not repeated."""

_COLUMNS: Final = ("name", "definition", "formula", "unit", "range", "absent when", "source", "example")
_CODE: Final = frozenset({"name", "formula", "source", "example"})


def presets() -> Section:
    """The service level by every preset."""
    about = (
        "The service level by every preset, side by side. T is service_level_threshold_seconds, a short abandon is one "
        "below short_abandon_seconds. Where things count by arrival, (answered + abandoned + flowed_out) is offered."
    )
    rows = tuple(_row(ENTRIES[f"{SERVICE_LEVEL}.{name}"], name) for name in catalogue.PRESETS)
    return Section("Service level", about, _COLUMNS, rows, _CODE)


def kpis() -> Section:
    """Every KPI of a window."""
    about = (
        "Every KPI of a window, as in /api/floor and, with the prefix contactcenter_, on /metrics/floor. The examples "
        "are of one window in which 1,000 visits were answered and 60 abandoned, and 50 conversations began."
    )
    return Section(
        "KPIs", about, _COLUMNS, tuple(_row(ENTRIES[kpi.name], kpi.name) for kpi in catalogue.REGISTRY), _CODE
    )


def counts() -> Section:
    """What KPIs are made of."""
    about = (
        "What KPIs are made of, as their formulas and /api/explain name it. A count of nothing is 0; a longest wait of "
        "nothing is absent."
    )
    named = {f"{SERVICE_LEVEL}.{name}" for name in catalogue.PRESETS} | {kpi.name for kpi in catalogue.REGISTRY}
    rows = tuple(
        (entry.name, entry.words, entry.unit, _RANGES[entry.unit], _number(entry.function(EXAMPLE)))
        for entry in ENTRIES.values()
        if entry.name not in named
    )
    return Section("Counts", about, ("name", "definition", "unit", "range", "example"), rows, frozenset({"name"}))


def live() -> Section:
    """The numbers of now."""
    about = "What is live: computed from the open contacts and the agents at the moment of asking."
    absent = {
        "expected_wait_seconds": "nobody serves, or no handle time is known",
        "agents_available_share": "it is a group or the floor",
        "slot_occupancy_ratio": "slots is 0",
        "voicemails": "no source tells which were dealt with",
    }
    rows = tuple(
        (
            name,
            words,
            unit,
            "0" if name == "conservation_residual" else _RANGES.get(unit, "0 or more"),
            absent.get(name, "never: 0 when there is nobody"),
        )
        for name, (unit, words) in LIVE.items()
    )
    return Section("Now", about, ("name", "definition", "unit", "range", "absent when"), rows, frozenset({"name"}))


def absent_when(entry: Entry) -> str:
    """The empty case of a KPI, from what it says of counts of nothing."""
    said = worked_out(entry, Counts()).absent
    if not said:
        return "never"
    what = said.removesuffix(": absent, not 0.").removesuffix(" and there is nothing to divide by")
    return what[0].lower() + what[1:] if len(what) < _LONG else "what it is divided by is 0"


def range_of(name: str, unit: str) -> str:
    """The values a KPI can have."""
    if name in _PASS_ONE:
        return "0 or more"
    known = _RANGES.get(unit)
    return known if known is not None else unit.partition(" of ")[2]


def _row(entry: Entry, name: str) -> tuple[str, ...]:
    worked = worked_out(entry, EXAMPLE)
    source = f"{entry.function.__module__}.{entry.function.__qualname__}".partition(".<locals>")[0]
    example = _number(worked.value)
    if entry.quantile is None:
        example = f"{worked.worked} = {example}"
    return (
        name, entry.words, worked.formula, entry.unit, range_of(name, entry.unit), absent_when(entry), source, example,
    )  # fmt: skip


def _number(value: float | None) -> str:
    return "absent" if value is None else f"{value:.4f}".rstrip("0").rstrip(".")
