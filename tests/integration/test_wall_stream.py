"""The wall's addresses through a real socket: the page's files, the stream, one queue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from msgspec import structs

from streams.board import Board
from streams.settings import Web
from streams.snapshot import WorkerStatus
from streams.web import WebServer
from tests import floor_by_hand as by_hand

ASSETS = Path(__file__).parents[2] / "streams" / "board" / "assets"


@pytest.fixture
async def server() -> AsyncIterator[WebServer]:
    settings = structs.replace(by_hand.settings(), web=Web(port=0))
    partitions = by_hand.applied(settings)
    one = WebServer(lambda: partitions, settings, lambda: by_hand.NOW, WorkerStatus)
    await one.start()
    yield one
    await one.stop()


@pytest.fixture
async def client(server: WebServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as session:
        yield session


async def frame(answer: aiohttp.ClientResponse) -> dict[bytes, bytes]:
    """The next event of a stream: its fields."""
    lines = []
    while (line := await asyncio.wait_for(answer.content.readline(), 5)) != b"\n":
        assert line, "the stream has ended"
        lines.append(line.rstrip(b"\n").split(b": ", 1))
    return {name: value for name, value in lines}  # noqa: C416 - pairs as lists


async def test_the_stream_says_when_to_come_back_and_then_everything(client: aiohttp.ClientSession) -> None:
    async with client.get("/api/events") as answer:
        retry, snapshot = await frame(answer), await frame(answer)

        assert answer.content_type == "text/event-stream"
    assert retry == {b"retry": b"2000"}
    assert (snapshot[b"id"], snapshot[b"event"]) == (b"1", b"snapshot")
    shown: dict[str, Any] = orjson.loads(snapshot[b"data"])
    assert (shown["as_of_ms"], shown["queues"][0]["waiting"]) == (1_772_445_630_000, 1)


async def test_full_snapshots_follow_each_other_in_under_a_second(client: aiohttp.ClientSession) -> None:
    clock = asyncio.get_running_loop().time
    async with client.get("/api/events") as answer:
        await frame(answer)
        await frame(answer)
        began = clock()
        second = await frame(answer)

    assert second[b"id"] == b"2"
    assert clock() - began < 1.0


async def test_the_hundred_and_first_wall_is_sent_away_until_one_leaves(client: aiohttp.ClientSession) -> None:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(client._base_url, connector=connector) as crowd:
        walls = [await crowd.get("/api/events") for _ in range(100)]
        async with client.get("/api/events") as refused:
            assert (refused.status, refused.headers["Retry-After"]) == (503, "10")
            assert await refused.text() == "100 walls are being served already\n"

        walls[0].close()
        for _ in range(50):
            await asyncio.sleep(0.1)
            async with client.get("/api/events") as again:
                if again.status == 200:
                    break
        else:
            pytest.fail("a place was never free again")
        for wall in walls:
            wall.close()


async def test_another_site_may_not_open_a_stream(client: aiohttp.ClientSession) -> None:
    async with client.get("/api/events", headers={"Sec-Fetch-Site": "cross-site"}) as answer:
        assert answer.status == 403
    async with client.head("/api/events") as answer:
        assert answer.status == 405


async def test_stopping_the_server_ends_the_streams_at_once(server: WebServer, client: aiohttp.ClientSession) -> None:
    clock = asyncio.get_running_loop().time
    async with client.get("/api/events") as answer:
        await frame(answer)
        began = clock()
        await server.stop()
        rest = await asyncio.wait_for(answer.content.read(), 2)

    assert clock() - began < 1.0
    assert rest.count(b"event: snapshot") <= 1


async def test_a_reader_that_stops_reading_holds_nobody_up(server: WebServer, client: aiohttp.ClientSession) -> None:
    _, deaf = await asyncio.open_connection("127.0.0.1", server.port)
    deaf.write(b"GET /api/events HTTP/1.1\r\nHost: x\r\n\r\n")
    await deaf.drain()

    async with client.get("/api/events") as answer:
        for _ in range(3):
            await frame(answer)

    deaf.close()
    await deaf.wait_closed()


async def test_every_file_of_the_page_is_served_and_nothing_else(client: aiohttp.ClientSession) -> None:
    for path in sorted(ASSETS.iterdir()):
        async with client.get(f"/board/{path.name}") as answer:
            assert (answer.status, await answer.read()) == (200, path.read_bytes())
    for name in ("nothing.js", "..%2froutes.py", "__init__.py", ""):
        async with client.get(f"/board/{name}") as answer:
            assert answer.status == 404


async def test_the_page_has_no_inline_script_or_style_and_its_policy_forbids_both(
    client: aiohttp.ClientSession,
) -> None:
    async with client.get("/") as answer:
        page, policy = await answer.text(), answer.headers["Content-Security-Policy"]

    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    assert "<style" not in page
    assert " style=" not in page
    assert page.count("<script") == page.count('<script type="module" src="/board/main.js"></script>') == 1


def test_nothing_of_the_page_comes_from_elsewhere() -> None:
    known = "http://www.w3.org/2000/svg"
    files = {path.name: path.read_text("utf-8").replace(known, "") for path in ASSETS.iterdir()}

    assert [name for name, text in files.items() if "http://" in text or "https://" in text] == []
    assert [name for name, text in files.items() if len(text.splitlines()) > 350] == []


async def test_one_queue_is_told_with_who_waits(client: aiohttp.ClientSession) -> None:
    async with client.get("/api/queue?queue=billing") as answer:
        told = await answer.json()
    async with client.get("/api/queue?queue=billing&privacy=1") as answer:
        private = await answer.json()

    assert [contact["waited_seconds"] for contact in told["contacts"]] == [30.0]
    assert told["queue"]["windows"]["5m"]["kpis"]["asa_seconds"] == 20
    assert private["contacts"] == []


async def test_a_queue_that_is_not_there_is_not_found(client: aiohttp.ClientSession) -> None:
    async with client.get("/api/queue?queue=biling") as answer:
        assert (answer.status, await answer.text()) == (404, "There is no queue 'biling' here.\n")


async def test_the_formulas_are_json(client: aiohttp.ClientSession) -> None:
    async with client.get("/api/kpis") as answer:
        assert {"name": "asa_seconds", "unit": "seconds"}.items() <= (await answer.json())["kpis"][0].items()


def test_importing_reads_no_file_and_the_routes_name_everything() -> None:
    async def never(_within_ms: int) -> Any:
        raise AssertionError

    paths = [route.path for route in Board(never, list).routes()]

    assert paths == ["/", "/board/{name}", "/api/events", "/api/queue", "/api/trend", "/api/kpis"]
