"""The end of a process whose libraries may not end: a coroutine enters, its result leaves, in bounded time.

A broker that is gone for good keeps clients asking for ever: their tasks swallow being cancelled, and Faust's consumer
has a thread that the interpreter would wait for. Nothing is lost by leaving them: what is stored is in the changelog.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Coroutine
from typing import Any, Final, NoReturn

LET_GO_SECONDS: Final = 3.0
"""How long tasks that nobody waits for have to end when they are cancelled."""


class NotEndedError(RuntimeError):
    """Something did not end in the time it had; the message says what."""


async def within(seconds: float, coroutine: Coroutine[Any, Any, object], what: str) -> None:
    """Wait for a coroutine for so long, and no longer, whatever it does when it is cancelled.

    Raises what it raises, and NotEndedError when it has not ended.
    """
    task = asyncio.ensure_future(coroutine)
    await asyncio.wait({task}, timeout=seconds)
    if not task.done():
        task.cancel()
        raise NotEndedError(
            f"{what} did not end within {seconds:.0f} s; it was left. Is Kafka away? What was not stored is counted by "
            "the next worker."
        )
    task.result()


def run(main: Coroutine[Any, Any, None]) -> None:
    """Like ``asyncio.run``, but tasks that do not end when they are cancelled are left after ``LET_GO_SECONDS``."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(main)
    finally:
        if not loop.run_until_complete(_let_go()):
            loop.close()
        asyncio.set_event_loop(None)


def leave(code: int) -> NoReturn:
    """Exit, without waiting for threads of libraries that do not end."""
    if any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


async def _let_go() -> set[asyncio.Task[Any]]:
    """Cancel every other task; those that are still there when their time is up."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    if left:
        _, left = await asyncio.wait(left, timeout=LET_GO_SECONDS)
    await asyncio.get_running_loop().shutdown_asyncgens()
    return left
