"""A schedule's way to Kafka: the command as a user runs it, and the events that are there afterwards."""

from __future__ import annotations

from pathlib import Path

import msgspec
from aiokafka import AIOKafkaConsumer

from streams import events as e
from streams.settings import Settings
from tests.integration.command import queuepulse

WEEK = """\
agent,start,end,activity,paid
ann,2026-03-02T08:00,2026-03-02T16:00,,
ann,2026-03-02T12:00,2026-03-02T12:30,meal,no
bob,2026-03-02T09:00Z,2026-03-02T17:00Z,,yes
"""


async def test_a_schedule_is_published_to_the_agents_it_is_about(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "week.csv").write_text(WEEK, "utf-8")

    code, said, wrong = queuepulse(settings, tmp_path, "schedule", "load", "week.csv", "--timezone", "Europe/Vienna")

    assert (code, said) == (0, "Published: 3 activities of 2 agents.\n"), wrong
    async with AIOKafkaConsumer(
        e.AGENT_EVENTS, bootstrap_servers=settings.broker.bootstrap_servers, auto_offset_reset="earliest"
    ) as consumer:
        found = [await consumer.getone() for _ in range(3)]
    told = [msgspec.json.decode(record.value, type=e.Event) for record in found]
    assert sorted((record.key, event.activity) for record, event in zip(found, told, strict=True)) == [
        (b"ann", "available"), (b"ann", "meal"), (b"bob", "available"),
    ]  # fmt: skip
