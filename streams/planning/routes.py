"""The planner's addresses: ``/api/staffing`` and ``/api/whatif``; and its forecaster, which the web server starts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Any

import orjson
from aiohttp import web

from streams import api
from streams.partition import Partition
from streams.planning import plan, said
from streams.planning.ahead import floor_soon
from streams.planning.forecaster import Forecaster, Take
from streams.planning.whatif import QuestionError, UnknownQueueError, answer, crews, parse
from streams.snapshot import Snapshot

FRESH_MS = 1_000


class Planner:
    """Forecasts and what-if of one worker. ``partitions()`` gives those it owns at the moment of asking."""

    def __init__(
        self, take: Take, partitions: Callable[[], Collection[Partition]], is_behind: Callable[[], bool]
    ) -> None:
        self._take = take
        self._partitions = partitions
        self._one_question = asyncio.Lock()
        self.forecaster = Forecaster(take, partitions, is_behind=is_behind)

    def routes(self) -> list[web.RouteDef]:
        """Everything to serve."""
        return [web.get("/api/staffing", self._staffing), web.get("/api/whatif", self._whatif)]

    async def _staffing(self, _request: web.Request) -> web.Response:
        snapshot = await self._take(FRESH_MS)
        body = await asyncio.to_thread(lambda: orjson.dumps(self._said(snapshot)))
        return web.Response(body=body, content_type="application/json")

    async def _whatif(self, request: web.Request) -> web.Response:
        async with self._one_question:
            snapshot = await self._take(FRESH_MS)
            people = crews(self._partitions(), snapshot.now)
            try:
                found = await asyncio.to_thread(answer, snapshot, parse(request.query), people)
            except UnknownQueueError as error:
                raise web.HTTPNotFound(text=f"{error}\n") from error
            except QuestionError as error:
                raise web.HTTPBadRequest(text=f"{error}\n") from error
        return web.Response(body=orjson.dumps(found), content_type="application/json")

    def _said(self, snapshot: Snapshot) -> dict[str, Any]:
        """Every queue where customers wait in line: now, and its next hour (null while there is no forecast)."""
        forecasts = self.forecaster.latest(snapshot.now)
        rows = [(row, plan(row, snapshot.now), forecasts.get((row.queue, row.channel))) for row in snapshot.rows]
        return {
            "as_of": api.iso(snapshot.now),
            "as_of_ms": snapshot.now,
            "floor": {"service_level_in_10_minutes": floor_soon(forecasts)},
            "queues": [
                {
                    "queue": row.queue,
                    "channel": row.channel,
                    "target": api.target(row.rule),
                    "now": None if planned is None else api.staffing(planned),
                    "ahead": None if found is None else said.ahead(found, snapshot.now),
                }
                for row, planned, found in rows
                if planned is not None or found is not None
            ],
        }
