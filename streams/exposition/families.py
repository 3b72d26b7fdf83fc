"""A metric family as plain values: name, type, help and samples. What turns it into text is ``streams.exposition``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Final, Literal, NamedTuple, TypeAlias

from streams.delay import BOUNDS_SECONDS, Delays

PREFIX: Final = "contactcenter_"

Kind: TypeAlias = Literal["counter", "gauge", "histogram"]


class Point(NamedTuple):
    """One sample; ``suffix`` is what its name has beyond the family's (``_bucket``, ``_sum``, ``_count``)."""

    labels: Mapping[str, str]
    value: float
    suffix: str = ""


class Family(NamedTuple):
    """``name`` is without the prefix and, for a counter, without ``_total``."""

    name: str
    kind: Kind
    help: str
    points: list[Point]


def gauge(name: str, help_: str, points: Iterable[tuple[Mapping[str, str], float | None]]) -> Family:
    """A gauge; a value of None is absent."""
    return Family(name, "gauge", help_, [Point(labels, value) for labels, value in points if value is not None])


def counter(name: str, help_: str, points: Iterable[tuple[Mapping[str, str], float]]) -> Family:
    """A counter."""
    return Family(name, "counter", help_, [Point(labels, value, "_total") for labels, value in points])


def histogram(name: str, help_: str, delays: Delays) -> Family:
    """A histogram of durations; its name ends in ``_seconds``."""
    bounds = (*map(str, BOUNDS_SECONDS), "+Inf")
    points = [Point({"le": bound}, n, "_bucket") for bound, n in zip(bounds, accumulate(delays.counts), strict=True)]
    return Family(
        name,
        "histogram",
        help_,
        [*points, Point({}, sum(delays.counts), "_count"), Point({}, delays.sum_seconds, "_sum")],
    )


def size(families: Iterable[Family]) -> int:
    """How many time series the families are."""
    return sum(len(family.points) for family in families)
