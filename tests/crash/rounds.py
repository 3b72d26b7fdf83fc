"""One round: a seed enters; workers count a simulated floor while they, and their brokers, die; a verdict leaves."""

from __future__ import annotations

import asyncio
import random
import tempfile
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from streams.broker import Cluster
from streams.settings import Settings
from streams.topics import TopicsError, ensure_topics
from tests.crash import verdict
from tests.crash.crew import Crew
from tests.crash.story import story, tell
from tests.crash.worker import Orders, settings_of
from tests.integration.conftest import drop_topics

PARTITIONS: Final = 4
CATCH_UP_SECONDS: Final = 90.0
QUIET_SECONDS: Final = 1.0
_TOLD: Final = 9
FAULTS: Final = ("kill", "kill-in-flush", "stop", "stop-in-flush", "leave", "join", "join", "broker")
HARMLESS_WITHOUT_FENCE: Final = tuple(fault for fault in FAULTS if not fault.startswith("stop"))
"""Without transactions a worker stopped in the middle of a flush is a known hole (docs/decisions)."""


class Plan(NamedTuple):
    """What a round does. ``faults`` are drawn with equal chances; ``pause`` is the longest time between two (s)."""

    seed: int
    transactions: bool = True
    sabotage: str = ""
    faults: tuple[str, ...] = FAULTS
    seconds: float = 20.0
    pause: float = 1.5


class Verdict(NamedTuple):
    """How a round ended; ``wrong`` names every number lost or doubled, ``quit`` the workers that gave up."""

    plan: Plan
    records: int
    done: dict[str, int]
    quit: list[str]
    wrong: list[str]
    seconds: float

    @property
    def flaws(self) -> str:
        """What is wrong, and what it was found by; empty when nothing is. Of many thousand numbers the first few."""
        return "\n".join([*self.wrong[:_TOLD], *self.quit[:_TOLD], str(self)]) if self.wrong else ""

    def __str__(self) -> str:
        plan = self.plan
        kind = f"transactions {'on' if plan.transactions else 'off'}" + (f", {plan.sabotage}" if plan.sabotage else "")
        faults = ", ".join(f"{count} {fault}" for fault, count in sorted(self.done.items()))
        state = f"{len(self.wrong)} NUMBERS WRONG" if self.wrong else "0 lost, 0 doubled"
        gave_up = f", {len(self.quit)} gave up" if self.quit else ""
        return f"seed {plan.seed} ({kind}): {self.records:,} records, {faults}{gave_up}: {state} ({self.seconds:.0f} s)"


async def play(cluster: Cluster, plan: Plan) -> Verdict:
    """Play a round on topics of its own. Takes ``plan.seconds`` and as long as catching up takes."""
    loop = asyncio.get_running_loop()
    began, dice = loop.time(), random.Random(plan.seed)
    orders = Orders(
        cluster.bootstrap, f"crash-{uuid.uuid4().hex[:8]}", PARTITIONS, "on" if plan.transactions else "off",
        plan.sabotage, plan.seed,
    )  # fmt: skip
    settings, told = settings_of(orders), await asyncio.to_thread(story, plan.seed)
    await asyncio.to_thread(_lay_topics, cluster, settings)
    with tempfile.TemporaryDirectory(prefix="queuepulse-crash-") as folder:
        crew = Crew(orders, cluster, dice, Path(folder))
        publishing = asyncio.create_task(tell(told, settings, plan.seconds))
        try:
            for _ in range(dice.randint(1, 4)):
                await crew.join()
            while not publishing.done():
                await asyncio.sleep(dice.uniform(0.2, plan.pause))
                await crew.act(dice.choice(plan.faults))
                await crew.look()
            records = await publishing
            late = await _caught_up(settings, crew)
            if late:
                late += await crew.say_where(Path(tempfile.mkdtemp(prefix="queuepulse-crash-kept-")))
            await crew.leave()
            wrong = crew.stuck + late + await verdict.differences(settings, told.oracle)
        finally:
            publishing.cancel()
            crew.kill()
    return Verdict(plan, records, dict(crew.done), crew.quit, wrong, loop.time() - began)


def _lay_topics(cluster: Cluster, settings: Settings, tries: int = 5) -> None:
    """No topics but new ones: a broker that has just come back may still list those of the round before."""
    drop_topics(cluster.bootstrap)
    try:
        ensure_topics(settings, None, min(3, len(cluster)))
    except TopicsError:
        if tries == 1:
            raise
        _lay_topics(cluster, settings, tries - 1)


async def _caught_up(settings: Settings, crew: Crew) -> list[str]:
    """Wait until everything is committed and everybody who was stopped has had his say; what is missing, in words."""
    deadline = asyncio.get_running_loop().time() + CATCH_UP_SECONDS
    await crew.settle()
    ends = await verdict.ends(settings)
    missing = dict(ends)
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.broker.bootstrap_servers)
    await admin.start()
    try:
        while missing and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.2)
            await crew.look()
            with suppress(KafkaError):  # a broker that is back has no coordinator for a moment
                committed = await admin.list_consumer_group_offsets(settings.broker.app_id)
                missing = {tp: end for tp, end in ends.items() if end and _offset(committed.get(tp)) < end}
    finally:
        await admin.close()
    await asyncio.sleep(QUIET_SECONDS)
    return [f"{tp.topic}[{tp.partition}] was never read to its end, {end}" for tp, end in missing.items()]


def _offset(found: object) -> int:
    return int(getattr(found, "offset", 0))
