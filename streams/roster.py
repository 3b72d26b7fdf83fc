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
Page = tuple[str, int]
"""Who, and which page of them (0 for those who are stored in one piece)."""
K_contra = TypeVar("K_contra", bound=Known, contravariant=True)
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


class Paged(Protocol[K_contra]):
    """How somebody is stored of whom too much is kept to be written with each change: on pages, one written at a time.

    ``Rules.stored`` is that one; the first is page 0.
    """

    def page(self, known: K_contra) -> int:
        """The page being written."""
        ...

    def pages(self, known: K_contra) -> list[int]:
        """Every page that may be stored."""
        ...

    def void(self, known: K_contra) -> list[int]:
        """The pages that hold nothing any more once this one is stored; each is told once."""
        ...

    def read_page(self, known: K_contra, page: int, value: bytes) -> None:
        """Take a page back, in any order. Raises StateRefusedError for state of another version."""
        ...

    def erase_page(self, known: K_contra, page: int) -> bool:
        """A page was deleted; whether nothing is left."""
        ...


class Roster(Generic[K, T, C]):
    """Everybody, by ``who``. An empty roster is one with the same ``prefix`` of stored keys: "<topic>|<letter>|".

    Those who are ``paged`` have further keys, one for each page, with the capital letter: "<topic>|<LETTER>|<page>|".
    """

    def __init__(self, rules: Rules[K, T, C], prefix: bytes, paged: Paged[K] | None = None) -> None:
        self.by_who: dict[str, K] = {}
        self.version = 0
        """Another one whenever somebody may be known to be another."""
        self.next_due = NEVER
        self._rules = rules
        self._prefix = prefix
        self._paged = paged
        self._page_prefix = prefix[:-2] + prefix[-2:].upper()
        self._timers: list[tuple[int, str]] = []
        self._timed: dict[str, int] = {}
        self._dirty: dict[str, K] = {}
        self._forgotten: dict[str, None] = {}
        self._gone: list[Page] = []
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
        self.version += 1
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
                self.version += 1
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
        known = self.by_who.pop(who)
        self._gone += [(who, page) for page in {0, *self._pages(known)}]
        if who in self._dirty:  # what is stored is older: after a crash it would come back to life
            self._forgotten[who] = None
            del self._dirty[who]

    # --- storing and reading back ------------------------------------------------------------------------------------

    def changed(self, stamp: int) -> list[tuple[bytes, bytes]]:
        """Everybody changed since the last call, encoded and stamped with the offset they include."""
        written = [(self._key(who), _encode((0, stamp))) for who in self._forgotten if who not in self.by_who]
        paged = self._paged
        for who, known in self._dirty.items():
            known.stamp = max(known.stamp, stamp)
            page = 0
            if paged is not None:
                page = paged.page(known)
                self._gone += [(who, one) for one in paged.void(known)]
            written.append((self._key(who, page), _encode(self._rules.stored(known))))
        self._dirty.clear()
        self._forgotten.clear()
        return written

    def forgotten(self, stamp: int) -> list[Page]:
        """What was forgotten up to ``stamp``, once: it may be deleted when all of that is stored."""
        for who in [who for who, included in self._ghosts.items() if included <= stamp]:
            del self._ghosts[who]
            self._gone.append((who, 0))
        gone, self._gone = self._gone, []
        return gone

    def tombstones(self, gone: list[Page]) -> list[bytes]:
        """The stored keys of these, without those of somebody who is known again and in use again."""
        return [
            self._key(who, page)
            for who, page in gone
            if (known := self.by_who.get(who)) is None or page not in self._pages(known)
        ]

    def _pages(self, known: K) -> list[int]:
        return [0] if self._paged is None else self._paged.pages(known)

    def restore(self, raw_who: bytes, value: bytes | None) -> None:
        """Take one back as stored; an empty value deletes. Raises StateRefusedError for another version."""
        self.version += 1
        who = raw_who.decode("utf-8", "surrogatepass")
        if value and value[0] == _GHOST:
            known = self.by_who.pop(who, None)
            if known is not None and self._paged is not None:
                self._gone += [(who, page) for page in self._paged.pages(known) if page]
            self._ghosts[who] = _decode_ghost(value)[1]
        elif self._paged is not None:
            self._restore_page(who, 0, value, self._paged)
        elif value:
            self._ghosts.pop(who, None)
            self.by_who[who] = self._rules.read(who, value)
        else:
            self._ghosts.pop(who, None)
            self.by_who.pop(who, None)

    def restore_page(self, raw_name: bytes, value: bytes | None) -> None:
        """The same for one of their pages but the first."""
        self.version += 1
        page, _, raw_who = raw_name.partition(b"|")
        if self._paged is not None:
            self._restore_page(raw_who.decode("utf-8", "surrogatepass"), int(page), value, self._paged)

    def _restore_page(self, who: str, page: int, value: bytes | None, paged: Paged[K]) -> None:
        known = self.by_who.get(who)
        if not value:
            if not page:
                self._ghosts.pop(who, None)
            if known is not None and paged.erase_page(known, page):
                del self.by_who[who]
            return
        ghost = self._ghosts.get(who)
        if page and ghost is not None and ghost >= _stamp_of(value):
            self._gone.append((who, page))
            return
        self._ghosts.pop(who, None)
        if known is None:
            known = self.by_who[who] = self._rules.new(who)
        paged.read_page(known, page, value)

    def restored(self) -> None:
        """Everything stored was read: the timers follow from it."""
        self._timed = {who: due for who, known in self.by_who.items() if (due := self._rules.due(known)) < NEVER}
        self._time()
        self.next_due = self._timers[0][0] if self._timers else NEVER

    def _key(self, who: str, page: int = 0) -> bytes:
        start = b"%s%d|" % (self._page_prefix, page) if page else self._prefix
        return start + who.encode("utf-8", "surrogatepass")


_FEW: Final = 64
_GHOST: Final = 0x92
"""First byte of somebody who was forgotten before they were stored: a pair of 0 and the offset it includes."""

_encode = msgspec.msgpack.Encoder().encode


def _stamp_of(value: bytes) -> int:
    """The offset that somebody stored includes: the second of what they are stored as."""
    stored: list[object] = _decode_any(value)
    stamp = stored[1]
    assert isinstance(stamp, int)
    return stamp


_decode_any: Final = msgspec.msgpack.Decoder(list).decode
_decode_ghost = msgspec.msgpack.Decoder(tuple[int, int]).decode
