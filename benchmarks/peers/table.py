"""The outcome in words and numbers: runs of everybody enter, a table in Markdown leaves. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from benchmarks.results import median, spread
from benchmarks.seen import quantile

HEADER: Final = (
    "", "state that survives", "records", "events/s", "CPU s per million", "peak MiB", "latency p50 / p99, ms",
    "ours is", "counted",
)  # fmt: skip


class Latency(NamedTuple):
    """From handing a record over until it is counted."""

    p50_ms: float
    p99_ms: float

    def __str__(self) -> str:
        return f"{self.p50_ms:,.0f} / {self.p99_ms:,.0f}"


class Row(NamedTuple):
    """One peer's runs, in order; or none, and the reason. ``counted`` says what its totals were in the worst run.

    ``latencies`` are the seconds until it had counted what came live; without any, ``not_live`` is the reason.
    """

    name: str
    keeps: str
    records: int
    events_per_second: Sequence[float] = ()
    cpu_seconds_per_million: Sequence[float] = ()
    peak_bytes: Sequence[int] = ()
    counted: str = ""
    is_ours: bool = False
    latencies: Sequence[float] = ()
    not_live: str = ""

    @property
    def speed(self) -> float | None:
        """The median of events a second; None when it never ran."""
        return median(self.events_per_second) if self.events_per_second else None

    @property
    def latency(self) -> Latency | None:
        """The median of the latencies, and what one in a hundred exceeds; None when it never ran live."""
        if not self.latencies:
            return None
        return Latency(*(1_000 * quantile(self.latencies, share) for share in (0.5, 0.99)))


def times(rows: Sequence[Row]) -> Mapping[str, float]:
    """How many times as fast as each peer ours is (the last of our rows that ran, everything on); below 1 we lose."""
    ours = [row.speed for row in rows if row.is_ours and row.speed]
    return {row.name: ours[-1] / row.speed for row in rows if ours and row.speed and not row.is_ours}


def cells(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """The rows as text, fastest first; those that never ran last, with the reason."""
    factors = times(rows)
    return [_cells(row, factors) for row in ranked(rows)]


def ranked(rows: Sequence[Row]) -> list[Row]:
    """Fastest first, those that never ran last."""
    return sorted(rows, key=lambda row: -(row.speed or 0.0))


def _cells(row: Row, factors: Mapping[str, float]) -> tuple[str, ...]:
    name = f"**{row.name}**" if row.is_ours else row.name
    if row.speed is None:
        return (name, row.keeps, "", "-", "-", "-", "-", "", row.counted)
    factor = factors.get(row.name)
    return (
        name,
        row.keeps,
        f"{row.records:,}",
        spread(row.events_per_second),
        spread(row.cpu_seconds_per_million, ".1f"),
        f"{median([peak / 2**20 for peak in row.peak_bytes]):,.0f}",
        str(row.latency or f"- ({row.not_live})"),
        "" if factor is None else _factor(factor),
        row.counted,
    )


def _factor(factor: float) -> str:
    return f"{factor:.1f} times as fast" if factor >= 1 else f"**slower** ({factor:.2f} times)"
