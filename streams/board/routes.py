"""The wall's addresses: the page and its files, the stream of snapshots, one queue in detail, the formulas.

Snapshots come from the web server, which shares them with everybody who asks; what leaves is only text. Streams are
bounded in number, and a page of another site may not open one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Final, TypeAlias

import orjson
from aiohttp import web

from streams.board import queue as closely
from streams.board.hub import MAX_CLIENTS, Frame, FullError, Hub
from streams.board.trend import gather, trend
from streams.board.wall import wall
from streams.partition import Partition
from streams.pieces import in_pieces
from streams.planning.ahead import Ahead
from streams.snapshot import Snapshot
from streams.view import Key
from streams.watching import timed

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
FRESH_MS: Final = 250
"""A snapshot that somebody else took so recently is good enough for the wall."""
TREND_SECONDS: Final = 5.0
"""For so long the same trend is told again: a page goes on from it by itself."""

_ASSETS: Final = Path(__file__).parent / "assets"
_TYPES: Final = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}
_RETRY: Final = b"retry: 2000\n\n"
_WRITE_SECONDS: Final = 10.0

Take: TypeAlias = Callable[[int], Awaitable[Snapshot]]
"""A snapshot not older than so many milliseconds."""


class Board:
    """The wall of one worker. ``partitions()`` gives those it owns when asked, ``forecasts(now)`` what is foreseen.

    ``spent()`` is the processor time (s) that snapshots have cost so far.
    """

    def __init__(
        self,
        take: Take,
        partitions: Callable[[], Collection[Partition]],
        forecasts: Callable[[int], Mapping[Key, Ahead]] = lambda _now: {},
        *,
        spent: Callable[[], float] = lambda: 0.0,
        max_clients: int = MAX_CLIENTS,
    ) -> None:
        self._take = take
        self._partitions = partitions
        self._forecasts = forecasts
        self._spent = spent
        self._files: dict[str, tuple[bytes, str]] = {}
        self._page = ""
        self._one_trend = asyncio.Lock()
        self._told = b""
        self._told_at = 0.0
        self.hub = Hub(self._render, limit=max_clients)

    def routes(self) -> list[web.RouteDef]:
        """Everything to serve. Reads the page's files."""
        self._files = {path.name: (path.read_bytes(), _TYPES[path.suffix]) for path in sorted(_ASSETS.iterdir())}
        self._page = blake2b(b"\0".join(body for body, _ in self._files.values()), digest_size=6).hexdigest()
        return [
            web.get("/", self._index),
            web.get("/board/{name}", self._file),
            web.get("/api/events", self._events, allow_head=False),
            web.get("/api/queue", self._queue),
            web.get("/api/trend", self._trend),
            web.get("/api/kpis", self._kpis),
        ]

    async def close(self) -> None:
        """End every stream."""
        await self.hub.close()

    # --- the page ----------------------------------------------------------------------------------------------------

    async def _index(self, _request: web.Request) -> web.Response:
        return self._file_named("index.html")

    async def _file(self, request: web.Request) -> web.Response:
        return self._file_named(request.match_info["name"])

    def _file_named(self, name: str) -> web.Response:
        if name not in self._files:
            raise web.HTTPNotFound
        body, content_type = self._files[name]
        return web.Response(body=body, content_type=content_type, charset="utf-8")

    # --- the stream --------------------------------------------------------------------------------------------------

    async def _render(self) -> Frame:
        before = self._spent()
        snapshot = await self._take(FRESH_MS)
        reported = any(partition.agents for partition in self._partitions())
        body, seconds = await asyncio.to_thread(
            timed, lambda: orjson.dumps(wall(snapshot, agents_reported=reported, page=self._page))
        )  # fmt: skip
        return Frame(body, self._spent() - before + seconds)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Sec-Fetch-Site") == "cross-site":  # could not read it, but would take a place
            raise web.HTTPForbidden(text="The stream is for this page only.\n")
        try:
            client = self.hub.join()
        except FullError as error:
            raise web.HTTPServiceUnavailable(text=f"{error}\n", headers={"Retry-After": "10"}) from error
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
        try:
            await response.prepare(request)
            await response.write(_RETRY)
            while (frame := await client.next()) is not None:
                async with asyncio.timeout(_WRITE_SECONDS):
                    await response.write(frame)
        except ConnectionError:
            pass  # the reader has gone: the ordinary end of a stream
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()  # it has stopped reading: what is in the way of its end goes too
        finally:
            self.hub.leave(client)
        return response

    async def _trend(self, _request: web.Request) -> web.Response:
        """The last quarter of an hour; a hundred walls that come back at once are told the same."""
        async with self._one_trend:
            loop = asyncio.get_running_loop()
            if not self._told or loop.time() > self._told_at + TREND_SECONDS:
                snapshot = await self._take(FRESH_MS)
                settings, now = snapshot.settings, snapshot.now
                gathered = await in_pieces(gather(list(self._partitions()), settings, now))
                self._told = await asyncio.to_thread(lambda: orjson.dumps(trend(gathered, settings, now)))
                self._told_at = loop.time()
            return web.Response(body=self._told, content_type="application/json")

    # --- one queue ---------------------------------------------------------------------------------------------------

    async def _queue(self, request: web.Request) -> web.Response:
        """``queue`` and ``channel`` choose the row; with ``privacy=1`` no contact is in the answer."""
        name, channel = request.query.get("queue", ""), request.query.get("channel", "")
        snapshot = await self._take(FRESH_MS)
        row = snapshot.row(name, channel)
        if row is None:
            raise web.HTTPNotFound(text=f"There is no queue {name!r} here.\n")
        private = request.query.get("privacy") == "1"
        waiters = [] if private else closely.waiting(self._partitions(), snapshot, row)
        body = await asyncio.to_thread(
            lambda: orjson.dumps(closely.detail(snapshot, row, waiters, self._forecasts(snapshot.now)))
        )  # fmt: skip
        return web.Response(body=body, content_type="application/json")

    async def _kpis(self, _request: web.Request) -> web.Response:
        return web.Response(body=orjson.dumps(closely.glossary()), content_type="application/json")
