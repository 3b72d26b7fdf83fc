"""The worker's web server: partitions and their status enter; the wall, ``/metrics`` and ``/api`` leave. Reads only.

``/metrics`` is of the partitions counted here, for they add up; everything else is of the whole floor, those that other
workers count among it (``streams.elsewhere``).

A snapshot is taken on the loop, piece by piece; what takes long, turning it into text, happens in a thread, both for a
third of the time at most however many ask. Only GET, and the login form's POST; no inline script, nothing another site
could use. Who may ask is ``streams.access``'s.
"""

from __future__ import annotations

import asyncio
import html
import logging
import time
from collections.abc import Callable, Generator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import orjson
from aiohttp import web

from streams import __version__, api, snapshot, view
from streams.access import Access, refuse_exposure, tls
from streams.api import agents as api_agents
from streams.api import comments as api_comments
from streams.api import explain as api_explain
from streams.api import intervals as api_intervals
from streams.api import measures as api_measures
from streams.api.intervals import QueryError
from streams.board import Board
from streams.board.routes import CONTENT_SECURITY_POLICY
from streams.elsewhere import NOWHERE, Elsewhere
from streams.exposition import CONTENT_TYPE, Exposition
from streams.exposition.floor import floor_families
from streams.exposition.worker import worker_families
from streams.glossary import sections
from streams.glossary.text import page
from streams.measures.shelf import Shelf
from streams.owned import behind
from streams.partition import Partition
from streams.pieces import in_pieces
from streams.planning.routes import Planner
from streams.settings import Settings
from streams.snapshot import PartitionKey, Snapshot, WorkerStatus
from streams.watching import CACHE_MS, Watching
from streams.windows import Windows

if TYPE_CHECKING:
    from streams.app import Worker

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Server": "Queuepulse",  # not the versions of what it is made of
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_LIMITS: Final[dict[str, Any]] = {
    "max_line_size": 4_096,
    "max_field_size": 4_096,
    "keepalive_timeout": 30.0,
    "lingering_time": 1.0,
}
_PAGES: Final = {
    "/": "the wall, live",
    "/api/events": "what the wall shows, as server-sent events",
    "/api/queue": "one queue: JSON; queue, channel, privacy",
    "/api/trend": "the last 15 minutes of every row: JSON",
    "/api/kpis": "every formula: JSON",
    "/api/floor": "every queue, the floor and the groups, now: JSON",
    "/api/intervals": "hours or days: JSON; from, to, by, queue, channel",
    "/api/agents": "each agent: state, contacts, times, schedule: JSON; window, queue",
    "/api/comments": "what customers wrote: JSON; queue, channel, limit",
    "/api/measures": "numbers from outside and what is made of them: JSON; period, team, client",
    "/api/explain": "why a number is what it is: JSON; queue, channel, kpi, window, privacy",
    "/api/staffing": "agents needed and at hand, now and in the next hour: JSON",
    "/api/whatif": "more agents, shorter calls: before, after, who could move; queue, agents, aht, arrivals, patience",
    "/metrics/floor": "ratios, means and quantiles of the floor, for Prometheus",
    "/glossary": "every KPI and every metric: formula, unit, range, empty case, example",
    "/metrics": "this worker's counters, gauges and window components, for Prometheus",
    "/live": "the process answers",
    "/ready": "its numbers are complete",
}
log = logging.getLogger(__name__)


