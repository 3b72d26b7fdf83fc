"""A broker that goes for good ends the worker with a reason and code 3; one that comes late, or back, is waited for."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.broker import BrokerUnavailableError, Cluster, cluster, free_ports
from streams.events import CallOffered
from streams.publish import Publisher
from streams.settings import Broker
from streams.topics import ensure_topics
from streams.vigil import BrokerGoneError, wait_for_broker
from tests.integration.conftest import settings_for
from tests.integration.line import Line

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def one_node() -> Iterator[Cluster]:
    try:
        running = cluster()
        found = running.__enter__()
    except BrokerUnavailableError as error:
        pytest.skip(str(error))
    yield found
    running.__exit__(None, None, None)


def test_a_worker_that_finds_no_broker_asks_again_and_then_says_so() -> None:
    port = free_ports()[0]
    begun = time.monotonic()

    with pytest.raises(BrokerGoneError, match=r"It was waited for 1 s \(broker\.patience_seconds\)") as gone:
        wait_for_broker(Broker(bootstrap_servers=f"127.0.0.1:{port}", patience_seconds=1.0))

    assert 1.0 <= time.monotonic() - begun < 5.0
    assert gone.value.exit_code == 3


async def said(line: Line, words: str) -> bool:
    return line.printed.exists() and words in line.printed.read_text()


async def test_a_worker_started_first_waits_and_one_whose_broker_goes_for_good_leaves_with_three(
    one_node: Cluster, tmp_path: Path
) -> None:
    settings = settings_for(one_node.bootstrap, "vigil")
    ensure_topics(settings)
    async with Publisher(settings.broker) as publisher:
        await publisher.event(CallOffered(event_id="e1", occurred_at=1_772_445_600_000, contact_id="c1", queue="q"))
    one_node.end(0)
    async with Line(settings.broker, tmp_path, clock="stream", broker__patience_seconds="20") as line:
        starting = asyncio.create_task(line.start())
        await line._until(lambda: said(line, "Trying again for 20 s."), 20)
        one_node.start(0)
        await starting
        await line.counted(1)

        one_node.end(0)
        code = await line.ended(70.0)

    assert code == 3
    assert "queuepulse: no Kafka broker answered at" in line.printed.read_text().splitlines()[-1]


async def test_a_worker_that_is_told_to_leave_while_its_broker_is_away_leaves_and_says_so(
    one_node: Cluster, tmp_path: Path
) -> None:
    settings = settings_for(one_node.bootstrap, "vigil")
    ensure_topics(settings)
    async with Line(settings.broker, tmp_path, clock="stream") as line:
        await line.start()
        await line.ready()
        one_node.kill(0)

        os.kill(line.pid, signal.SIGTERM)
        code = await line.ended(60.0)

    assert code == 3
    assert line.printed.read_text().splitlines()[-1].endswith("What was not stored is counted by the next worker.")


async def test_a_worker_whose_brokers_disk_is_full_leaves_with_three(one_node: Cluster, tmp_path: Path) -> None:
    settings = settings_for(one_node.bootstrap, "vigil")
    ensure_topics(settings)
    async with Line(settings.broker, tmp_path, clock="stream", broker__patience_seconds="5") as line:
        await line.start()
        await line.ready()

        broker = one_node._nodes[0]._process
        assert broker is not None
        resource.prlimit(broker.pid, resource.RLIMIT_FSIZE, (0, 0))
        code = await line.ended(60.0)

    assert code == 3
    assert "no Kafka broker answered at" in line.printed.read_text().splitlines()[-1]
