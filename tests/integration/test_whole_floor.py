"""Several workers on Apache Kafka, each of which shows the whole floor: real processes, the oracle's numbers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from msgspec import structs

from streams.feed import publish
from streams.publish import Publisher
from streams.settings import Settings
from streams.simulate import Faults, Oracle, demo, simulate, spoil
from streams.topics import input_topics
from tests.integration.harness import PARTITIONS
from tests.integration.line import Line

START = 1_760_004_000_000
FAULTS = Faults(duplicates=0.02, disorder_ms=3_000, late=0.01, malformed=0.01)
ALL = len(input_topics("any")) * PARTITIONS
NUMBERS = (
    "offered", "answered", "abandoned", "segments", "talk_ms", "answered_wait_ms", "waiting", "handling",
)  # fmt: skip
OF_EACH = ("made_at_ms", "ahead", "service_level_in_10_minutes")
"""A forecast is made once a minute, of the floor as it is then; queues stand in the order of theirs."""
RULES = {"windows": "30m,8h", "clock": "stream", "web__show_ids": "true"}


@asynccontextmanager
async def workers(settings: Settings, folder: Path, number: int, **more: str) -> AsyncIterator[list[Line]]:
    """So many workers of one group, started one after the other."""
    broker = structs.replace(settings.broker, session_timeout_seconds=10.0)  # longer than a beat is waited for
    async with AsyncExitStack() as stack:
        lines = []
        for n in range(number):
            own = folder / f"worker-{n}"
            own.mkdir()
            line = await stack.enter_async_context(Line(broker, own, **{**RULES, **more}))
            await line.start()
            lines.append(line)
        yield lines


async def fed(settings: Settings, seconds: int = 2 * 3_600) -> Oracle:
    """Publish a simulated floor with faults; what it must give."""
    oracle = Oracle()
    async with Publisher(settings.broker) as publisher:
        items = spoil(simulate(demo(START, seconds, hour=9.0), 5, oracle), FAULTS, 6)
        await publish(items, publisher, PARTITIONS, None, asyncio.Event())
    return oracle


def wrong(floor: dict[str, Any], oracle: Oracle) -> list[str]:
    """What ``/api/floor`` says otherwise than the oracle, of every queue: the live numbers and those of the window."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    for row in floor["queues"]:
        window, live = row["windows"]["8h"], row["live"]
        found[row["queue"], row["channel"]] = {
            "offered": window["offered"], "answered": window["answered"], "abandoned": window["abandoned"],
            "segments": window["handle_segments"], "talk_ms": round(1_000 * window["talk_seconds"]),
            "answered_wait_ms": round(1_000 * window["answered_wait_seconds"]),
            "waiting": live["waiting"], "handling": live["handling"],
        }  # fmt: skip
    totals = oracle.totals()
    return [
        f"{name} of {key[0]}: {found.get(key, {}).get(name)} instead of {totals[key].get(name, 0)}"
        for key in totals
        for name in NUMBERS
        if found.get(key, {}).get(name) != totals[key].get(name, 0)
    ]


async def whole(line: Line, oracle: Oracle) -> dict[str, Any]:
    """The worker's floor, as soon as nothing is missing and everything is counted."""
    floor: dict[str, Any] = {}

    async def is_whole() -> bool:
        nonlocal floor
        floor = await line.json("/api/floor")
        return not floor["missing_partitions"] and not wrong(floor, oracle)

    await line.until(is_whole, 60)
    return floor


async def missing(line: Line) -> int:
    """How many partitions the worker's floor lacks."""
    return len((await line.json("/api/floor"))["missing_partitions"])


async def same(path: str, *lines: Line) -> bool:
    """Whether the workers' answers are alike, but for what each measures, names or forecasts at a time of its own."""
    answers = [await line.json(path) for line in lines]
    return all(_alike(answer) == _alike(answers[0]) for answer in answers)


def _alike(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _alike(each) for key, each in value.items() if key not in OF_EACH}
    if isinstance(value, list):
        alike = [_alike(each) for each in value]
        return sorted(alike, key=str) if alike and isinstance(alike[0], dict) and "queue" in alike[0] else alike
    return round(value, 6) if isinstance(value, float) else value


async def foresees(line: Line) -> bool:
    """Whether the worker has a forecast of a queue."""
    return any(queue["ahead"] for queue in (await line.json("/api/staffing"))["queues"])


async def owns(line: Line) -> int:
    return int((await line.metrics()).sum("partition_owned"))


async def test_each_of_two_workers_shows_the_oracles_whole_floor_and_so_does_the_one_that_is_left(
    settings: Settings, tmp_path: Path
) -> None:
    oracle = await fed(settings)
    async with workers(settings, tmp_path, 2) as (first, second):

        async def both_own() -> bool:
            return await owns(first) + await owns(second) == ALL and min(await owns(first), await owns(second)) > 0

        await first.until(both_own, 60)

        await whole(first, oracle)
        await whole(second, oracle)
        for path in ("/api/floor", "/api/intervals", "/api/agents", "/api/staffing", "/api/trend"):
            await first.until(lambda path=path: same(path, first, second), 20)  # type: ignore[misc]
        for line in (first, second):
            await first.until(lambda line=line: foresees(line), 30)  # type: ignore[misc]
        whatif = [await line.json("/api/whatif", queue="billing", agents="+2") for line in (first, second)]
        hours = await second.json("/api/intervals", by="hour", queue="billing")
        missing_to = [(await line.floor_metrics()).sum("floor_partitions_missing") for line in (first, second)]

        assert len(hours) >= 2
        assert missing_to == [0, 0]
        assert _alike(whatif[0]["before"]) == _alike(whatif[1]["before"])
        assert _alike(whatif[0]["mend"]) == _alike(whatif[1]["mend"])

        taken_over = await owns(second)
        await second.kill()
        await first.until(lambda: _is(missing(first), at_least=taken_over), 20)
        await whole(first, oracle)
        await first.until(lambda: _is(owns(first), at_least=ALL), 20)


async def _is(found: Awaitable[int], *, at_least: int) -> bool:
    return await found >= at_least
