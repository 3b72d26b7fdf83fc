"""Who may ask the web server, through real sockets: token, login, TLS, hosts, sizes, and nothing of Faust's."""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from msgspec import structs

from streams.access import ExposedError
from streams.settings import Web
from streams.settings.values import Secret
from streams.snapshot import WorkerStatus
from streams.web import WebServer
from tests import floor_by_hand as by_hand
from tests.certificates import Authority
from tests.integration.prometheus_stack import stack, until
from tests.integration.wall_floor import chromium

TOKEN = "a-token-of-thirty-two-characters"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
GUARDED = ["/", "/about", "/metrics", "/metrics/floor", "/api/floor", "/api/intervals", "/api/queue?queue=billing",
           "/api/kpis", "/api/events", "/board/main.js", "/nothing"]  # fmt: skip


def server_of(web: Web) -> WebServer:
    settings = structs.replace(by_hand.settings(), web=web)
    partitions = by_hand.applied(settings)
    by_hand.flush(partitions)
    return WebServer(lambda: partitions, settings, lambda: by_hand.NOW, WorkerStatus)


@pytest.fixture
async def server() -> AsyncIterator[WebServer]:
    one = server_of(Web(port=0, token=Secret(TOKEN), allowed_hosts=("wall.example.com",)))
    await one.start()
    yield one
    await one.stop()


@pytest.fixture
async def client(server: WebServer) -> AsyncIterator[aiohttp.ClientSession]:
    jar = aiohttp.CookieJar(unsafe=True)  # as a browser does: cookies for an address too
    async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}", cookie_jar=jar) as session:
        yield session


async def status(client: aiohttp.ClientSession, path: str, **headers: str) -> int:
    async with client.get(path, headers=headers, allow_redirects=False) as answer:
        return answer.status


@pytest.mark.parametrize("path", GUARDED)
async def test_nothing_is_told_without_the_token(client: aiohttp.ClientSession, path: str) -> None:
    async with client.get(path) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="queuepulse"'
        assert TOKEN not in await answer.text()


@pytest.mark.parametrize("path", GUARDED)
@pytest.mark.parametrize("given", ["Bearer wrong", f"Bearer {TOKEN}x", "Bearer ", f"Basic {TOKEN}", TOKEN, "bearer"])
async def test_a_wrong_token_is_none(client: aiohttp.ClientSession, path: str, given: str) -> None:
    assert await status(client, path, Authorization=given) == 401


@pytest.mark.parametrize("path", ["/", "/metrics", "/metrics/floor", "/api/floor", "/api/kpis", "/board/main.js"])
async def test_the_token_opens_it(client: aiohttp.ClientSession, path: str) -> None:
    assert await status(client, path, **BEARER) == 200


async def test_whoever_starts_and_stops_workers_needs_no_token_and_no_name(client: aiohttp.ClientSession) -> None:
    assert await status(client, "/live", Host="10-1-2-3.default.pod") == 200
    assert await status(client, "/ready", Host="10-1-2-3.default.pod") == 200


