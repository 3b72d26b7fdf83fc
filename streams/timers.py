"""What is due when: names wait together by the minute they are due in; only those of minutes that have come, in order.

Most contacts end hours before they would be given up, so most timers never fire: such a one takes a place in a list.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Final

from mypy_extensions import mypyc_attr

from streams.slices import MINUTE

NEVER: Final = 2**61


@mypyc_attr(acyclic=True)
class Timers:
    """``count`` is how many wait, a name as often as it was added. Times are epoch ms."""

    def __init__(self) -> None:
        self.count = 0
        self._near: list[tuple[int, str]] = []
        self._far: dict[int, list[str]] = {}
        self._minutes: list[int] = []
        self._come = -1

    def add(self, due: int, name: str) -> None:
        """Have a name wait."""
        self.count += 1
        minute = due // MINUTE
        if minute <= self._come:
            heappush(self._near, (due, name))
            return
        names = self._far.get(minute)
        if names is None:
            self._far[minute] = [name]
            heappush(self._minutes, minute)
        else:
            names.append(name)

    def come(self, now: int) -> list[str]:
        """Names that may be due in minutes begun since the last call. Those that are have to be added again."""
        self._come = max(self._come, now // MINUTE)
        names: list[str] = []
        while self._minutes and self._minutes[0] <= self._come:
            names += self._far.pop(heappop(self._minutes))
        self.count -= len(names)
        return names

    def has_come(self, due: int) -> bool:
        """Whether this is within the minutes that have begun."""
        return due // MINUTE <= self._come

    def pop(self, now: int) -> tuple[int, str] | None:
        """The first of those due by now, by time and name; None when there is none."""
        if not self._near or self._near[0][0] > now:
            return None
        self.count -= 1
        return heappop(self._near)

    def clear(self) -> None:
        """Nobody waits."""
        self.count = 0
        self._near.clear()
        self._far.clear()
        self._minutes.clear()

    def next_due(self) -> int:
        """Before this, nothing is due; ``NEVER`` where nobody waits."""
        near = self._near[0][0] if self._near else NEVER
        far = self._minutes[0] * MINUTE if self._minutes else NEVER
        return min(near, far)
