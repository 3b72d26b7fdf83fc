"""The whole contact centre: arrivals, agents, heartbeats, queue hours; one seed, one stream.

What enters is a ``Spec`` and a seed; what leaves are ``Item``s in publish order, and the truth, into a ledger. Nothing
is read from a wall clock and nothing is kept that is over, so a simulated year needs no more memory than a day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from streams import events as e
from streams.simulate.arrivals import day_rate
from streams.simulate.calls import Call
from streams.simulate.contacts import Floor
from streams.simulate.conversations import Conversation
from streams.simulate.kernel import Item, Story, World
from streams.simulate.outbound import campaign
from streams.simulate.spec import DAY_MS, HOUR_MS, Spec
from streams.simulate.staff import SOURCE, Agent, Queue, career
from streams.simulate.truth import Happening, Ledger, NoLedger

#: Who sends heartbeats, and on which topic: everything before a heartbeat's time has been sent.
HEARTBEATS: Final = (
    ("pbx-north", e.CALL_EVENTS), ("pbx-south", e.CALL_EVENTS), ("dialler", e.CALL_EVENTS),
    ("desk", e.CONVERSATION_EVENTS), (SOURCE, e.AGENT_EVENTS),
)  # fmt: skip


def simulate(spec: Spec, seed: int, ledger: Ledger | None = None) -> Iterator[Item]:
    """Every record of the simulated time, in publish order; the same spec and seed give the same bytes.

    The truth in ``ledger`` is complete, and closed, when the iterator is exhausted.
    """
    world = World(spec.start_ms, seed)
    queues = {queue.name: Queue(queue) for queue in spec.queues}
    floor = Floor(spec, world, queues, ledger or NoLedger())
    for source, topic in HEARTBEATS:
        world.start(_heartbeats(floor, source, topic))
    _hire(floor)
    for queue in queues.values():
        world.start(_arrivals(floor, queue))
        if queue.spec.open_hours != (0.0, 24.0):
            world.start(_hours(floor, queue))
    if any(queue.channel != "voice" for queue in queues.values()):
        world.start(_help_centre(floor))
    yield from world.run(spec.end_ms)
    if spec.drain:
        yield from world.run(spec.end_ms + 2 * DAY_MS, drain=True)
    for source, topic in HEARTBEATS:
        world.publish(topic, None, _heartbeat(world, source), everywhere=True)
    yield from world.leftovers()
    floor.close()


def _hire(floor: Floor) -> None:
    """Agents for each group and shift: the group's strength at the peak, spread over the day."""
    spec, world = floor.spec, floor.world
    for group in spec.groups:
        number = 0
        for begins, ends, share in spec.shifts:
            for _ in range(int(group.count * share + 0.5)):
                number += 1
                served = () if group.media == "outbound" else [floor.queues[name] for name in group.queues]
                agent = Agent(world, f"{group.team}-{number}", group, served, floor.ledger)
                world.start(career(world, spec, agent, begins, ends))
                if group.media == "outbound":
                    world.start(campaign(floor, agent, group.queues[0]))


def _arrivals(floor: Floor, queue: Queue) -> Story:
    """A Poisson process whose rate follows the day: as at the busiest hour, thinned to the hour it is."""
    world, spec = floor.world, floor.spec
    rate, busiest = day_rate(spec.day, queue.spec.per_day)
    due = float(world.now)
    while True:
        due += world.random.expovariate(busiest)
        if due >= spec.end_ms:
            return
        yield max(0, int(due) - world.now)
        if world.random.random() * busiest < rate(floor.time_of_day()):
            contact = Call(floor, queue) if queue.channel == "voice" else Conversation(floor, queue)
            world.start(contact.story(), awaited=True)


def _heartbeats(floor: Floor, source: str, topic: str) -> Story:
    world = floor.world
    while True:
        yield floor.spec.heartbeat_ms
        world.publish(topic, None, _heartbeat(world, source), everywhere=True)


def _heartbeat(world: World, source: str) -> e.SourceHeartbeat:
    sequence = world.next_sequence()
    return e.SourceHeartbeat(
        event_id=f"{source}.{world.now}.{sequence}", occurred_at=world.now, source=source, source_seq=sequence
    )


def _hours(floor: Floor, queue: Queue) -> Story:
    """``queue.state_changed`` at the start, at opening and at closing time."""
    world = floor.world
    opens, closes = (int(hour * HOUR_MS) for hour in queue.spec.open_hours)
    while True:
        now = floor.time_of_day()
        is_open = queue.is_open(now)
        sequence = world.next_sequence()
        event = e.QueueStateChanged(
            event_id=f"{queue.name}.{world.now}.{sequence}", occurred_at=world.now, source="pbx-north",
            source_seq=sequence, queue=queue.name, open=is_open,
        )  # fmt: skip
        world.publish(e.CALL_EVENTS, None, event, everywhere=True)
        yield ((closes if is_open else opens) - now - 1) % DAY_MS + 1


def _help_centre(floor: Floor) -> Story:
    """People who look for themselves first; some find it."""
    world = floor.world
    while True:
        yield world.around(20, 1.0)
        customer = f"p{world.random.randrange(200_000)}"
        steps: tuple[tuple[Callable[..., e.Event], dict[str, Any]], ...] = (
            (e.HelpViewed, {}), (e.HelpSearched, {"found": world.chance(0.7)}), (e.HelpDeflected, {}),
        )  # fmt: skip
        for kind, more in steps:
            sequence = world.next_sequence()
            event = kind(event_id=f"help.{world.now}.{sequence}", occurred_at=world.now, source="desk",
                         source_seq=sequence, customer_id=customer, **more)  # fmt: skip
            world.publish(e.CONVERSATION_EVENTS, customer.encode(), event)
            for name in _helped(event):
                floor.ledger.add(Happening(name, customer, "", "help", world.now, world.now, True))
            if not world.chance(0.4):
                break
            yield world.between(5, 60)


def _helped(event: e.Event) -> tuple[str, ...]:
    """What a step in the help centre counts as."""
    if isinstance(event, e.HelpSearched):
        return ("help_searches",) if event.found else ("help_searches", "help_searches_failed")
    return ("help_visits",) if isinstance(event, e.HelpViewed) else ("help_visits_alone",)
