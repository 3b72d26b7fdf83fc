"""What the laws of pages share: one person in a roster that never dies, and in one that is stored and read back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from streams.roster import Roster

T = TypeVar("T")
"""What is told of the person."""

Written = list[tuple[bytes, bytes | None]]


class Dying(Generic[T]):
    """``who`` twice: ``living`` never dies, ``stored`` does; what was told is told again behind what is stored.

    ``prefix`` is that of the stored keys, before the letter; ``store`` what the changelog comes to.
    """

    def __init__(self, people: Callable[[], Roster[Any, T, Any]], prefix: bytes, who: str, began: int) -> None:
        self.living, self.stored = people(), people()
        self.log: list[tuple[T | None, int]] = []
        self.store: dict[bytes, bytes] = {}
        self.flushed = -1
        self.gone: list[bytes] = []
        self.now = began
        self._people = people
        self._prefix = prefix
        self._who = who

    def copy(self, told: T) -> T:
        """As it is decoded once more; to be overridden where what is told is kept and changed."""
        return told

    def record(self, told: T | None) -> None:
        """Something is told, or time has passed, and both rosters hear of it: with the same outcome."""
        self.log.append((told, self.now))
        one, other = (self._apply(roster, len(self.log) - 1) for roster in (self.living, self.stored))
        assert one == other

    def _apply(self, roster: Roster[Any, T, Any], offset: int) -> object:
        told, watermark = self.log[offset]
        changes = roster.take(self._who, self.copy(told), offset, watermark) if told is not None else []
        list(roster.fire(watermark, offset))
        return changes

    def flush(self) -> Written:
        """In one transaction, as the flusher: what was forgotten before goes first. All that was written, in order."""
        stamp = len(self.log) - 1
        changed = self.stored.changed(stamp)
        gone = self.stored.forgotten(stamp)
        written: Written = [*((key, None) for key in self.gone), *changed]
        for key, value in written:
            self.store.pop(key, None)
            if value is not None:
                self.store[key] = value
        self.gone = self.stored.tombstones(gone)
        self.flushed = stamp
        return written

    def die(self, order: int) -> None:
        """Be read back, beginning with any of the stored pieces, and hear again what came since."""
        self.stored, self.gone = self._people(), []
        pairs = list(self.store.items())
        first = order % (len(pairs) + 1)
        for key, value in pairs[first:] + pairs[:first]:
            self.read(self.stored, key, value)
        self.stored.restored()
        list(self.stored.fire(self.log[self.flushed][1] if self.store else 0, self.flushed + 1))
        for offset in range(self.flushed + 1, len(self.log)):
            self._apply(self.stored, offset)
        list(self.stored.fire(self.now, len(self.log)))  # as the next record does: what is too old goes again

    def read(self, roster: Roster[Any, T, Any], key: bytes, value: bytes | None) -> None:
        """Have a roster take one stored piece back."""
        letter, name = key.removeprefix(self._prefix).split(b"|", 1)
        (roster.restore if letter.islower() else roster.restore_page)(name, value)
