"""Which slices of a ledger have changed, for each of those who read them: a key enters when its slice changes.

A slice is told of once a turn, and a turn ends when a reader asks: so a busy slice costs one comparison a change, and a
quiet one nothing. What a reader has not asked for in a long time is not kept: it is told that any may have changed.
"""

from __future__ import annotations

from typing import Final
from weakref import ref

MOST: Final = 20_000
"""Keys kept for one reader."""


class Stirred:
    """Tells the readers of one ledger, each of ``most`` slices at once.

    ``turn``: a slice that was told of in it is not told of again.
    """

    def __init__(self, most: int = MOST) -> None:
        self.turn = 0
        self._most = most
        self._readers: list[ref[set[bytes]]] = []

    def tell(self, key: bytes) -> None:
        """The slice with this key has changed, is new or is gone."""
        for reader in self._readers:
            keys = reader()
            if keys is None:
                continue
            if len(keys) >= self._most:
                keys.clear()
                keys.add(_ANY)
            keys.add(key)

    def reads(self, keys: set[bytes]) -> None:
        """Somebody reads from now on, for as long as ``keys`` is theirs."""
        self._readers = [*[known for known in self._readers if known() is not None], ref(keys)]
        self.turn += 1

    def taken(self, keys: set[bytes]) -> set[bytes] | None:
        """What changed since its reader asked last; None: any slice may have."""
        if not keys:
            return keys
        self.turn += 1
        found = keys.copy()
        keys.clear()
        return None if _ANY in found else found


_ANY: Final = b""
