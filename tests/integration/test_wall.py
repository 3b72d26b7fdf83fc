"""The wall in a real browser, over a simulated floor: what it shows, how soon, how large, and in trouble."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from streams import events as e
from tests.conftest import ROOT
from tests.integration.wall_floor import (
    WallFloor,
    axe_source,
    look,
    rules,
    serving,
    wall_now,
)

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

pytestmark = [pytest.mark.timeout(90), pytest.mark.asyncio(loop_scope="module")]
MINUTE = 60_000
PEAK = 1_772_445_600_000


def tile(queue: str) -> str:
    return f'queue-tile[data-queue="{queue}"]'


def waiting(number: int) -> str:
    """Queue "returns" while so many wait in it."""
    return f'{tile("returns")} [data-metric="waiting"] b:text-is("{number}")'


def why(kpi: str, window: str) -> str:
    """The number of a table of the detail view that can be asked why."""
    return f'queue-detail td button.why[data-kpi="{kpi}"][data-window="{window}"]'


async def value(page: Page, queue: str, metric: str) -> str:
    return await page.inner_text(f'{tile(queue)} [data-metric="{metric}"] .value')


async def until(page: Page, selector: str, seconds: float) -> None:
    await page.wait_for_selector(selector, timeout=seconds * 1000, state="attached")


async def test_it_shows_every_queue_live_and_asks_nobody_else(floor: WallFloor, browser: Browser) -> None:
    complaints: list[str] = []
    asked: list[str] = []
    page = await browser.new_page(viewport={"width": 1920, "height": 1080})
    page.on("console", lambda message: complaints.append(message.text) if message.type != "info" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))

    await page.goto(floor.url)
    await page.wait_for_selector(tile("vip"))
    await page.click(f"{tile('billing')} a")
    await page.wait_for_selector("queue-detail tbody tr")
    await page.keyboard.press("Escape")
    await page.wait_for_selector(tile("vip"))

    assert re.fullmatch(r"\d+%", (await value(page, "billing", "service_level")).replace("\n", ""))
    assert re.fullmatch(r"\d+/ \d+", (await value(page, "billing", "agents")).replace("\n", ""))
    assert [url for url in asked if not url.startswith(floor.url + "/")] == []
    assert complaints == []


async def test_a_page_just_opened_knows_the_last_quarter_of_an_hour(floor: WallFloor, browser: Browser) -> None:
    page = await look(browser, floor.url)

    await page.wait_for_function(
        """() => [...document.querySelectorAll('queue-tile[data-queue="billing"] .line')]
            .some(line => parseFloat(line.getAttribute('d')?.slice(1)) <= 5)"""
    )  # the line begins at the left edge of its 300, not where the page was opened
    await page.click(f"{tile('billing')} a")
    levels = page.locator("queue-detail spark-line .caption", has_text="service level, 15 min, peak")
    assert re.search(r"peak \d+\.\d %", await levels.inner_text())


async def test_a_call_is_on_the_wall_within_two_seconds(floor: WallFloor, browser: Browser) -> None:
    page = await look(browser, floor.url)

    first = floor.offer("returns")
    await until(page, waiting(1), 2)
    floor.offer("returns")
    await until(page, waiting(2), 2)
    floor.answer(first)
    await until(page, waiting(1), 2)


async def test_a_queue_nobody_called_says_so_and_shows_no_zero(floor: WallFloor, browser: Browser) -> None:
    floor.answer(floor.offer("quiet", wall_now() - 2_300_000), wall_now() - 2_290_000)

    page = await look(browser, floor.url + "/?queue=quiet")
    await page.wait_for_selector(tile("quiet"))

    assert await page.inner_text(f"{tile('quiet')} .standing") == "no contacts"
    assert await value(page, "quiet", "service_level") == "–"
    assert await page.inner_text(f'{tile("quiet")} [data-metric="service_level"] .note') == "no contacts"
    assert await value(page, "quiet", "asa") == "–"


async def test_a_breach_is_a_word_a_sign_and_an_announcement(floor: WallFloor, browser: Browser) -> None:
    floor.answer(floor.offer("returns", wall_now() - 61_000), wall_now() - 60_000)
    page = await look(browser, floor.url + "/?queue=returns,vip")
    await page.wait_for_selector(f'{tile("returns")}[data-state="fine"]')
    assert await page.inner_text("#announcer") == ""

    floor.offer("returns")
    await page.wait_for_selector(f'{tile("returns")}[data-state="breach"]')

    assert await page.inner_text(f"{tile('returns')} .standing") in ("breach: nobody staffed", "breach: oldest wait")
    assert await page.locator(f"{tile('returns')} .standing svg path").get_attribute("d") == "M5 5 19 19M19 5 5 19"
    head = f"getComputedStyle(document.querySelector('{tile('returns')} .head')).backgroundColor"
    assert await page.evaluate(head) == "rgb(213, 94, 0)"
    assert (await page.inner_text("#announcer")).startswith("returns: breach")


async def test_it_is_stale_ten_seconds_after_the_sources_fall_silent_and_recovers(
    floor: WallFloor, browser: Browser
) -> None:
    page = await look(browser, floor.url)
    await page.wait_for_selector(":root:not([data-stale])")

    floor.feeding = False
    await asyncio.sleep(4)  # heartbeats come every five seconds: the last is less old than ten by then
    assert await page.evaluate("document.documentElement.hasAttribute('data-stale')") is False
    await until(page, ":root[data-stale]", 8)
    banner = await page.inner_text("#banner")
    hatch = await page.evaluate(f"getComputedStyle(document.querySelector('{tile('vip')}'), '::after').backgroundImage")
    said = await page.inner_text("#announcer")
    floor.feeding = True
    await until(page, ":root:not([data-stale])", 3)

    assert re.fullmatch(r"No source has been heard of for 1\d s\. These are the last numbers known\.", banner)
    assert hatch.startswith("repeating-linear-gradient")
    assert said == "The numbers are stale."
    assert await page.is_hidden("#banner")


async def test_a_tile_says_that_its_source_was_cut_off_until_a_snapshot_says_what_is_open_28(
    floor: WallFloor, browser: Browser
) -> None:
    page = await look(browser, floor.url + "/?queue=annex,vip")
    now = wall_now()
    told: dict[str, Any] = {"occurred_at": now, "source": "annex"}
    incomplete = f'{tile("annex")} .standing:has-text("incomplete")'

    floor.happen(e.CallOffered(event_id="annex-1", contact_id="annex-1", queue="annex", **told))
    floor.happen(e.SourceGap(event_id="annex-gap", since=now - 60_000, **told))
    await page.wait_for_selector(incomplete, timeout=5_000)
    others = await page.inner_text(f"{tile('vip')} .standing")
    floor.happen(e.SourceSnapshot(event_id="annex-open", open_contacts=("annex-1",), **told))
    await page.wait_for_selector(incomplete, state="detached", timeout=5_000)

    assert "incomplete" not in others


async def test_it_survives_a_restart_of_the_worker_without_a_reload(floor: WallFloor, browser: Browser) -> None:
    page = await look(browser, floor.url)
    await page.evaluate("window.loadedOnce = true")

    await floor.restart(while_down=lambda: floor.offer("returns"))
    await until(page, waiting(1), 8)

    assert await page.evaluate("window.loadedOnce") is True
    assert await page.evaluate("document.documentElement.hasAttribute('data-stale')") is False


async def test_it_says_that_the_worker_is_silent_and_keeps_the_last_numbers(floor: WallFloor, browser: Browser) -> None:
    page = await look(browser, floor.url)
    await page.wait_for_selector(":root:not([data-stale])")

    await floor.server.stop()
    await until(page, ":root[data-stale]", 12)

    assert (await page.inner_text("#banner")).startswith("No word from the worker for 10 s.")
    assert re.fullmatch(r"\d+%", (await value(page, "billing", "service_level")).replace("\n", ""))
    assert await page.inner_text(f"{tile('billing')} .standing") == "stale"


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_finds_nothing_to_complain_of(floor: WallFloor, browser: Browser, theme: str) -> None:
    script = axe_source()
    floor.offer("returns", wall_now() - 60_000)
    found = {}
    pages = {"wall": "/", "stale": "/?queue=billing,returns", "detail": "/#/billing/voice", "why": "/#/billing/voice"}
    for name, path in pages.items():
        page = await look(browser, floor.url + path, theme=theme)
        await page.wait_for_selector("queue-detail tbody tr" if "#" in path else "queue-tile")
        if name == "why":
            await page.click(why("service_level.offered", "30m"))
            await page.wait_for_selector("dialog.why pre")
        if name == "stale":
            await page.evaluate("setInterval(() => document.documentElement.setAttribute('data-stale', ''), 1)")
        await page.evaluate(script)
        result = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        await page.close()
        found[name] = [(v["id"], [node["html"][:120] for node in v["nodes"]][:3]) for v in result["violations"]]

    assert found == {name: [] for name in found}


@pytest.mark.parametrize(("path", "onward"), [("/?queue=billing,chat", "ArrowRight"), ("/", "ArrowDown")])
async def test_the_keyboard_is_enough(floor: WallFloor, browser: Browser, path: str, onward: str) -> None:
    page = await look(browser, floor.url + path)
    await page.wait_for_selector(tile("chat"))
    focused = "document.activeElement.closest('queue-tile')?.dataset.queue"

    await page.keyboard.press(onward)
    assert await page.evaluate(focused) == "billing"
    await page.keyboard.press(onward)
    assert await page.evaluate(focused) == "chat"
    await page.keyboard.press("Enter")
    await page.wait_for_selector("queue-detail h2:focus")
    assert await page.inner_text("queue-detail h2") == "chat"
    await page.keyboard.press("Escape")
    await page.wait_for_selector(tile("chat"))
    assert await page.evaluate(focused) == "chat"


async def test_the_detail_says_who_waits_and_explains_a_number(floor: WallFloor, browser: Browser) -> None:
    offered = floor.offer("returns", wall_now() - 65_000)
    page = await look(browser, floor.url + "/#/returns/voice")
    await page.wait_for_selector("queue-detail tr[data-past]")

    row = await page.inner_text("queue-detail tr[data-past]")
    await page.click("queue-detail summary:text-is('ASA')")

    assert re.search(r"^[0-9a-f]{12}\s+returns\s+\d\d:\d\d:\d\d\s+1:\d\d past goal", row)
    assert offered.contact_id not in await page.content()
    assert await page.is_visible("text=Average speed of answer: waits of answered visits / answered.")
    assert await page.locator("queue-detail tr[aria-current]").count() == 1


async def test_a_click_on_a_number_says_why_it_is_what_it_is(floor: WallFloor, browser: Browser) -> None:
    page = await look(browser, floor.url + "/#/billing/voice")
    await page.click(why("service_level.answered_only", "30m"))
    await page.wait_for_selector("dialog.why pre")

    formula, worked, value = (await page.inner_text("dialog.why pre")).splitlines()
    shown = await page.inner_text("dialog.why .value")
    presets = await page.inner_text("dialog.why section:has(h3:text-is('The service level by every preset'))")
    rules_in_force = await page.inner_text("dialog.why section:has(h3:text-is('Rules in force'))")
    answered_in_time, answered = (int(n) for n in worked.removeprefix("= ").split(" / "))
    assert formula == "answered_in_threshold / answered"
    assert float(value.removeprefix("= ")) == pytest.approx(answered_in_time / answered, abs=5e-5)
    assert shown.startswith(f"{100 * answered_in_time / answered:.1f} %")
    assert presets.count(" / ") == 10
    assert re.search(r"service level threshold seconds\s+20\s+built-in default", rules_in_force)
    assert re.search(r"^[0-9a-f]{12}\s+billing", await page.inner_text("dialog.why .private tbody"))

    await page.keyboard.press("Escape")
    assert await page.is_hidden("dialog.why")
    assert await page.is_visible("queue-detail")


async def test_enter_asks_why_and_the_arrows_lead_from_number_to_number(floor: WallFloor, browser: Browser) -> None:
    page = await look(browser, floor.url + "/#/billing/voice")
    await page.focus(why("service_level.answered_only", "1m"))
    for key in ("ArrowDown", "ArrowRight", "Enter"):
        await page.keyboard.press(key)
    await page.wait_for_selector("dialog.why pre")

    assert await page.inner_text("dialog.why h2") == "service level.all abandons against of billing, 5 min"
    assert await page.evaluate("document.activeElement.textContent") == "Close"
    await page.keyboard.press("Enter")
    back = "document.activeElement.dataset.kpi + ' ' + document.activeElement.dataset.window"
    assert await page.evaluate(back) == "service_level.all_abandons_against 5m"
    stops = 'queue-detail table:has([data-kpi="service_level.offered"]) button.why:not([tabindex="-1"])'
    assert await page.locator(stops).count() == 1


async def test_a_large_number_is_explained_as_well(floor: WallFloor, browser: Browser) -> None:
    offered = floor.offer("returns", wall_now() - 65_000)
    page = await look(browser, floor.url + "/#/returns/voice")
    await page.click('queue-detail .numbers [data-metric="oldest_wait"]')
    await page.wait_for_selector("dialog.why pre")

    assert (await page.inner_text("dialog.why pre")).startswith("as_of - oldest_enqueue\n= ")
    assert offered.contact_id not in await page.content()


async def test_what_is_absent_says_so_on_the_wall(floor: WallFloor, browser: Browser) -> None:
    floor.answer(floor.offer("quiet", wall_now() - 2_300_000), wall_now() - 2_290_000)
    page = await look(browser, floor.url + "/#/quiet/voice")
    await page.click(why("asa_seconds", "5m"))
    await page.wait_for_selector("dialog.why pre")

    assert await page.inner_text("dialog.why .value") == "absent"
    assert await page.is_visible("text=answered is 0 and there is nothing to divide by: absent, not 0.")


async def test_privacy_keeps_contacts_out_of_the_explanation(floor: WallFloor, browser: Browser) -> None:
    page = await look(browser, floor.url + "/?privacy=1#/billing/voice")
    async with page.expect_response("**/api/explain*") as response:
        await page.click(why("answered", "30m"))
        answer = await (await response.value).json()

    assert answer["contacts"] == []
    assert answer["contacts_more"] > 0


async def test_privacy_keeps_contacts_off_the_wire(floor: WallFloor, browser: Browser) -> None:
    floor.offer("returns", wall_now() - 65_000)
    page = await look(browser, floor.url + "/?privacy=1#/returns/voice")
    async with page.expect_response("**/api/queue*") as response:
        answer = await (await response.value).json()

    assert answer["contacts"] == []
    assert await page.is_hidden("queue-detail .private >> nth=0")


async def test_a_name_not_heard_of_is_said(floor: WallFloor, browser: Browser) -> None:
    page = await look(browser, floor.url + "/?queue=billing,biling")

    assert await page.inner_text("#notice") == "Nothing heard of yet: biling."


async def test_the_theme_is_switched_and_remembered_and_sound_needs_a_click(floor: WallFloor, browser: Browser) -> None:
    page = await look(browser, floor.url)
    background = "getComputedStyle(document.documentElement).backgroundColor"
    assert await page.evaluate(background) == "rgb(9, 13, 18)"

    await page.click("text=Theme: auto")
    assert await page.evaluate(background) == "rgb(231, 235, 239)"
    await page.reload()
    await page.wait_for_selector("text=Theme: light")
    assert await page.get_attribute("button:text-is('Sound')", "aria-pressed") == "false"
    await page.click("button:text-is('Sound')")
    assert await page.get_attribute("button:text-is('Sound')", "aria-pressed") == "true"


async def test_the_pictures_of_the_readme_are_of_the_simulated_peak_hour(browser: Browser, tmp_path: Path) -> None:
    """With QUEUEPULSE_PICTURES=1 they are written into docs/pictures."""
    floor = WallFloor(rules(clock="stream"), start_ms=PEAK - 90 * MINUTE, hour=8.75, seed=3)
    end = PEAK - MINUTE
    floor.catch_up(end)
    folder = ROOT / "docs" / "pictures" if os.environ.get("QUEUEPULSE_PICTURES") else tmp_path

    async with serving(floor, lambda: end):
        wall = await look(browser, floor.url)
        detail = await look(browser, floor.url + "/#/support/voice", theme="light")
        for page in (wall, detail):
            await page.wait_for_function("() => document.querySelector('spark-line .line[d*=H]')")
        await detail.get_by_text("In 10 minutes the last 15 will have").wait_for(timeout=20_000)
        await wall.screenshot(path=folder / "wall-dark.png")
        await detail.screenshot(path=folder / "wall-detail.png")

    assert 30_000 < (folder / "wall-dark.png").stat().st_size < 400_000
    assert 30_000 < (folder / "wall-detail.png").stat().st_size < 400_000
