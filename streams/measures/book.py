"""What was given from outside, the latest of each: records of ``measures`` enter in log order, numbers leave.

A number of a whole that was given in parts is made of its parts, as its input says (``inputs.Adding``): a quarter's
costs are those of its three months. A part that is missing leaves the whole missing; no number is split or guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import fsum
from types import MappingProxyType
from typing import Final, NamedTuple

from streams.measures.inputs import INPUTS, Adding
from streams.measures.period import Period
from streams.measures.record import Identity, Measure, Withdrawn

_NOTHING: Final[Mapping[Period, float]] = MappingProxyType({})


class Labels(NamedTuple):
    """Whom a number is about: a team, an outsourcing client, or ("" each) the whole floor.

    Each is a number of its own: the floor's is not the sum of its teams', which may not all be known.
    """

    team: str = ""
    client: str = ""


WHOLE_FLOOR: Final = Labels()


class Book:
    """Every number that holds now, by name, labels and period."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, Labels], dict[Period, float]] = {}
        self._size = 0

    def put(self, record: Measure | Withdrawn) -> None:
        """Note a number, or strike one out; a later record of the same identity replaces the earlier."""
        identity = record.identity
        of, period = (identity.name, Labels(identity.team, identity.client)), identity.period
        if isinstance(record, Measure):
            numbers = self._given.setdefault(of, {})
            self._size += period not in numbers
            numbers[period] = record.value
        elif of in self._given:
            self._size -= self._given[of].pop(period, None) is not None
            if not self._given[of]:
                del self._given[of]

    def __len__(self) -> int:
        return self._size

    def has(self, identity: Identity) -> bool:
        """Whether a number of this identity holds."""
        of = (identity.name, Labels(identity.team, identity.client))
        return identity.period in self._given.get(of, _NOTHING)

    def copy(self) -> Book:
        """Another book with the same numbers."""
        other = Book()
        other._given = {of: dict(numbers) for of, numbers in self._given.items()}
        other._size = self._size
        return other

    def labels(self) -> list[Labels]:
        """Everybody any number is about, the floor first."""
        return sorted({labels for _, labels in self._given})

    def names(self, labels: Labels) -> list[str]:
        """The names of all numbers about these."""
        return sorted(name for name, of in self._given if of == labels)

    def periods(self, name: str, labels: Labels = WHOLE_FLOOR) -> list[Period]:
        """The periods a number was given for, in order."""
        return sorted(self._given.get((name, labels), _NOTHING))

    def periods_of(self, labels: Labels) -> set[Period]:
        """Every period for which any number about these was given."""
        return {period for (_, of), numbers in self._given.items() if of == labels for period in numbers}

    def find(self, name: str, period: Period, labels: Labels = WHOLE_FLOOR) -> float | None:
        """The number for a period: as given, else from its parts; None when neither is there."""
        given = self._given.get((name, labels), _NOTHING)
        if period in given:
            return given[period]
        known = INPUTS.get(name)
        return None if known is None else _from_parts(given, period, known.adding)


def _from_parts(given: Mapping[Period, float], period: Period, adding: Adding) -> float | None:
    match adding:
        case "none":
            return None
        case "first":
            return _nearest({part: n for part, n in given.items() if part.start == period.start}, period)
        case "last":
            return _nearest({part: n for part, n in given.items() if part.end == period.end}, period)
    parts = _parts(given, period)
    if not parts:
        return None
    if adding == "sum":
        return fsum(given[part] for part in parts)
    return fsum(given[part] * part.days for part in parts) / period.days


def _nearest(given: Mapping[Period, float], period: Period) -> float | None:
    """The number of the period most like this one: shorter before longer, then the nearest length."""
    nearest = min(given, key=lambda part: (part.days > period.days, abs(part.days - period.days)), default=None)
    return None if nearest is None else given[nearest]


def _parts(given: Mapping[Period, float], period: Period) -> list[Period]:
    """Periods that make up this one without gap or overlap, the longest first tried; none when they don't."""
    inside = [part for part in given if period.start <= part.start and part.end <= period.end]
    then: dict[object, Period] = {}  # from this day on, parts reach the end: the first of them
    for part in sorted(inside, key=lambda part: (part.start, part.days), reverse=True):
        if part.start not in then and (part.end == period.end or part.end in then):
            then[part.start] = part
    chosen: list[Period] = []
    day = period.start
    while day in then:
        chosen.append(then[day])
        day = then[day].end
    return chosen