async def test_a_browser_is_asked_to_log_in_and_then_shown_what_it_wanted(client: aiohttp.ClientSession) -> None:
    async with client.get("/?queue=billing&kiosk", headers={"Accept": "text/html"}) as form:
        page = await form.text()
        assert (form.status, form.url.path) == (200, "/login")
    action = re.search(r'action="([^"]+)"', page)
    assert action is not None

    async with client.post(action[1].replace("&amp;", "&"), data={"token": TOKEN}, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/?queue=billing&kiosk")
        cookie = answer.headers["Set-Cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert TOKEN not in cookie
    assert await status(client, "/api/floor") == 200
    assert await status(client, "/?queue=billing") == 200


async def test_a_wall_logs_in_once_and_is_live(server: WebServer) -> None:
    async with chromium() as browser:
        page = await browser.new_page()
        await page.goto(f"http://127.0.0.1:{server.port}/?queue=billing")
        await page.fill("#token", "not the token")
        await page.click("button")
        assert await page.inner_text("[role=alert]") == "That is not the token."

        await page.fill("#token", TOKEN)
        await page.click("button")
        await page.wait_for_selector('queue-tile[data-queue="billing"]')

        assert page.url == f"http://127.0.0.1:{server.port}/?queue=billing"
        assert await page.evaluate("document.cookie") == ""


async def test_a_wall_whose_cookie_is_taken_away_shows_the_form(server: WebServer) -> None:
    async with chromium() as browser:
        page = await browser.new_page()
        await page.goto(f"http://127.0.0.1:{server.port}/login")
        await page.fill("#token", TOKEN)
        await page.click("button")
        await page.wait_for_selector("queue-tile")

        await page.context.clear_cookies()
        await server._board.close()  # its stream ends, as with a worker that starts again with another token
        await page.wait_for_selector("#token")


async def test_a_wrong_login_gives_the_form_again_and_no_cookie(client: aiohttp.ClientSession) -> None:
    async with client.post("/login", data={"token": "guess"}) as answer:
        assert answer.status == 401
        assert "Set-Cookie" not in answer.headers
        assert "That is not the token." in await answer.text()


async def test_a_login_from_another_site_or_a_large_one_is_refused(client: aiohttp.ClientSession) -> None:
    async with client.post("/login", data={"token": TOKEN}, headers={"Sec-Fetch-Site": "cross-site"}) as answer:
        assert answer.status == 403
    async with client.post("/login", data={"token": "x" * 10_000}) as answer:
        assert answer.status == 413


async def test_the_login_form_runs_no_script_and_sends_only_here(client: aiohttp.ClientSession) -> None:
    async with client.get("/login?to=%22%3E%3Cscript%3Ealert(1)%3C/script%3E") as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert "<script" not in await answer.text()

    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy


async def test_a_name_that_is_not_ours_is_refused_with_and_without_the_token(client: aiohttp.ClientSession) -> None:
    assert await status(client, "/api/floor", Host="evil.example.com", **BEARER) == 421
    assert await status(client, "/login", Host="evil.example.com") == 421
    assert await status(client, "/api/floor", Host="wall.example.com", **BEARER) == 200


async def test_no_other_origin_may_read_an_answer(client: aiohttp.ClientSession) -> None:
    asked = {"Origin": "https://evil.example.com", "Access-Control-Request-Method": "GET", **BEARER}
    async with client.options("/api/floor", headers=asked) as answer:
        assert answer.status == 405
    async with client.get("/api/floor", headers=asked) as answer:
        found = {name.lower() for name in answer.headers}

    assert not [name for name in found if name.startswith("access-control-")]
    assert {"cross-origin-resource-policy", "cross-origin-opener-policy"} <= found


async def test_an_answer_does_not_tell_what_it_is_made_of(client: aiohttp.ClientSession) -> None:
    async with client.get("/live") as answer:
        assert answer.headers["Server"] == "Queuepulse"


async def test_the_token_is_not_among_the_metrics(client: aiohttp.ClientSession) -> None:
    for path in ("/metrics", "/metrics/floor", "/api/floor", "/about"):
        async with client.get(path, headers=BEARER) as answer:
            assert TOKEN not in await answer.text()


@pytest.mark.parametrize(("token", "up"), [(TOKEN, "1"), ("another", "0")])
async def test_prometheus_as_it_is_shipped_reads_with_the_token_only(
    server: WebServer, tmp_path: Path, token: str, up: str
) -> None:
    async with stack(tmp_path, f"127.0.0.1:{server.port}", alerting=False, token=token) as prometheus:

        async def scraped() -> bool:
            rows = await prometheus.query("up")
            return {row["metric"]["job"]: row["value"][1] for row in rows} == {"queuepulse": up, "queuepulse-floor": up}

        await until(scraped, 15, f"both jobs are {up}")


async def test_beyond_loopback_it_does_not_even_listen_without_a_token() -> None:
    exposed = server_of(Web(host="0.0.0.0", port=0))

    with pytest.raises(ExposedError):
        await exposed.start()


async def test_with_a_certificate_it_speaks_tls_and_its_cookie_is_for_tls_only(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.issue("localhost")
    server = server_of(Web(port=0, token=Secret(TOKEN), ssl_certfile=str(certificate), ssl_keyfile=str(key)))
    await server.start()
    trusting = ssl.create_default_context(cafile=str(authority.certificate))
    try:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting)) as client:
            async with client.get(f"https://localhost:{server.port}/api/floor", headers=BEARER) as answer:
                assert answer.status == 200
            async with client.post(f"https://localhost:{server.port}/login", data={"token": TOKEN}) as answer:
                assert "Secure" in answer.history[0].headers["Set-Cookie"]
            with pytest.raises(aiohttp.ClientError):
                await client.get(f"http://localhost:{server.port}/live")
    finally:
        await server.stop()


async def test_a_certificate_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "none.pem")
    server = server_of(Web(port=0, ssl_certfile=missing, ssl_keyfile=missing))

    with pytest.raises(OSError, match="No such file"):
        await server.start()
