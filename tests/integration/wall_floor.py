"""A worker's web server over a simulated floor without Kafka, and a real Chromium to look at it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from streams import events as e
from streams.partition import Partition, Record
from streams.settings import Settings, from_raw
from streams.simulate import Item, demo, simulate
from streams.snapshot import WorkerStatus
from streams.web import WebServer
from tests.from_npm import installed

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

PAST_SECONDS = 2_400
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


def wall_now() -> int:
    """The wall clock in epoch ms."""
    return time.time_ns() // 1_000_000


def rules(*, clock: str = "wall") -> Settings:
    """How the simulated queues are judged; a source is stale after 10 s. Queue "returns" has a limit of 3 s."""
    return from_raw(
        {
            "clock": clock,
            "web": {"port": 0},
            "worker": {"stale_after_seconds": 10},
            "queues": {
                "billing": {
                    "asa_target_seconds": 30,
                    "oldest_wait_target_seconds": 120,
                    "abandonment_target_ratio": 0.05,
                },
                "sales": {"asa_target_seconds": 30, "oldest_wait_target_seconds": 120},
                "support": {"service_level_threshold_seconds": 30, "oldest_wait_target_seconds": 180},
                "vip": {"service_level_threshold_seconds": 15},
                "chat": {"channel": "chat", "service_level_threshold_seconds": 60},
                "email": {"channel": "email", "service_level_threshold_seconds": 14_400},
                "returns": {"oldest_wait_target_seconds": 3},
            },
        },
        {},
    )


class WallFloor:
    """Three partitions fed by the simulator, up to now and then as it happens, and by hand; served on loopback.

    ``start_ms`` and ``hour`` are where the simulated day begins; nothing is fed before ``catch_up``.
    """

    def __init__(self, settings: Settings, *, start_ms: int, hour: float = 10.0, seed: int = 4) -> None:
        self.settings = settings
        self.feeding = True
        self.partitions = {topic: Partition(settings, topic, 0) for topic in e.TOPICS}
        self._offsets = dict.fromkeys(e.TOPICS, 0)
        self._items: Iterator[Item] = simulate(demo(start_ms, 6 * 3_600, hour=hour), seed)
        self._next = next(self._items)
        self._numbers = 0
        self.server = self._new_server(settings)

    def catch_up(self, until_ms: int) -> None:
        """Apply everything simulated up to a moment."""
        while self._next.publish_at < until_ms:
            self._apply(self._next.topic, self._next.key, self._next.value)
            self._next = next(self._items)

    async def keep_up(self, now: Callable[[], int] = wall_now) -> None:
        """Go on as it happens, while ``feeding``."""
        while True:
            await asyncio.sleep(0.05)
            if self.feeding:
                self.catch_up(now())

    def happen(self, event: e.Event) -> None:
        """Apply one event made by hand."""
        key = e.key_of(event)
        self._apply(e.CALL_EVENTS, key.encode() if key is not None else None, msgspec.json.encode(event))

    def offer(self, queue: str, at: int | None = None) -> e.CallOffered:
        """Somebody begins to wait in a queue."""
        self._numbers += 1
        name = f"by-hand-{self._numbers}"
        event = e.CallOffered(
            event_id=f"{name}/offered", occurred_at=at or wall_now(), source="pbx-north", contact_id=name, queue=queue
        )
        self.happen(event)
        return event

    def answer(self, offered: e.CallOffered, at: int | None = None) -> None:
        """Somebody who waits is answered."""
        self.happen(
            e.CallAnswered(
                event_id=f"{offered.contact_id}/answered", occurred_at=at or wall_now(), source="pbx-north",
                contact_id=offered.contact_id, queue=offered.queue, agent_id="north-1",
            )
        )  # fmt: skip

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    async def restart(self, while_down: Callable[[], Any] = lambda: None) -> None:
        """End the server and start another on the same port, as a new worker would be."""
        port = self.server.port
        await self.server.stop()
        while_down()
        web = msgspec.structs.replace(self.settings.web, port=port)
        self.server = self._new_server(msgspec.structs.replace(self.settings, web=web))
        await self.server.start()

    def _new_server(self, settings: Settings) -> WebServer:
        def partitions() -> dict[tuple[str, int], Partition]:
            return {(topic, 0): partition for topic, partition in self.partitions.items()}

        return WebServer(partitions, settings, wall_now, WorkerStatus)

    def _apply(self, topic: str, key: bytes | None, value: bytes) -> None:
        self.partitions[topic].apply([Record(self._offsets[topic], key, value, 0)])
        self._offsets[topic] += 1


@asynccontextmanager
async def live_floor() -> AsyncIterator[WallFloor]:
    """Forty minutes of a morning, up to now, and going on."""
    floor = WallFloor(rules(), start_ms=wall_now() - PAST_SECONDS * 1000)
    floor.catch_up(wall_now())
    async with serving(floor):
        yield floor


@asynccontextmanager
async def serving(floor: WallFloor, now: Callable[[], int] = wall_now) -> AsyncIterator[None]:
    """Serve a floor and let it go on."""
    await floor.server.start()
    life = asyncio.create_task(floor.keep_up(now))
    try:
        yield
    finally:
        life.cancel()
        await asyncio.wait({life})
        await floor.server.stop()


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A headless Chromium; the test is skipped where there is none, or nothing to drive it."""
    driver = pytest.importorskip("playwright.async_api", reason="needs PyPI's playwright")
    if not CHROMIUM.exists():  # noqa: ASYNC240 - once, on a local disk
        pytest.skip(f"needs {CHROMIUM}: install Debian's chromium")
    async with driver.async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


async def look(browser: Browser, url: str, width: int = 1920, height: int = 1080, theme: Any = "dark") -> Page:
    """A page of the wall that shows numbers."""
    page = await browser.new_page(viewport={"width": width, "height": height}, color_scheme=theme)
    page.set_default_timeout(10_000)
    await page.goto(url)
    await page.wait_for_selector("queue-tile", state="attached")
    return page


def axe_source() -> str:
    """The script of axe-core, as npm has it."""
    return installed("axe-core/axe.min.js").read_text("utf-8")
