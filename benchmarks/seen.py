"""What was published, what was seen of it, and how long it took: pure sums for everything that measures latency."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple


class Sent(NamedTuple):
    """One batch: when it was handed to the producer (s), how many events there were with it."""

    at: float
    events: int


class Look(NamedTuple):
    """One look at somebody who counts: when the answer had come (s), how many events it counts."""

    at: float
    events: int


def latencies(sent: Sequence[Sent], looks: Sequence[Look]) -> list[float]:
    """Seconds from each batch to the first look that shows it all; both in order of time.

    Raises ValueError when none does.
    """
    found, n = [], 0
    for batch in sent:
        while n < len(looks) and looks[n].events < batch.events:
            n += 1
        if n == len(looks):
            raise ValueError(f"{batch.events:,} events were never seen")
        found.append(looks[n].at - batch.at)
    return found


def after(sent: Sequence[Sent], seconds: float) -> Sequence[Sent]:
    """Those handed over when so many seconds, for warming up, had gone by since the first."""
    return [batch for batch in sent if batch.at >= sent[0].at + seconds]


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]
