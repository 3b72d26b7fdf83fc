"""Everybody a facts partition knows, what is due for each, and how all of it is stored.

What is kept of one customer or agent, and what follows from a fact, is for ``Rules`` to say (``customers``,
``agents``); this is what any of them needs to survive a crash anywhere: offset stamps, due timers fired in (deadline,
who) order by the record whose time passes them, and forgetting, with ghosts (``docs/decisions/0004-forgetting.md``).
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import Final, Generic, Protocol, TypeVar

import msgspec

from streams.crossing.fact import CrossFact
from streams.facts import Change

NEVER: Final = 2**63


class Known(Protocol):
    """Somebody facts are told of; ``stamp`` is the last offset that what is stored of them includes."""

    who: str
    stamp: int


K = TypeVar("K", bound=Known)


class Rules(Protocol[K]):
    """What is kept of one of them and what follows. Pure: all that counts is in the arguments."""

    def new(self, who: str) -> K:
        """Somebody nothing is known of."""
        ...

    def take(self, known: K, fact: CrossFact, watermark: int) -> list[Change] | None:
        """Take a fact, in place; what follows for the tallies, None when it is too old to count."""
        ...

    def due(self, known: K) -> int:
        """When time alone changes something; ``NEVER`` for never."""
        ...

    def fire(self, known: K, now: int) -> list[Change] | None:
        """``due`` has come: what follows, None to forget them."""
        ...

    def stored(self, known: K) -> tuple[object, ...]:
        """What has to be stored."""
        ...

    def read(self, who: str, value: bytes) -> K:
        """The reverse of ``stored``. Raises StateRefusedError for state of another version."""
        ...


class Roster(Generic[K]):
    """Everybody, by ``who``. An empty roster is one with the same ``prefix`` of stored keys."""

    def __init__(self, rules: Rules[K], prefix: bytes) -> None:
        self.by_who: dict[str, K] = {}
        self.next_due = NEVER
        self._rules = rules
        self._prefix = prefix
        self._timers: list[tuple[int, str]] = []
        self._dirty: dict[str, None] = {}
        self._forgotten: dict[str, None] = {}
        self._gone: list[str] = []
        self._ghosts: dict[str, int] = {}

    def take(self, who: str, fact: CrossFact, offset: int, watermark: int) -> list[Change] | None:
        """Take one fact; what follows for the tallies, None when it is too old to count.

        Somebody who includes the offset already, forgotten or not, takes nothing.
        """
        known = self.by_who.get(who)
        if known is None:
            if self._ghosts.get(who, -1) >= offset:
                return []
            known = self._rules.new(who)
        elif known.stamp >= offset:
            return []
        changes = self._rules.take(known, fact, watermark)
        if changes is None:
            return None
        self.by_who[who] = known
        self._dirty[who] = None
        self._wait(who, self._rules.due(known))
        return changes

    def fire(self, watermark: int, offset: int) -> Iterator[list[Change]]:
        """Fire every timer the watermark has passed; yields what follows from each."""
        kept: list[tuple[int, str]] = []
        while self._timers and self._timers[0][0] <= watermark:
            deadline, who = heappop(self._timers)
            known = self.by_who.get(who)
            if known is None or self._rules.due(known) != deadline:
                continue  # it has another timer, or needs none
            if known.stamp >= offset:
                kept.append((deadline, who))
                continue
            changes = self._rules.fire(known, deadline)
            if changes is None:
                self._forget(who)
                continue
            self._dirty[who] = None
            heappush(self._timers, (self._rules.due(known), who))
            yield changes
        for timer in kept:
            heappush(self._timers, timer)
        self.next_due = self._timers[0][0] if self._timers else NEVER

    def _wait(self, who: str, due: int) -> None:
        if due < NEVER:
            heappush(self._timers, (due, who))
            self.next_due = min(self.next_due, due)

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
        for who in self._dirty:
            known = self.by_who[who]
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
        self._timers = [(due, who) for who, known in self.by_who.items() if (due := self._rules.due(known)) < NEVER]
        heapify(self._timers)
        self.next_due = self._timers[0][0] if self._timers else NEVER

    def _key(self, who: str) -> bytes:
        return self._prefix + who.encode("utf-8", "surrogatepass")


_GHOST: Final = 0x92
"""First byte of somebody who was forgotten before they were stored: a pair of 0 and the offset it includes."""

_encode = msgspec.msgpack.Encoder().encode
_decode_ghost = msgspec.msgpack.Decoder(tuple[int, int]).decode
