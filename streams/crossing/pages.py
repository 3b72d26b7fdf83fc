"""How an agent's work is stored: on pages, so that a fact writes a page and not all that is kept of a day.

One page is written at a time. What changes moves to it, what is on it is written with every flush that changes
something, and once it is full and stored the next one is begun. So whatever one flush changes of an agent is one
record. What moved still stands on its old page: of two copies the later written one counts, and a page of which
nothing counts any more may be deleted. Where work is not true any more, all that is left is written anew, on a page
that says so and makes older ones void.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mypy_extensions import mypyc_attr

from streams.crossing.fact import Work

FULL: Final = 4
"""Pieces of work on a page before the next one is begun: what a fact writes, against how many keys there are."""

Address = tuple[str, int]
"""Contact and part."""


@mypyc_attr(acyclic=True)
class Pages:
    """The ``work`` of one agent, by contact and part, and on which page each piece of it stands.

    ``page`` is being written, ``open`` stands on it; ``clean``: as it is stored. ``counts`` has each page that is in
    use, with how much of it counts; those in ``void`` are not any more. ``anew``: no older page counts.
    """

    def __init__(self) -> None:
        self.work: dict[Address, Work] = {}
        self.page = 0
        self.open: dict[Address, Work] = {}
        self.clean = False
        self.anew = False
        self.counts: dict[int, int] = {0: 0}
        self.void: list[int] = []
        self._stamps: dict[int, int] = {}
        """The offset that each page that was read back includes: the higher, the later it was written."""
        self._void_before = (-2, -1)

    def put(self, work: Work) -> None:
        """Keep work in the place of what was known of the same contact and part."""
        address = (work.contact_id, work.part)
        old = self.work.get(address)
        if old is None or old.page != self.page:
            if self.clean and len(self.open) >= FULL:
                self._begin()
            if old is not None:
                self._leave(old.page)
            self.counts[self.page] += 1
        work.page = self.page
        self.work[address] = self.open[address] = work
        self.clean = False

    def drop(self, work: Work) -> None:
        """Forget work that is too old: read back as it is stored, it would be so again."""
        del self.work[work.contact_id, work.part]
        if work.page == self.page:
            del self.open[work.contact_id, work.part]
            self.clean = False
        self._leave(work.page)

    def give_up_before(self, page: int) -> None:
        """Have nothing stand on older pages: there may be copies of what was dropped from this one, not yet over."""
        if min(self.counts) < page:
            for work in list(self.work.values()):
                if work.page < page and work.page != self.page:
                    self.put(work)

    def withdraw(self, address: Address) -> None:
        """Forget work that is not true, wherever copies of it stand."""
        self.work.pop(address, None)
        self.void += self.counts
        self.page = max(self.counts) + 1
        for work in self.work.values():
            work.page = self.page
        self.open = dict(self.work)
        self.counts = {self.page: len(self.work)}
        self.anew, self.clean = True, False

    def _begin(self) -> None:
        before, self.page = self.page, max(self.counts) + 1
        self.counts[self.page] = 0
        self.open = {}
        self.anew = False
        if not self.counts[before]:
            self._void(before)

    def _leave(self, page: int) -> None:
        self.counts[page] -= 1
        if not self.counts[page] and page != self.page:
            self._void(page)

    def _void(self, page: int) -> None:
        del self.counts[page]
        self._stamps.pop(page, None)
        self.void.append(page)

    # --- reading back ------------------------------------------------------------------------------------------------

    def read(self, page: int, stamp: int, works: Iterable[Work], *, anew: bool) -> bool:
        """Take a page as it was stored, in any order; whether it is the latest so far. ``settle`` when all are read."""
        order = (stamp, page)
        if order < self._void_before:
            self.void.append(page)
            return False
        if not self._stamps:
            self.counts.clear()
        self.erase(page)
        latest = order >= max([(at, one) for one, at in self._stamps.items()], default=order)
        self._stamps[page] = stamp
        self.counts[page] = 0
        before = self.page
        if latest:
            self.page, self.anew = page, anew
        if anew:
            self._void_before = order
            for other in [one for one, at in self._stamps.items() if (at, one) < order]:
                self.erase(other)
                self.void.append(other)
        for work in works:
            self._place(work, page)
        for other in (before, page):
            if other != self.page and self.counts.get(other) == 0:
                self._void(other)
        return latest

    def _place(self, work: Work, page: int) -> None:
        address = (work.contact_id, work.part)
        known = self.work.get(address)
        if known is not None:
            if (self._stamps[known.page], known.page) > (self._stamps[page], page):
                return
            self._leave(known.page)
        work.page = page
        self.work[address] = work
        self.counts[page] += 1

    def erase(self, page: int) -> None:
        """A page is deleted, or about to be read again."""
        if page in self.void:
            self.void.remove(page)
        if self.counts.pop(page, None):
            for address in [address for address, work in self.work.items() if work.page == page]:
                del self.work[address]
        self._stamps.pop(page, None)

    def settle(self) -> None:
        """All pages were read: go on with the latest."""
        self.counts.setdefault(self.page, 0)
        self.open = {address: work for address, work in self.work.items() if work.page == self.page}
        self.clean = True
