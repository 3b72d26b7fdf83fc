"""What if: a queue and changes enter, the queue before and after leaves. "+2", "-10%" and "12" are changes."""

from __future__ import annotations

import re
from math import isfinite
from typing import Final, Literal, NamedTuple

from streams.staffing.erlang import Demand
from streams.staffing.required import Goal, Required, Step, required, step_between

_CHANGE: Final = re.compile(r"\s*([+-]?)\s*(\d+(?:\.\d+)?)\s*(%?)\s*")


class Change(NamedTuple):
    """``add`` to the value, ``scale`` it by a share (-0.1: a tenth less), or ``set`` it."""

    kind: Literal["add", "scale", "set"]
    amount: float

    def applied(self, value: float) -> float:
        """The changed value, never below 0."""
        changed = {"add": value + self.amount, "scale": value * (1 + self.amount), "set": self.amount}[self.kind]
        return max(0.0, changed)


class Changes(NamedTuple):
    """What is different; None: as it is. Arrivals are a rate: a "set" or "add" is in contacts per hour."""

    agents: Change | None = None
    aht: Change | None = None
    arrivals: Change | None = None
    patience: Change | None = None


class WhatIf(NamedTuple):
    """The long run before and after, and the agents each of them requires."""

    demand_before: Demand
    demand_after: Demand
    agents_before: float
    agents_after: float
    before: Step
    after: Step
    required_before: Required
    required_after: Required


def parse_change(text: str) -> Change:
    """A change as people write it: "+2", "-1.5", "+10%", "-10%", or the new value itself, "12".

    ValueError, with what is allowed, for anything else: a bare "10%" could mean either.
    """
    match = _CHANGE.fullmatch(text.replace("\N{MINUS SIGN}", "-"))
    if match is None:
        raise ValueError(f"{text!r} is no change: write +2, -10% or the new value")
    sign, number, percent = match.groups()
    amount = float(sign + number)
    if not isfinite(amount):
        raise ValueError(f"{text!r} is too large")
    if percent:
        if not sign:
            raise ValueError(f"{text!r} may mean two things: write +{number}% or -{number}%")
        return Change("scale", amount / 100)
    return Change("add" if sign else "set", amount)


def whatif(demand: Demand, agents: float, goal: Goal, changes: Changes) -> WhatIf:
    """The queue with the changes made, beside the queue as it is. ValueError when handling would take no time."""
    after, agents_after = changed(demand, changes), _apply(changes.agents, agents)
    return WhatIf(
        demand, after, agents, agents_after,
        step_between(demand, agents, goal), step_between(after, agents_after, goal),
        required(demand, goal), required(after, goal),
    )  # fmt: skip


def changed(demand: Demand, changes: Changes) -> Demand:
    """The demand with the changes made. A patience that nobody has (None) cannot be changed, only set."""
    aht = _apply(changes.aht, demand.aht_seconds)
    if aht <= 0:
        raise ValueError("handling cannot take no time")
    patience = demand.patience_seconds
    if changes.patience is not None and (patience is not None or changes.patience.kind == "set"):
        patience = max(1.0, changes.patience.applied(patience or 0.0))
    return Demand(_apply(changes.arrivals, demand.arrivals_per_second * 3600) / 3600, aht, patience)


def _apply(change: Change | None, value: float) -> float:
    return value if change is None else change.applied(value)
