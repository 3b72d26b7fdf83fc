"""The workers of a round: processes that are started, killed, stopped, continued and told to leave; and the brokers."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Final

import msgspec

from streams.broker import Cluster
from tests.crash.worker import Orders
from tests.integration.faults import is_stopped

MOST: Final = 4
STOPPED_SECONDS: Final = (2.5, 4.5)
"""Longer than the session of 2 s."""
BROKER_GONE_SECONDS: Final = (0.0, 3.0)
LEAVING_SECONDS: Final = 60.0
"""Longer than a worker may take that is told to leave while its broker is away; one that takes longer is killed."""


class Crew:
    """Up to four workers, and what was done to them (``done``).

    ``quit`` holds those that ended without being asked, ``stuck`` those that were asked to leave and did not.
    """

    def __init__(self, orders: Orders, cluster: Cluster, dice: random.Random, folder: Path) -> None:
        self.done: Counter[str] = Counter()
        self.quit: list[str] = []
        self.stuck: list[str] = []
        self._orders = orders
        self._cluster = cluster
        self._dice = dice
        self._folder = folder
        self._started = 0
        self._workers: dict[asyncio.subprocess.Process, Path] = {}
        self._asked: set[int] = set()
        self._leaving: dict[int, float] = {}
        self._later: set[asyncio.Task[None]] = set()

    async def join(self) -> None:
        """One more worker, unless there are four."""
        if len(self._workers) < MOST:
            self._started += 1
            printed = self._folder / f"worker-{self._started}.txt"
            orders = msgspec.structs.replace(self._orders, seed=self._orders.seed * 1_000 + self._started)
            with printed.open("wb") as out:
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "tests.crash.worker", msgspec.json.encode(orders).decode(),
                    stdout=out, stderr=out,
                )  # fmt: skip
            self._workers[process] = printed

    async def act(self, fault: str) -> None:
        """One fault, to a worker or broker that the dice choose; faults that need a worker at work may find none."""
        if fault == "broker":
            await self._lose_a_broker()
        elif fault == "join":
            await self.join()
        elif awake := self._awake():
            process = self._dice.choice(awake)
            if fault in ("kill", "kill-in-flush", "leave"):
                self._asked.add(process.pid)
            if fault == "leave":
                self._leaving[process.pid] = monotonic()
            number = {
                "kill": signal.SIGKILL, "kill-in-flush": signal.SIGUSR2, "leave": signal.SIGTERM,
                "stop": signal.SIGSTOP, "stop-in-flush": signal.SIGUSR1,
            }[fault]  # fmt: skip
            with suppress(ProcessLookupError):  # it may have ended by itself a moment ago
                process.send_signal(number)
            if number in (signal.SIGSTOP, signal.SIGUSR1):
                self._do_later(self._continue(process, self._dice.uniform(*STOPPED_SECONDS)))
        else:
            return
        self.done[fault] += 1

    async def look(self) -> None:
        """Forget who has ended, note who was not asked to, and see to it that somebody works."""
        for process, printed in list(self._workers.items()):
            if process.returncode is not None:
                del self._workers[process]
                if process.pid not in self._asked:
                    self.quit.append(f"exit code {process.returncode}, and said: {_last_words(printed)}")
            elif monotonic() - self._leaving.get(process.pid, monotonic()) > LEAVING_SECONDS:
                self.stuck.append(
                    f"a worker did not leave within {LEAVING_SECONDS:.0f} s, and said: {_last_words(printed)}"
                )
                process.kill()
                await process.wait()
        if not self._workers:
            await self.join()

    async def settle(self) -> None:
        """Everybody goes on who was stopped; every broker is back; somebody works."""
        await asyncio.gather(*self._later)
        for process in self._workers:
            if process.returncode is None and is_stopped(process.pid):
                process.send_signal(signal.SIGCONT)
        await self.look()

    async def leave(self) -> None:
        """All are asked to leave, and killed if they do not."""
        for process in self._workers:
            if process.returncode is None:
                process.send_signal(signal.SIGCONT)
                process.send_signal(signal.SIGTERM)
        for process in self._workers:
            try:
                await asyncio.wait_for(process.wait(), LEAVING_SECONDS)
            except TimeoutError:
                self.stuck.append(f"a worker did not leave within {LEAVING_SECONDS:.0f} s, at the end")
                process.kill()
                await process.wait()

    def kill(self) -> None:
        """Leave no process behind."""
        for task in self._later:
            task.cancel()
        for process in self._workers:
            if process.returncode is None:
                process.kill()

    def _awake(self) -> list[asyncio.subprocess.Process]:
        """Those that can be asked: they run, listen to signals, and nobody has asked them to end yet."""
        return [
            process
            for process, printed in self._workers.items()
            if process.returncode is None
            and process.pid not in self._asked
            and not is_stopped(process.pid)
            and _listens(process.pid)
            and printed.exists()
        ]

    async def _continue(self, process: asyncio.subprocess.Process, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if process.returncode is None:
            process.send_signal(signal.SIGCONT)

    async def _lose_a_broker(self) -> None:
        if any(not task.done() for task in self._later if task.get_name() == "broker"):
            return
        number = self._dice.randrange(len(self._cluster))
        await asyncio.to_thread(self._cluster.kill, number)
        self._do_later(self._bring_back(number, self._dice.uniform(*BROKER_GONE_SECONDS)), "broker")

    async def _bring_back(self, number: int, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await asyncio.to_thread(self._cluster.start, number)

    def _do_later(self, what: object, name: str = "") -> None:
        task = asyncio.ensure_future(what)  # type: ignore[call-overload]
        task.set_name(name)
        self._later.add(task)


def _last_words(printed: Path) -> str:
    return (printed.read_text(errors="replace").strip().splitlines() or ["nothing"])[-1][:200]


def _listens(pid: int) -> bool:
    """Whether a process runs and has installed its handlers: SIGUSR1 would kill it before."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False  # it ended by itself a moment ago
    caught = status.partition("SigCgt:")[2].split()[:1]  # one that is ending has no such line any more
    return bool(caught) and bool(int(caught[0], 16) >> (signal.SIGUSR2 - 1) & 1)
