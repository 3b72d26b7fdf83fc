"""A number of a window worked out: its formula with names, the same with the counts put in, and what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from msgspec import Struct

from streams import tally as y
from streams.counts import Counts
from streams.explain.catalogue import Entry, called, meaning
from streams.kpis.kpi import Quantile
from streams.kpis.terms import Term, formula, numbers


class Input(Struct, frozen=True):
    """One number that goes in. ``value`` is None where there was nothing."""

    name: str
    value: float | None
    unit: str
    words: str


class Bucket(Struct, frozen=True):
    """How many lasted longer than the bucket before and at most ``up_to_seconds``."""

    up_to_seconds: float
    n: int


class Explained(Struct, frozen=True, kw_only=True):
    """How one number came about. ``absent`` says why there is no value, and is empty when there is one.

    ``counted`` are the counts and histograms behind it by their names in ``Counts``, with -1 where it is taken off.
    """

    name: str
    unit: str
    words: str
    formula: str
    worked: str
    value: float | None
    absent: str
    inputs: tuple[Input, ...] = ()
    histogram: tuple[Bucket, ...] = ()
    counted: tuple[tuple[str, int], ...] = ()


def worked_out(entry: Entry, counts: Counts) -> Explained:
    """The number of this window, as ``/api/floor`` has it, and how it comes from the counts."""
    if entry.quantile is not None:
        return _place(entry, entry.quantile, counts)
    term = formula(entry.function, cohort=counts.cohort)
    known = numbers(counts, term)
    value = entry.function(counts)
    written = {name: _written(name, known.get(name)) for name, _ in term.leaves()}
    return Explained(
        name=entry.name,
        unit=entry.unit,
        words=entry.words,
        formula=term.text(called),
        worked=term.text(written.__getitem__),
        value=value,
        absent="" if value is not None else _why_absent(term),
        inputs=tuple(_input(name, known.get(name)) for name in written),
        counted=tuple(dict.fromkeys(term.leaves())),
    )


def _input(name: str, number: int | None) -> Input:
    unit = "seconds" if name.endswith("_ms") else "count"
    value = None if number is None else number / 1000 if name.endswith("_ms") else number
    return Input(called(name), value, unit, meaning(name))


def _written(name: str, number: int | None) -> str:
    if number is None:
        return "nothing"
    return f"{number / 1000:.3f}".rstrip("0").rstrip(".") if name.endswith("_ms") else str(number)


def _why_absent(term: Term) -> str:
    divisor = next(term.divisors(), None)
    if divisor is None:
        return "Nothing was counted: absent, not 0."
    return f"{divisor.text(called)} is 0 and there is nothing to divide by: absent, not 0."


def _place(entry: Entry, of: Quantile, counts: Counts) -> Explained:
    """A quantile: which place among all durations, and the bucket that place is in."""
    merged: dict[int, int] = {}
    for name in of.histograms:
        for bucket, n in _histogram(counts, name):
            merged[bucket] = merged.get(bucket, 0) + n
    buckets = sorted((bucket, n) for bucket, n in merged.items() if n > 0)
    total = sum(n for _, n in buckets)
    value = entry.function(counts)
    return Explained(
        name=entry.name,
        unit=entry.unit,
        words=entry.words,
        formula=f"the duration at place 1 + {of.q:g} * (n - 1) of all {' + '.join(of.histograms)}, by length",
        worked=_found_at(of.q, total, buckets) if value is not None else "n is 0",
        value=value,
        absent="" if value is not None else f"{' + '.join(of.histograms)} is 0: absent, not 0.",
        inputs=tuple(
            Input(name, sum(n for _, n in _histogram(counts, name)), "count", f"Durations in the histogram {name}.")
            for name in of.histograms
        ),
        histogram=tuple(Bucket(y.EDGES_MS[bucket] / 1000, n) for bucket, n in buckets),
        counted=tuple((name, 1) for name in of.histograms),
    )


def _histogram(counts: Counts, name: str) -> Sequence[tuple[int, int]]:
    found: Sequence[tuple[int, int]] = (
        getattr(counts, name) if name in Counts.__struct_fields__ else counts.times.get(name, ())
    )
    return found


def _found_at(q: float, total: int, buckets: Sequence[tuple[int, int]]) -> str:
    rank = q * (total - 1)
    so_far = accumulate(n for _, n in buckets)
    bucket = next(bucket for (bucket, _), seen in zip(buckets, so_far, strict=True) if rank < seen)
    low, high = y.EDGES_MS[max(bucket - 1, 0)] / 1000, y.EDGES_MS[bucket] / 1000
    middle = "their geometric middle" if bucket > 1 else "half of that"
    return f"place {rank + 1:g} of {total}: more than {low:g} s and at most {high:g} s; shown is {middle}"
