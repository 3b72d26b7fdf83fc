"""Customers, leads and agents over all partitions of a real Kafka, with a worker that is killed again and again.

Every number is literal: sixty customers call, forty of them once more an hour later; ten agents take the calls in turn;
ten leads are dialled three times each.
"""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

from streams import events as e
from streams.publish import Publisher
from streams.settings import Settings
from streams.slices import DAY, MINUTE, SECOND
from tests.integration.line import Line, worker_on

START = 1_760_004_000_000


def calls() -> list[e.Event]:
    """Customer n calls at minute n; those below forty again an hour later. Agents take every tenth call in turn."""
    told: list[e.Event] = []
    for n in range(100):
        customer, again = n % 60, n >= 60
        at = START + customer * MINUTE + again * 60 * MINUTE
        agent, contact = f"agent-{customer % 10}", f"call-{n}"
        for kind, when in ((e.CallOffered, 0), (e.CallAnswered, 5), (e.CallEnded, 35)):
            told.append(
                kind(
                    event_id=f"{contact}-{when}", occurred_at=at + when * SECOND, contact_id=contact, queue="billing",
                    customer_id=f"customer-{customer}", agent_id=agent,
                )
            )  # fmt: skip
    for n in range(30):
        dialled: dict[str, Any] = {
            "contact_id": f"dial-{n}",
            "queue": "sales",
            "lead_id": f"lead-{n % 10}",
            "direction": "outbound",
        }
        at = START + n * MINUTE
        told.append(e.CallDialled(event_id=f"dial-{n}-0", occurred_at=at, **dialled))
        picked_up = e.CallConnected(
            event_id=f"dial-{n}-1", occurred_at=at + SECOND, disposition="person" if n < 15 else "busy", **dialled
        )
        told += [picked_up, e.CallEnded(event_id=f"dial-{n}-2", occurred_at=at + 2 * SECOND, **dialled)]
    return sorted(told, key=lambda event: event.occurred_at)


def test_the_story_is_as_it_is_told() -> None:
    assert len(calls()) == 390


async def test_people_are_counted_once_whenever_the_worker_is_killed(settings: Settings, tmp_path: Path) -> None:
    rng = random.Random(4)
    async with worker_on(settings.broker, tmp_path, clock="stream") as line:
        async with Publisher(settings.broker) as publisher:
            await publisher.heartbeat("pbx", START)
            await publisher.flush()
            for n, event in enumerate(calls()):
                await publisher.event(event)
                if n % 20 == 0:
                    await publisher.event(event)  # twice
                if n in (80, 190, 300):
                    await publisher.flush()
                    await asyncio.sleep(rng.uniform(0.1, 0.9))
                    await line.kill()
                    await line.start()
            await publisher.flush()
            await people(line, customer_contacts=100)
            for hours in range(4, 24 * 9, 12):
                await publisher.heartbeat("pbx", START + hours * DAY // 24)
        await people(line, first_contacts_final=60)
        found = await line.metrics()
        names = (
            "customer_contacts", "repeat_contacts", "cases_resolved", "cases_recurred", "first_contacts_resolved",
            "first_contacts_recurred", "first_contacts_final", "first_contacts_final_recurred", "leads",
            "lead_attempts", "dials", "connected", "outbound_abandoned", "agent_taken", "between",
        )  # fmt: skip

        assert {name: found.net(name) for name in names} == {
            "customer_contacts": 100, "repeat_contacts": 40, "cases_resolved": 100, "cases_recurred": 40,
            "first_contacts_resolved": 60, "first_contacts_recurred": 40, "first_contacts_final": 60,
            "first_contacts_final_recurred": 40, "leads": 10, "lead_attempts": 30, "dials": 30, "connected": 30,
            "outbound_abandoned": 15, "agent_taken": 100, "between": 90,
        }  # fmt: skip
        assert await line.leave() == 0
    assert line.complaints == []


async def people(line: Line, **counted: int) -> None:
    """Wait until so much of each is counted, stored and shown."""

    async def there() -> bool:
        found = await line.metrics()
        return all(found.net(name) >= n for name, n in counted.items())

    await line.until(there, 90.0)
