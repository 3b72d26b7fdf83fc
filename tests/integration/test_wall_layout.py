"""The wall on every screen, in a real browser: large enough for three metres, nothing cut, pages that turn."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.wall_floor import WallFloor, look, wall_now

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

pytestmark = [pytest.mark.timeout(90), pytest.mark.asyncio(loop_scope="module")]
PT = 96 / 72
"""One point in CSS pixels."""
SIZES = (
    (360, 780), (390, 844), (600, 960), (768, 1_024), (1_024, 768), (1_080, 1_920), (1_280, 720), (1_366, 650),
    (1_920, 1_080), (2_560, 1_080), (2_560, 1_440), (3_840, 2_160),
)  # fmt: skip


async def text_size(page: Page, selector: str) -> float:
    """The smallest computed font size of the elements that are shown, in points."""
    script = """selector => Math.min(...[...document.querySelectorAll(selector)]
        .filter(node => node.offsetParent).map(node => parseFloat(getComputedStyle(node).fontSize)))"""
    return float(await page.evaluate(script, selector)) / PT


async def shown(page: Page) -> list[str]:
    """The queues on the page that is shown, from the top."""
    rows = page.locator("queue-tile:visible")
    return [str(await rows.nth(n).get_attribute("data-queue")) for n in range(await rows.count())]


@pytest.mark.parametrize(("width", "height", "times"), [(1_920, 1_080, 1), (3_840, 2_160, 2)])
async def test_it_can_be_read_from_three_metres(
    floor: WallFloor, browser: Browser, width: int, height: int, times: int
) -> None:
    every = await look(browser, floor.url, width, height)
    two = await look(browser, floor.url + "/?queue=billing,sales", width, height)

    assert len(await shown(every)) == 7
    for page in (every, two):
        assert await text_size(page, "queue-tile .large .value") >= 72 * times
        assert await text_size(page, ".metric .label") >= 32 * times
        assert await text_size(page, "floor-strip :is([data-metric=service_level], [data-metric=waiting]) .value") >= 72
        assert await text_size(page, "queue-tile .small .value, floor-strip .value") >= 43 * times
        assert await text_size(page, "queue-tile .name a, floor-strip h2") >= 32 * times
        assert await page.evaluate("document.documentElement.scrollHeight") <= height


@pytest.mark.parametrize("path", ["/", "/?queue=billing,sales"])
async def test_the_service_level_of_today_stands_beside_that_of_the_half_hour(
    floor: WallFloor, browser: Browser, path: str
) -> None:
    page = await look(browser, floor.url + path)

    assert re.search(r"today \d+ %$", await page.inner_text('queue-tile[data-queue="billing"] .today'))
    assert re.search(r"today \d+ %$", await page.inner_text("floor-strip .today"))


async def test_nothing_scrolls_sideways_and_no_text_is_cut_or_runs_into_the_next(
    floor: WallFloor, browser: Browser
) -> None:
    floor.offer("returns", wall_now() - 754_000)  # 12:34, the widest there is
    pages = [await look(browser, floor.url + path) for path in ("/", "/?queue=returns,billing,vip", "/#/billing/voice")]
    await pages[2].wait_for_selector("queue-detail tbody tr")
    cut = """[...document.querySelectorAll('queue-tile:not([hidden]), floor-strip section')].flatMap(row => {
        const box = row.getBoundingClientRect();
        const right = node => Math.max(0, ...[...node.children].map(one => one.getBoundingClientRect().right));
        const metrics = [...row.querySelectorAll('.metric')].filter(one => one.offsetParent);
        return metrics.filter((one, n) => {
            const [mine, next] = [one.getBoundingClientRect(), metrics[n + 1]?.getBoundingClientRect()];
            const beside = next && Math.abs(next.top - mine.top) < 2 ? next.left : box.right;
            return right(one.querySelector('.value')) > beside + 1
                || right(one.querySelector('.note')) > beside + 1
                || one.lastElementChild.getBoundingClientRect().bottom > box.bottom + 1;
        }).map(one => `${row.dataset.queue}: ${one.innerText}`);
    })"""

    wrong: list[Any] = []
    for width, height in SIZES:
        for page in pages:
            await page.set_viewport_size({"width": width, "height": height})
            await page.wait_for_timeout(350)  # it is painted four times a second
            if await page.evaluate("document.documentElement.scrollWidth") > width:
                wrong.append((page.url, width))
            wrong += [(page.url, width, height, text) for text in await page.evaluate(cut)]

    assert not wrong, "\n".join(str(one) for one in wrong)


async def test_many_queues_are_pages_that_turn_by_themselves_and_tell_of_a_breach_on_another(
    floor: WallFloor, browser: Browser
) -> None:
    for queue in ("annex", "returns"):
        floor.offer(queue, wall_now() - 60_000)
    page = await browser.new_page(viewport={"width": 1920, "height": 1080})
    await page.clock.install()
    await page.goto(floor.url)
    await page.wait_for_selector("queue-tile")

    assert await shown(page) == ["annex", "billing", "chat", "email", "email"]
    assert (await page.inner_text("#pages")).startswith("page 1 of 2; in breach on another: returns")
    assert await text_size(page, "queue-tile .large .value") >= 72
    await page.clock.fast_forward(15_000)
    await page.wait_for_selector('queue-tile[data-queue="returns"]')
    assert await shown(page) == ["returns", "sales", "support", "vip"]

    await page.keyboard.press("PageUp")
    assert (await shown(page))[0] == "annex"
    await page.clock.fast_forward(30_000)  # who turned by hand reads
    assert (await shown(page))[0] == "annex"
    await page.clock.fast_forward(46_000)
    await page.wait_for_selector('queue-tile[data-queue="returns"]')


async def test_a_page_under_the_keyboard_does_not_turn(floor: WallFloor, browser: Browser) -> None:
    for queue in ("annex", "returns"):
        floor.offer(queue)
    page = await browser.new_page(viewport={"width": 1920, "height": 1080})
    await page.clock.install()
    await page.goto(floor.url)
    await page.wait_for_selector("queue-tile")

    await page.keyboard.press("ArrowDown")
    await page.clock.fast_forward(60_000)

    assert (await shown(page))[0] == "annex"


async def test_a_kiosk_shows_one_queue_after_the_other(floor: WallFloor, browser: Browser) -> None:
    page = await look(browser, floor.url + "/?queue=sales,billing&rotate=3")

    await page.wait_for_selector('queue-tile[data-queue="sales"]')
    assert await page.is_hidden('queue-tile[data-queue="billing"]')
    await page.wait_for_selector('queue-tile[data-queue="billing"]')

    assert await page.is_hidden('queue-tile[data-queue="sales"]')
    assert (await page.inner_text("#pages")).startswith("page 2 of 2")


async def test_everything_shifts_a_little_every_minute_and_nothing_scrolls_for_it(
    floor: WallFloor, browser: Browser
) -> None:
    page = await browser.new_page(viewport={"width": 1920, "height": 1080})
    await page.clock.install()
    await page.goto(floor.url)
    await page.wait_for_selector("queue-tile")
    places = set()
    for _ in range(9):
        box = await page.locator("floor-strip").bounding_box()
        assert box is not None
        places.add((round(box["x"]) - 16, round(box["y"]) - 14))
        assert await page.evaluate("[document.documentElement.scrollWidth, innerHeight]") == [1920, 1080]
        await page.clock.fast_forward(60_000)

    assert places == {(0, 0), (3, 1), (1, 3), (-2, 2), (-3, -1), (-1, -3), (2, -2), (3, -1)}


async def test_a_breach_is_heard_only_by_who_asked_for_sound(floor: WallFloor, browser: Browser) -> None:
    count = """window.tones = 0;
        const start = OscillatorNode.prototype.start;
        OscillatorNode.prototype.start = function (...given) { window.tones += 1; return start.apply(this, given); };"""
    floor.answer(floor.offer("returns", wall_now() - 61_000), wall_now() - 60_000)
    pages = []
    for _ in range(2):
        page = await browser.new_page(viewport={"width": 1920, "height": 1080})
        await page.add_init_script(count)
        await page.goto(floor.url + "/?queue=returns")
        await page.wait_for_selector('queue-tile[data-state="fine"]')
        pages.append(page)
    quiet, loud = pages
    await loud.click("button:text-is('Sound')")
    await loud.wait_for_function("window.tones === 2")  # so that one hears what it will be

    floor.offer("returns")
    for page in pages:
        await page.wait_for_selector('queue-tile[data-state="breach"]')

    assert await loud.evaluate("window.tones") == 4
    assert await quiet.evaluate("window.tones") == 0


async def test_the_detail_counts_the_agents_by_what_they_do(floor: WallFloor, browser: Browser) -> None:
    page = await look(browser, floor.url + "/#/billing/voice")
    await page.wait_for_selector("queue-detail .bars li")
    counts = [int(text) for text in await page.locator("queue-detail .bars b").all_inner_texts()]
    staffed = await page.inner_text('queue-detail [data-metric="agents"] .value small')

    assert sum(counts) == int(staffed.removeprefix("/ "))
    assert "north-" not in await page.inner_text("queue-detail .bars")
