"""Our run: ``queuepulse worker`` as anybody starts it, every KPI, changelog and facts on, with or without transactions.

An event counts when it is flushed, acknowledged and committed, which is more than is asked of the others: they are
done when they have counted it in memory. A flush tells nobody when it began, so no quarter of the records is left out
to warm up: every event from the first one on is measured. The totals are read from the changelog, as a worker would
that starts next.
"""

from __future__ import annotations

from benchmarks.peers.race import Field, Run
from benchmarks.peers.truth import Totals, totals_of
from benchmarks.rig import drain, fresh
from streams import tally
from streams.events import CALL_EVENTS
from streams.settings import Broker, Settings
from tests.crash.verdict import restored


async def run_worker(field: Field, *, transactions: bool) -> Run:
    """A new group reads everything on ``call-events``, which is ours to read."""
    broker = fresh(field.bootstrap)
    found = await drain(broker, field.records, broker__transactions="on" if transactions else "off")
    return Run(found.per_second, found.cpu_us, found.peak_bytes, await _counted(broker))


async def _counted(broker: Broker) -> Totals:
    """The ten-second slices in the changelog, partitions added up."""
    settings = Settings(broker=broker)
    fields = tally.OFFERED, tally.ANSWERED, tally.ABANDONED, tally.ANSWERED_WAIT_MS
    return totals_of(
        (queue, start, *(piece.fields.get(field, 0) for field in fields))
        for (topic, _), partition in (await restored(settings)).items()
        if topic == CALL_EVENTS
        for (queue, _), book in partition.ledger.books.items()
        for start, piece in book.fine.items()
    )
