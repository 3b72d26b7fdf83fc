"""Ways to get the protocol wrong: each is one change to a worker that the crash test must find out."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final

import msgspec
from faust.types import TP

from streams.app import Worker
from streams.fence import Fence
from streams.flusher import Flusher
from streams.partition import Flush, Partition
from streams.state_table import StateTable


class ContactsFirst(Partition):
    """Contacts are written before tallies: a transition that a tally lacks can't be computed again."""

    def flush(self) -> Flush | None:
        flush = super().flush()
        return flush and flush._replace(tallies=flush.contacts, contacts=flush.tallies)


class MarkerFirst(Partition):
    """The marker is written first: it claims what is not there yet."""

    def flush(self) -> Flush | None:
        flush = super().flush()
        return flush and flush._replace(tallies=[flush.marker, *flush.tallies])


class DeletesAtOnce(Partition):
    """Closed contacts are deleted with the flush that finds them closed."""

    def flush(self) -> Flush | None:
        flush = super().flush()
        if flush is None:
            return None
        gone = [key for key, value in flush.contacts if msgspec.msgpack.decode(value)[3:4] == [0]]
        return flush._replace(contacts=[*flush.contacts, *((key, b"") for key in gone)])


class NoOffsetCheck(Partition):
    """Nothing restored knows which offset it includes."""

    def restored(self) -> int | None:
        found = super().restored()
        self.ledger.guard_until = -1
        self._counter_stamp = -1
        for book in self.ledger.books.values():
            for piece in (book.total, *book.fine.values(), *book.minute.values(), *book.coarse.values()):
                piece.stamp = -1
        for contact in self.contacts.values():
            contact.stamp = -1
        return found


def _read_from_the_commit() -> None:
    """Reading goes on at the committed offset, not at the marker."""
    restore = StateTable.on_recovery_completed

    async def on_recovery_completed(self: Any, *arguments: Any) -> None:
        await restore(self, *arguments)
        consumer = self.app.consumer
        for key, owned in self.holdings.items():
            committed = await consumer._thread.call_thread(consumer._thread._ensure_consumer().committed, TP(*key))
            owned.next_offset = owned.partition.next_offset = committed or 0

    StateTable.on_recovery_completed = on_recovery_completed  # type: ignore[method-assign, assignment]


def commit_before_flush() -> None:
    """Offsets are committed before what they stand for is stored."""
    _read_from_the_commit()
    in_phases = Flusher._store_in_phases

    async def commit_first(self: Any, taken: Any) -> None:
        await self._group().commit_durable({TP(o.owned.topic, o.owned.number): o.flush.next_offset for o in taken})
        await in_phases(self, taken)

    Flusher._store_in_phases = commit_first  # type: ignore[method-assign]


def commit_outside() -> None:
    """The offsets are committed beside the transaction, as they are, but first; and reading goes on there."""
    _read_from_the_commit()
    in_transactions = Flusher._in_transactions

    async def commit_first(self: Any, taken: Any, told: Any) -> None:
        await self._group().commit_durable({TP(o.owned.topic, o.owned.number): o.flush.next_offset for o in taken})
        await in_transactions(self, taken, told)

    Flusher._in_transactions = commit_first  # type: ignore[method-assign]


def no_fencing() -> None:
    """Every process has transactional ids of its own: a successor does not keep out who was there before."""
    Fence.transactional_id = lambda self, number: f"{self._broker.app_id}-{number}-{os.getpid()}"  # type: ignore[method-assign]


def _nothing() -> None:
    """The worker as it is."""


Change = tuple[type[Partition], Callable[[], None]]
WITHOUT_TRANSACTIONS: Final[dict[str, Change]] = {
    "commit-before-flush": (Partition, commit_before_flush),
    "no-offset-check": (NoOffsetCheck, _nothing),
    "contacts-before-tallies": (ContactsFirst, _nothing),
    "marker-first": (MarkerFirst, _nothing),
    "closed-contacts-dropped-at-once": (DeletesAtOnce, _nothing),
}
WITH_TRANSACTIONS: Final[dict[str, Change]] = {
    "commit-outside-the-transaction": (Partition, commit_outside),
    "no-fencing": (Partition, no_fencing),
}
SABOTAGES: Final[dict[str, Change]] = {
    "": (Partition, _nothing), **WITHOUT_TRANSACTIONS, **WITH_TRANSACTIONS,
}  # fmt: skip


def applied_to(worker: Callable[[type[Partition]], Worker], sabotage: str) -> Worker:
    """The worker that ``worker`` builds from a class of partitions, sabotaged."""
    partition, change = SABOTAGES[sabotage]
    change()
    return worker(partition)
