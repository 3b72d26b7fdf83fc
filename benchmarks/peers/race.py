"""One run of one peer: a process on its core enters, and what it did in how long, with what it counted, leaves.

Measured is from the line ``warm`` (a quarter of the records) to the line ``done``: events a second, processor time and,
at the end, the most memory it ever had, all by the kernel's account of the process.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.load import PARTITIONS
from benchmarks.peers.environment import UnavailableError
from benchmarks.peers.roster import Peer
from benchmarks.peers.truth import Totals, totals_of
from benchmarks.rig import WORKER_CORE, used

LEAST_PER_SECOND: Final = 400
"""A peer slower than this, after a minute to start in, is taken to hang."""
LINE_BYTES: Final = 64 * 1024 * 1024
_SHOWN: Final = 400


class Field(NamedTuple):
    """Where records are: a topic of Apache Kafka, how many it has, and what is true of them."""

    bootstrap: str
    topic: str
    records: int
    truth: Totals


class Run(NamedTuple):
    """What was measured of one run; ``totals`` are what the peer counted."""

    events_per_second: float
    cpu_seconds_per_million: float
    peak_bytes: int
    totals: Totals


async def run(peer: Peer, field: Field) -> Run:
    """Start the peer on its core, follow it to its end, and end it. Raises UnavailableError when it breaks or hangs."""
    async with started(peer, field) as process:
        return await asyncio.wait_for(_follow(process), 60 + field.records / LEAST_PER_SECOND)


@asynccontextmanager
async def started(peer: Peer, field: Field, *, live: bool = False) -> AsyncIterator[asyncio.subprocess.Process]:
    """The peer's process while the block lasts; when it breaks or hangs meanwhile, UnavailableError says why."""
    with tempfile.TemporaryDirectory(prefix="queuepulse-peer-", ignore_cleanup_errors=True) as folder:
        given = {
            "bootstrap": field.bootstrap, "topic": field.topic, "group": f"peer-{uuid.uuid4().hex[:8]}",
            "records": str(field.records), "partitions": str(PARTITIONS), "folder": folder, "mode": peer.mode,
            "live": str(int(live)),
        }  # fmt: skip
        command = [*peer.command(), *(part for name, value in given.items() for part in (f"--{name}", value))]
        complaints = Path(folder, "complaints")
        out = os.open(complaints, os.O_CREAT | os.O_WRONLY)
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=out, cwd=folder,
                limit=LINE_BYTES, start_new_session=True, preexec_fn=lambda: os.sched_setaffinity(0, {WORKER_CORE}),
            )  # fmt: skip
        finally:
            os.close(out)
        try:
            yield process
        except (EOFError, ProcessLookupError, TimeoutError) as error:
            what = "did not finish" if isinstance(error, TimeoutError) else "ended too early"
            raise UnavailableError(f"{what}: {_last(complaints)}") from None
        finally:
            with suppress(ProcessLookupError):  # it ends by itself, too
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


async def _follow(process: asyncio.subprocess.Process) -> Run:
    marks = {"start": (0, time.monotonic(), 0.0)}
    peak_bytes = 0
    while True:
        assert process.stdout is not None
        line = (await process.stdout.readline()).decode()
        if not line:
            raise EOFError
        word, _, rest = line.strip().partition(" ")
        if word in ("warm", "done"):
            spent = used(process.pid)
            marks[word], peak_bytes = (int(rest), time.monotonic(), spent.cpu_seconds), spent.peak_bytes
        elif word == "totals":
            count, ended, after = marks["done"]
            # One that takes everything in one batch is warm when it is done: start-up can't be left out.
            warm, began, before = marks["warm"] if marks["warm"][0] < count else marks["start"]
            count -= warm
            return Run(count / (ended - began), (after - before) / count * 1e6, peak_bytes, totals_of(json.loads(rest)))


def _last(complaints: Path) -> str:
    said: Sequence[str] = complaints.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
    return said[-1][:_SHOWN]
