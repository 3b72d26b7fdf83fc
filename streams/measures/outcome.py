"""A composed KPI worked out: formulas, the book and our own counts enter, an ``Outcome`` with its inputs leaves.

A number from outside is believed before our own count of the same, as a duration that a source measured is: whoever
gives one knows what is not connected here. Until every input is there the value is None and ``missing`` names the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Literal, NamedTuple, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from streams.measures.book import WHOLE_FLOOR, Book, Labels
from streams.measures.formulas import REGISTRY, Composed
from streams.measures.inputs import GIVEN, INPUTS
from streams.measures.period import Period, previous

NOTHING_TO_DIVIDE: Final = "nothing to divide by, or inputs that contradict each other"


class Number(NamedTuple):
    """One input: its value, and whether it was given from outside or counted here."""

    value: float
    origin: Literal["given", "counted"]


class Outcome(Struct, frozen=True, kw_only=True):
    """A KPI of one period: its value, or why there is none.

    ``inputs`` holds what is known, ``missing`` what is not, in the words ``queuepulse measure set`` takes: "sales" or,
    of another period than the outcome's, "sales --period 2026-Q1". ``note`` is "" when there is nothing to say.
    """

    name: str
    unit: str
    period: str
    formula: str
    team: str = ""
    client: str = ""
    value: float | None = None
    inputs: dict[str, Number] = {}
    missing: tuple[str, ...] = ()
    note: str = ""


Numbers: TypeAlias = Callable[[str, Period], Number | None]
"""What is known of a name in a period."""


def numbers(book: Book, own: Mapping[Period, Mapping[str, float]], labels: Labels) -> Numbers:
    """Numbers of the floor, a team or a client: from the book, else from ``own``, our counts of whole periods."""

    def known(name: str, period: Period) -> Number | None:
        given = book.find(name, period, labels)
        if given is not None:
            return Number(given, "given")
        counted = own.get(period, {}).get(name)
        return None if counted is None else Number(counted, "counted")

    return known


def compute(kpi: Composed, period: Period, known: Numbers) -> Outcome:
    """One KPI of one period. ``worst`` is not looked at: see ``worst``."""
    wanted = [(name, period) for name in kpi.inputs] + [(name, previous(period)) for name in kpi.before]
    inputs: dict[str, Number] = {}
    missing = []
    for name, of in wanted:
        said = name if of == period else f"{name} --period {of}"
        number = known(name, of)
        if number is None:
            missing.append(said)
        else:
            inputs[said] = number
    value = None if missing else kpi.function(*(number.value for number in inputs.values()))
    return Outcome(
        name=kpi.name,
        unit=kpi.unit,
        period=str(period),
        formula=kpi.formula,
        value=value,
        inputs=inputs,
        missing=tuple(missing),
        note=NOTHING_TO_DIVIDE if value is None and not missing else "",
    )


def worst(kpi: Composed, period: Period, known: Numbers, parts: Iterable[Period]) -> Outcome:
    """The largest outcome of the parts, its note saying which; without any, the outcome of the whole period."""
    whole = compute(kpi, period, known)
    values = [(part.value, part) for part in (compute(kpi, part, known) for part in parts) if part.value is not None]
    if not values:
        return whole
    value, part = max(values, key=lambda pair: pair[0])
    note = f"the worst of {len(values)}: {part.period}"
    return replace(whole, value=value, inputs=part.inputs, missing=(), note=note)


def outcomes(
    book: Book, own: Mapping[Period, Mapping[str, float]], period: Period, labels: Labels = WHOLE_FLOOR
) -> list[Outcome]:
    """Every composed KPI of a period in the registry's order, then the figures that are shown as given.

    ``own`` has our counts (``days.OwnCounts``) of this whole period and, where they are known, of its parts and of the
    period before.
    """
    known = numbers(book, own, labels)
    found = [
        worst(kpi, period, known, _parts(book, kpi, period, labels)) if kpi.worst else compute(kpi, period, known)
        for kpi in REGISTRY
    ]
    others = [name for name in book.names(labels) if name not in INPUTS]
    found += [_as_given(name, period, known) for name in (*GIVEN, *others)]
    return [replace(outcome, team=labels.team, client=labels.client) for outcome in found]


def _parts(book: Book, kpi: Composed, period: Period, labels: Labels) -> list[Period]:
    """The shorter periods within this one for which the first input was given."""
    given = book.periods(kpi.inputs[0], labels)
    return [part for part in given if period.start <= part.start and part.end <= period.end and part != period]


def _as_given(name: str, period: Period, known: Numbers) -> Outcome:
    """A figure as a KPI of its own; of a name no formula knows there is nothing to say but its value."""
    if name in INPUTS:
        unit, formula = INPUTS[name].unit, f"As given: {INPUTS[name].meaning}."
    else:
        unit, formula = "", "As given."
    figure = Composed(name, unit, lambda value: value, (name,))
    return replace(compute(figure, period, known), formula=formula)
