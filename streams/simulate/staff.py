"""People and queues: who is there, who is free, who waits for whom.

What enters are requests of the contacts' stories (take an agent, wait in line, give the agent back) and the agents' own
shifts; what leaves are ``agent.*`` events and agents handed to those who wait: by priority, then the longest wait.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Final

from streams.events import AGENT_EVENTS, AgentHeartbeat, AgentScheduled, AgentState, AgentStateChanged, Event
from streams.simulate.kernel import Process, Story, World
from streams.simulate.spec import DAY_MS, HOUR_MS, GroupSpec, QueueSpec, Spec
from streams.simulate.truth import Ledger, Spell

SOURCE: Final = "acd"

#: When in a shift (share of it), what, and how many hours.
PAUSES: Final[tuple[tuple[float, AgentState, float], ...]] = (
    (0.26, "break", 0.25), (0.50, "meal", 0.50), (0.78, "break", 0.25),
)  # fmt: skip


class Queue:
    """One queue as it is now: those who wait, in order, and those who are free to serve it, longest idle first."""

    __slots__ = ("channel", "free", "line", "name", "priority", "spec", "staffed")

    def __init__(self, spec: QueueSpec) -> None:
        self.spec = spec
        self.name = spec.name
        self.channel = spec.channel
        self.priority = spec.priority
        self.line: OrderedDict[Process, int] = OrderedDict()
        self.free: OrderedDict[Agent, None] = OrderedDict()
        self.staffed = 0

    def is_open(self, since_midnight_ms: int) -> bool:
        """Whether the queue takes contacts at this time of day."""
        opens, closes = self.spec.open_hours
        return opens * HOUR_MS <= since_midnight_ms % DAY_MS < closes * HOUR_MS


class Agent:
    """One person. ``load`` contacts are in hand; ``away`` is where the shift plan wants them when not at work."""

    __slots__ = (
        "away", "capacity", "id", "key", "ledger", "load", "queue_names", "queues", "since_ms", "state", "team",
        "world",
    )  # fmt: skip

    def __init__(self, world: World, agent_id: str, group: GroupSpec, queues: Iterable[Queue], ledger: Ledger) -> None:
        self.world = world
        self.ledger = ledger
        self.since_ms = -1
        self.id = agent_id
        self.key = agent_id.encode()
        self.team = group.team
        self.capacity = group.capacity
        self.queues = tuple(queues)
        self.queue_names = group.queues
        self.load = 0
        self.state: AgentState = "signed_out"
        self.away: AgentState | None = "signed_out"

    def show(self, state: AgentState) -> None:
        """Say that the agent is in ``state`` from now on; saying the same twice says nothing."""
        if state == self.state:
            return
        now = self.world.now
        if self.since_ms >= 0:
            self.ledger.add(Spell(self.id, self.state, self.queue_names, self.since_ms, now))
        self.since_ms = now
        if self.state == "signed_out":
            self.state = state
            _tell(self, AgentStateChanged, state=state, queues=self.queue_names, capacity=self.capacity)
        else:
            self.state = state
            _tell(self, AgentStateChanged, state=state)

    def take(self) -> None:
        """Put one more contact in this agent's hands."""
        self.load += 1
        if self.load >= self.capacity:
            for queue in self.queues:
                queue.free.pop(self, None)

    def release(self) -> None:
        """One contact fewer; whoever waits longest in the most important queue comes next."""
        self.load -= 1
        self.settle()

    def settle(self) -> None:
        """Go away if the plan says so and the hands are empty, else serve or be free."""
        if self.away is not None:
            if not self.load:
                self.show(self.away)
            return
        if not self.load:
            self.show("available")
        while self.load < self.capacity and (queue := self._neediest()) is not None:
            process, _ = queue.line.popitem(last=False)
            self.take()
            self.world.wake(process, self)
        if self.load < self.capacity:
            for queue in self.queues:
                queue.free[self] = None

    def go(self, away: AgentState | None) -> None:
        """The plan changes: to a break (``away``), or back to work (None). Contacts in hand are finished first."""
        was_out = self.away == "signed_out"
        self.away = away
        for queue in self.queues:
            queue.staffed += was_out and away != "signed_out"
            queue.staffed -= not was_out and away == "signed_out"
            if away is not None:
                queue.free.pop(self, None)
        if away is None:
            if self.load:
                self.show("on_contact")
            self.settle()
        elif not self.load or (away != "signed_out" and self.world.chance(0.2)):
            self.show(away)  # one in five presses "break" while still talking: presence and work are two axes

    def _neediest(self) -> Queue | None:
        best = None
        for queue in self.queues:
            if queue.line and (best is None or self._rank(queue) < self._rank(best)):
                best = queue
        return best

    @staticmethod
    def _rank(queue: Queue) -> tuple[int, int]:
        return -queue.priority, next(iter(queue.line.values()))


def find(queue: Queue) -> Agent | None:
    """The longest idle agent who serves ``queue``, now taken; None when nobody is free."""
    if not queue.free:
        return None
    agent = next(iter(queue.free))
    agent.take()
    if agent.load < agent.capacity:
        for other in agent.queues:
            other.free.move_to_end(agent)
    return agent


def career(world: World, spec: Spec, agent: Agent, begins_hour: float, ends_hour: float) -> Story:
    """The same shift day after day, in from the middle of it when the simulation starts there."""
    midnight = spec.midnight_ms - DAY_MS + (spec.start_ms - spec.midnight_ms) // DAY_MS * DAY_MS
    while True:
        ends = midnight + int(ends_hour * HOUR_MS)
        if ends > world.now:
            yield from shift(world, spec, agent, midnight + int(begins_hour * HOUR_MS), ends)
        midnight += DAY_MS


def shift(world: World, spec: Spec, agent: Agent, begins_ms: int, ends_ms: int) -> Story:
    """One working day: work, break, work, meal, work, break, work, home. A shift of a whole day has no pauses."""
    starts = max(begins_ms + world.between(-240, 120), spec.start_ms + world.between(0, 2))
    steps: list[tuple[int, AgentState | None]] = [(starts, None)]
    for share, pause, hours in PAUSES if ends_ms - begins_ms < DAY_MS else ():
        at = begins_ms + int((ends_ms - begins_ms) * (share + 0.12 * (world.random.random() - 0.5)))
        if at > starts:
            steps += [(at, pause), (at + int(hours * HOUR_MS), None)]
    yield max(0, starts - world.now)
    for (begin, activity), (end, _) in pairwise([*steps, (ends_ms, None)]):
        if begin < end:
            _tell(agent, AgentScheduled, starts_at=begin, ends_at=end, activity=activity or "available",
                  paid=activity != "meal")  # fmt: skip
    for at, away in [*steps, (ends_ms + world.between(-60, 240), "signed_out")]:
        while world.now < at:
            yield min(at - world.now, spec.agent_heartbeat_ms)
            if world.now < at:
                _tell(agent, AgentHeartbeat)
        agent.go(away)


def _tell(agent: Agent, kind: Callable[..., Event], **fields: object) -> None:
    """Publish one event of this agent, now."""
    world = agent.world
    sequence = world.next_sequence()
    event = kind(
        event_id=f"{agent.id}.{world.now}.{sequence}",
        occurred_at=world.now,
        source=SOURCE,
        source_seq=sequence,
        agent_id=agent.id,
        team=agent.team,
        **fields,
    )
    world.publish(AGENT_EVENTS, agent.key, event)
