"""A random floor of customers, leads and agents over three weeks, what is true of it by plain code, and its logs.

What is true is worked out from the stories themselves, quadratically and without any state: it knows everybody.
"""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec

from streams import events as e
from streams.partition import Record
from streams.slices import DAY, HOUR, MINUTE, SECOND

START = 1_700_000_000_000
WEEK = 7 * DAY
LAST = START + 100 * DAY
"""When everything there is to forget has been forgotten."""
PARTITIONS = 2
Key = tuple[str, str]
Truth = Counter[tuple[str, str, str]]
"""How often what was counted, by name of the field, queue and channel."""

_encode = msgspec.json.Encoder().encode


class Seen(NamedTuple):
    """One contact of one customer: when it began and, cycle by cycle, when it was resolved."""

    customer: str
    queue: str
    channel: str
    cycles: list[tuple[int, int]]


class Handled(NamedTuple):
    """One call an agent took, and when the agent was free again; -1 when nobody told."""

    agent: str
    queue: str
    started_at: int
    free_at: int


class Story(NamedTuple):
    """Events with the time at which they arrive, and what is true because of them."""

    arrivals: list[tuple[int, e.Event]]
    truth: Truth


def story(seed: int, contacts: int) -> Story:
    """Some contacts of a few customers, in any order of arrival that a real floor might show, some of it twice."""
    rng = random.Random(seed)
    seen: list[Seen] = []
    handled: list[Handled] = []
    left: list[tuple[str, int]] = []
    truth: Truth = Counter()
    events: list[e.Event] = []
    for n in range(contacts):
        at = START + rng.randrange(HOUR, 20 * DAY)
        kind = rng.choice(("call", "call", "call", "abandoned", "conversation", "conversation", "dial", "break"))
        queue, agent = rng.choice(("billing", "sales")), rng.choice(("ann", "bob"))
        customer = rng.choice(("kim", "lou", "max", None))
        contact = f"c{n}"
        if kind == "call":
            free_at = _call(rng, contact, queue, agent, customer, at, events)
            handled.append(Handled(agent, queue, free_at[0], free_at[2]))
            truth["agent_taken", queue, "voice"] += 1
            if customer:
                seen.append(Seen(customer, queue, "voice", [(at, free_at[1])]))
        elif kind == "abandoned":
            told: dict[str, Any] = {"contact_id": contact, "customer_id": customer, "queue": queue}
            events.append(e.CallOffered(event_id=f"{contact}-0", occurred_at=at, **told))
            events.append(e.CallAbandoned(event_id=f"{contact}-1", occurred_at=at + 9 * SECOND, **told))
            if customer:
                seen.append(Seen(customer, queue, "voice", [(at, -1)]))
        elif kind == "conversation":
            cycles = _conversation(rng, contact, queue, agent, customer, at, events)
            truth["agent_taken", queue, "chat"] += len(cycles)
            truth["agent_replied", queue, "chat"] += len(cycles)
            truth["agent_resolved", queue, "chat"] += len(cycles)
            if customer:
                seen.append(Seen(customer, queue, "chat", cycles))
        elif kind == "dial":
            _dial(rng, contact, queue, at, events, truth)
        else:
            left.append((agent, at))
            events.append(e.AgentStateChanged(event_id=f"{contact}-s", occurred_at=at, agent_id=agent, state="break"))
    truth += _of_customers(seen) + _of_agents(handled, left)
    late = ((event, rng.choice((0, 0, 0, 1)) * rng.randrange(20 * MINUTE)) for event in events)
    arrivals = [(event.occurred_at + delay, event) for event, delay in late]
    again = [(at + rng.randrange(HOUR), event) for at, event in arrivals if rng.random() < 0.1]
    return Story(sorted(arrivals + again, key=lambda pair: (pair[0], pair[1].event_id)), truth)


def _call(
    rng: random.Random, contact: str, queue: str, agent: str, customer: str | None, at: int, events: list[e.Event]
) -> tuple[int, int, int]:
    """An answered call; returns when it was answered, when it ended and when the agent was free (-1: unknown)."""
    answered, ended = at + rng.randrange(90 * SECOND), at + rng.randrange(2 * MINUTE, 40 * MINUTE)
    free = ended + rng.choice((0, 0, rng.randrange(SECOND, 5 * MINUTE)))
    told: dict[str, Any] = {"contact_id": contact, "queue": queue, "agent_id": agent}
    named = rng.randrange(3)
    for n, (kind, when) in enumerate(((e.CallOffered, at), (e.CallAnswered, answered), (e.CallEnded, ended))):
        whose = customer if n == named or rng.random() < 0.3 else None
        events.append(kind(event_id=f"{contact}-{n}", occurred_at=when, customer_id=whose, source_seq=n, **told))
    if free > ended:
        wrap, lost = rng.random() < 0.7, rng.random() < 0.2
        if wrap:
            events.append(e.CallWrapStarted(event_id=f"{contact}-s", occurred_at=ended, source_seq=8, **told))
        if wrap and lost:
            return answered, ended, -1
        events.append(e.CallWrappedUp(event_id=f"{contact}-w", occurred_at=free, source_seq=9, **told))
    return answered, ended, free


