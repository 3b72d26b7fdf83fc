"""Prometheus and Alertmanager as they are shipped, started by hand on the files that docker-compose.yml mounts.

A folder's copy is changed only where it must be: addresses, and durations so short that a test can wait for them. What
Alertmanager sends is received by a server here: the webhook, Slack's, and mail.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web

from tests.conftest import ROOT

GRAFANA = ROOT / "grafana"
SHORTER = 30
"""So many times shorter than in production are the durations of alerts in a test: 5 minutes are 10 seconds."""
SHORTEST_SECONDS = 8.0
"""But not shorter than this: Prometheus evaluates rules five seconds before it reads a target for the first time."""
_UNITS = {"s": 1, "m": 60, "h": 3_600}


def program(*names: str) -> str:
    """The path of an installed program; the test is skipped where there is none."""
    for name in names:
        if path := shutil.which(name):
            return path
    pytest.skip(f"needs {names[0]}: install Debian's prometheus and prometheus-alertmanager")


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def seconds(duration: str) -> float:
    """A Prometheus duration of one number and one unit, in seconds."""
    return int(duration[:-1]) * _UNITS[duration[-1]]


def shortened(text: str) -> str:
    """Rules with the same conditions and shorter patience."""

    def shorter(match: re.Match[str]) -> str:
        return f"{match[1]}: {max(SHORTEST_SECONDS, seconds(match[2]) / SHORTER) * 1000:.0f}ms"

    return re.sub(r"\b(for|keep_firing_for): (\d+[smh])\b", shorter, text)


class Received:
    """What Alertmanager sent: JSON of the webhook, Slack's messages, mails."""

    def __init__(self) -> None:
        self.webhooks: list[dict[str, Any]] = []
        self.slack: list[dict[str, Any]] = []
        self.mails: list[str] = []
        self.tokens: set[str] = set()

    def told(self, alertname: str, status: str) -> list[dict[str, Any]]:
        """The notifications of an alert by the webhook."""
        return [
            sent for sent in self.webhooks
            if sent["commonLabels"].get("alertname") == alertname and sent["status"] == status
        ]  # fmt: skip


class Stack:
    """Where everything listens, and questions to it."""

    def __init__(self, folder: Path, received: Received) -> None:
        self.folder = folder
        self.received = received
        self.prometheus = f"127.0.0.1:{free_port()}"
        self.alertmanager = f"127.0.0.1:{free_port()}"
        self.client = aiohttp.ClientSession()

    async def query(self, expr: str) -> list[dict[str, Any]]:
        """The rows of an instant query. Fails with Prometheus' own words when it can't be evaluated."""
        async with self.client.get(f"http://{self.prometheus}/api/v1/query", params={"query": expr}) as answer:
            found = await answer.json()
        assert found["status"] == "success", f"{found.get('error')}: {expr}"
        rows: list[dict[str, Any]] = found["data"]["result"]
        return rows

    async def history(self, expr: str, since: float) -> list[dict[str, Any]]:
        """The rows of a query over the time since then (epoch seconds), a sample a second."""
        parameters = {"query": expr, "start": str(since), "end": str(time.time()), "step": "1"}
        async with self.client.get(f"http://{self.prometheus}/api/v1/query_range", params=parameters) as answer:
            found = await answer.json()
        assert found["status"] == "success", f"{found.get('error')}: {expr}"
        rows: list[dict[str, Any]] = found["data"]["result"]
        return rows

    async def unhealthy(self) -> list[str]:
        """The rules that could not be evaluated, with the error."""
        async with self.client.get(f"http://{self.prometheus}/api/v1/rules") as answer:
            groups = (await answer.json())["data"]["groups"]
        return [
            f"{rule['name']}: {rule.get('lastError')}"
            for group in groups
            for rule in group["rules"]
            if rule["health"] != "ok"
        ]

    async def firing(self) -> set[tuple[str, str]]:
        """Alert and queue of everything that has fired in the last five minutes."""
        rows = await self.query('last_over_time(ALERTS{alertstate="firing"}[5m])')
        return {(row["metric"]["alertname"], row["metric"].get("queue", "")) for row in rows}

    async def suppressed(self) -> set[tuple[str, str]]:
        """Alert and queue of what Alertmanager knows and holds back."""
        async with self.client.get(f"http://{self.alertmanager}/api/v2/alerts") as answer:
            alerts = await answer.json()
        return {
            (alert["labels"]["alertname"], alert["labels"].get("queue", ""))
            for alert in alerts
            if alert["status"]["state"] == "suppressed"
        }


async def until(condition: Callable[[], object | Awaitable[object]], within: float, what: str) -> None:
    """Wait until a condition (a function or coroutine function) holds. Fails when it doesn't in time."""
    deadline = asyncio.get_running_loop().time() + within
    while True:
        found = condition()
        if await found if isinstance(found, Awaitable) else found:
            return
        assert asyncio.get_running_loop().time() < deadline, f"not within {within:.0f} s: {what}"
        await asyncio.sleep(0.2)


