"""Real Prometheus over two real workers that are killed and come back while calls come in: nothing counts twice.

The calls of one partition of four are answered in time, the others are not: of the whole floor it is a quarter, and of
what one of two workers counts a half or nothing.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec import json as wire
from msgspec import structs

from streams import events as e
from streams.settings import Settings
from tests.integration.harness import INPUTS, PARTITIONS, producing
from tests.integration.line import Line
from tests.integration.prometheus_stack import Stack, program, stack, until

pytestmark = pytest.mark.timeout(280)
ALL = INPUTS * PARTITIONS
RULES = {
    "windows": "1h,5m",
    "defaults__service_level_target_ratio": "0.1",
    "worker__stale_after_seconds": "600",
    "worker__flush_interval_seconds": "0.1",
}
EVENTS_OF_A_ROUND = 3 * PARTITIONS
RATIO = 'queue_channel_window:contactcenter_service_level:ratio{window="1h"}'
AT_ONCE = 300
"""Rounds at the beginning: then a partition that is a few seconds behind hardly shifts a ratio."""


class Calls:
    """Calls that come in all the while, in rounds of one a partition; that of the first is answered in time."""

    def __init__(self, producer: Any) -> None:
        self.rounds = 0
        self._producer = producer
        self._task = asyncio.create_task(self._run())

    async def end(self) -> None:
        """No more; what was sent is acknowledged."""
        task, self._going = self._task, False
        await task

    async def _run(self) -> None:
        self._going = True
        for n in itertools.count():
            if not self._going:
                return
            now = time.time_ns() // 1_000_000
            waits = [1 if p == 0 else 60 for p in range(PARTITIONS)]
            sent = [await self._send(p, f"call-{n}-{p}", now, wait) for p, wait in enumerate(waits)]
            await asyncio.gather(*itertools.chain(*sent))
            self.rounds += 1
            await asyncio.sleep(0 if n < AT_ONCE else 0.1)

    async def _send(self, partition: int, name: str, now: int, wait_seconds: int) -> list[Any]:
        about: dict[str, Any] = {"source": "acd", "contact_id": name, "queue": "billing"}
        offered = e.CallOffered(event_id=f"{name}o", occurred_at=now - wait_seconds * 1_000, **about)
        answered = e.CallAnswered(event_id=f"{name}a", occurred_at=now, agent_id="ann", **about)
        ended = e.CallEnded(event_id=f"{name}e", occurred_at=now + 1_000, agent_id="ann", **about)
        return [
            await self._producer.send(e.CALL_EVENTS, wire.encode(event), key=name.encode(), partition=partition)
            for event in (offered, answered, ended)
        ]


@asynccontextmanager
async def floor_of_two(settings: Settings, folder: Path) -> AsyncIterator[tuple[Line, Line, Stack, Calls]]:
    """Two workers that have not been started, Prometheus that looks for them, and calls."""
    program("prometheus")
    broker = structs.replace(settings.broker, session_timeout_seconds=4.0)
    async with AsyncExitStack() as everything:
        lines = []
        for name in "ab":
            (folder / name).mkdir()
            lines.append(await everything.enter_async_context(Line(broker, folder / name, **RULES)))
        (folder / "stack").mkdir()
        targets = [f"127.0.0.1:{line.port}" for line in lines]
        one = await everything.enter_async_context(stack(folder / "stack", *targets, alerting=False))
        calls = Calls(await everything.enter_async_context(producing(settings)))
        everything.push_async_callback(calls.end)
        yield lines[0], lines[1], one, calls


async def test_partitions_go_from_worker_to_worker_and_back_and_only_what_happened_is_counted(
    settings: Settings, tmp_path: Path
) -> None:
    async with floor_of_two(settings, tmp_path) as (first, second, one, calls):
        await first.start()
        await until(lambda: _counted(one, AT_ONCE * EVENTS_OF_A_ROUND), 60, "the first worker has caught up")
        since = time.time()
        await second.start()
        await until(lambda: _owned_by_both(one), 60, "both own something")
        await second.kill()
        await until(lambda: _unowned(one, 1), 20, "somebody's partitions are counted by nobody")
        await until(lambda: _unowned(one, 0), 60, "the first has them back")
        await second.start()
        await until(lambda: _owned_by_both(one), 60, "both own something again")
        await first.leave()
        await until(lambda: _unowned(one, 0), 60, "the second owns everything")
        await calls.end()
        events = calls.rounds * EVENTS_OF_A_ROUND
        await until(lambda: _counted(one, events), 60, f"{events} events are counted")
        await asyncio.sleep(2)  # whatever counts twice has time to

        whole = 'sum(topic_partition_type:contactcenter_events_total:max{topic="call-events"})'
        await until(lambda: _has_more_than(one, 30, since), 60, "the ratios were seen more than thirty times")
        ratios = await one.history(RATIO, since)
        exported = await one.history(
            'contactcenter_service_level_ratio{queue="billing", window="1h", preset="answered_only"}', since
        )
        values = [float(value) for row in [*ratios, *exported] for _, value in row["values"]]
        assert await _value(one, whole) == events
        assert await _value(one, "sum(resets(topic_partition_type:contactcenter_events_total:max[10m]))") == 0
        assert await _value(one, "sum(resets(queue_channel_topic_partition:contactcenter_offered_total:max[10m]))") == 0
        assert len(values) > 30
        assert 0.15 < min(values) <= max(values) < 0.4
        assert not {"ServiceLevelBreach", "ConservationBroken"} & {alert for alert, _ in await one.firing()}
        assert await one.unhealthy() == []


async def _has_more_than(one: Stack, samples: int, since: float) -> bool:
    """Whether the recorded ratio was there so often: a quick floor is done before it has been looked at much."""
    rows = await one.history(RATIO, since)
    return sum(len(row["values"]) for row in rows) > samples


async def _value(one: Stack, expr: str) -> float:
    rows = await one.query(expr)
    return float(rows[0]["value"][1]) if rows else -1.0


async def _unowned(one: Stack, at_least: int) -> bool:
    found = await _value(one, "contactcenter_partitions_unowned:count")
    return found == 0 if at_least == 0 else found >= at_least


async def _owned_by_both(one: Stack) -> bool:
    rows = await one.query("sum by (instance) (contactcenter_partition_owned) > 0")
    return len(rows) == 2 and await _unowned(one, 0)


async def _counted(one: Stack, events: int) -> bool:
    return await _value(one, 'sum(topic_partition_type:contactcenter_events_total:max{topic="call-events"})') >= events
