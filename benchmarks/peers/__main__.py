"""``python -m benchmarks.peers``: everybody in turn, several times; a table and a chart of the medians.

Without ``--record`` both go to ``.cache/peers``; with it to the results and the picture that the README shows.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final, NamedTuple

from benchmarks.load import PARTITIONS, Line
from benchmarks.peers.environment import UnavailableError
from benchmarks.peers.live import LIVE_SECONDS, WARM_SECONDS, tail_peer, tail_worker
from benchmarks.peers.ours import run_worker
from benchmarks.peers.race import Field, Run, run
from benchmarks.peers.records import LIVE_PER_SECOND, plain_calls
from benchmarks.peers.report import report
from benchmarks.peers.roster import PEERS, Peer
from benchmarks.peers.table import Row
from benchmarks.peers.truth import truth_of, verdict
from benchmarks.rig import empty, fresh, kafka, producing, publish, topic
from streams import __version__
from streams.events import CALL_EVENTS

QUICK: Final = (500_000, 5)
FULL: Final = (1_000_000, 5)
SHORT: Final = "call-events-short"
"""The topic with a tenth of the records, for those who would take an hour."""


class Entrant(NamedTuple):
    """Somebody who runs: a row without figures, where, how one run is made, and one live."""

    row: Row
    field: Field
    go: Callable[[Field], Awaitable[Run]]
    tail: Callable[[str, Sequence[Line], float], Awaitable[list[float]]]


async def measure(records: int, runs: int, only: Sequence[str] = ()) -> list[Row]:
    """Everybody in turn, ``runs`` times, then once live; or those of whose names a part is in ``only``.

    One who can't run is not asked again, and its row says why.
    """
    with kafka() as bootstrap:
        fresh(bootstrap)
        topic(bootstrap, SHORT)
        long = await _field(bootstrap, CALL_EVENTS, records)
        short = await _field(bootstrap, SHORT, records // 10)
        entrants = [_peer(peer, short if peer.slow else long) for peer in PEERS] + _ours(long)
        entrants = [e for e in entrants if not only or any(part in e.row.name for part in only)]
        rows = [entrant.row for entrant in entrants]
        for turn in range(runs):
            for n, entrant in enumerate(entrants):
                if turn == 0 or rows[n].speed is not None:
                    rows[n] = await _one_more(rows[n], entrant)
        calls = plain_calls(LIVE_PER_SECOND * (WARM_SECONDS + LIVE_SECONDS))
        for n, entrant in enumerate(entrants):
            if rows[n].speed is not None:
                empty(bootstrap)
                rows[n] = await _live(rows[n], entrant, bootstrap, calls)
        return rows


async def _field(bootstrap: str, name: str, count: int) -> Field:
    records = plain_calls(count)
    async with producing(bootstrap) as producer:
        await publish(producer, records, name)
    return Field(bootstrap, name, count, truth_of(record.value for record in records))


def _peer(peer: Peer, field: Field) -> Entrant:
    try:
        what, comma, how = peer.name.partition(",")
        name = f"{what} {peer.version()}{comma}{how}"
    except UnavailableError:  # its run says so too
        name = peer.name
    return Entrant(Row(name, peer.keeps, field.records), field, partial(run, peer), partial(tail_peer, peer))


def _ours(field: Field) -> list[Entrant]:
    name, keeps = f"Queuepulse {__version__}", "changelog, exactly once"
    rows = {
        False: Row(f"{name}, stamps only", keeps, field.records, is_ours=True),
        True: Row(f"{name}, transactions", f"{keeps}, fenced", field.records, is_ours=True),
    }
    return [
        Entrant(row, field, partial(run_worker, transactions=on), partial(tail_worker, transactions=on))
        for on, row in rows.items()
    ]


async def _one_more(row: Row, entrant: Entrant) -> Row:
    try:
        made = await entrant.go(entrant.field)
    except UnavailableError as error:
        print(f"{row.name}: {error}", flush=True)
        return row._replace(counted=str(error), events_per_second=())
    judged = verdict(made.totals, entrant.field.truth)
    print(f"{row.name}: {made.events_per_second:,.0f} events/s, counted {judged}", flush=True)
    return row._replace(
        events_per_second=(*row.events_per_second, made.events_per_second),
        cpu_seconds_per_million=(*row.cpu_seconds_per_million, made.cpu_seconds_per_million),
        peak_bytes=(*row.peak_bytes, made.peak_bytes),
        counted=str(judged) if row.counted in ("", "all") else row.counted,
    )


async def _live(row: Row, entrant: Entrant, bootstrap: str, calls: Sequence[Line]) -> Row:
    try:
        row = row._replace(latencies=await entrant.tail(bootstrap, calls, WARM_SECONDS))
    except UnavailableError as error:
        print(f"{row.name}, live: {error}", flush=True)
        return row._replace(not_live=str(error))
    print(f"{row.name}: counted after {row.latency} ms, live", flush=True)
    return row


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--full", action="store_true", help="a million records, five runs each: most of an hour")
    parser.add_argument("--record", action="store_true", help="into the results and the picture the README shows")
    parser.add_argument("--records", type=int, help="that many instead")
    parser.add_argument("--runs", type=int, help="that many runs of each instead")
    parser.add_argument("--only", nargs="+", default=(), help="parts of the names of those who run")
    asked = parser.parse_args()
    records, runs = FULL if asked.full else QUICK
    records, runs = asked.records or records, asked.runs or runs
    rows = asyncio.run(measure(records, runs, asked.only))
    command = f"python -m benchmarks.peers{' --full' if asked.full else ''}"
    notes = (
        f"{records:,} voice events of five minutes in {PARTITIONS} partitions (a tenth for the slow), one process on "
        f"one core, Apache Kafka on the other; a first quarter warms the others up and is measured of ours; "
        f"medians of {runs} in turn (least-most). Latency: one live run of {LIVE_SECONDS} s at {LIVE_PER_SECOND:,} "
        "events/s, warmed up; from handing an event to the producer until a peer has counted it in memory, but for "
        "ours until /metrics shows it, flushed, acknowledged and committed."
    )
    report(rows, command, notes, final=asked.record)


if __name__ == "__main__":
    main()
