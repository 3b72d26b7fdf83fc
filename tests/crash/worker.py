"""``python -m tests.crash.worker ORDERS``: a worker of a round, until it is told to leave, or killed."""

from __future__ import annotations

import asyncio
import logging
import random
import signal
import sys
from typing import Any, Final

import msgspec

from streams.app import Worker, build, work
from streams.crossing.state import FactsPartition
from streams.leaving import leave
from streams.partition import Partition
from streams.settings import Settings, from_raw
from streams.state_table import StateTable
from streams.topics import facts_topics
from tests.crash.sabotage import applied_to
from tests.integration.faults import Faults

TWICE: Final = 0.5
_SENDS: Final = 9
"""What a flush without transactions sends for a partition number: tallies, contacts and marker of each input."""


class Orders(msgspec.Struct, frozen=True):
    """What a worker is told on its command line, as JSON; ``seed`` decides how deep in a flush a fault strikes."""

    bootstrap: str
    app_id: str
    partitions: int
    transactions: str
    sabotage: str
    seed: int


def settings_of(orders: Orders) -> Settings:
    """Settings that find a dead worker, and flush, as quickly as they allow."""
    broker = {
        "bootstrap_servers": orders.bootstrap, "app_id": orders.app_id, "session_timeout_seconds": 2,
        "partitions": orders.partitions, "transactions": orders.transactions,
    }  # fmt: skip
    return from_raw({"broker": broker, "worker": {"flush_interval_seconds": 0.05}, "clock": "stream"}, {})


def empty(settings: Settings, topic: str, number: int, of: type[Partition] = Partition) -> Partition:
    """The empty state of a partition: of the class named, or of the application's own facts."""
    facts = facts_topics(settings.broker.app_id)
    return FactsPartition(settings, topic, number, facts[topic]) if topic in facts else of(settings, topic, number)


def say_where(_number: int, _frame: object) -> None:
    """Print what every task waits for: a worker that has come to a stop is asked by SIGQUIT."""
    for task in asyncio.all_tasks():
        chain: list[str] = []
        waiting: Any = task.get_coro()
        while (frame := getattr(waiting, "cr_frame", None)) is not None:
            chain.append(f"{frame.f_code.co_qualname}:{frame.f_lineno}")
            waiting = getattr(waiting, "cr_await", None)
        print(f"{task.get_name()}: {' > '.join(chain)}", flush=True)


def restoring_twice(dice: random.Random) -> None:
    """Have each other restoration done twice: Faust does when an older recovery meets a newer assignment."""
    restore = StateTable.on_recovery_completed

    async def on_recovery_completed(self: StateTable, active_tps: set[Any], standby_tps: set[Any]) -> None:
        before = self._round
        await restore(self, active_tps, standby_tps)
        if self._round == before + 1 and dice.random() < TWICE:  # else it was abandoned: the next is under way
            await restore(self, active_tps, standby_tps)

    StateTable.on_recovery_completed = on_recovery_completed  # type: ignore[method-assign]


def main(text: str) -> None:
    """Work."""
    signal.signal(signal.SIGQUIT, say_where)
    orders = msgspec.json.decode(text, type=Orders)
    settings, dice = settings_of(orders), random.Random(orders.seed)
    restoring_twice(random.Random(orders.seed))
    Faults(after=lambda: dice.randrange(_SENDS * orders.partitions)).install()

    def built(partition: type[Partition]) -> Worker:
        return build(settings, lambda topic, number: empty(settings, topic, number, partition))

    work(applied_to(built, orders.sabotage))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        main(sys.argv[1])
    except Exception as error:  # noqa: BLE001 - as the command line does: said, and then the end, threads or not
        print(f"{type(error).__name__}: {error}")
        leave(1)
    leave(0)
