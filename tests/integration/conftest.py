"""Real brokers for the tests of state: one Apache Kafka for the whole run, fresh topics for each test."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from kafka.admin import KafkaAdminClient
from kafka.errors import UnknownTopicOrPartitionError

from streams.broker import BrokerUnavailableError, apache_kafka, embedded_broker
from streams.settings import Settings, from_raw
from streams.topics import ensure_topics
from tests.integration.wall_floor import WallFloor, chromium, live_floor

if TYPE_CHECKING:
    from playwright.async_api import Browser


def settings_for(bootstrap: str, app_id: str) -> Settings:
    """Settings that find a dead worker, and flush, as quickly as they allow."""
    broker = {"bootstrap_servers": bootstrap, "app_id": app_id, "session_timeout_seconds": 2, "partitions": 4}
    return from_raw({"broker": broker, "worker": {"flush_interval_seconds": 0.05}}, {})


def drop_topics(bootstrap: str, prefix: str = "") -> None:
    """Delete our topics whose names begin with ``prefix``, and wait until they are gone."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    while doomed := [topic for topic in admin.list_topics() if topic.startswith(prefix) and not topic.startswith("__")]:
        with suppress(UnknownTopicOrPartitionError):  # going already
            admin.delete_topics(doomed)
    admin.close()


@pytest.fixture(scope="session")
def kafka() -> Iterator[str]:
    """Bootstrap address of Apache Kafka; tests are skipped where it can't be had."""
    try:
        broker = apache_kafka()
        bootstrap = broker.__enter__()
    except BrokerUnavailableError as error:
        pytest.skip(str(error))
    yield bootstrap
    broker.__exit__(None, None, None)


@pytest.fixture
def empty_kafka(kafka: str) -> str:
    """Bootstrap address of Apache Kafka without any topic of ours."""
    drop_topics(kafka)
    return kafka


@pytest.fixture
def settings(empty_kafka: str) -> Settings:
    """Settings of a worker on Apache Kafka, its topics (4 partitions each) new and empty."""
    found = settings_for(empty_kafka, f"test-{uuid.uuid4().hex[:8]}")
    ensure_topics(found)
    return found


@pytest.fixture
def embedded() -> Iterator[str]:
    """Bootstrap address of a fresh embedded broker; tests are skipped where it can't be had."""
    try:
        broker = embedded_broker()
        bootstrap = broker.__enter__()
    except BrokerUnavailableError as error:
        pytest.skip(str(error))
    yield bootstrap
    broker.__exit__(None, None, None)


# --- the wall ---------------------------------------------------------------------------------------------------------


@pytest_asyncio.fixture(loop_scope="module")
async def floor() -> AsyncIterator[WallFloor]:
    """A simulated morning, live; to be looked at by ``browser``."""
    async with live_floor() as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one_browser() -> AsyncIterator[Browser]:
    """One Chromium for a module."""
    async with chromium() as found:
        yield found


@pytest_asyncio.fixture(loop_scope="module")
async def browser(one_browser: Browser) -> AsyncIterator[Browser]:
    """It, and the pages that a test opened closed."""
    yield one_browser
    for context in one_browser.contexts:
        await context.close()
