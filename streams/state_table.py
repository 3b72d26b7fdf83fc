"""The one Faust table: its changelog is where the state lives; restored records leave for ``Holdings``.

Faust keeps the topic, assigns its partitions beside those of the inputs and reads it to its end after a rebalance. The
state itself is not in Faust's store (one dict for all partitions, a write per event): each ``Partition`` holds its own,
and ``flusher`` writes the changelog.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import faust
from faust.tables.table import Table

from streams.owned import Holdings
from streams.transport import RawSchema


class RawTopic(faust.Topic):
    """A topic that exists already (``topics.ensure_topics``): Faust need not declare it."""

    async def maybe_declare(self) -> None:
        """Do nothing."""


class RecoveryEnd:
    """Stands in for the event by which Faust's recovery learns that the changelog was read to its end.

    Faust sets that event and clears it in the next breath: whoever is not waiting yet never learns of it, and the
    worker recovers for ever. With batches one message may be the whole changelog, and then it happens. This one looks
    at the state instead of waiting for the news.
    """

    def __init__(self, recovery: Any) -> None:
        self._recovery = recovery

    def set(self) -> None:
        """Nothing: Faust has set ``in_recovery`` before."""

    def clear(self) -> None:
        """Nothing, as above."""

    async def wait(self) -> None:
        """Return when no recovery is going on."""
        while self._recovery.in_recovery:  # noqa: ASYNC110 - an event is what this stands in for
            await asyncio.sleep(0.01)


class StateTable(Table):
    """Recovers ``Holdings`` from the changelog, a batch at a time.

    Faust logs and forgets an exception of recovery, and would count on with half a state: ``on_error``, which ends the
    worker, gets it instead, and no more is restored.
    """

    def __init__(self, app: Any, *, changelog: str, holdings: Holdings, on_error: Callable[[Exception], None]) -> None:
        topic = RawTopic(app, topics=[changelog], schema=RawSchema(), acks=False, internal=True, allow_empty=True)
        # Two, not one: with one, Faust goes on reading the changelog after the recovery, as for a standby.
        super().__init__(app, name="state", changelog_topic=topic, recovery_buffer_size=2)
        self.holdings = holdings
        self.on_error = on_error
        self._failed = False

    async def on_start(self) -> None:
        """Before the recovery service starts."""
        await super().on_start()
        recovery = self.app.tables.recovery
        recovery._signal_recovery_end = RecoveryEnd(recovery)

    def apply_changelog_batch(self, batch: Iterable[Any]) -> None:
        """Restore from the changelog's next messages."""
        if self._failed:
            return
        try:
            for event in batch:
                self.holdings.restore(event.value.partition, event.value.records)
        except Exception as error:  # noqa: BLE001 - whatever it is ends the worker, by on_error
            self._failed = True
            self.on_error(error)

    async def on_recovery_completed(self, active_tps: set[Any], standby_tps: set[Any]) -> None:
        """The changelog was read to its end: every assigned input reads on from its marker."""
        await super().on_recovery_completed(active_tps, standby_tps)
        if self._failed:
            return
        try:
            self._begin({tp.partition for tp in active_tps})
        except Exception as error:  # noqa: BLE001 - as above
            self._failed = True
            self.on_error(error)

    def _begin(self, changelog_partitions: set[int]) -> None:
        for tp in self.app.consumer.assignment():
            if tp.topic in self.holdings.topics:
                if tp.partition not in changelog_partitions:
                    raise RuntimeError(f"{tp.topic}[{tp.partition}] is assigned without its part of the changelog")
                self.holdings.take(tp.topic, tp.partition).begin()