@asynccontextmanager
async def stack(
    folder: Path, *workers: str, alerting: bool = True, token: str = "none", week_ago: Sequence[str] = ()
) -> AsyncIterator[Stack]:
    """Prometheus scraping workers every second and, with ``alerting``, Alertmanager telling us.

    ``token`` is what it says to the worker, which need not ask. ``week_ago``: series that it has of a week ago.
    """
    prometheus = program("prometheus")
    alertmanager = program("prometheus-alertmanager", "alertmanager") if alerting else ""
    received = Received()
    one = Stack(folder, received)
    receiver, port = await _receiver(received)
    mail = await asyncio.start_server(lambda r, w: _mailbox(r, w, received), "127.0.0.1", 0)
    mail_port: int = mail.sockets[0].getsockname()[1]
    _prometheus_files(folder, workers, one.alertmanager, token)
    if week_ago:
        await _remember(folder, week_ago)
    _alertmanager_files(folder, f"http://127.0.0.1:{port}", mail_port)
    commands = [
        [prometheus, f"--config.file={folder}/prometheus/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb",
         f"--web.listen-address={one.prometheus}", "--log.level=warn"],
    ]  # fmt: skip
    if alertmanager:
        commands.append(
            [alertmanager, f"--config.file={folder}/alertmanager/alertmanager.yml", f"--storage.path={folder}/am",
             f"--web.listen-address={one.alertmanager}", "--cluster.listen-address=", "--log.level=warn"],
        )  # fmt: skip
    running: list[asyncio.subprocess.Process] = []
    try:
        for command in commands:
            with (folder / f"{Path(command[0]).name}.log").open("wb") as log:
                running.append(await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log))
        await until(lambda: _ready(one.client, one.prometheus), 20, "Prometheus is ready")
        if alertmanager:
            await until(lambda: _ready(one.client, one.alertmanager), 20, "Alertmanager is ready")
        yield one
    finally:
        for process in running:
            if process.returncode is None:
                process.terminate()
        for process in running:
            await asyncio.wait_for(process.wait(), 10)
        await one.client.close()
        mail.close()
        await receiver.cleanup()


async def _remember(folder: Path, series: Sequence[str]) -> None:
    """Give Prometheus what it would have of this time last week: each series at 1, for half an hour."""
    then = int(time.time()) - 7 * 86_400
    lines = [f"{one} 1 {at}" for one in series for at in range(then - 300, then + 1_500, 60)]
    (folder / "week_ago.txt").write_text("\n".join([*lines, "# EOF", ""]), "utf-8")
    command = [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", "week_ago.txt", "tsdb"]
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=asyncio.subprocess.DEVNULL)
    assert await asyncio.wait_for(process.wait(), 30) == 0


async def _ready(client: aiohttp.ClientSession, address: str) -> bool:
    try:
        async with client.get(f"http://{address}/-/ready") as answer:
            return answer.status == 200
    except aiohttp.ClientConnectionError:
        return False


# --- the copies ------------------------------------------------------------------------------------------------------


def _prometheus_files(folder: Path, workers: Sequence[str], alertmanager: str, token: str) -> None:
    (folder / "web_token").write_text(token, "utf-8")
    shutil.copytree(GRAFANA / "prometheus", folder / "prometheus")
    path = folder / "prometheus" / "prometheus.yml"
    config = yaml.safe_load(path.read_text("utf-8"))
    config["global"] |= {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    for job in config["scrape_configs"]:
        del job["dns_sd_configs"]
        job["authorization"] = {"credentials_file": str(folder / "web_token")}
        job["static_configs"] = [{"targets": list(workers)}]
    config["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": [alertmanager]}]}]
    path.write_text(yaml.safe_dump(config), "utf-8")
    rules = folder / "prometheus" / "rules" / "alerts.yml"
    rules.write_text(shortened(rules.read_text("utf-8")), "utf-8")


def _alertmanager_files(folder: Path, receiver: str, mail_port: int) -> None:
    shutil.copytree(GRAFANA / "alertmanager", folder / "alertmanager")
    secrets = folder / "secrets"
    secrets.mkdir()
    (secrets / "slack_url").write_text(f"{receiver}/slack", "utf-8")
    (secrets / "webhook_token").write_text("open sesame", "utf-8")
    (secrets / "smtp_password").write_text("none", "utf-8")
    path = folder / "alertmanager" / "alertmanager.yml"
    text = path.read_text("utf-8")
    text = text.replace("/etc/alertmanager/secrets", str(secrets))
    text = text.replace("https://alerts.example.com/queuepulse", f"{receiver}/webhook")
    text = text.replace("mail.example.com:587", f"127.0.0.1:{mail_port}")
    text = re.sub(r"group_wait: \w+", "group_wait: 1s", re.sub(r"group_interval: \w+", "group_interval: 2s", text))
    config = yaml.safe_load(text)
    config["global"]["smtp_require_tls"] = False
    path.write_text(yaml.safe_dump(config), "utf-8")


# --- who receives ----------------------------------------------------------------------------------------------------


async def _receiver(received: Received) -> tuple[web.AppRunner, int]:
    async def webhook(request: web.Request) -> web.Response:
        received.tokens.add(request.headers.get("Authorization", ""))
        received.webhooks.append(await request.json())
        return web.Response()

    async def slack(request: web.Request) -> web.Response:
        received.slack.append(await request.json())
        return web.Response(text="ok")

    app = web.Application()
    app.add_routes([web.post("/webhook", webhook), web.post("/slack", slack)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, int(runner.addresses[0][1])


async def _mailbox(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, received: Received) -> None:
    """As much of SMTP as Alertmanager speaks."""
    writer.write(b"220 here\r\n")
    while line := await reader.readline():
        word = line[:4].upper()
        if word == b"DATA":
            writer.write(b"354 go on\r\n")
            received.mails.append((await reader.readuntil(b"\r\n.\r\n")).decode())
        writer.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
        await writer.drain()
        if word == b"QUIT":
            break
    writer.close()
