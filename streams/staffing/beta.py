"""The beta distribution: a mean and a standard error of a share enter, chances and bounds that stay in [0, 1] leave.

A service level near its goal is skewed: most quarters of an hour are better than the mean, a few are far worse. A
normal curve would call every second one a miss, and draw bands beyond 100 %.
"""

from __future__ import annotations

from math import exp, lgamma, log, log1p, sqrt
from typing import Final, NamedTuple

_TINY: Final = 1e-300
_TERMS: Final = 500


class Share(NamedTuple):
    """A random share in [0, 1]. Without an error, or at 0 or 1, it is certain. A larger error than can be is cut."""

    mean: float
    error: float

    @property
    def certain(self) -> bool:
        """Whether there is no chance left."""
        return self.error <= 0 or not 0 < self.mean < 1

    def below(self, share: float) -> float:
        """P(it is below ``share``)."""
        if self.certain:
            return 1.0 if self.mean < share else 0.0
        a, b = self._shape()
        return cdf(a, b, min(1.0, max(0.0, share)))

    def quantile(self, q: float) -> float:
        """The share that it is below with chance q, to 1e-6; by Newton's steps, halving where they lead astray."""
        if self.certain:
            return self.mean
        a, b = self._shape()
        scale = lgamma(a + b) - lgamma(a) - lgamma(b)
        low, high, x = 0.0, 1.0, self.mean
        while high - low > 1e-6:
            missing = q - cdf(a, b, x)
            low, high = (x, high) if missing > 0 else (low, x)
            density = exp(scale + (a - 1) * log(x) + (b - 1) * log1p(-x)) if 0 < x < 1 else 0.0
            step = missing / density if density > _TINY else 1.0
            if abs(step) < 1e-7:
                break
            x = x + step if low < x + step < high else (low + high) / 2
        return x

    def _shape(self) -> tuple[float, float]:
        """a and b with this mean and error, at the most that of a coin (where a + b would be 0)."""
        spread = self.mean * (1 - self.mean)
        strength = max(0.02, spread / max(self.error, 1e-4 * sqrt(spread)) ** 2 - 1)
        return self.mean * strength, (1 - self.mean) * strength


def cdf(a: float, b: float, x: float) -> float:
    """P(Beta(a, b) <= x): the incomplete beta integral, by its continued fraction (Lentz's way of evaluating it)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):  # the fraction converges quickly on this side only
        return 1 - cdf(b, a, 1 - x)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    c, d = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d, c = 1 / _not_zero(1 + even * d), _not_zero(1 + even / c)
        value *= c * d
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d, c = 1 / _not_zero(1 + odd * d), _not_zero(1 + odd / c)
        value *= c * d
        if abs(c * d - 1) < 1e-12:
            break
    return min(1.0, max(0.0, front * value))


def _not_zero(x: float) -> float:
    return x if abs(x) > _TINY else _TINY
