"""One stream of frames for many readers: what ``render`` gives enters once a beat, every client's slot is set to it.

A slot holds one frame and the newest wins, so a slow client misses frames and never delays or fills anything. Nothing
is rendered while nobody looks.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

MAX_CLIENTS: Final = 100
BEAT_SECONDS: Final = 0.3
"""Between two frames, where one costs less than a fifth of it in processor time."""
HEARTBEAT_SECONDS: Final = 15.0
HEARTBEAT: Final = b": heartbeat\n\n"
_SHARE: Final = 0.2  # of a processor that frames may take: a floor too large for the beat gets a slower one

log = logging.getLogger(__name__)


class Frame(NamedTuple):
    """What all are shown, and the processor time that it cost."""

    body: bytes
    seconds: float


class FullError(Exception):
    """There are as many clients as there may be."""


class Client:
    """One reader's slot."""

    def __init__(self) -> None:
        self._frame: bytes | None = None
        self._wake = asyncio.Event()
        self._closed = False

    def offer(self, frame: bytes) -> None:
        """Put a frame into the slot; one that was not read yet is gone."""
        self._frame = frame
        self._wake.set()

    def close(self) -> None:
        """Let ``next`` return None from now on."""
        self._closed = True
        self._wake.set()

    async def next(self, patience_seconds: float = HEARTBEAT_SECONDS) -> bytes | None:
        """The next frame, a heartbeat when there is none in time, None when the stream has ended."""
        try:
            async with asyncio.timeout(patience_seconds):
                await self._wake.wait()
        except TimeoutError:
            return HEARTBEAT
        if self._closed:
            return None
        self._wake.clear()
        return self._frame


class Hub:
    """Renders a frame each beat while there are clients, and hands the same bytes to all of them."""

    def __init__(
        self, render: Callable[[], Awaitable[Frame]], *, limit: int = MAX_CLIENTS, beat_seconds: float = BEAT_SECONDS
    ) -> None:
        self._render = render
        self._limit = limit
        self._beat_seconds = beat_seconds
        self._clients: set[Client] = set()
        self._sequence = 0
        self._pump: asyncio.Task[None] | None = None

    @property
    def clients(self) -> int:
        """How many read now."""
        return len(self._clients)

    def join(self) -> Client:
        """A slot that is filled from now on. Raises FullError."""
        if len(self._clients) >= self._limit:
            raise FullError(f"{self._limit} walls are being served already")
        client = Client()
        self._clients.add(client)
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._run())
            self._pump.add_done_callback(self._ended)
        return client

    def leave(self, client: Client) -> None:
        """Forget a slot; rendering stops with the last one. Leaving twice is fine."""
        self._clients.discard(client)

    async def close(self) -> None:
        """End every stream."""
        self._let_go()
        if self._pump is not None:
            pump, self._pump = self._pump, None
            pump.cancel()
            await asyncio.wait({pump})

    async def _run(self) -> None:
        clock = asyncio.get_running_loop().time
        while self._clients:
            started = clock()
            body, seconds = await self._render()
            self._sequence += 1
            frame = b"id: %d\nevent: snapshot\ndata: %b\n\n" % (self._sequence, body)
            for client in self._clients:
                client.offer(frame)
            due = started + max(self._beat_seconds, seconds / _SHARE)
            await asyncio.sleep(max(0.0, due - clock()))

    def _ended(self, pump: asyncio.Task[None]) -> None:
        """A bug in rendering ends the streams, and is told: browsers come back and find out."""
        if not pump.cancelled() and (error := pump.exception()) is not None:
            log.error("the wall could not be rendered", exc_info=error)
            self._let_go()

    def _let_go(self) -> None:
        for client in self._clients:
            client.close()
        self._clients.clear()
