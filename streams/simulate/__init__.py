"""A seeded, believable contact centre as a stream of records, and what is true about it.

``simulate(spec, seed, oracle)`` gives the records, ``spoil`` puts faults into them, ``Oracle`` adds up the truth by
plain code that shares nothing with the core it is compared to.
"""

from streams.simulate.faults import Faults, spoil
from streams.simulate.floor import simulate
from streams.simulate.kernel import Item
from streams.simulate.oracle import Oracle
from streams.simulate.spec import GroupSpec, Habits, QueueSpec, Spec, demo, for_rate
from streams.simulate.truth import Happening, Ledger, Segment, Visit

__all__ = [
    "Faults", "GroupSpec", "Habits", "Happening", "Item", "Ledger", "Oracle", "QueueSpec", "Segment", "Spec", "Visit",
    "demo", "for_rate", "simulate", "spoil",
]  # fmt: skip
