"""Faults at the worst moment: told by a signal, a process stops or dies in the middle of its own flush.

SIGUSR1 arms a SIGSTOP, SIGUSR2 a SIGKILL. It strikes when the client is next asked to send or to commit, some calls
later if so wished, before that call has done anything.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

SENDING: Final = (AIOKafkaProducer, "send_batch")
COMMITTING: Final = (AIOKafkaProducer, "commit_transaction")
TELLING_THE_GROUP: Final = (AIOKafkaConsumer, "commit")
POINTS: Final = (SENDING, (AIOKafkaProducer, "begin_transaction"), COMMITTING, TELLING_THE_GROUP)
_ARMED_BY: Final = {signal.SIGUSR1: signal.SIGSTOP, signal.SIGUSR2: signal.SIGKILL}


class Faults:
    """What strikes this process, and when; ``after`` gives the number of calls to let through."""

    def __init__(self, after: Callable[[], int]) -> None:
        self._after = after
        self._left = 0
        self._signal: signal.Signals | None = None

    def install(self, points: tuple[tuple[type, str], ...] = POINTS) -> None:
        """Listen to the two signals, and watch the points; once in a process."""
        for number in _ARMED_BY:
            signal.signal(number, self._arm)
        for owner, name in points:
            setattr(owner, name, self._watched(getattr(owner, name)))

    def _arm(self, number: int, _frame: object) -> None:
        self._left = self._after()
        self._signal = _ARMED_BY[signal.Signals(number)]

    def _watched(self, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def call(*args: Any, **kwargs: Any) -> Any:
            if self._signal is not None:
                self._left -= 1
                if self._left < 0:
                    strikes, self._signal = self._signal, None
                    os.kill(os.getpid(), strikes)
            return await method(*args, **kwargs)

        return call


async def until_stopped(pid: int, seconds: float = 30.0) -> None:
    """Wait until a process is stopped; fails after ``seconds``."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not is_stopped(pid):
        assert asyncio.get_running_loop().time() < deadline, "it was never stopped"
        await asyncio.sleep(0.01)


def is_stopped(pid: int) -> bool:
    """Whether the kernel says that a process is stopped; one that has ended is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    except (FileNotFoundError, ProcessLookupError):
        return False
