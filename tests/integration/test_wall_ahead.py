"""The next hour on the wall's detail view, in a real browser: who is needed, what comes, and who will be late."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.integration.wall_floor import WallFloor, axe_source, live_floor, look

if TYPE_CHECKING:
    from playwright.async_api import Browser

pytestmark = [pytest.mark.timeout(90), pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(loop_scope="module")
async def floor() -> AsyncIterator[WallFloor]:
    async with live_floor() as found:
        await found.server._planner.forecaster.round()
        yield found


async def test_the_detail_tells_agents_needed_levels_to_come_and_who_will_be_late(
    floor: WallFloor, browser: Browser
) -> None:
    page = await look(browser, f"{floor.url}/#/billing/voice", 1920, 1400)
    floor.offer("billing")
    await page.wait_for_selector("queue-detail .ahead tbody tr", timeout=20_000)
    await page.wait_for_selector('queue-detail section.private tbody td:nth-child(5):text-matches("^[0-9]+ %$")')

    told = await page.inner_text("queue-detail .ahead")
    rows = await page.locator("queue-detail .ahead tbody").first.locator("tr").all_inner_texts()

    assert re.search(r"Now [\d.]+ at work, \d+ required \(.+\); in the long run [\d.]+ % in time\.", told)
    assert re.search(r"In 10 minutes the last 15 will have [\d.]+ % in time\.", told)
    assert [row.split()[0] for row in rows] == ["15", "30", "60"]
    assert all(re.search(r"\d+ and \d+ %", row) for row in rows)
    assert re.search(r"Made \d+ s ago; calls as in the last 15 minutes\.", told)


async def test_the_floor_tells_its_level_in_ten_minutes_and_the_page_is_accessible(
    floor: WallFloor, browser: Browser
) -> None:
    page = await look(browser, f"{floor.url}/#/ALL/", 1280, 900)
    await page.wait_for_selector(
        'queue-detail .soon:text-matches("In 10 minutes the last 15 will have")', timeout=20_000
    )

    assert await page.locator("queue-detail .ahead table").first.is_hidden()
    await page.goto(f"{floor.url}/#/billing/voice")
    await page.wait_for_selector("queue-detail .ahead tbody tr", timeout=20_000)
    await page.evaluate(axe_source())
    found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in found["violations"]] == []


async def test_with_privacy_the_next_hour_is_there_and_no_contact(floor: WallFloor, browser: Browser) -> None:
    page = await look(browser, f"{floor.url}/?privacy=1#/billing/voice", 1280, 900)
    await page.wait_for_selector("queue-detail .ahead tbody tr", timeout=20_000)

    assert await page.locator("queue-detail section.private").first.is_hidden()
