"""What a number leaves out, how many, and why: the other half of every explanation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from streams.counts import Counts
from streams.explain.catalogue import called
from streams.explain.formula import Explained
from streams.tally import AGENT_STATES

_VISITS: Final = frozenset(
    {"answered", "abandoned", "flowed_out", "offered", "answered_waits", "abandoned_waits", "flowed_out_waits"}
)
"""Who counts any of these counts visits of a queue, and leaves out the visits that ended otherwise."""

_WHY: Final = {
    "abandoned": "Gave up in the queue: not in this formula.",
    "flowed_out": "Left for another reason than the customer's patience: not in this formula.",
    "orphaned": "Their end never came and they were closed: in no ratio.",
    "unmatched": "Ended without a beginning and without a measured wait: in no ratio.",
}
_EXCLUDED: Final = {
    "test": "Test contacts: no customers of any queue.",
    "outbound": "Outbound contacts: no customers of any queue.",
    "internal": "Internal contacts: no customers of any queue.",
    "merged": "Merged into another conversation: they have left their queue and every ratio.",
}


class LeftOut(Struct, frozen=True):
    """So many of a kind that do not count. ``scope``: "queue", or "channel" for what is counted in no queue."""

    reason: str
    n: int
    why: str
    scope: str


def left_out(explained: Explained, counts: Counts, outside: Iterable[Counts]) -> list[LeftOut]:
    """What this number leaves out of a row's window; ``outside`` are the counts of no queue, of the row's channels.

    Kinds of which there were none are not listed. Numbers that are not about contacts leave nothing out.
    """
    found = [
        LeftOut(called(name), getattr(counts, name), "Taken off by the formula.", "queue")
        for name, sign in explained.counted
        if sign < 0 and name in Counts.__struct_fields__
    ]
    names = {name for name, _ in explained.counted}
    alike = {"abandoned_waits": "abandoned", "flowed_out_waits": "flowed_out"}
    names |= {alike[name] for name in names & set(alike)}
    if names & _VISITS:
        found += [LeftOut(name, getattr(counts, name), why, "queue") for name, why in _WHY.items() if name not in names]
    if not names or names & _AGENTS:
        return [one for one in found if one.n]
    excluded: dict[str, int] = {}
    for one in outside:
        for reason, n in one.excluded_by.items():
            excluded[reason] = excluded.get(reason, 0) + n
    found += [LeftOut(reason, n, _EXCLUDED[reason], "channel") for reason, n in sorted(excluded.items())]
    return [one for one in found if one.n]


_AGENTS: Final[frozenset[str]] = frozenset(f"{state}_ms" for state in AGENT_STATES)