def _conversation(
    rng: random.Random, contact: str, queue: str, agent: str, customer: str | None, at: int, events: list[e.Event]
) -> list[tuple[int, int]]:
    """A conversation of one or two cycles, each with a reply and a resolution."""
    told: dict[str, Any] = {"contact_id": contact, "channel": "chat", "queue": queue, "customer_id": customer}
    events.append(e.ConversationQueued(event_id=f"{contact}-q", occurred_at=at, **told))
    cycles: list[tuple[int, int]] = []
    opened = at
    for n in range(rng.choice((1, 1, 2))):
        if n:
            opened = cycles[-1][1] + rng.randrange(5 * DAY)
            events.append(e.ConversationReopened(event_id=f"{contact}-o{n}", occurred_at=opened, **told))
        replied, resolved = opened + rng.randrange(SECOND, HOUR), opened + rng.randrange(HOUR, 9 * HOUR)
        assigned: dict[str, Any] = {"agent_id": agent, **told}
        events.append(e.ConversationAssigned(event_id=f"{contact}-a{n}", occurred_at=replied, **assigned))
        events.append(
            e.ConversationMessage(event_id=f"{contact}-m{n}", occurred_at=replied + 1, author="agent", **assigned)
        )
        events.append(e.ConversationResolved(event_id=f"{contact}-r{n}", occurred_at=resolved, **assigned))
        cycles.append((opened, resolved))
    return cycles


def _dial(rng: random.Random, contact: str, queue: str, at: int, events: list[e.Event], truth: Truth) -> None:
    """One attempt at one of two leads, each always from the same queue."""
    lead = rng.choice((f"lead-{queue}", None))
    told: dict[str, Any] = {"contact_id": contact, "queue": queue, "lead_id": lead, "direction": "outbound"}
    disposition: e.Disposition = rng.choice(("person", "no_answer", "abandoned"))
    events.append(e.CallDialled(event_id=f"{contact}-0", occurred_at=at, **told))
    events.append(
        e.CallConnected(event_id=f"{contact}-1", occurred_at=at + 9 * SECOND, disposition=disposition, **told)
    )
    events.append(e.CallEnded(event_id=f"{contact}-2", occurred_at=at + 20 * SECOND, **told))
    truth["dials", queue, "voice"] += 1
    truth[f"connected_{disposition}", queue, "voice"] += 1
    truth["outbound_abandoned", queue, "voice"] += disposition != "no_answer"


def _of_customers(seen: list[Seen]) -> Truth:
    truth: Truth = Counter()
    for one in seen:
        others = [other for other in seen if other.customer == one.customer and other is not one]
        began = one.cycles[0][0]
        repeat = any(0 < began - resolved <= WEEK for other in others for _, resolved in other.cycles if resolved >= 0)
        where = (one.queue, one.channel)
        truth["customer_contacts", *where] += 1
        truth["repeat_contacts", *where] += repeat
        for n, (_, resolved) in enumerate(one.cycles):
            if resolved < 0:
                continue
            opened = [other.cycles[0][0] for other in others] + [later for later, _ in one.cycles[n + 1 :]]
            recurred = any(0 < at - resolved <= WEEK for at in opened)
            truth["cases_resolved", *where] += 1
            truth["cases_recurred", *where] += recurred
            if n == 0 and not repeat:
                for name in ("first_contacts_resolved", "first_contacts_final"):
                    truth[name, *where] += 1
                truth["first_contacts_recurred", *where] += recurred
                truth["first_contacts_final_recurred", *where] += recurred
    return +truth


def _of_agents(handled: list[Handled], left: list[tuple[str, int]]) -> Truth:
    truth: Truth = Counter()
    for agent in {one.agent for one in handled}:
        mine = sorted((one for one in handled if one.agent == agent), key=lambda one: one.started_at)
        for before, after in pairwise(mine):
            gap = after.started_at - before.free_at
            away = any(who == agent and before.free_at <= at < after.started_at for who, at in left)
            if before.free_at >= 0 and 0 <= gap <= 4 * HOUR and not away:
                truth["between", after.queue, "voice"] += 1
                truth["between_ms", after.queue, "voice"] += gap
    return +truth


def logs(told: Story) -> dict[tuple[str, int], list[Record]]:
    """The source topics: each event in the partition of its key, and a heartbeat in all of them every day."""
    made: dict[tuple[str, int], list[Record]] = {(t, n): [] for t in e.TOPICS for n in range(PARTITIONS)}

    def publish(home: tuple[str, int], event: e.Event, arrived: int) -> None:
        key = e.key_of(event)
        made[home].append(Record(len(made[home]), key.encode() if key else None, _encode(event), arrived))

    def beat(at: int) -> None:
        for home in made:
            publish(home, e.SourceHeartbeat(event_id=f"beat-{at}", occurred_at=at, source="pbx"), at)

    days = iter(range(START, LAST, DAY))
    today = next(days)
    beat(today)
    for arrived, event in told.arrivals:
        while today + DAY < arrived:
            today = next(days)
            beat(today)
        topic, key = e.topic_of(event), e.key_of(event)
        assert topic is not None
        assert key is not None
        publish((topic, sum(key.encode()) % PARTITIONS), event, arrived)
    for at in days:
        beat(at)
    return made
