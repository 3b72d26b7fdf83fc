"""The web server over partitions made by hand, asked through a real socket."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from msgspec import structs
from prometheus_client.parser import text_string_to_metric_families

from streams import cli
from streams.partition import Partition
from streams.settings import Web
from streams.settings.values import Secret
from streams.snapshot import PartitionKey, WorkerStatus
from streams.web import WebServer
from tests import floor_by_hand as by_hand


class Worker:
    """What a server asks of a worker, and a clock that stands still."""

    def __init__(self) -> None:
        self.settings = structs.replace(by_hand.settings(), web=Web(port=0))
        self.partitions: dict[PartitionKey, Partition] = by_hand.applied(self.settings)
        by_hand.flush(self.partitions)
        self.status = WorkerStatus()
        self.now = by_hand.NOW
        self.server = WebServer(lambda: self.partitions, self.settings, lambda: self.now, lambda: self.status)


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    one = Worker()
    await one.server.start()
    yield one
    await one.server.stop()


@pytest.fixture
async def client(worker: Worker) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{worker.server.port}") as session:
        yield session


async def get(client: aiohttp.ClientSession, path: str) -> tuple[int, str]:
    async with client.get(path) as answer:
        return answer.status, await answer.text()


async def json(client: aiohttp.ClientSession, path: str) -> Any:
    async with client.get(path) as answer:
        assert answer.status == 200
        assert answer.content_type == "application/json"
        return await answer.json()


@pytest.mark.parametrize("path", ["/metrics", "/metrics/floor"])
async def test_prometheus_can_read_it(client: aiohttp.ClientSession, path: str) -> None:
    async with client.get(path) as answer:
        text = await answer.text()

        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert len(list(text_string_to_metric_families(text))) > 20


async def test_the_process_is_told_beside_the_floor(client: aiohttp.ClientSession) -> None:
    _, text = await get(client, "/metrics")

    assert "python_info{" in text
    assert 'contactcenter_offered_total{channel="voice",partition="0",queue="billing",topic="call-events"} 6.0' in text


async def test_the_floor_is_json(client: aiohttp.ClientSession) -> None:
    answer = await json(client, "/api/floor")

    assert answer["as_of_ms"] == 1_772_445_630_000
    assert answer["queues"][0]["windows"]["5m"]["kpis"]["asa_seconds"] == 20


async def test_hours_are_json(client: aiohttp.ClientSession) -> None:
    rows = await json(client, "/api/intervals?from=2026-03-02T09:00:00+00:00&to=2026-03-02T10:00:00Z&queue=billing")

    assert [(row["start"], row["offered"]) for row in rows] == [("2026-03-02T09:00:00+00:00", 5)]


async def test_a_wrong_parameter_is_refused_with_one_sentence(client: aiohttp.ClientSession) -> None:
    assert await get(client, "/api/intervals?by=week") == (400, "by='week' is neither 'hour' nor 'day'.\n")


@pytest.mark.parametrize("path", ["/metrics", "/metrics/floor", "/api/floor"])
async def test_at_one_moment_everybody_gets_the_same_bytes_and_a_second_later_new_ones(
    worker: Worker, client: aiohttp.ClientSession, path: str
) -> None:
    _, first = await get(client, path)
    worker.partitions = {}

    assert (await get(client, path))[1] == first
    worker.now += 1_000
    assert (await get(client, path))[1] != first


async def test_a_clock_set_back_does_not_freeze_the_numbers(worker: Worker, client: aiohttp.ClientSession) -> None:
    await get(client, "/api/floor")
    worker.now -= 3_600_000

    assert (await json(client, "/api/floor"))["as_of_ms"] == by_hand.NOW - 3_600_000


async def test_many_who_ask_at_once_are_answered_alike(client: aiohttp.ClientSession) -> None:
    answers = await asyncio.gather(*(get(client, "/api/floor") for _ in range(20)))

    assert len(set(answers)) == 1


async def test_it_is_not_ready_while_state_is_restored(worker: Worker, client: aiohttp.ClientSession) -> None:
    assert await get(client, "/ready") == (200, "ready: 2 partitions\n")
    worker.status = WorkerStatus(joined=False)
    assert await get(client, "/ready") == (503, "waiting for partitions\n")
    worker.status = WorkerStatus(restoring=frozenset({("call-events", 3)}))
    assert await get(client, "/ready") == (503, "restoring call-events/3\n")
    assert await get(client, "/live") == (200, "live\n")


async def test_what_is_being_restored_is_named_at_once(worker: Worker, client: aiohttp.ClientSession) -> None:
    worker.status = WorkerStatus(
        expected=frozenset({("call-events", 0), ("call-events", 1)}),
        restoring=frozenset({("call-events", 1)}),
        restoring_left=12,
    )

    answer = await json(client, "/api/floor")

    assert answer["missing_partitions"] == [{"topic": "call-events", "partition": 1}]
    assert answer["recovering"] == [{"topic": "call-events", "partition": 1}]
    assert answer["recovery_left"] == 12


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_it_only_reads(client: aiohttp.ClientSession, method: str) -> None:
    async with client.request(method, "/api/floor") as answer:
        assert answer.status == 405


@pytest.mark.parametrize("path", ["/nothing", "/api/floor/", "/metrics/../etc/passwd", "/api"])
async def test_there_is_nothing_else(client: aiohttp.ClientSession, path: str) -> None:
    assert (await get(client, path))[0] == 404


@pytest.mark.parametrize(
    "path", ["/", "/about", "/metrics", "/api/floor", "/api/intervals?by=week", "/nothing", "/ready"]
)
async def test_every_answer_has_the_security_headers(client: aiohttp.ClientSession, path: str) -> None:
    async with client.get(path) as answer:
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_the_index_links_everything_and_has_no_script(client: aiohttp.ClientSession) -> None:
    _, page = await get(client, "/about")

    for path in ("/", "/metrics", "/metrics/floor", "/api/floor", "/api/intervals", "/live", "/ready"):
        assert f'href="{path}"' in page
    assert "<script" not in page


async def test_an_endless_request_line_is_refused(client: aiohttp.ClientSession) -> None:
    assert (await get(client, "/api/intervals?queue=" + "x" * 10_000))[0] == 400


async def test_two_servers_live_in_one_process_and_stop_twice(worker: Worker, client: aiohttp.ClientSession) -> None:
    other = Worker()
    await other.server.start()

    assert other.server.port != worker.server.port
    await other.server.stop()
    await other.server.stop()
    with pytest.raises(RuntimeError, match="not running"):
        _ = other.server.port
    assert (await get(client, "/live"))[0] == 200


async def test_the_glossary_is_a_page(client: aiohttp.ClientSession) -> None:
    async with client.get("/glossary") as answer:
        text = await answer.text()

        assert (answer.status, answer.content_type) == (200, "text/html")
    assert "<code>asa_seconds</code>" in text
    assert "<code>contactcenter_offered_total</code>" in text
    for asset in re.findall(r'href="(/board/[^"]+)"', text):
        assert (await get(client, asset))[0] == 200


async def test_a_number_is_explained(client: aiohttp.ClientSession) -> None:
    told = await json(client, "/api/explain?queue=billing&kpi=asa_seconds&window=5m")

    assert (told["worked"], told["value"], told["absent"]) == ("40 / 2", 20.0, None)


@pytest.mark.parametrize(
    ("question", "status", "words"),
    [
        ("queue=biling", 404, "There is no queue 'biling'; there are ALL, billing, phones.\n"),
        ("color=red", 400, "There is no parameter 'color'; there are queue, channel, kpi, window, privacy.\n"),
    ],
)
async def test_a_question_about_what_is_not_there_is_answered_with_what_is(
    client: aiohttp.ClientSession, question: str, status: int, words: str
) -> None:
    assert await get(client, f"/api/explain?{question}") == (status, words)


async def test_the_command_line_shows_what_a_worker_answers(worker: Worker, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"http://127.0.0.1:{worker.server.port}"

    with pytest.raises(SystemExit) as ended:
        await asyncio.to_thread(cli.main, ["explain", "billing", "--window", "5m", "--url", url])

    shown = re.sub(r" {2,}", "  ", capsys.readouterr().out)
    assert ended.value.code == 0
    assert "service_level of billing voice, 5m since 2026-03-02 09:55:40: 33.33 %, breach" in shown
    assert "= 1 / (2 + 2 - 1)" in shown
    assert "> short_abandons_excluded  33.33  1 / (2 + 2 - 1)" in shown
    assert "all_abandons_against  25.00  1 / (2 + 2)" in shown
    assert "service_level_threshold_seconds" in shown


async def test_the_command_line_repeats_a_workers_refusal(worker: Worker, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"http://127.0.0.1:{worker.server.port}"

    with pytest.raises(SystemExit) as ended:
        await asyncio.to_thread(cli.main, ["explain", "biling", "--url", url])

    assert ended.value.code == 1
    assert capsys.readouterr().err == "queuepulse: There is no queue 'biling'; there are ALL, billing, phones.\n"


def test_the_command_line_says_that_nobody_answers(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["explain", "--url", "http://127.0.0.1:9"])

    assert capsys.readouterr().err.startswith("queuepulse: No worker answers at http://127.0.0.1:9 (")


async def test_the_command_line_gives_the_configured_token(
    worker: Worker, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    worker.settings = structs.replace(
        worker.settings, web=structs.replace(worker.settings.web, token=Secret("long-enough-to-be-a-token"))
    )
    guarded = WebServer(lambda: worker.partitions, worker.settings, lambda: worker.now, lambda: worker.status)
    await guarded.start()
    ask = ["explain", "billing", "asa_seconds", "--window", "5m", "--url", f"http://127.0.0.1:{guarded.port}"]
    try:
        with pytest.raises(SystemExit):
            await asyncio.to_thread(cli.main, ask)
        assert "wants its token: set QUEUEPULSE_WEB__TOKEN_FILE" in capsys.readouterr().err
        monkeypatch.setenv("QUEUEPULSE_WEB__TOKEN", "long-enough-to-be-a-token")
        with pytest.raises(SystemExit):
            await asyncio.to_thread(cli.main, ask)
        assert "= 40 / 2" in capsys.readouterr().out
    finally:
        await guarded.stop()
