"""Whether Kafka is there at all: the ``Broker`` settings enter; patience, then the end with a reason, leaves.

The clients go on trying for ever, which is right for a broker that comes back. One that is gone for good must end the
worker, so that whoever runs it is told: after ``broker.patience_seconds`` without any bootstrap server that answers.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

from streams.settings import Broker
from streams.topics import BrokerUnreachableError, reach

FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 8.0
log = logging.getLogger(__name__)


class BrokerGoneError(RuntimeError):
    """No bootstrap server has answered for as long as the settings allow; the message has the last reason."""

    exit_code: Final = 3


def wait_for_broker(broker: Broker) -> None:
    """Return when a bootstrap server answers; ask again and again, ever more slowly. Raises BrokerGoneError."""
    begun, pause = time.monotonic(), FIRST_PAUSE_SECONDS
    while True:
        try:
            reach(broker)
        except BrokerUnreachableError as error:
            left = broker.patience_seconds - (time.monotonic() - begun)
            if left <= 0:
                raise _gone(broker, error) from error
            if pause == FIRST_PAUSE_SECONDS:
                log.warning("%s Trying again for %.0f s.", error, broker.patience_seconds)
            time.sleep(min(pause, left))
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        else:
            return


def explain_absence(broker: Broker, error: Exception) -> None:
    """Raise BrokerGoneError in the place of a client's error when the reason is that no broker answers any more."""
    try:
        reach(broker)
    except BrokerUnreachableError as absent:
        raise BrokerGoneError(f"{absent} What was not stored is counted by the next worker.") from error


class Vigil:
    """Asks every few seconds, for as long as the worker runs, and ends it with ``on_gone`` when nobody answers."""

    def __init__(self, broker: Broker, on_gone: Callable[[Exception], None]) -> None:
        self._broker = broker
        self._on_gone = on_gone
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to ask."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Ask no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        pause = min(LONGEST_PAUSE_SECONDS, self._broker.patience_seconds / 4)
        heard, told = time.monotonic(), False
        while True:
            await asyncio.sleep(pause)
            try:
                await asyncio.to_thread(reach, self._broker)
            except BrokerUnreachableError as error:
                silent = time.monotonic() - heard
                if silent > self._broker.patience_seconds:
                    self._on_gone(_gone(self._broker, error))
                    return
                if not told:
                    log.warning("%s Nothing is counted until it is back.", error)
                told = True
            else:
                heard, told = time.monotonic(), False


def _gone(broker: Broker, error: Exception) -> BrokerGoneError:
    return BrokerGoneError(f"{error} It was waited for {broker.patience_seconds:.0f} s (broker.patience_seconds).")
