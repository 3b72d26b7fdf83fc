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
    """The pages of one agent: the changes ``held`` by each in use, and the offset that it includes as it is stored.

    ``page`` is being written; ``clean``: as it is stored. Those in ``void`` are not in use any more. ``first`` is where
    the changes begin that count, as the page says that was stored last; behind all where none does.
    """

    page: int = 0
    clean: bool = False
    held: dict[int, list[StateChange]] = field(default_factory=lambda: {0: []})
    stamps: dict[int, int] = field(default_factory=dict)
    void: list[int] = field(default_factory=list)
    first: Order = BEHIND_ALL

    @property
    def open(self) -> list[StateChange]:
        """What stands on the page that is being written."""
        return self.held[self.page]

    def put(self, change: StateChange) -> None:
        """Write a change down."""
        if self.clean and len(self.open) >= FULL:
            self.page = max(self.held) + 1
            self.held[self.page] = []
        self.open.append(change)
        self.clean = False

    def wrote(self, stamp: int, first: Order) -> None:
        """The page that is being written is stored, as of this offset."""
        self.stamps[self.page], self.first, self.clean = stamp, first, True

    def give_up_before(self, first: Order) -> None:
        """Changes before this one count no more. Pages are older the lower; one of late changes waits for its turn."""
        while (lowest := min(self.held)) != self.page and all(order(change) < first for change in self.held[lowest]):
            self._void(lowest)

    def _void(self, page: int) -> list[StateChange]:
        gone = self.erase(page)
        self.void.append(page)
        return gone

    # --- reading back ------------------------------------------------------------------------------------------------

    def read(self, page: int, stamp: int, changes: list[StateChange], first: Order) -> tuple[list[StateChange], bool]:
        """Take a page as it was stored, in any order; what is on none any more, and whether it is the last one so far.

        A page that was stored before the first one is of somebody who was forgotten and has come back since.
        """
        gone = self.erase(page)
        if stamp < self.stamps.get(0, stamp):
            self.void.append(page)
            return gone, False
        for older in [one for one, at in self.stamps.items() if not page and at < stamp]:
            gone += self._void(older)
        latest = (stamp, page) >= self._latest((stamp, page))
        self.held[page], self.stamps[page] = changes, stamp
        if latest:
            self.page, self.first, self.clean = page, first, True
        self.give_up_before(self.first)
        return gone, latest

    def _latest(self, default: tuple[int, int]) -> tuple[int, int]:
        return max(((at, page) for page, at in self.stamps.items()), default=default)

    def erase(self, page: int) -> list[StateChange]:
        """A page is deleted, or about to be read again; what stood on it."""
        self.stamps.pop(page, None)
        if page in self.void:
            self.void.remove(page)
        if page == self.page:
            self.page = self._latest((-1, page))[1]
        return self.held.pop(page, [])
