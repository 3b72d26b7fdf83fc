"""What a KPI is, and the two divisions nearly all of them are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from streams.counts import Counts


def ratio(part: int, whole: int) -> float | None:
    """Part / whole; None when there is no whole."""
    return part / whole if whole > 0 else None


def mean_seconds(sum_ms: int, n: int) -> float | None:
    """Sum / n, ms to seconds; None when n is 0."""
    return sum_ms / n / 1000 if n > 0 else None


class Quantile(NamedTuple):
    """What is read off histograms: which place (0 to 1) of which, by their names in ``Counts`` or its ``times``."""

    q: float
    histograms: tuple[str, ...]


class Kpi(NamedTuple):
    """One KPI of a window: its metric name without prefix, unit, function, and formula in words.

    ``quantile`` is said by those that come from histograms; all others are arithmetic (``streams.kpis.terms``).
    """

    name: str
    unit: str
    function: Callable[[Counts], float | None]
    formula: str
    quantile: Quantile | None = None


def kpi(name: str, unit: str, function: Callable[[Counts], float | None]) -> Kpi:
    """A KPI whose formula is its function's docstring."""
    return Kpi(name, unit, function, " ".join((function.__doc__ or "").split()))
