"""One of three brokers dies: the stream goes on within the session timeout, and nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from streams.broker import BrokerUnavailableError, Cluster, cluster
from streams.events import CallOffered
from streams.publish import Publisher
from streams.topics import ensure_topics
from tests.integration.conftest import settings_for
from tests.integration.line import worker_on

pytestmark = pytest.mark.timeout(240)

AT = 1_772_445_600_000
SESSION_SECONDS = 10.0
EACH = 40
"""Calls published at a time: some in every partition."""


@pytest.fixture
def three_nodes() -> Iterator[Cluster]:
    try:
        running = cluster(3)
        found = running.__enter__()
    except BrokerUnavailableError as error:
        pytest.skip(str(error))
    yield found
    running.__exit__(None, None, None)


async def test_the_stream_goes_on_within_the_session_timeout_whichever_broker_dies(
    three_nodes: Cluster, tmp_path: Path
) -> None:
    settings = settings_for(three_nodes.bootstrap, "three")
    broker = msgspec.structs.replace(settings.broker, session_timeout_seconds=SESSION_SECONDS)
    ensure_topics(settings, replication=3)
    published, took = 0, list[float]()

    async def publish() -> None:
        nonlocal published
        async with Publisher(broker) as publisher:
            for n in range(published, published + EACH):
                await publisher.event(
                    CallOffered(event_id=f"e{n}", occurred_at=AT + n, contact_id=f"c{n}", queue="billing")
                )
        published += EACH

    async with worker_on(broker, tmp_path, clock="stream") as line:
        await publish()
        await line.counted(published)
        for node in range(3):
            died = time.monotonic()
            three_nodes.kill(node)
            await publish()
            await line.counted(published)
            took.append(time.monotonic() - died)
            await asyncio.to_thread(three_nodes.start, node)
            await publish()
            await line.counted(published)
        waiting = (await line.metrics()).sum("waiting", queue="billing")
        assert await line.leave() == 0

    assert waiting == published
    assert max(took) < SESSION_SECONDS, took
