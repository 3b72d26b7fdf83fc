"""The line as its users have it: ``queuepulse worker`` in a process of its own, asked over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from streams.broker import free_ports
from streams.settings import Broker

ROOT = Path(__file__).parents[2]
STARTING_SECONDS = 30.0


class Sample(NamedTuple):
    name: str
    labels: dict[str, str]
    value: float


class Metrics:
    """One answer of ``/metrics``; names are without their prefix."""

    def __init__(self, text: str) -> None:
        self.samples = [
            Sample(sample.name.removeprefix("contactcenter_"), sample.labels, sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        ]

    def sum(self, name: str, **labels: str) -> float:
        """All series of this name with these labels together, over partitions and queues; 0 when there is none."""
        return sum(s.value for s in self.samples if s.name == name and labels.items() <= s.labels.items())

    def net(self, name: str, **labels: str) -> float:
        """A counter with what corrections took back taken off; times are rounded to the millisecond."""
        return round(self.sum(name + "_total", **labels) - self.sum(name + "_corrected_total", **labels), 3)

    def by(self, label: str, name: str) -> dict[str, float]:
        """The sums of a name by the values of one of its labels."""
        found: dict[str, float] = {}
        for sample in self.samples:
            if sample.name == name and label in sample.labels:
                key = sample.labels[label]
                found[key] = found.get(key, 0) + sample.value
        return found

    @property
    def records(self) -> int:
        """How many records are counted and stored: understood ones and rejected ones."""
        return int(self.sum("events_total") + self.sum("rejected_total"))


class Line:
    """One configuration of a worker, and the process that runs it now, if one does.

    ``settings`` are environment variables without their prefix: ``clock="stream"``, ``defaults__timezone="UTC"``;
    ``module`` is run instead of the command line's own.
    """

    def __init__(self, broker: Broker, folder: Path, module: str = "streams.cli", **settings: str) -> None:
        self.port = free_ports()[0]
        self._module = module
        self.printed = folder / "printed"
        self._folder = folder
        ours = {
            "broker__bootstrap_servers": broker.bootstrap_servers,
            "broker__app_id": broker.app_id,
            "broker__session_timeout_seconds": str(broker.session_timeout_seconds),
            "web__port": str(self.port),
            **settings,
        }
        self._environ = {name: value for name, value in os.environ.items() if not name.startswith("QUEUEPULSE_")}
        self._environ |= {f"QUEUEPULSE_{name}".upper(): value for name, value in ours.items()}
        self._environ["PYTHONPATH"] = str(ROOT)
        self._process: asyncio.subprocess.Process | None = None
        self._http = aiohttp.ClientSession(f"http://127.0.0.1:{self.port}", timeout=aiohttp.ClientTimeout(30))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()
        if self._process is not None:
            await self.kill()

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        assert self._process is not None
        return self._process.pid

    @property
    def complaints(self) -> list[str]:
        """What it printed that nobody should read; a warning may be: a new cluster has no coordinator for a moment."""
        lines = self.printed.read_text().splitlines()
        return [line for line in lines if " WARNING " not in line and " INFO " not in line]

    async def start(self, on_process: Callable[[int], None] = lambda _pid: None) -> None:
        """Start a worker; back as soon as it answers, whatever it has restored by then.

        ``on_process`` is told its process id before it has done anything.
        """
        with self.printed.open("ab") as out:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", self._module, "worker",
                cwd=self._folder, env=self._environ, stdout=out, stderr=out,
            )  # fmt: skip
        on_process(self._process.pid)
        await self._until(self._answers, STARTING_SECONDS)

    async def kill(self) -> None:
        """SIGKILL: whatever it is doing, it does not finish it."""
        await self._end(signal.SIGKILL)

    async def leave(self) -> int:
        """SIGTERM; the exit code."""
        return await self._end(signal.SIGTERM)

    async def ended(self, seconds: float) -> int:
        """Wait until it ends by itself; the exit code."""
        assert self._process is not None
        return await asyncio.wait_for(self._process.wait(), seconds)

    async def ready(self) -> None:
        """Wait until it owns partitions and has restored them all."""
        await self._until(self.is_ready, STARTING_SECONDS)

    async def is_ready(self) -> bool:
        """Whether it owns partitions and has restored them all."""
        async with self._http.get("/ready") as response:
            return response.status == 200

    async def json(self, path: str, **parameters: str) -> Any:
        """The answer to a question, which must be a good one."""
        return json.loads(await self._get(path, parameters))

    async def metrics(self) -> Metrics:
        """What ``/metrics`` says, which is up to a second old."""
        return Metrics(await self._get("/metrics", {}))

    async def floor_metrics(self) -> Metrics:
        """What ``/metrics/floor`` says, which is up to a second old."""
        return Metrics(await self._get("/metrics/floor", {}))

    async def until(self, condition: Callable[[], Awaitable[bool]], seconds: float = 20.0) -> None:
        """Wait for a condition while the worker lives; fails with what it printed."""
        await self._until(condition, seconds)

    async def counted(self, records: int, seconds: float = 60.0) -> Metrics:
        """Wait until at least so many records are counted and stored."""
        found = await self.metrics()

        async def there() -> bool:
            nonlocal found
            found = await self.metrics()
            return found.records >= records

        await self._until(there, seconds, lambda: f"{found.records:,} of {records:,} records are counted")
        return found

    async def _get(self, path: str, parameters: dict[str, str]) -> str:
        try:
            async with self._http.get(path, params=parameters) as response:
                text = await response.text()
        except aiohttp.ClientConnectionError as error:
            raise AssertionError(f"it does not answer: {self.printed.read_text()}") from error
        assert response.status == 200, text
        return text

    async def _answers(self) -> bool:
        try:
            async with self._http.get("/live"):
                return True
        except aiohttp.ClientConnectionError:
            return False

    async def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        process, self._process = self._process, None
        if process.returncode is None:
            process.send_signal(number)
        return await asyncio.wait_for(process.wait(), 20)

    async def _until(
        self, condition: Callable[[], Awaitable[bool]], seconds: float, what: Callable[[], str] = str
    ) -> None:
        """Wait for a condition while the worker lives; fails with what it printed."""
        deadline = time.monotonic() + seconds
        while not await condition():
            ended = self._process is not None and self._process.returncode is not None
            going_on = not ended and time.monotonic() < deadline
            assert going_on, f"{'it ended' if ended else 'too late'}: {what()}\n{self.printed.read_text()}"
            await asyncio.sleep(0.1)


@asynccontextmanager
async def worker_on(broker: Broker, folder: Path, **settings: str) -> AsyncIterator[Line]:
    """A worker that runs while the block lasts; see ``Line``."""
    async with Line(broker, folder, **settings) as line:
        await line.start()
        yield line
