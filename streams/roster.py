"""Everybody a partition knows, what is due for each, and how all of it is stored.

What is kept of one customer or agent, and what follows from what is told of them, is for ``Rules`` to say
(``crossing.customers``, ``crossing.agents``, ``presence``); this is what any of them needs to survive a crash anywhere:
offset stamps, due timers fired in (deadline, who) order by the record whose time passes them, and forgetting, with
ghosts (``docs/decisions/0004-forgetting.md``).
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import Final, Generic, Protocol, TypeVar

import msgspec

NEVER: Final = 2**61
LATE: Final = "late"


class Known(Protocol):
    """Somebody something is told of; ``stamp`` is the last offset that what is stored of them includes."""

    stamp: int


K = TypeVar("K", bound=Known)
T = TypeVar("T")
"""What is told."""

C = TypeVar("C")
"""What follows for the tallies."""

T_contra = TypeVar("T_contra", contravariant=True)


class Rules(Protocol[K, T_contra, C]):
    """What is kept of one of them and what follows. Pure: all that counts is in the arguments."""

    def new(self, who: str) -> K:
        """Somebody nothing is known of."""
        ...

    def take(self, known: K, told: T_contra, watermark: int) -> list[C] | str:
        """Take what is told, in place; what follows for the tallies, or why nothing does and nothing is kept."""
        ...

    def due(self, known: K) -> int:
        """When time alone changes something; ``NEVER`` for never."""
        ...

    def fire(self, known: K, now: int) -> list[C] | None:
        """``due`` has come: what follows, None to forget them."""
        ...

    def stored(self, known: K) -> object:
        """What has to be stored; an array of other than two."""
        ...

    def read(self, who: str, value: bytes) -> K:
        """The reverse of ``stored``. Raises StateRefusedError for state of another version."""
        ...


class Roster(Generic[K, T, C]):
    """Everybody, by ``who``. An empty roster is one with the same ``prefix`` of stored keys."""

    def __init__(self, rules: Rules[K, T, C], prefix: bytes) -> None:
        self.by_who: dict[str, K] = {}
        self.next_due = NEVER
        self._rules = rules
        self._prefix = prefix
        self._timers: list[tuple[int, str]] = []
        self._timed: dict[str, int] = {}
        self._dirty: dict[str, K] = {}
        self._forgotten: dict[str, None] = {}
        self._gone: list[str] = []
        self._ghosts: dict[str, int] = {}

    def includes(self, who: str, offset: int) -> bool:
        """Whether what is known of them, if only that they were forgotten, includes the offset already."""
        return self._stamp(who, self.by_who.get(who)) >= offset

    def _stamp(self, who: str, known: K | None) -> int:
        return self._ghosts.get(who, -1) if known is None else known.stamp

    def take(self, who: str, told: T, offset: int, watermark: int) -> list[C] | str:
        """Take what is told; what follows for the tallies, or why nothing does.

        Somebody who includes the offset already, forgotten or not, takes nothing.
        """
        found = self.by_who.get(who)
        if self._stamp(who, found) >= offset:
            return []
        known = self._rules.new(who) if found is None else found
        changes = self._rules.take(known, told, watermark)
        if isinstance(changes, str):
            return changes
        if found is None:
            self.by_who[who] = known
        self._dirty[who] = known
        self._wait(who, self._rules.due(known))
        return changes

    def fire(self, watermark: int, offset: int) -> Iterator[list[C]]:
        """Fire every timer the watermark has passed; yields what follows from each."""
        kept: list[tuple[int, str]] = []
        while self._timers and self._timers[0][0] <= watermark:
            deadline, who = heappop(self._timers)
            if self._timed.get(who) != deadline:
                continue  # it has an earlier one, that has fired
            del self._timed[who]
            known = self.by_who.get(who)
            if known is None:
                continue
            due = self._rules.due(known)
            if due > deadline:
                self._wait(who, due)
            elif known.stamp >= offset:
                kept.append((deadline, who))
            else:
                changes = self._rules.fire(known, deadline)
                if changes is None:
                    self._forget(who)
                    continue
                self._dirty[who] = known
                self._wait(who, self._rules.due(known))
                yield changes
        for deadline, who in kept:
            self._wait(who, deadline)
        self.next_due = self._timers[0][0] if self._timers else NEVER

    def _wait(self, who: str, due: int) -> None:
        """One timer each, for when something may be due; what comes to be due later is seen when it fires."""
        if due < self._timed.get(who, NEVER):
            self._timed[who] = due
            if (
                len(self._timers) > 2 * len(self._timed) + _FEW
            ):  # most have an earlier one: a contact that ended, mostly
                self._time()
            else:
                heappush(self._timers, (due, who))
            self.next_due = min(self.next_due, due)

    def _time(self) -> None:
        """The timers, and no others."""
        self._timers = [(due, who) for who, due in self._timed.items()]
        heapify(self._timers)

    def _forget(self, who: str) -> None:
        del self.by_who[who]
        self._gone.append(who)
        if who in self._dirty:  # what is stored is older: after a crash it would come back to life
            self._forgotten[who] = None
            del self._dirty[who]

    # --- storing and reading back ------------------------------------------------------------------------------------

    def changed(self, stamp: int) -> list[tuple[bytes, bytes]]:
        """Everybody changed since the last call, encoded and stamped with the offset they include."""
        written = [(self._key(who), _encode((0, stamp))) for who in self._forgotten if who not in self.by_who]
        for who, known in self._dirty.items():
            known.stamp = max(known.stamp, stamp)
            written.append((self._key(who), _encode(self._rules.stored(known))))
        self._dirty.clear()
        self._forgotten.clear()
        return written

    def forgotten(self, stamp: int) -> list[str]:
        """Who was forgotten up to ``stamp``, once: their stored state may go when all of that is stored."""
        for who in [who for who, included in self._ghosts.items() if included <= stamp]:
            del self._ghosts[who]
            self._gone.append(who)
        gone, self._gone = self._gone, []
        return gone

    def tombstones(self, gone: list[str]) -> list[bytes]:
        """The stored keys of these, without those that are known again."""
        return [self._key(who) for who in gone if who not in self.by_who]

    def restore(self, raw_who: bytes, value: bytes | None) -> None:
        """Take one back as stored; an empty value deletes. Raises StateRefusedError for another version."""
        who = raw_who.decode("utf-8", "surrogatepass")
        self._ghosts.pop(who, None)
        if not value or value[0] == _GHOST:
            self.by_who.pop(who, None)
            if value:
                self._ghosts[who] = _decode_ghost(value)[1]
            return
        self.by_who[who] = self._rules.read(who, value)

    def restored(self) -> None:
        """Everything stored was read: the timers follow from it."""
        self._timed = {who: due for who, known in self.by_who.items() if (due := self._rules.due(known)) < NEVER}
        self._time()
        self.next_due = self._timers[0][0] if self._timers else NEVER

    def _key(self, who: str) -> bytes:
        return self._prefix + who.encode("utf-8", "surrogatepass")


_FEW: Final = 64
_GHOST: Final = 0x92
"""First byte of somebody who was forgotten before they were stored: a pair of 0 and the offset it includes."""

_encode = msgspec.msgpack.Encoder().encode
_decode_ghost = msgspec.msgpack.Decoder(tuple[int, int]).decode
