"""One live run: records come at a rate that everybody can follow, and how long each took to be counted leaves.

Who counts is there first: the clock runs when it has counted the first twentieth of a second of records. A peer says on
standard output how many records it has counted in its memory, and the line is stamped when it is read; ours has
counted what ``/metrics`` shows, which is flushed, acknowledged and committed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final

import aiohttp

from benchmarks.load import Line
from benchmarks.peers.environment import UnavailableError
from benchmarks.peers.race import Field, started
from benchmarks.peers.records import LIVE_PER_SECOND
from benchmarks.peers.roster import Peer
from benchmarks.rig import acknowledged, fresh, look, paced, producing, send, ticks, topic, working
from benchmarks.seen import Look, after, latencies
from streams.events import CALL_EVENTS

WARM_SECONDS: Final = 5
LIVE_SECONDS: Final = 15
PATIENCE_SECONDS: Final = 60.0
"""For the start, and again from the last record on."""


async def tail_peer(peer: Peer, bootstrap: str, records: Sequence[Line], warm_seconds: float) -> list[float]:
    """Seconds until a peer had counted each batch. Raises UnavailableError when it breaks or does not get there."""
    topic(bootstrap, CALL_EVENTS)
    looks: list[Look] = []
    async with started(peer, Field(bootstrap, CALL_EVENTS, len(records), {}), live=True) as process:
        return await _tail(bootstrap, records, warm_seconds, looks, partial(_listen, process, looks))


async def tail_worker(
    bootstrap: str, records: Sequence[Line], warm_seconds: float, *, transactions: bool
) -> list[float]:
    """Seconds until ``/metrics`` of a worker showed each batch. Raises UnavailableError when it does not get there."""
    looks: list[Look] = []
    async with working(fresh(bootstrap), broker__transactions="on" if transactions else "off") as worker:
        try:
            await worker.ready()
            until = partial(look, f"http://127.0.0.1:{worker.port}", looks)
            return await _tail(bootstrap, records, warm_seconds, looks, until)
        except (TimeoutError, aiohttp.ClientError) as error:
            raise UnavailableError(f"did not count everything: {error!r}") from None


async def _tail(
    bootstrap: str,
    records: Sequence[Line],
    warm_seconds: float,
    looks: Sequence[Look],
    until: Callable[[int], Coroutine[Any, Any, None]],
) -> list[float]:
    """Publish to somebody; ``until`` follows in ``looks`` how many it has counted, until it is so many."""
    async with producing(bootstrap) as producer:
        first, *rest = ticks(producer, records, LIVE_PER_SECOND)
        await acknowledged([await send(producer, batch) for batch in first.batches])
        await asyncio.wait_for(until(first.sent), PATIENCE_SECONDS)
        counting = asyncio.create_task(until(len(records)))
        try:
            sent = [batch async for batch in paced(producer, rest)]
            await asyncio.wait_for(counting, PATIENCE_SECONDS)
        finally:
            counting.cancel()
    return latencies(after(sent, warm_seconds), looks)


async def _listen(process: asyncio.subprocess.Process, looks: list[Look], until: int) -> None:
    """Note what a peer says it has counted. Raises EOFError when it ends before that is so many."""
    assert process.stdout is not None
    while line := await process.stdout.readline():
        word, _, rest = line.decode().partition(" ")
        if word == "took":
            looks.append(Look(time.monotonic(), int(rest)))
            if looks[-1].events >= until:
                return
    raise EOFError
