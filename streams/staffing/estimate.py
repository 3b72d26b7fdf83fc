"""What the formulas need, estimated from counts: plain counts and seconds enter, estimates with their bounds leave.

Nothing here knows where the counts come from, except ``inputs``, which reads them off a window.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import sqrt
from typing import Final, NamedTuple

from streams.counts import Counts
from streams.staffing.erlang import Demand

Z: Final = 1.96
"""Bounds hold in 95 of 100 cases."""

AT_WORK: Final = frozenset({"available", "ringing", "on_contact", "after_contact_work"})
"""Agent states in which somebody serves the queue or is about to."""


class Estimate(NamedTuple):
    """A value with its 95 % bounds and what it rests on: the number of contacts (or abandonments) seen."""

    value: float
    low: float
    high: float
    sample: int


class Assumptions(NamedTuple):
    """What is believed while too little was seen, and how little that is.

    Up to ``minimum`` contacts (abandonments, for patience) the missing ones are taken to have been as assumed here.
    """

    aht_seconds: float = 240.0
    patience_seconds: float = 240.0
    minimum: int = 10


class Inputs(NamedTuple):
    """What the formulas get. An estimate is None when nothing at all was seen; ``assumed`` names what leans on belief.

    ``load_uncertainty``: the standard error of the load, as a share of it.
    """

    demand: Demand
    arrivals: Estimate | None
    aht: Estimate | None
    patience: Estimate | None
    assumed: tuple[str, ...]
    load_uncertainty: float


class Staff(NamedTuple):
    """Agents of one queue, somebody in three queues a third in each: at work, free now, busy now."""

    at_work: float = 0.0
    available: float = 0.0
    busy: float = 0.0


def rate(events: int, seconds: float) -> Estimate | None:
    """Events per second; None when no time was watched. Bounds: Poisson, by Wilson and Hilferty's cube."""
    if seconds <= 0:
        return None
    low, high = _poisson_bounds(events)
    return Estimate(events / seconds, low / seconds, high / seconds, events)


def mean_seconds(total_seconds: float, contacts: int) -> Estimate | None:
    """Mean time per contact; None without one. Bounds as if times were exponential, which real ones hardly exceed."""
    if contacts <= 0:
        return None
    mean = total_seconds / contacts
    error = Z * mean / sqrt(contacts)
    return Estimate(mean, max(0.0, mean - error), mean + error, contacts)


def patience_seconds(abandoned: int, waited_seconds: float) -> Estimate | None:
    """Mean patience, 1 / (abandonments / waiting time of everybody, those still waiting included).

    None when nobody gave up: then all that is known is that patience is long beside the waits.
    """
    given_up = rate(abandoned, waited_seconds)
    if given_up is None or abandoned == 0:
        return None
    return Estimate(1 / given_up.value, 1 / given_up.high, 1 / given_up.low, abandoned)


def inputs(counts: Counts, seconds: float, waiting_seconds: float = 0.0, assume: Assumptions | None = None) -> Inputs:
    """A window of ``seconds``, and the sum of the waits so far of those waiting now, as inputs of the formulas.

    A contact keeps an agent for its ringing, talk, hold and wrap-up; the rings that nobody answered keep one as well.
    """
    assume = assume or Assumptions()
    spent = (counts.handle_ms + counts.ring_ms) / 1000
    waited = (counts.answered_wait_ms + counts.abandoned_wait_ms + counts.flowed_out_wait_ms) / 1000 + waiting_seconds
    arrivals = rate(counts.offered, seconds)
    aht = mean_seconds(spent, counts.segments)
    patience = patience_seconds(counts.abandoned, waited)
    demand = Demand(
        arrivals.value if arrivals else 0.0,
        _filled_up(spent, counts.segments, assume.aht_seconds, assume.minimum),
        _filled_up(waited, counts.abandoned, assume.patience_seconds, assume.minimum),
    )
    samples = {"arrivals": counts.offered, "aht": counts.segments, "patience": counts.abandoned}
    short = tuple(name for name, sample in samples.items() if sample < assume.minimum)
    uncertainty = sqrt(1 / max(1, counts.offered) + 1 / max(1, counts.segments, assume.minimum))
    return Inputs(demand, arrivals, aht, patience, short, uncertainty)


def shares(agents: Iterable[tuple[str, Iterable[str]]], loads: Mapping[str, float] | None = None) -> dict[str, Staff]:
    """Agents (state, queues) counted over their queues: equally, or by ``loads`` (Erlang per queue) where these differ.

    Each agent at work counts as one, in parts, so the queues' agents add up to the agents there are.
    """
    found: dict[str, list[float]] = {}
    for state, serves in agents:
        queues = sorted(set(serves))
        if state not in AT_WORK or not queues:
            continue
        weights = [max(0.0, loads.get(queue, 0.0)) if loads else 0.0 for queue in queues]
        whole = sum(weights)
        for queue, weight in zip(queues, weights, strict=True):
            part = weight / whole if whole > 0 else 1 / len(queues)
            counted = found.setdefault(queue, [0.0, 0.0, 0.0])
            counted[0] += part
            counted[1 if state == "available" else 2] += part
    return {queue: Staff(*counted) for queue, counted in found.items()}


def _filled_up(total: float, seen: int, assumed: float, minimum: int) -> float:
    """The mean, once ``minimum`` were seen; before, of these and as many assumed ones as are missing. At least 1 s.

    A source that measures nothing would else have agents who are done at once.
    """
    missing = max(0, minimum - seen)
    return max(1.0, (total + missing * assumed) / (seen + missing))


def _poisson_bounds(events: int) -> tuple[float, float]:
    more = events + 1
    high = more * (1 - 1 / (9 * more) + Z / (3 * sqrt(more))) ** 3
    if events == 0:
        return 0.0, high
    return events * max(0.0, 1 - 1 / (9 * events) - Z / (3 * sqrt(events))) ** 3, high