class WebServer:
    """Serves the partitions ``partitions()`` gives at the moment of asking. ``clock`` is the wall clock in epoch ms.

    It can be started before there are partitions: ``/ready`` says when the numbers are complete.
    """

    def __init__(
        self,
        partitions: Callable[[], Mapping[PartitionKey, Partition]],
        settings: Settings,
        clock: Callable[[], int],
        status: Callable[[], WorkerStatus],
        shelf: Shelf | None = None,
        elsewhere: Callable[[], Mapping[PartitionKey, Partition]] = lambda: NOWHERE,
    ) -> None:
        self._owned = partitions
        self._elsewhere = elsewhere
        self._settings = settings
        self._clock = clock
        self._status = status
        self._shelf = shelf
        self._runner: web.AppRunner | None = None
        own, whole = Windows(), Windows()
        self._own = Watching(lambda now: self._begin(now, self._owned(), own), clock, self._is_behind)
        self._whole = Watching(lambda now: self._begin(now, self._partitions(), whole), clock, self._is_behind)
        self._one_question = asyncio.Lock()
        budget = settings.worker.series_budget
        taken = self._taken
        self._planner = Planner(taken, lambda: self._partitions().values(), self._is_behind)
        latest = self._planner.forecaster.latest
        self._board = Board(taken, lambda: self._partitions().values(), latest, spent=self._spent_seconds)
        self._worker_metrics = Exposition(budget, with_process=True)
        self._floor_metrics = Exposition(budget, with_process=False)

    @property
    def port(self) -> int:
        """The port it listens on: the configured one, or the one that was free. Raises RuntimeError when stopped."""
        if self._runner is None or not self._runner.addresses:
            raise RuntimeError("the web server is not running")
        return int(self._runner.addresses[0][1])

    async def start(self) -> None:
        """Listen on ``web.host`` and ``web.port``.

        Raises OSError when the port is taken or a certificate can't be read, ExposedError when anybody could ask.
        """
        refuse_exposure(self._settings.web)
        access = Access(self._settings.web)
        encrypted = tls(self._settings.web)
        app = web.Application(client_max_size=1_024, middlewares=[access.middleware])
        app.add_routes(
            [
                *access.routes(),
                *self._board.routes(),
                *self._planner.routes(),
                web.get("/about", self._about),
                web.get("/glossary", self._glossary),
                web.get("/live", self._live),
                web.get("/ready", self._ready),
                web.get("/metrics", self._metrics),
                web.get("/metrics/floor", self._metrics_floor),
                web.get("/api/floor", self._api_floor),
                web.get("/api/intervals", self._api_intervals),
                web.get("/api/measures", self._api_measures),
                web.get("/api/agents", self._api_agents),
                web.get("/api/comments", self._api_comments),
                web.get("/api/explain", self._api_explain),
            ]
        )
        app.on_response_prepare.append(_add_headers)
        app.on_shutdown.append(self._end_streams)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0, **_LIMITS)
        await self._runner.setup()
        host, port = self._settings.web.host, self._settings.web.port
        await web.TCPSite(self._runner, host, port, ssl_context=encrypted).start()
        self._planner.forecaster.start()
        log.info("listening on %s://%s:%d", "https" if encrypted else "http", host, self.port)

    async def stop(self) -> None:
        """Listen no more; answers under way have a second. Stopping twice is fine."""
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await self._planner.forecaster.stop()
            await runner.cleanup()

    # --- answers -----------------------------------------------------------------------------------------------------

    async def _metrics(self, _request: web.Request) -> web.Response:
        text = await self._own.rendered("metrics", lambda taken: self._worker_metrics.text(worker_families(taken)))
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE})

    async def _metrics_floor(self, _request: web.Request) -> web.Response:
        text = await self._floor.rendered("floor", self._floor_text)
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE})

    def _floor_text(self, taken: Snapshot) -> bytes:
        return self._floor_metrics.text(floor_families(taken, self._planner.forecaster.latest(taken.now)))

    async def _api_floor(self, _request: web.Request) -> web.Response:
        return _json(await self._floor.rendered("api", lambda taken: orjson.dumps(api.floor(taken))))

    async def _api_intervals(self, request: web.Request) -> web.Response:
        partitions = list(self._partitions().values())
        now = view.now_of(partitions, self._settings, self._clock())
        try:
            query = api_intervals.parse(request.query, self._settings, now)
        except QueryError as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from error
        async with self._one_question:
            rows = await in_pieces(api_intervals.steps(partitions, self._settings, query))
        return _json(await asyncio.to_thread(orjson.dumps, rows))

    async def _api_measures(self, request: web.Request) -> web.Response:
        taken = await self._taken(CACHE_MS)
        try:
            question = api_measures.parse(request.query)
        except QueryError as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from error
        return _json(await asyncio.to_thread(lambda: orjson.dumps(api_measures.answer(taken, question))))

    async def _api_agents(self, request: web.Request) -> web.Response:
        partitions = list(self._partitions().values())
        try:
            question = api_agents.parse(
                request.query, self._settings, view.now_of(partitions, self._settings, self._clock())
            )
        except QueryError as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from error
        async with self._one_question:
            found = api_agents.answer(partitions, self._settings, question)
        return _json(await asyncio.to_thread(orjson.dumps, found))

    async def _api_comments(self, request: web.Request) -> web.Response:
        try:
            question = api_comments.parse(request.query)
        except QueryError as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from error
        found = api_comments.answer(list(self._partitions().values()), self._settings, question)
        return _json(await asyncio.to_thread(orjson.dumps, found))

    async def _api_explain(self, request: web.Request) -> web.Response:
        taken = await self._taken(CACHE_MS)
        try:
            question = api_explain.parse(request.query, taken)
        except api_explain.NothingSuchError as error:
            raise web.HTTPNotFound(text=f"{error}\n") from error
        except QueryError as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from error
        async with self._one_question:
            answer = await in_pieces(api_explain.steps(list(self._partitions().values()), taken, question))
        return _json(await asyncio.to_thread(orjson.dumps, answer))

    async def _live(self, _request: web.Request) -> web.Response:
        return web.Response(text="live\n")

    async def _ready(self, _request: web.Request) -> web.Response:
        status = self._status()
        if status.restoring:
            names = ", ".join(f"{topic}/{number}" for topic, number in sorted(status.restoring))
            return web.Response(status=503, text=f"restoring {names}\n")
        if not status.joined:
            return web.Response(status=503, text="waiting for partitions\n")
        return web.Response(text=f"ready: {len(self._owned())} partitions\n")

    async def _glossary(self, _request: web.Request) -> web.Response:
        return web.Response(text=await asyncio.to_thread(_glossary_page), content_type="text/html")

    async def _about(self, _request: web.Request) -> web.Response:
        links = "".join(f'<li><a href="{path}">{path}</a> {html.escape(what)}</li>' for path, what in _PAGES.items())
        text = (
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Queuepulse</title>'
            '<meta name="viewport" content="width=device-width"><link rel="icon" href="/board/icon.svg">'
            f'<link rel="stylesheet" href="/board/about.css"><h1>Queuepulse {__version__}</h1><ul>{links}</ul></html>'
        )
        return web.Response(text=text, content_type="text/html")

    def is_waited_for(self) -> bool:
        """Whether somebody waits for an answer that is being made."""
        return self._own.under_way or self._whole.under_way

    def _is_behind(self) -> bool:
        return behind(self._status().lag) >= 1.0

    @property
    def _floor(self) -> Watching:
        """Who watches the whole floor; where all of it is counted here, what ``/metrics`` sees is that already."""
        return self._whole if self._elsewhere() else self._own

    async def _taken(self, within_ms: int) -> Snapshot:
        return await self._floor.taken(within_ms)

    def _spent_seconds(self) -> float:
        return self._own.spent_seconds + self._whole.spent_seconds

    def _partitions(self) -> Mapping[PartitionKey, Partition]:
        """Those counted here, and those that others tell of."""
        return {**self._elsewhere(), **self._owned()}

    def _begin(
        self, now_ms: int, shown: Mapping[PartitionKey, Partition], remembered: Windows
    ) -> Generator[None, None, Snapshot]:
        return snapshot.steps(list(shown.values()), self._settings, self._status(), now_ms, self._shelf, remembered)

    async def _end_streams(self, _app: web.Application) -> None:
        await self._board.close()


