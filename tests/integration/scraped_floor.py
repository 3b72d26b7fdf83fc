"""A worker's endpoints for Prometheus to read, without Kafka: a floor fed by hand, or by the simulator."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from msgspec import json as wire

from streams import events as e
from streams.delay import Delay
from streams.partition import Partition, Record
from streams.settings import Settings, from_raw
from streams.simulate import Faults, demo, simulate, spoil
from streams.snapshot import WorkerStatus
from streams.web import WebServer
from tests.integration.wall_floor import wall_now

C = TypeVar("C", bound=e.ConversationEvent)
SECOND = 1_000
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
RULES: dict[str, Any] = {
    "web": {"port": 0},
    "worker": {"stale_after_seconds": 3},
    "queues": {
        "billing": {"service_level_threshold_seconds": 20, "service_level_target_ratio": 0.8},
        "vip": {"oldest_wait_target_seconds": 8},
        "quiet": {"oldest_wait_target_seconds": 60, "abandonment_target_ratio": 0.05},
    },
}


class Floor:
    """A worker's state fed by hand, or by the simulator, and flushed; a source that beats while ``alive``."""

    def __init__(self, settings: Settings) -> None:
        self.alive = True
        self.partitions = {topic: Partition(settings, topic, 0) for topic in e.TOPICS}
        self._offsets = dict.fromkeys(e.TOPICS, 0)
        self._numbers = 0
        self._delay = Delay()
        self.settings = settings
        self.server = WebServer(self._owned, settings, wall_now, self.status)

    def put(self, topic: str, key: bytes | None, value: bytes) -> None:
        """One record, as from Kafka."""
        self.partitions[topic].apply([Record(self._offsets[topic], key, value, 0)])
        self._offsets[topic] += 1
        self._delay.add(0.06)

    def happen(self, event: e.Event, topic: str = e.CALL_EVENTS) -> None:
        """One event."""
        key = e.key_of(event)
        self.put(topic, key.encode() if key is not None else None, wire.encode(event))

    def flush(self) -> None:
        """Flush everything, as if Kafka had acknowledged it."""
        for partition in self.partitions.values():
            if (flushed := partition.flush()) is not None:
                partition.flushed(flushed)

    def offer(self, queue: str, at: int) -> str:
        """Somebody begins to wait; returns the contact."""
        self._numbers += 1
        call = f"call-{self._numbers}"
        self.happen(e.CallOffered(event_id=f"{call}/o", occurred_at=at, source="pbx", contact_id=call, queue=queue))
        return call

    def answer(self, call: str, queue: str, at: int) -> None:
        """Somebody is answered, and done a second later."""
        more: dict[str, Any] = {"source": "pbx", "contact_id": call, "queue": queue, "agent_id": "ann"}
        self.happen(e.CallAnswered(event_id=f"{call}/a", occurred_at=at, **more))
        self.happen(e.CallEnded(event_id=f"{call}/e", occurred_at=at + SECOND, **more))

    def calls(self, queue: str, number: int, wait_ms: int) -> None:
        """So many calls, all answered a few seconds ago after the same wait."""
        answered_at = wall_now() - 3 * SECOND
        for _ in range(number):
            self.answer(self.offer(queue, answered_at - wait_ms), queue, answered_at)

    def beat(self, name: str) -> e.SourceHeartbeat:
        """The source says that it is there."""
        return e.SourceHeartbeat(event_id=name, occurred_at=wall_now(), source="pbx")

    async def live(self) -> None:
        """Beat while alive, and flush."""
        for n in itertools.count():
            if self.alive:
                for topic in e.TOPICS:
                    self.happen(self.beat(f"beat-{n}"), topic)
            self.flush()
            await asyncio.sleep(0.3)

    def _owned(self) -> dict[tuple[str, int], Partition]:
        return {(topic, 0): partition for topic, partition in self.partitions.items()}

    def status(self) -> WorkerStatus:
        """That of a worker which owns everything and is not behind."""
        there = frozenset(self._owned())
        return WorkerStatus(
            expected=there, lag=dict.fromkeys(there, 0), flushes=7, last_flush_seconds=0.01, rebalances=1,
            event_delays=self._delay.taken(),
        )  # fmt: skip


@asynccontextmanager
async def serving(floor: Floor) -> AsyncIterator[str]:
    """Serve a floor and let it live; gives host and port."""
    await floor.server.start()
    life = asyncio.create_task(floor.live())
    try:
        yield f"127.0.0.1:{floor.server.port}"
    finally:
        life.cancel()
        await asyncio.wait({life})
        await floor.server.stop()


def by_hand() -> Floor:
    """Three queues with an agent who is free for all of them, and one good call in the quiet one."""
    floor = Floor(from_raw(RULES, {}))
    available = e.AgentStateChanged(
        event_id="available", occurred_at=wall_now() - 60 * MINUTE, source="pbx", agent_id="ann", state="available",
        queues=tuple(RULES["queues"]),
    )  # fmt: skip
    floor.happen(available, e.AGENT_EVENTS)
    floor.calls("quiet", 1, 5 * SECOND)
    floor.calls("vip", 1, 5 * SECOND)
    return floor


def simulated() -> Floor:
    """Forty minutes of a simulated morning with faults, an email that waits for its answer, and a caller too long."""
    targets = {"asa_target_seconds": 30, "abandonment_target_ratio": 0.05, "oldest_wait_target_seconds": 120}
    replies = {"first_reply_target_seconds": 60, "next_reply_target_seconds": 60, "resolution_target_seconds": 600}
    queues: dict[str, Any] = dict.fromkeys(("billing", "sales", "support", "vip"), targets)
    queues |= {name: {**targets, **replies, "channel": name} for name in ("chat", "email")}
    queues["returns"] = {"oldest_wait_target_seconds": 1}
    floor = Floor(from_raw({**RULES, "queues": queues, "worker": {"stale_after_seconds": 60}}, {}))
    floor.happen(_letter(e.ConversationQueued, 10), e.CONVERSATION_EVENTS)
    start, end = wall_now() - 40 * MINUTE, wall_now()
    faults = Faults(duplicates=0.02, disorder_ms=2_000, malformed=0.02)
    for item in spoil(simulate(demo(start, 3_600, hour=10.0), 4), faults, 4):
        if item.publish_at >= end:
            break
        floor.put(item.topic, item.key, item.value)
    floor.offer("returns", wall_now() - MINUTE)
    floor.happen(_letter(e.ConversationAssigned, 9, agent_id="ann"), e.CONVERSATION_EVENTS)  # later than windows keep
    yesterday = floor.offer("returns", wall_now() - 30 * HOUR)
    floor.answer(yesterday, "returns", wall_now() - 30 * HOUR)
    floor.happen(floor.beat("now"))
    floor.happen(floor.beat("and now"))
    held: dict[str, Any] = {"event_id": "held", "source": "pbx", "contact_id": yesterday, "queue": "returns"}
    floor.happen(e.CallHeld(occurred_at=wall_now(), **held))
    floor.flush()
    return floor


def _letter(kind: type[C], days_ago: int, **more: str) -> C:
    """An event, so many days ago, of an email that is still open."""
    about: dict[str, Any] = {"source": "desk", "contact_id": "letter", "queue": "email", "channel": "email", **more}
    return kind(event_id=kind.__name__, occurred_at=wall_now() - days_ago * DAY, **about)
