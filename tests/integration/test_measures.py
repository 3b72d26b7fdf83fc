"""Numbers from outside on a real Apache Kafka, with a worker in a process of its own and the commands as users have
them."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from streams.measures.record import MEASURES
from streams.publish import Publisher
from streams.settings import Settings
from tests.integration.harness import producing
from tests.integration.line import ROOT, Line, worker_on
from tests.support import HOUR, call, in_time, ms


async def measure(settings: Settings, *arguments: str) -> tuple[int, str]:
    """Run ``queuepulse measure``; its exit code and what it printed."""
    environ = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "QUEUEPULSE_BROKER__APP_ID": settings.broker.app_id,
        "QUEUEPULSE_MEASURES__CURRENCY": "EUR",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "streams.cli", "measure", *arguments, "--broker", settings.broker.bootstrap_servers,
        env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    printed, _ = await process.communicate()
    return process.returncode or 0, printed.decode().strip()


async def churn(line: Line) -> float | None:
    """What the worker says of March."""
    answer = await line.json("/api/measures", period="2026-03")
    (found,) = [kpi["value"] for kpi in answer["kpis"] if kpi["name"] == "churn_ratio"]
    return None if found is None else float(found)


async def until_churn_is(line: Line, wanted: float | None) -> None:
    async def is_there() -> bool:
        return await churn(line) == wanted

    await line.until(is_there)


async def test_numbers_given_before_and_while_a_worker_runs_are_composed_and_withdrawn(
    settings: Settings, tmp_path: Path
) -> None:
    given = await measure(settings, "set", "customers_at_start", "1000", "--period", "2026-03")
    assert given == (0, "customers_at_start in 2026-03 is 1000.")

    async with worker_on(settings.broker, tmp_path) as line:
        await line.ready()
        await until_churn_is(line, None)
        assert (await measure(settings, "set", "customers_lost", "50", "--period", "2026-03"))[0] == 0
        await until_churn_is(line, 0.05)
        assert (await line.floor_metrics()).sum("measure_churn_ratio", period="month", team="", client="") == 0.05

        listed = await measure(settings, "list", "--json")
        assert [(row["name"], row["value"]) for row in orjson.loads(listed[1])] == [
            ("customers_at_start", 1_000.0), ("customers_lost", 50.0),
        ]  # fmt: skip

        await line.leave()
        await line.start()
        await until_churn_is(line, 0.05)

        withdrawn = await measure(settings, "unset", "customers_lost", "--period", "2026-03")
        assert withdrawn == (0, "customers_lost in 2026-03 is withdrawn.")
        await until_churn_is(line, None)
        assert (await measure(settings, "unset", "customers_lost", "--period", "2026-03"))[0] == 2
        assert line.complaints == []


async def test_the_cost_of_a_contact_is_composed_of_what_was_given_and_what_the_worker_counted(
    settings: Settings, tmp_path: Path
) -> None:
    async with Publisher(settings.broker) as publisher:
        await publisher.heartbeat("pbx", ms(-12 * HOUR))  # counting began the day before
        for event in in_time(call(f"c{n}").offered(n).answered(n + 5).ended(n + 60) for n in range(4)):
            await publisher.event(event)

    async def cost(line: Line) -> Any:
        answer = await line.json("/api/measures", period="2026-03-02")
        (found,) = [kpi for kpi in answer["kpis"] if kpi["name"] == "cost_per_contact"]
        return found

    async with worker_on(settings.broker, tmp_path) as line:
        await line.ready()
        await measure(settings, "set", "operating_cost", "90", "--period", "2026-03-02", "--currency", "EUR")

        async def is_composed() -> bool:
            return bool((await cost(line))["value"] == 22.5)

        await line.until(is_composed)
        assert (await cost(line))["inputs"]["contacts"] == {"value": 4, "origin": "counted"}
        assert (await line.floor_metrics()).sum("measure_cost_per_contact", period="day") == 22.5

        await line.kill()
        await line.start()
        await line.ready()
        await line.until(is_composed)


async def test_a_record_that_is_no_number_is_counted_kept_once_and_stalls_nothing(
    settings: Settings, tmp_path: Path
) -> None:
    async with producing(settings) as producer:
        await producer.send_and_wait(MEASURES, b"{", key=b"k", partition=0)
    await measure(settings, "set", "leads", "7", "--period", "2026-03")

    async with worker_on(settings.broker, tmp_path) as line:
        await line.ready()

        async def is_read() -> bool:
            return (await line.metrics()).sum("events_total", topic="measures", type="measure") == 1

        async def is_kept() -> bool:
            return await read_rejected(settings) != []

        await line.until(is_read)
        await line.until(is_kept)
        assert (await line.metrics()).sum("rejected_total", topic="measures", reason="not_json") == 1
    assert [(record["id"], record["reason"], record["value"]) for record in await read_rejected(settings)] == [
        ("measures-0-0", "not_json", "ew=="),
    ]  # fmt: skip


async def read_rejected(settings: Settings) -> list[Any]:
    """What stands on the topic of refused measures."""
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.broker.bootstrap_servers)
    await consumer.start()
    try:
        where = TopicPartition("measures-rejected", 0)
        consumer.assign([where])
        await consumer.seek_to_beginning(where)
        fetched = await consumer.getmany(where, timeout_ms=500)
        return [orjson.loads(record.value) for record in fetched.get(where, [])]
    finally:
        await consumer.stop()
