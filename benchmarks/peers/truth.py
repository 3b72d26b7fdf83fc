"""What is true of the records: their bytes enter, the totals by queue and slice leave, by plain code of its own.

It shares nothing with the peers' ``step`` nor with our core: every contact's events are put in order and read once.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, NamedTuple

WIDTH_MS: Final = 10_000


class Counts(NamedTuple):
    """One queue's visits in ten seconds; the waits (ms) are those of answered ones."""

    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    waited_ms: int = 0


Totals = Mapping[tuple[str, int], Counts]


class Verdict(NamedTuple):
    """How far totals are from the truth: the share of visits that is missing or too much, and slices that differ."""

    missing: float
    extra: float
    wrong_slices: int

    @property
    def is_right(self) -> bool:
        """Every slice has its four numbers."""
        return not self.wrong_slices

    def __str__(self) -> str:
        if self.is_right:
            return "all"
        said = [f"{share:.1%} {what}" for share, what in ((self.missing, "lost"), (self.extra, "too many")) if share]
        return ", ".join([*said, f"{self.wrong_slices:,} slices wrong"])


def truth_of(values: Iterable[bytes]) -> Totals:
    """Totals of these records, in whatever order they come.

    A visit begins with ``call.offered`` and ends with the contact's next ``call.answered`` or ``call.abandoned``; one
    that begins before the last one ended takes its place. An event counts in the ten seconds in which it happened.
    """
    contacts: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for value in values:
        event = json.loads(value)
        contacts[event["contact_id"]].append(event)
    sums: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for events in contacts.values():
        begun: dict[str, Any] | None = None
        for event in sorted(events, key=itemgetter("occurred_at")):
            name, at = event["type"].removeprefix("call."), event["occurred_at"]
            if name == "offered":
                begun = event
                sums[event["queue"], at // WIDTH_MS * WIDTH_MS][0] += 1
            elif name in ("answered", "abandoned") and begun is not None:
                counts = sums[begun["queue"], at // WIDTH_MS * WIDTH_MS]
                counts[1 if name == "answered" else 2] += 1
                counts[3] += (at - begun["occurred_at"]) * (name == "answered")
                begun = None
    return {key: Counts(*numbers) for key, numbers in sums.items()}


def totals_of(rows: Iterable[Sequence[Any]]) -> Totals:
    """What a peer said: rows of queue, start (epoch ms), offered, answered, abandoned, waited (ms); equal ones add."""
    found: dict[tuple[str, int], Counts] = {}
    for queue, start, *numbers in rows:
        before = found.get((queue, int(start)), Counts())
        found[queue, int(start)] = Counts(*(a + int(b) for a, b in zip(before, numbers, strict=True)))
    return found


def verdict(found: Totals, true: Totals) -> Verdict:
    """Compare slice by slice; a slice of zeros is the same as none."""
    missing = extra = wrong = 0
    for key in found.keys() | true.keys():
        ours, theirs = found.get(key, Counts()), true.get(key, Counts())
        wrong += ours != theirs
        for a, b in zip(ours[:3], theirs[:3], strict=True):
            missing, extra = missing + max(0, b - a), extra + max(0, a - b)
    visits = sum(sum(counts[:3]) for counts in true.values()) or 1
    return Verdict(missing / visits, extra / visits, wrong)