def attach(
    worker: Worker, partition_count: int, shelf: Shelf | None = None, elsewhere: Elsewhere | None = None
) -> WebServer:
    """Serve what a worker counts, from before it starts until after it has stopped.

    ``partition_count`` is that of each input topic: what the worker doesn't own is missing, unless it is known from
    ``elsewhere``. ``shelf`` has the numbers from outside, None where nobody reads them.
    """
    expected = frozenset((topic, number) for topic in worker.inputs for number in range(partition_count))

    def partitions() -> Mapping[PartitionKey, Partition]:
        return {key: state for key, state in worker.partitions.items() if isinstance(state, Partition)}

    def status() -> WorkerStatus:
        return WorkerStatus(
            expected=expected,
            restoring=frozenset(worker.restoring),
            restoring_left=worker.restoring_left,
            joined=bool(worker.holdings),
            lag=worker.lag,
            flushes=worker.flusher.flushes,
            last_flush_seconds=worker.flusher.last_seconds,
            rebalances=worker.rebalances,
            event_delays=worker.event_delay.taken(),
        )

    def others() -> Mapping[PartitionKey, Partition]:
        return NOWHERE if elsewhere is None else elsewhere.partitions(time.monotonic())

    server = WebServer(partitions, worker.settings, lambda: time.time_ns() // 1_000_000, status, shelf, others)
    worker.on_start.append(server.start)
    worker.on_stop.append(server.stop)
    worker.hurried.append(server.is_waited_for)
    return server


async def _add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    policy = response.headers.get("Content-Security-Policy", CONTENT_SECURITY_POLICY)  # the login form has its own
    response.headers.update(_HEADERS | {"Content-Security-Policy": policy})


def _json(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json")


@cache
def _glossary_page() -> str:
    """Made once: it is about the program, not about the floor."""
    return page(sections(), __version__)
