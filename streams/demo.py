"""``queuepulse demo``: a simulated contact centre through the real line, live in the terminal.

A broker (its own, unless one is named), a worker in a process of its own, the simulator in real time, and a view of
``/api/floor`` once a second. The last simulated hour is published at once, so the windows are full when it opens.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, Final

import aiohttp
import orjson
from msgspec import structs
from rich.console import Console
from rich.live import Live

from streams import feed, terminal
from streams.broker import BrokerFailedError, BrokerUnavailableError, embedded_broker, free_ports
from streams.publish import Publisher
from streams.settings import QueueSettings, Settings
from streams.simulate import demo as demo_floor
from streams.simulate import simulate
from streams.topics import check_topics, ensure_topics
from streams.writing import temporary

WARM_UP_SECONDS: Final = 3_600
_ROUND_THE_CLOCK_SECONDS: Final = 7 * 86_400
_OCLOCK: Final = 14.5  # on the simulated floor when the view opens: the afternoon's peak
_PLAIN_SECONDS: Final = 5.0
_LEAVE_SECONDS: Final = 0.5

#: How the simulated queues are judged, unless the configuration says otherwise.
_RULES: Final[dict[str, dict[str, Any]]] = {
    "billing": {"asa_target_seconds": 30.0, "oldest_wait_target_seconds": 120.0},
    "sales": {"asa_target_seconds": 30.0, "oldest_wait_target_seconds": 120.0},
    "support": {"service_level_threshold_seconds": 30.0, "oldest_wait_target_seconds": 180.0},
    "vip": {"service_level_threshold_seconds": 15.0},
    "chat": {"channel": "chat", "service_level_threshold_seconds": 60.0},
    "email": {"channel": "email", "service_level_threshold_seconds": 14_400.0},
}


class WorkerEndedError(RuntimeError):
    """The worker of the demo ended by itself; the message holds the last it said."""


def run(
    settings: Settings,
    *,
    duration_seconds: float = 0.0,
    seed: int = 1,
    embedded: bool = True,
    scale: float = 1.0,
    plain: bool = False,
) -> int:
    """Run until ``duration_seconds`` are over (0: until Ctrl-C); returns 0, or 1 when it could not go on.

    ``embedded`` brings a broker; otherwise the configured one gets the simulated events. ``scale`` multiplies contacts
    and agents. ``plain``, or an output that is no terminal, prints a line every few seconds instead of a table.
    Raises NoPlaceError where it can write no temporary file.
    """
    console = Console()
    log, keep = _log_file(), False
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was started is ended, however this ends
    try:
        with ExitStack() as stack:
            settings = _settings(settings, console)
            if embedded:
                settings = _on(settings, stack.enter_context(_broker(console)))
            ensure_topics(settings)
            partitions = check_topics(settings)
            worker = _start_worker(settings, embedded, partitions, log)
            stack.callback(_end, worker)
            show = _Show(settings, worker, console, plain or not console.is_terminal)
            asyncio.run(show.run(duration_seconds, seed, scale, partitions, idempotent=not embedded))
    except KeyboardInterrupt:  # before the view was up: nothing to sum up
        return 130
    except WorkerEndedError as error:
        keep = True
        print(f"queuepulse: {error} All it said is in {log}.", file=sys.stderr)
        return 1
    except (BrokerUnavailableError, BrokerFailedError) as error:
        print(f"queuepulse: {error}. Or name a broker you have: queuepulse demo --broker HOST:PORT", file=sys.stderr)
        return 1
    finally:
        if not keep:
            log.unlink()
    return 0


def _log_file() -> Path:
    """An empty file for what the worker prints. Raises NoPlaceError."""
    with temporary():
        descriptor, name = tempfile.mkstemp(prefix="queuepulse-demo-", suffix=".log")
    os.close(descriptor)
    return Path(name)


def _settings(settings: Settings, console: Console) -> Settings:
    """The configuration with rules for the simulated queues, on loopback (so nobody logs in), and a free port."""
    rules = {name: structs.replace(settings.defaults, **rule) for name, rule in _RULES.items()}
    queues: dict[str, QueueSettings] = {**rules, **settings.queues}
    web = structs.replace(settings.web, host="127.0.0.1", token=None, ssl_certfile=None, ssl_keyfile=None)
    if web.port and not _is_free(web.host, web.port):
        web = structs.replace(web, port=free_ports()[0])
        console.print(f"Port {settings.web.port} is taken; serving on {web.port}.", highlight=False)
    return structs.replace(settings, queues=queues, web=structs.replace(web, port=web.port or free_ports()[0]))


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


@contextlib.contextmanager
def _broker(console: Console) -> Iterator[str]:
    with embedded_broker() as bootstrap:
        console.print(
            f"Broker for trying out at {bootstrap}: it keeps everything in memory and forgets it at the end.",
            highlight=False,
            soft_wrap=True,
        )
        yield bootstrap


def _on(settings: Settings, bootstrap: str) -> Settings:
    from streams.worker import with_embedded

    return with_embedded(settings, bootstrap)


# --- the worker, in a process of its own -----------------------------------------------------------------------------


def _start_worker(settings: Settings, embedded: bool, partitions: int, log: Path) -> SpawnProcess:
    """Start the worker. Ctrl-C in the terminal does not reach it: it is ended, by its id, when the view has closed."""
    process = multiprocessing.get_context("spawn").Process(
        target=_work, args=(settings, embedded, partitions, str(log)), daemon=True
    )
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # inherited, so it holds before the first line of the child
    try:
        process.start()
    finally:
        signal.signal(signal.SIGINT, before)
    return process


def _work(settings: Settings, embedded: bool, partitions: int, log: str) -> None:
    """The child: one worker with its web server; what it prints goes to ``log``."""
    with Path(log).open("wb") as file:
        for descriptor in (1, 2):
            os.dup2(file.fileno(), descriptor)
    from streams import web
    from streams.app import build, work
    from streams.worker import keep_measures

    worker = build(settings, embedded=embedded)
    web.attach(worker, partitions, keep_measures(worker, embedded=embedded))
    work(worker)


def _end(worker: SpawnProcess) -> None:
    """End the worker, at once if it takes long: what it has not written yet would be read again."""
    worker.terminate()
    worker.join(_LEAVE_SECONDS)
    if worker.is_alive():
        worker.kill()
        worker.join()


# --- the show --------------------------------------------------------------------------------------------------------


class _Show:
    """Publishes and shows until it is told to stop."""

    def __init__(self, settings: Settings, worker: SpawnProcess, console: Console, plain: bool) -> None:
        self._settings = settings
        self._worker = worker
        self._console = console
        self._plain = plain
        self._stop = asyncio.Event()
        self._floor: dict[str, Any] | None = None
        base = f"http://{settings.web.host}:{settings.web.port}"
        self._links = [base + path for path in ("/api/floor", "/metrics", "/metrics/floor", "/")]

    async def run(self, duration_seconds: float, seed: int, scale: float, partitions: int, *, idempotent: bool) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop.set)
        if duration_seconds:
            loop.call_later(duration_seconds, self._stop.set)
        self._console.print("Open: " + "  ".join(self._links), highlight=False, soft_wrap=True)
        started = time.monotonic()
        publishing = asyncio.create_task(self._publish(seed, scale, partitions, idempotent))
        publishing.add_done_callback(lambda _: self._stop.set())
        viewing = asyncio.create_task(self._print() if self._plain else self._draw())
        viewing.add_done_callback(lambda _: self._stop.set())
        await self._stop.wait()
        self._worker.terminate()  # it leaves while the publisher does
        viewing.cancel()
        await asyncio.wait({viewing, publishing})  # both, whichever failed: a producer has to be stopped, not dropped
        if not viewing.cancelled():
            await viewing
        published = await publishing
        self._sum_up(published, time.monotonic() - started)

    async def _publish(self, seed: int, scale: float, partitions: int, idempotent: bool) -> int:
        """The simulated floor, from an hour ago; what is past at once, the rest as it happens, nothing early."""
        now_ms = time.time_ns() // 1_000_000
        start_ms = now_ms - WARM_UP_SECONDS * 1000
        hour = _OCLOCK - WARM_UP_SECONDS / 3600
        spec = demo_floor(start_ms, WARM_UP_SECONDS + _ROUND_THE_CLOCK_SECONDS, hour=hour, scale=scale)
        pace = feed.Pace(now_ms, time.monotonic())
        async with Publisher(self._settings.broker, idempotent=idempotent) as publisher:
            return await feed.publish(simulate(spec, seed), publisher, partitions, pace, self._stop)

    async def _draw(self) -> None:
        with Live(console=self._console, refresh_per_second=4, transient=False) as live:
            async for floor in self._floors():
                live.update(terminal.render(floor, self._links), refresh=True)

    async def _print(self) -> None:
        due = 0.0
        async for floor in self._floors():
            if time.monotonic() >= due:
                due = time.monotonic() + _PLAIN_SECONDS
                self._console.print(terminal.line(floor), highlight=False, soft_wrap=True)

    async def _floors(self) -> AsyncIterator[dict[str, Any]]:
        """``/api/floor`` once a second, for ever; raises WorkerEndedError when there is no worker."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as client:
            while True:
                if not self._worker.is_alive():
                    raise WorkerEndedError(f"The worker ended by itself (exit code {self._worker.exitcode}).")
                try:
                    async with client.get(self._links[0]) as answer:
                        if answer.status != 200:
                            raise WorkerEndedError(f"The worker answers {answer.status} instead of numbers.")
                        self._floor = orjson.loads(await answer.read())
                except (aiohttp.ClientConnectionError, TimeoutError):
                    pass  # it is still starting, or busy: the next second will tell
                else:
                    yield self._floor
                await asyncio.sleep(1.0)

    def _sum_up(self, published: int, seconds: float) -> None:
        if self._floor is None:
            self._console.print("Ended before the worker answered.", highlight=False)
            return
        longest = list(self._floor["floor"]["windows"])[-1]
        counts = self._floor["floor"]["windows"][longest]
        self._console.print(
            f"{seconds:.0f} s, {published:,} records published. {longest}: {counts['offered']:,} offered, "
            f"{counts['answered']:,} answered, {counts['abandoned']:,} abandoned, "
            f"{counts['flowed_out']:,} flowed out; every visit accounted for: "
            f"{'yes' if self._floor['floor']['live']['conservation_residual'] == 0 else 'NO'}.",
            highlight=False,
            soft_wrap=True,
        )
