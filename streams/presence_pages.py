"""On which page of what is stored each change of an agent's state stands, so that a change writes a page and not a day.

One page is written at a time, whole, with each flush that changes something of the agent; once it is full and stored
the next one is begun. A change stands on one page and is never rewritten. Whatever came before the first change that
counts does so no more: read back it is left out, and a page that has nothing else may be deleted.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field

FULL: Final = 8
"""Changes on a page before the next one is begun: what a change writes, against how many keys there are."""

Order = tuple[int, int, str]
"""What changes are in order of: time, number within the source, id."""

BEHIND_ALL: Final[Order] = (2**62, 0, "")
_NOTHING: Final[Order] = (-1, -1, "")
_NEVER: Final = (-2, -1)


class StateChange(Struct, array_like=True, frozen=True, gc=False):
    """From ``at`` on the agent is in ``state``; ``queues`` and ``capacity`` that are None stay as they were."""

    at: int
    seq: int
    event_id: str
    state: str
    queues: tuple[str, ...] | None = None
    capacity: int | None = None


def order(change: StateChange) -> Order:
    """Where a change belongs among others, however late it comes."""
    return (change.at, change.seq, change.event_id)


class PresencePages(Struct):
    """The pages of one agent. ``page`` is being written, ``open`` stands on it; ``clean``: as it is stored.

    ``newest`` has, for each page in use, the last of its changes in their order. Those in ``void`` are not any more.
    ``written`` is the page that was stored last, behind the offset it includes; ``first`` is where the changes begin
    that count, as it says: behind all where there are none.
    """

    page: int = 0
    open: list[StateChange] = field(default_factory=list)
    clean: bool = False
    newest: dict[int, Order] = field(default_factory=lambda: {0: _NOTHING})
    void: list[int] = field(default_factory=list)
    written: tuple[int, int] = _NEVER
    first: Order = BEHIND_ALL

    def put(self, change: StateChange) -> None:
        """Write a change down."""
        if self.clean and len(self.open) >= FULL:
            self.page = max(self.newest) + 1
            self.open = []
        self.open.append(change)
        self.newest[self.page] = max(order(change), self.newest.get(self.page, _NOTHING))
        self.clean = False

    def wrote(self, stamp: int, first: Order, page: int) -> None:
        """A page is stored, as of this offset."""
        self.written, self.first, self.page, self.clean = (stamp, page), first, page, True

    def give_up_before(self, first: Order) -> None:
        """Changes before this one count no more."""
        self.open = [change for change in self.open if order(change) >= first]
        for page in [page for page, newest in self.newest.items() if newest < first and page != self.page]:
            del self.newest[page]
            self.void.append(page)

    # --- reading back ------------------------------------------------------------------------------------------------

    def read(self, page: int, stamp: int, changes: list[StateChange], first: Order) -> bool:
        """Take a page as it was stored, in any order; whether it is the one written last so far."""
        if self.written == _NEVER:
            self.newest.clear()
        self.erase(page)
        self.newest[page] = max(map(order, changes), default=_NOTHING)
        latest = (stamp, page) >= self.written
        if latest:
            self.wrote(stamp, first, page)
            self.open = changes
        self.give_up_before(self.first)
        return latest

    def erase(self, page: int) -> bool:
        """A page is deleted, or about to be read again; whether nothing is left."""
        self.newest.pop(page, None)
        if page in self.void:
            self.void.remove(page)
        return not self.newest
