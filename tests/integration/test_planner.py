"""The planner behind a real web server: forecasts made in time, served while new ones are made, asked through HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson
import pytest
from msgspec import structs

from streams import snapshot
from streams.cli import main
from streams.partition import Partition
from streams.planning.forecaster import FORGOTTEN_MS, Forecaster
from streams.settings import Web
from streams.snapshot import PartitionKey, Snapshot, WorkerStatus
from streams.web import WebServer
from tests.support import Floor, ms
from tests.unit.test_planning_ahead import busy


class Worker:
    """What a server asks of a worker, and a clock that stands still."""

    def __init__(self, floor: Floor) -> None:
        self.partitions: dict[PartitionKey, Partition] = {(p.topic, p.number): p for p in floor.partitions}
        self.settings = structs.replace(floor.settings, web=Web(port=0))
        self.status = WorkerStatus()
        self.now = ms(1_800)
        self.server = WebServer(lambda: self.partitions, self.settings, lambda: self.now, lambda: self.status)

    async def take(self, _within_ms: int) -> Snapshot:
        return snapshot.take(list(self.partitions.values()), self.settings, self.status, self.now)

    def forecaster(self) -> Forecaster:
        return Forecaster(self.take, self.partitions.values, share=0.9)


@pytest.fixture
def worker() -> Worker:
    return Worker(busy(6))


@pytest.fixture
async def client(worker: Worker) -> AsyncIterator[aiohttp.ClientSession]:
    await worker.server.start()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{worker.server.port}") as session:
        yield session
    await worker.server.stop()


async def json(client: aiohttp.ClientSession, path: str) -> Any:
    async with client.get(path) as answer:
        assert answer.status == 200
        return await answer.json()


async def test_a_round_foresees_every_queue_and_an_old_forecast_is_told_until_it_is_of_another_time(
    worker: Worker,
) -> None:
    forecaster = worker.forecaster()
    await forecaster.round()

    assert list(forecaster.latest(worker.now)) == [("billing", "voice")]
    assert list(forecaster.latest(worker.now + FORGOTTEN_MS)) == [("billing", "voice")]
    assert forecaster.latest(worker.now + FORGOTTEN_MS + 1) == {}


async def test_a_part_of_the_floor_is_not_forecast(worker: Worker) -> None:
    forecaster = worker.forecaster()
    await forecaster.round()
    worker.status = WorkerStatus(expected=frozenset({("call-events", 7)}))

    await forecaster.round()

    assert forecaster.latest(worker.now) == {}


async def test_the_old_forecast_is_served_while_the_new_one_is_made(worker: Worker) -> None:
    forecaster = worker.forecaster()
    await forecaster.round()
    (before,) = forecaster.latest(worker.now).values()
    worker.now += 60_000
    again = asyncio.create_task(forecaster.round())
    seen = []
    while not again.done():
        seen += [one.made_at for one in forecaster.latest(worker.now).values()]
        await asyncio.sleep(0)

    assert set(seen) <= {before.made_at, worker.now}
    assert before.made_at in seen
    assert [one.made_at for one in forecaster.latest(worker.now).values()] == [worker.now]


async def test_a_bug_in_a_forecast_ends_the_forecasts_and_nothing_else(
    worker: Worker, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.planning.forecaster.RETRY_SECONDS", 0.0)

    async def broken(_within_ms: int) -> Snapshot:
        raise ZeroDivisionError("a bug")

    forecaster = Forecaster(broken, worker.partitions.values)
    forecaster.start()
    assert forecaster._task is not None
    await asyncio.wait({forecaster._task}, timeout=5)
    await asyncio.sleep(0)

    assert "forecasts could not be made" in caplog.text
    assert forecaster.latest(worker.now) == {}
    await forecaster.stop()
    await forecaster.stop()


@pytest.mark.parametrize(("every_seconds", "asked"), [(60.0, 3), (0.0, 0)])
async def test_a_worker_that_is_behind_catches_up_first_but_for_no_longer_than_forecasts_are_apart(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, every_seconds: float, asked: int
) -> None:
    monkeypatch.setattr("streams.planning.forecaster.RETRY_SECONDS", 0.0)
    answers, begun = [True, True, False], asyncio.Event()

    async def take(within_ms: int) -> Snapshot:
        begun.set()
        return await worker.take(within_ms)

    forecaster = Forecaster(
        take, worker.partitions.values, is_behind=lambda: answers.pop(0), every_seconds=every_seconds
    )
    forecaster.start()
    await asyncio.wait_for(begun.wait(), 5)
    await forecaster.stop()

    assert len(answers) == 3 - asked


async def test_the_answer_has_now_and_the_next_hour(worker: Worker, client: aiohttp.ClientSession) -> None:
    assert (await json(client, "/api/staffing"))["queues"][0]["ahead"] is None
    planner = worker.server._planner
    await planner.forecaster.round()
    worker.now += 1_000

    answer = await json(client, "/api/staffing")

    (queue,) = answer["queues"]
    assert (queue["queue"], queue["channel"], queue["now"]["staffed"]) == ("billing", "voice", 6)
    assert queue["ahead"]["age_seconds"] == 1
    assert [one["minutes"] for one in queue["ahead"]["horizons"]] == [15, 30, 60]
    assert queue["ahead"]["horizons"][0]["low"] < queue["ahead"]["horizons"][0]["service_level"]
    assert len(queue["ahead"]["intervals"]) == 4
    assert answer["floor"]["service_level_in_10_minutes"] == queue["ahead"]["service_level_in_10_minutes"]
    async with client.get("/metrics/floor") as metrics:
        text = await metrics.text()
    assert 'contactcenter_forecast_age_seconds{channel="voice",queue="billing"} 1.0' in text
    assert 'contactcenter_forecast_service_level_ratio{ahead="15m",channel="voice",queue="billing"} 0.' in text
    assert "c0" not in text


async def test_what_if_is_answered_and_refusals_have_words(client: aiohttp.ClientSession) -> None:
    found = await json(client, "/api/whatif?queue=billing&agents=%2B2&aht=-10%25")

    assert (found["before"]["agents"], found["after"]["agents"]) == (6, 8)
    assert found["after"]["service_level"] > found["before"]["service_level"]
    for path, status, words in (
        ("/api/whatif", 400, "queue is missing: what if in which queue?\n"),
        ("/api/whatif?queue=nobody", 404, "There is no queue 'nobody' here; there are: billing.\n"),
    ):
        async with client.get(path) as answer:
            assert (answer.status, await answer.text()) == (status, words)


async def test_the_command_asks_a_worker_and_prints_its_answer(
    worker: Worker, client: aiohttp.ClientSession, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not client.closed
    url = f"http://127.0.0.1:{worker.server.port}"

    def run(*arguments: str) -> int:
        with pytest.raises(SystemExit) as ended:
            main(["whatif", "--url", url, *arguments])
        return int(ended.value.code or 0)

    assert await asyncio.to_thread(run, "--queue", "billing", "--agents", "+2", "--aht", "-10%") == 0
    assert "billing voice, in the long run; goal 80.0 % within 20 s" in capsys.readouterr().out
    assert await asyncio.to_thread(run, "--queue", "billing", "--agents", "-10%", "--json") == 0
    assert orjson.loads(capsys.readouterr().out)["after"]["agents"] == pytest.approx(5.4)
    assert await asyncio.to_thread(run, "--queue", "nobody") == 1
    assert "There is no queue 'nobody' here; there are: billing." in capsys.readouterr().err
