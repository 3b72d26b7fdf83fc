"""The workers of a round: processes that are started, killed, stopped, continued and told to leave; and the brokers."""

from __future__ import annotations

import asyncio
import random
import shutil
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
_SAYING_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.1


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
        self._naps: dict[int, float] = {}
        self._asleep_since: dict[int, float] = {}
        self._returns: set[asyncio.Task[None]] = set()

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
                self._naps[process.pid] = self._dice.uniform(*STOPPED_SECONDS)
        else:
            return
        self.done[fault] += 1

    async def look(self) -> None:
        """Forget who has ended, note who was not asked to, wake who slept for long, and see that somebody works."""
        self._wake()
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
        await asyncio.gather(*self._returns)
        await self.look()
        while self._asleep_since:
            await asyncio.sleep(_LOOK_SECONDS)
            await self.look()

    async def leave(self) -> None:
        """All are asked to leave, and killed if they do not."""
        for process in self._workers:
            if process.returncode is None:
                process.send_signal(signal.SIGCONT)
                process.send_signal(signal.SIGTERM)
        asked = monotonic()
        while there := [process for process in self._workers if process.returncode is None]:
            self._wake()  # one that was to stop in its next flush may do so in its last
            await asyncio.sleep(_LOOK_SECONDS)
            if monotonic() - asked > LEAVING_SECONDS:
                self.stuck.append(f"{len(there)} workers did not leave within {LEAVING_SECONDS:.0f} s, at the end")
                self.kill()
                await asyncio.gather(*[process.wait() for process in there])

    async def say_where(self, folder: Path) -> list[str]:
        """Have each worker print what it waits for, and keep what all have printed in ``folder``; where, in words."""
        for process in self._workers:
            if process.returncode is None:
                process.send_signal(signal.SIGQUIT)
        await asyncio.sleep(_SAYING_SECONDS)
        shutil.copytree(self._folder, folder, dirs_exist_ok=True)
        return [
            f"worker {process.pid}{' is stopped' * is_stopped(process.pid)}; what it printed: {folder / printed.name}"
            for process, printed in self._workers.items()
        ]

    def kill(self) -> None:
        """Leave no process behind."""
        for task in self._returns:
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

    def _wake(self) -> None:
        """Continue who was stopped for as long as the dice said: since it stopped, which may be long after the order.

        One that is to stop in the middle of a flush does so at its next one, whenever that is.
        """
        asleep = {p.pid: p for p in self._workers if p.returncode is None and is_stopped(p.pid)}
        now = monotonic()
        self._asleep_since = {pid: self._asleep_since.get(pid, now) for pid in asleep}
        for pid, since in list(self._asleep_since.items()):
            if now - since >= self._naps[pid]:
                asleep[pid].send_signal(signal.SIGCONT)
                del self._asleep_since[pid]

    async def _lose_a_broker(self) -> None:
        if not all(task.done() for task in self._returns):
            return
        number = self._dice.randrange(len(self._cluster))
        await asyncio.to_thread(self._cluster.kill, number)
        self._returns.add(asyncio.create_task(self._bring_back(number, self._dice.uniform(*BROKER_GONE_SECONDS))))

    async def _bring_back(self, number: int, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await asyncio.to_thread(self._cluster.start, number)


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
