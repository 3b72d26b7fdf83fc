"""Counts of several queues as one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

from msgspec import structs

from streams.counts import Counts
from streams.crossing import now as crossing
from streams.tally import conversations

K = TypeVar("K", int, str)


def merged(counts: Sequence[Counts]) -> Counts:
    """Counts of several queues as one: everything adds, and a maximum is the largest. ``Counts()`` of nothing.

    Time in agent states and how many agents did what are left out: an agent who serves two of the queues would be
    there twice, so what is computed from it is absent, not wrong.
    """
    return Counts(
        **{name: sum(getattr(one, name) for one in counts) for name in _INTEGERS},
        flowed_out_by=sums(one.flowed_out_by.items() for one in counts),
        excluded_by=sums(one.excluded_by.items() for one in counts),
        state_ms={},
        answered_waits=_histogram(one.answered_waits for one in counts),
        abandoned_waits=_histogram(one.abandoned_waits for one in counts),
        flowed_out_waits=_histogram(one.flowed_out_waits for one in counts),
        handles=_histogram(one.handles for one in counts),
        told=sums(one.told.items() for one in counts),
        times={
            name: times
            for name in conversations.HISTOGRAMS
            if (times := _histogram(one.times.get(name, ()) for one in counts))
        },
        people=sums(
            [(name, n) for name, n in one.people.items() if name not in crossing.DOING.values()] for one in counts
        ),
        max_answered_wait_ms=max((m for one in counts if (m := one.max_answered_wait_ms) is not None), default=None),
        max_wait_ms=max((m for one in counts if (m := one.max_wait_ms) is not None), default=None),
        cohort=bool(counts) and all(one.cohort for one in counts),
    )


_INTEGERS: Final = tuple(
    field.name for field in structs.fields(Counts) if type(field.default) is int
)  # a bool is no count, a maximum does not add


def sums(many: Iterable[Iterable[tuple[K, int]]]) -> dict[K, int]:
    """Several lists of pairs as one: what has the same name adds."""
    found: dict[K, int] = {}
    for pairs in many:
        for key, n in pairs:
            found[key] = found.get(key, 0) + n
    return found


def _histogram(many: Iterable[Iterable[tuple[int, int]]]) -> tuple[tuple[int, int], ...]:
    return tuple(sorted(sums(many).items()))
