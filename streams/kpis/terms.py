"""A KPI's formula, read off its own function: counts that are names enter, the arithmetic done with them leaves.

Nobody writes a formula down a second time: ``formula`` calls the function once with ``Term`` where it expects numbers,
and what it computes with them is kept as a tree. The tree says which counts go in, how the sum is written with names or
with numbers, and what it divides by. It supposes that there is something to divide by: every comparison is true.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

from msgspec import structs

from streams.counts import Counts
from streams.tally import AGENT_STATES

Sign: TypeAlias = Literal["+", "-", "*", "/"]
Unit: TypeAlias = Literal["", "ms"]

_BINDS: Final = {"+": 1, "-": 1, "*": 2, "/": 2}
_LEAF_BINDS: Final = 3


class Term(ABC):
    """A number that is not known yet. Arithmetic gives another term; a comparison is true."""

    unit: Unit = ""
    binds: int = _LEAF_BINDS

    def __add__(self, other: Any) -> Term:
        return operation("+", self, other)

    def __radd__(self, other: Any) -> Term:
        return self if other == 0 else operation("+", other, self)  # sum() begins with 0

    def __sub__(self, other: Any) -> Term:
        return operation("-", self, other)

    def __mul__(self, other: Any) -> Term:
        return operation("*", self, other)

    def __rmul__(self, other: Any) -> Term:
        return operation("*", other, self)

    def __truediv__(self, other: Any) -> Term:
        return operation("/", self, other)

    def __gt__(self, _other: object) -> bool:
        return True

    def __bool__(self) -> bool:
        return True

    @abstractmethod
    def leaves(self) -> Iterator[tuple[str, int]]:
        """Every count that goes in, in the order of the formula, with +1 where it adds and -1 where it takes off."""

    @abstractmethod
    def text(self, leaf: Callable[[str], str]) -> str:
        """The formula as one line; ``leaf`` says how a count is written. Milliseconds are written as seconds."""

    @abstractmethod
    def value(self, numbers: Mapping[str, int]) -> float:
        """What comes out; seconds where counts are milliseconds. Raises ZeroDivisionError over nothing."""

    @abstractmethod
    def divisors(self) -> Iterator[Term]:
        """Everything that is divided by, numbers aside: over nothing there is no value."""


class Leaf(Term):
    """One count, by the name it has in ``Counts``, ``told``, ``people`` or ``state_ms`` (there with ``_ms``)."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.unit = "ms" if name.endswith("_ms") else ""

    def leaves(self) -> Iterator[tuple[str, int]]:
        yield self.name, 1

    def text(self, leaf: Callable[[str], str]) -> str:
        return leaf(self.name)

    def value(self, numbers: Mapping[str, int]) -> float:
        return numbers[self.name]

    def divisors(self) -> Iterator[Term]:
        yield from ()


class Constant(Term):
    """A number that stands in the formula itself."""

    def __init__(self, number: float) -> None:
        self.number = number

    def leaves(self) -> Iterator[tuple[str, int]]:
        yield from ()

    def text(self, leaf: Callable[[str], str]) -> str:  # noqa: ARG002 - a constant is written as it is
        return f"{self.number:g}"

    def value(self, numbers: Mapping[str, int]) -> float:  # noqa: ARG002 - it is what it is
        return self.number

    def divisors(self) -> Iterator[Term]:
        yield from ()


