"""``python -m benchmarks.loop_holds worker``: a worker that notes how long each step holds its event loop.

A step is one callback of asyncio's by the wall clock: what the thread had to wait for within it, another thread's hold
of the interpreter for one, is in it. SIGUSR1 begins anew; SIGUSR2 writes all steps since, in seconds, to ``FILE`` in
the working directory.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from threading import get_ident
from time import perf_counter
from typing import Any, Final

from streams.cli.__main__ import command
from tests.integration.line import Line

MODULE: Final = "benchmarks.loop_holds"
FILE: Final = "loop-holds.txt"
PATIENCE_SECONDS: Final = 30.0
LONG_SECONDS: Final = 0.03
"""What a step should not take."""
_LOOK_SECONDS: Final = 0.05


def begin(worker: Line) -> None:
    """Have a worker that was started by this module begin anew."""
    os.kill(worker.pid, signal.SIGUSR1)


async def found(worker: Line) -> list[float]:
    """What it noted since it began, in seconds. Raises TimeoutError when it does not answer."""
    target = worker.printed.parent / FILE
    os.kill(worker.pid, signal.SIGUSR2)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if target.exists():
                break
    return [float(line) for line in target.read_text().splitlines()]


def _install() -> None:
    steps: list[float] = []
    main = get_ident()
    run: Callable[[Any], None] = asyncio.Handle._run

    def timed(handle: Any) -> None:
        began = perf_counter()
        run(handle)
        if get_ident() == main:  # the Kafka client has a loop of its own, in a thread
            steps.append(perf_counter() - began)

    def write(_number: int, _frame: object) -> None:
        half = Path(FILE).with_suffix(".half")
        half.write_text("".join(f"{seconds:.6f}\n" for seconds in steps))
        half.replace(FILE)

    asyncio.Handle._run = timed  # type: ignore[method-assign, assignment]
    signal.signal(signal.SIGUSR1, lambda _number, _frame: steps.clear())
    signal.signal(signal.SIGUSR2, write)


if __name__ == "__main__":
    _install()
    command()
