"""The noun of the backlog: the open conversations of one queue, summed up so that partitions add. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from streams.slices import DAY, HOUR

AGES: Final[tuple[tuple[str, int], ...]] = (
    ("under_1h", HOUR), ("under_4h", 4 * HOUR), ("under_1d", DAY), ("under_3d", 3 * DAY), ("under_7d", 7 * DAY),
    ("older", 2**62),
)  # fmt: skip
PROMISES: Final = ("first_reply", "next_reply", "resolution")


class Backlog(Struct, kw_only=True):
    """The open conversations of one queue. ``oldest_at`` is epoch ms, None when nothing is open.

    ``running``, ``at_risk`` and ``overdue`` count promises with a target, by name; at risk ones are also running.
    """

    open: int = 0
    by_age: dict[str, int] = {}
    oldest_at: int | None = None
    awaiting_first_reply: int = 0
    awaiting_next_reply: int = 0
    running: dict[str, int] = {}
    at_risk: dict[str, int] = {}
    overdue: dict[str, int] = {}


def together(one: Backlog, other: Backlog) -> Backlog:
    """The conversations of both."""
    oldest = [at for at in (one.oldest_at, other.oldest_at) if at is not None]
    return Backlog(
        open=one.open + other.open,
        by_age=_sum(one.by_age, other.by_age),
        oldest_at=min(oldest, default=None),
        awaiting_first_reply=one.awaiting_first_reply + other.awaiting_first_reply,
        awaiting_next_reply=one.awaiting_next_reply + other.awaiting_next_reply,
        running=_sum(one.running, other.running),
        at_risk=_sum(one.at_risk, other.at_risk),
        overdue=_sum(one.overdue, other.overdue),
    )


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}