class Operation(Term):
    """Two terms and what is done with them."""

    def __init__(self, sign: Sign, left: Term, right: Term) -> None:
        self.sign, self.left, self.right = sign, left, right
        self.binds = _BINDS[sign]
        cancelled = sign == "/" and (right.unit == "ms" or isinstance(right, Constant))
        self.unit = "" if cancelled or "ms" not in (left.unit, right.unit) else "ms"

    def leaves(self) -> Iterator[tuple[str, int]]:
        yield from self.left.leaves()
        turn = -1 if self.sign == "-" else 1
        for name, sign in self.right.leaves():
            yield name, sign * turn

    def text(self, leaf: Callable[[str], str]) -> str:
        left = self.left.text(leaf)
        right = self.right
        if self.sign == "/" and self.left.unit == "ms" and isinstance(right, Constant):
            if right.number == 1000:  # the milliseconds of this term are written as seconds already
                return left
            right = Constant(right.number / 1000)
        shown = right.text(leaf)
        if self.left.binds < self.binds:
            left = f"({left})"
        if right.binds < self.binds or (right.binds == self.binds and self.sign in "-/"):
            shown = f"({shown})"
        return f"{left} {self.sign} {shown}"

    def value(self, numbers: Mapping[str, int]) -> float:
        left, right = self.left.value(numbers), self.right.value(numbers)
        match self.sign:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
            case "/":
                return left / right

    def divisors(self) -> Iterator[Term]:
        yield from self.left.divisors()
        yield from self.right.divisors()
        if self.sign == "/" and not isinstance(self.right, Constant) and any(True for _ in self.right.leaves()):
            yield self.right


class Chosen(Term):
    """The largest or smallest of several terms."""

    def __init__(self, how: Literal["max", "min"], terms: Sequence[Term]) -> None:
        self.how: Literal["max", "min"] = how
        self.terms = terms

    def leaves(self) -> Iterator[tuple[str, int]]:
        for term in self.terms:
            yield from term.leaves()

    def text(self, leaf: Callable[[str], str]) -> str:
        return f"{self.how}({', '.join(term.text(leaf) for term in self.terms)})"

    def value(self, numbers: Mapping[str, int]) -> float:
        return {"max": max, "min": min}[self.how](term.value(numbers) for term in self.terms)

    def divisors(self) -> Iterator[Term]:
        for term in self.terms:
            yield from term.divisors()


def largest(*numbers: int) -> int:
    """The largest of several counts; a formula says "max" (the built-in one could not be read off a function)."""
    return _chosen("max", numbers) if any(isinstance(n, Term) for n in numbers) else max(numbers)


def smallest(*numbers: int) -> int:
    """The smallest of several counts; a formula says "min"."""
    return _chosen("min", numbers) if any(isinstance(n, Term) for n in numbers) else min(numbers)


def _chosen(how: Literal["max", "min"], numbers: Sequence[Any]) -> Any:
    return Chosen(how, [_term(number) for number in numbers])


def operation(sign: Sign, left: Any, right: Any) -> Term:
    """Two numbers or terms put together."""
    return Operation(sign, _term(left), _term(right))


def _term(value: Any) -> Term:
    return value if isinstance(value, Term) else Constant(value)


class _Named(Mapping[str, Any]):
    """A mapping in which everything is, as a leaf of its own name."""

    def __init__(self, suffix: str = "") -> None:
        self._suffix = suffix

    def __getitem__(self, name: str) -> Leaf:
        return Leaf(name + self._suffix)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 1


_NUMBERS: Final = tuple(
    field.name
    for field in structs.fields(Counts)
    if type(field.default) is int or field.name in ("max_wait_ms", "max_answered_wait_ms")
)


def formula(function: Callable[[Counts], float | None], *, cohort: bool = False) -> Term:
    """The formula of a KPI: ``cohort`` is the attribution, by which a ratio is over those offered or those who left.

    Raises TypeError for a function that does more with counts than arithmetic.
    """
    names = structs.replace(
        Counts(),
        **{name: Leaf(name) for name in _NUMBERS},
        told=_Named(),
        people=_Named(),
        state_ms=_Named("_ms"),
        cohort=cohort,
    )
    found: Any = function(names)
    if not isinstance(found, Term):
        raise TypeError(f"{function} gives {found!r} for counts that are names: it is no formula")
    return found


def numbers(counts: Counts, term: Term) -> dict[str, int]:
    """What the counts of a formula are in a window, by their names; a maximum of nothing is left out."""
    found: dict[str, int] = {}
    for name, _ in term.leaves():
        if name in Counts.__struct_fields__:
            number = getattr(counts, name)
        elif name.endswith("_ms") and name.removesuffix("_ms") in AGENT_STATES:
            number = counts.state_ms.get(name.removesuffix("_ms"), 0)
        else:
            number = counts.told.get(name, 0) or counts.people.get(name, 0)
        if number is not None:
            found[name] = number
    return found
