"""Our run: ``queuepulse worker`` as anybody starts it, every KPI, changelog and facts on, with or without transactions.

An event counts when it is flushed, acknowledged and committed, which is more than is asked of the others: they are
done when they have counted it in memory. The totals are read from the changelog, as a worker would that starts next.
"""

from __future__ import annotations

from benchmarks.peers.race import Field, Run
from benchmarks.peers.truth import Totals, totals_of
from benchmarks.rig import Watch, fresh, used, working
from streams import tally
from streams.events import CALL_EVENTS
from streams.settings import Broker, Settings
from tests.crash.verdict import restored

WARM_SHARE = 4


async def run_worker(field: Field, *, transactions: bool) -> Run:
    """A new group reads everything on ``call-events``, which is ours to read."""
    broker = fresh(field.bootstrap)
    mode = "on" if transactions else "off"
    async with working(broker, broker__transactions=mode) as worker, Watch(broker, worker.pid) as watch:
        await watch.until(field.records)
        first, last = watch.busy(field.records // WARM_SHARE)
        peak_bytes, count = used(worker.pid).peak_bytes, last.committed - first.committed
        await worker.leave()
    return Run(
        count / (last.at - first.at), (last.cpu_seconds - first.cpu_seconds) / count * 1e6, peak_bytes,
        await _counted(broker),
    )  # fmt: skip


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
