"""Slices as they were stored: bytes are put in, a slice is decoded when somebody asks for it.

For what other workers count: eight days of quarter hours and queue lengths, of which nobody reads more than today but
when intervals are asked for. A slice that is kept decoded takes six times as much memory. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Final

from streams.books import Book, Slice
from streams.ledger import Ledger, decode_slice

RECENT: Final = 100
"""Slices kept decoded besides: somewhat more than a day of quarter hours."""


class Packed(MutableMapping[int, Slice]):
    """Slices by start, to be read; ``put`` takes one as it was stored."""

    __slots__ = ("_decoded", "_stored")

    def __init__(self) -> None:
        self._stored: dict[int, bytes] = {}
        self._decoded: dict[int, Slice] = {}

    def put(self, start: int, value: bytes) -> None:
        """Keep a slice in place of the one there."""
        self._stored[start] = value
        self._decoded.pop(start, None)

    def __getitem__(self, start: int) -> Slice:
        piece = self._decoded.get(start)
        if piece is None:
            value = self._stored[start]
            if len(self._decoded) >= RECENT:
                self._decoded.clear()
            piece = self._decoded[start] = decode_slice(value)
        return piece

    def __setitem__(self, start: int, piece: Slice) -> None:
        raise TypeError("what another worker counts is not counted here")

    def __delitem__(self, start: int) -> None:
        del self._stored[start]
        self._decoded.pop(start, None)

    def __contains__(self, start: object) -> bool:
        return start in self._stored

    def __iter__(self) -> Iterator[int]:
        return iter(self._stored)

    def __len__(self) -> int:
        return len(self._stored)


class ToldLedger(Ledger):
    """The tallies of a partition that another worker counts: read back, never entered."""

    def read_back(self, key: bytes, value: bytes) -> None:
        code, start, queue, channel = self.parts_of(key)
        store = self._open(queue, channel).slices(code) if code in "cl" else None
        if isinstance(store, Packed):
            store.put(int(start), value)
            self.stirred.tell(key)
        else:
            super().read_back(key, value)

    def _open(self, queue: str, channel: str) -> Book:
        book = super()._open(queue, channel)
        if not isinstance(book.coarse, Packed):
            book.coarse, book.length = Packed(), Packed()
        return book
