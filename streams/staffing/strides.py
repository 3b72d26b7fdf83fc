"""The same chain as ``transient``, in strides instead of ticks: chances now enter, chances after a stage leave.

A tick is as short as the quickest event of the largest queue; an hour of twenty agents is a thousand ticks, of two
hundred agents forty thousand. A stride is as long as the answer can bear: the chain's equations are solved implicitly
(TR-BDF2: second order, and damped for whatever is quicker than a stride), each a pass up and a pass down the states.
Within 0.002 of the ticks in a service level, a fifteenth of their time. Source: Bank, Coughran, Fichtner, Grosse, Rose
and Smith, "Transient simulation of silicon devices and circuits" (1985).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import ceil, sqrt
from operator import mul
from typing import Final, NamedTuple

from streams.staffing.transient import Chances, Passed, Rewards, Stage, leaving, worth

LONGEST_SECONDS: Final = 90.0
"""No stride is longer than a third of the mean handling time, nor than this ..."""

FIRST_SECONDS: Final = 6.0
"""... the first ones are this short: now is certain, and certainty spreads quickly ..."""

LONGER: Final = 3.0
"""... each pair after them so many times as long ..."""

LATER: Final = 3.0
"""... and where the queue is no longer what it was at the start, they may be so many times as long."""

_GAMMA: Final = 2 - sqrt(2)
_OLD: Final = (1 - _GAMMA) ** 2 / (_GAMMA * (2 - _GAMMA))
_MIDDLE: Final = _OLD + 1


class _Solver(NamedTuple):
    """(1 - k A) x = d for the chain's generator A, factored once for all strides of one length."""

    k: float
    inverse: list[float]
    rising: list[float]
    falling: list[float]

    def solve(self, d: Iterable[float]) -> list[float]:
        """The x of this d; of chances, chances."""
        x = 0.0
        up = [x := value * one + rises * x for value, one, rises in zip(d, self.inverse, self.rising, strict=True)]
        up.reverse()
        x = 0.0
        down = [x := value + falls * x for value, falls in zip(up, self.falling, strict=True)]
        down.reverse()
        return down


def follow(chances: Chances, stage: Stage, gains: Rewards, centre: float | None = None) -> tuple[Chances, Passed]:
    """The queue at the end of a stage, and what the stage brought. Without ``centre`` no rewards are carried."""
    size, low, up = len(chances.weights), chances.low, stage.demand.arrivals_per_second
    if stage.seconds <= 0:
        return chances, Passed(0.0, 0.0, 0.0, 0.0)
    down = leaving(stage, low, size)
    gain, square = worth(gains, centre or 0.0)
    enters = [0.0, *(up * g for g in gain[:-1])]
    p, m, spent, m_spent = chances.weights, chances.sums, [0.0] * size, [0.0] * size
    solver = None
    certain = max(p) > 0.5
    for seconds in _strides(stage, certain):
        k = seconds * _GAMMA / 2
        if solver is None or solver.k != k:
            solver = _factored(up, down, k)
        middle = solver.solve(p)
        p_next = solver.solve([2 * _MIDDLE * z - (_MIDDLE + _OLD) * x for z, x in zip(middle, p, strict=True)])
        spent = [s + k * (2 * _MIDDLE * z + x) for s, z, x in zip(spent, middle, p_next, strict=True)]
        if centre is not None:
            m, m_middle = _sums(solver, enters, m, middle, p_next)
            m_spent = [s + k * (2 * _MIDDLE * z + x) for s, z, x in zip(m_spent, m_middle, m, strict=True)]
        p = p_next
    found = [up * s for s in spent]  # arrivals by the state they find
    passed = Passed(
        up * stage.seconds, _dot(found, gains.in_time), _dot(found, gains.counted), _dot(found, gains.gives_up)
    )
    more = 2 * up * _dot(m_spent, gain) + _dot(found, square)  # as in ``transient``
    return Chances(low, p, m, max(0.0, chances.square + more)), passed


def _sums(
    solver: _Solver, enters: list[float], m: list[float], middle: list[float], p_next: list[float]
) -> tuple[list[float], list[float]]:
    """The sums of rewards after a stride, and in its middle; what arrivals earn enters one state higher."""
    k = solver.k
    w = solver.solve([x + k * e * z for x, e, z in zip(m, enters, [0.0, *middle[:-1]], strict=True)])
    old = [2 * _MIDDLE * z - (_MIDDLE + _OLD) * x for z, x in zip(w, m, strict=True)]
    return solver.solve([x + k * e * p for x, e, p in zip(old, enters, [0.0, *p_next[:-1]], strict=True)]), w


def _strides(stage: Stage, certain: bool) -> Iterator[float]:
    """Lengths that add up to the stage: short ones first where the queue is known for sure, each pair alike."""
    longest, left, length = min(LONGEST_SECONDS, stage.demand.aht_seconds / 3), stage.seconds, FIRST_SECONDS
    longest *= 1.0 if certain else LATER
    while certain and length < longest and left > 2 * length:
        yield length
        yield length
        left -= 2 * length
        length *= LONGER
    strides = ceil(left / longest)
    yield from [left / strides] * strides


def _factored(up: float, down: list[float], k: float) -> _Solver:
    """Elimination from the lowest state; the matrix is dominated by its diagonal, so nothing needs exchanging."""
    rise = k * up
    diagonal = [1 + rise + k * leaves for leaves in down]
    diagonal[-1] -= rise  # from the highest state nobody rises
    inverse, falling, before = [], [], 0.0
    for whole, falls in zip(diagonal, [*(k * leaves for leaves in down[1:]), 0.0], strict=True):
        one = 1 / (whole - rise * before)
        before = falls * one
        inverse.append(one)
        falling.append(before)
    falling.reverse()
    return _Solver(k, inverse, [rise * one for one in inverse], falling)


def _dot(a: list[float], b: list[float]) -> float:
    return float(sum(map(mul, a, b)))
