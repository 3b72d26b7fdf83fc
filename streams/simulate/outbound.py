"""A campaign, with other leads each week: one agent after another dials the next, talks if a person answers, wraps up.

What enters is a floor and an outbound agent; what leaves are ``call.dialled``, ``call.connected`` and their ends, and
what is counted of them. None of it belongs to a queue's numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from streams import events as e
from streams.simulate.contacts import Contact, Floor
from streams.simulate.kernel import Story
from streams.simulate.spec import DAY_MS, QueueSpec
from streams.simulate.staff import Agent, Queue

DISPOSITIONS: Final[Sequence[e.Disposition]] = (
    "person",
    "voicemail",
    "no_answer",
    "busy",
    "abandoned",
    "failed",
    "fax",
)
ODDS: Final = (34, 22, 28, 8, 3, 4, 1)


def campaign(floor: Floor, agent: Agent, name: str) -> Story:
    """One agent's working life; idle while the shift plan has them elsewhere."""
    world = floor.world
    line = Queue(QueueSpec(name))
    while True:
        if agent.away is not None:
            yield world.between(20, 60)
            continue
        agent.take()
        yield from attempt(floor, agent, line)
        agent.release()
        yield world.around(15, 0.5)


def attempt(floor: Floor, agent: Agent, line: Queue) -> Story:
    """One attempt at one lead."""
    world = floor.world
    week = (world.now - floor.spec.midnight_ms) // (7 * DAY_MS)
    lead = f"lead-{week}-{world.random.randrange(5_000)}"
    contact = Contact(floor, "out", line, "dialler", direction="outbound", customer_id=lead)
    whose: dict[str, Any] = {"queue": line.name, "agent_id": agent.id, "lead_id": lead}
    agent.show("on_contact")
    contact.say(e.CallDialled, **whose)
    contact.count("dialled", line)
    yield world.between(4, 25)
    disposition = world.random.choices(DISPOSITIONS, ODDS)[0]
    contact.say(e.CallConnected, disposition=disposition, **whose)
    contact.count(f"connected_{disposition}", line)
    if disposition != "person":
        contact.say(e.CallEnded, **whose)
        return
    yield world.around(120, 0.8)
    contact.say(e.CallEnded, **whose)
    agent.show("after_contact_work")
    contact.say(e.CallWrapStarted, **whose)
    yield world.around(20, 0.6)
    contact.say(e.CallWrappedUp, **whose)
