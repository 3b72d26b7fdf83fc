"""What a worker tells the others of the partitions it counts, so that each of them can show the whole floor.

What every flush stores enters, apart from contacts; about once a second it leaves for ``<app_id>-floor``, a compacted
topic, each key with its latest value only, in the transaction of a flush: so it is never ahead of what is stored, and a
worker that was paused and has been replaced can't add anything. Behind it go what is to be seen of the contacts
(``streams.sight``), and a **beat**: up to here all is told. What was stored and not told when a worker died is what
stands in the changelog behind the last ``TOLD``; its successor tells it. See ``docs/decisions/0015``.

Pure; times are seconds of a clock that never goes back, or epoch ms where they are named so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from time import perf_counter
from typing import Final, NamedTuple

import msgspec

from streams import sight
from streams.owned import TOLD, Holdings, Key, Owned, is_shared
from streams.partition import Flush, Partition
from streams.settings import Settings
from streams.view import now_of

BEAT: Final = b"@"
"""The key of the beat of a partition number."""
ALONE_SECONDS: Final = 60.0
"""Between two tellings while nobody listens: whoever comes later finds what is older."""
MOST: Final = 20_000
"""Records told at once; what is left goes with the next flush, those first of whom all was told the longest ago."""
STAMP_BYTES: Final = 8
_OPEN_SHARE: Final = 0.02
"""Of the time may be spent on looking at open conversations."""


class Beat(NamedTuple):
    """Everything is told up to here. ``every_ms``: the next comes by then; 0: none, the partitions are given back."""

    every_ms: int


class Telling(NamedTuple):
    """Records for the floor topic, of one partition number, and the marks that belong into the changelog with them."""

    records: list[tuple[bytes, bytes | None]]
    marks: list[tuple[bytes, bytes]]


class Sharing:
    """Gathers what is to be told of ``holdings``. ``every_seconds`` apart, or ``ALONE_SECONDS`` while ``alone``."""

    def __init__(self, settings: Settings, holdings: Holdings) -> None:
        self.alone = False
        self.records = 0
        self.bytes = 0
        self._settings = settings
        self._holdings = holdings
        self._every_seconds = settings.worker.share_seconds
        self._told_at = float("-inf")
        self._more = False
        self._whole_at: dict[int, float] = {}
        self._told: dict[Key, sight.Told] = {}
        self._open: dict[Key, bytes] = {}
        self._open_at: dict[Key, float] = {}

    @property
    def every_seconds(self) -> float:
        """The time between two tellings as things are now."""
        return ALONE_SECONDS if self.alone else self._every_seconds

    def is_alone(self, alone: bool) -> None:
        """Whether anybody listens, as far as is known now."""
        self.alone = alone

    def is_due(self, now: float) -> bool:
        """Whether the next flush has something to tell."""
        return self._more or now - self._told_at >= self.every_seconds

    def note(self, owned: Owned, flush: Flush | None) -> None:
        """Remember what a flush stores, until it is told."""
        if flush is not None:
            owned.untold.update(flush.tallies)
            owned.untold.update(flush.people)
            key, value = flush.marker
            owned.untold[key] = value
            if flush.contacts and isinstance(owned.partition, Partition):
                told = self._told.setdefault((owned.topic, owned.number), sight.Told())
                told.touch(flush.contacts, f"{owned.topic}|c|".encode(), owned.partition)

    def forget(self) -> None:
        """The partitions are gone; somebody may have come."""
        self.alone = False
        self._whole_at.clear()
        self._told.clear()
        self._open.clear()
        self._open_at.clear()
        self._told_at = float("-inf")

    def look(self, owned: Owned, now: float, wall_ms: int) -> None:
        """See what there is to see of a partition's contacts. Call it right behind its flush: both are one moment."""
        partition, key = owned.partition, (owned.topic, owned.number)
        if not isinstance(partition, Partition):
            return
        prefix = f"{owned.topic}|".encode()
        told = self._told.setdefault(key, sight.Told())
        if prefix + told.last in owned.untold:  # it did not fit into the last telling
            told.all_again()
        if (news := told.news(partition, owned.next_offset or 0)) is not None:
            owned.untold[prefix + news[0]] = news[1]
        if now >= self._open_at.get(key, now):
            began = perf_counter()
            as_of = now_of(self._partitions(), self._settings, wall_ms)
            seen = sight.open_of(partition, self._settings, as_of)
            self._open_at[key] = now + (perf_counter() - began) / _OPEN_SHARE
            if self._open.get(key) != seen:
                self._open[key] = owned.untold[prefix + sight.OPEN] = seen

    def _partitions(self) -> Iterator[Partition]:
        for owned in self._holdings.values():
            if isinstance(owned.partition, Partition):
                yield owned.partition

    def take(self, now: float, *, farewell: bool = False) -> dict[int, Telling]:
        """What is to be told now, by partition number. With ``farewell`` the partitions are given back."""
        self._told_at, self._more = now, False
        by_number: dict[int, list[Owned]] = {}
        for owned in self._holdings.values():
            by_number.setdefault(owned.number, []).append(owned)
        told, room = {}, MOST
        for number in sorted(by_number, key=lambda number: self._whole_at.get(number, float("-inf"))):
            all_owned = by_number[number]
            if all(owned.next_offset is not None for owned in all_owned):
                told[number] = self._telling(all_owned, room, farewell)
                room -= len(told[number].records)
                if not any(owned.untold for owned in all_owned):
                    self._whole_at[number] = now
        return told

    def _telling(self, all_owned: Iterable[Owned], room: int, farewell: bool) -> Telling:
        records: list[tuple[bytes, bytes | None]] = []
        marks = []
        whole = True
        for owned in all_owned:
            before = len(records)
            records += _stamped(owned, room - before)
            if owned.untold:
                whole = False
            elif len(records) > before:
                marks.append((f"{owned.topic}|{TOLD}".encode(), b"1"))
        self._more |= not whole
        if whole or farewell:
            records.append((BEAT, _encode(Beat(0 if farewell else round(self.every_seconds * 1_000)))))
        self.records += len(records)
        self.bytes += sum(len(key) + len(value or b"") for key, value in records)
        return Telling(records, marks)


def _stamped(owned: Owned, most: int) -> Iterator[tuple[bytes, bytes | None]]:
    """What is untold, oldest first, each value behind the offset it includes; it is told then."""
    stamp = (owned.next_offset or 0).to_bytes(STAMP_BYTES, "big")
    if len(owned.untold) <= most:
        told, owned.untold = owned.untold, {}
    else:
        told = {key: owned.untold.pop(key) for key in list(owned.untold)[: max(0, most)]}
    for key, value in told.items():
        yield key, None if value is None else stamp + value


def deleted(owned: Owned, keys: Iterable[bytes]) -> None:
    """These keys are to be deleted: where they are told of, they are deleted too."""
    start = len(owned.topic) + 1
    owned.untold.update((key, None) for key in keys if is_shared(key, start))


_encode = msgspec.msgpack.Encoder().encode
decode_beat = msgspec.msgpack.Decoder(Beat).decode
