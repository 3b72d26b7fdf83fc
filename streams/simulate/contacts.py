"""What every contact has: its events, published as they happen, and the truth about its visits and segments.

What enters are calls from the stories (``say``, ``enter``, ``leave``, ``begin``, ``finish``); what leaves are events
through the world and ``truth`` records through the ledger. Both are written together and from one clock; the truth is
added up by other code than the code under test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from streams import events as e
from streams.events import Direction, Event
from streams.simulate.kernel import World
from streams.simulate.spec import DAY_MS, Spec
from streams.simulate.staff import Agent, Queue
from streams.simulate.truth import Ending, Happening, Ledger, Outcome, Party, Segment, Visit

#: What a source that loses an end loses: the event that says so, and everything after it.
ENDS: Final = frozenset(
    {e.CallAbandoned, e.CallEnded, e.CallFlowedOut, e.ConversationAbandoned, e.ConversationResolved}
)


class Floor:
    """What the stories share: the world, the queues, the ledger, and what is still open."""

    def __init__(self, spec: Spec, world: World, queues: Mapping[str, Queue], ledger: Ledger) -> None:
        self.spec = spec
        self.world = world
        self.queues = queues
        self.ledger = ledger
        self.visits: dict[Contact, None] = {}
        self.segments: dict[Handling, None] = {}
        self._contacts = 0
        self._prefix = f"{spec.start_ms // 1000:x}-{world.seed:x}"

    def new_id(self, kind: str) -> str:
        """An id no other contact has, nor one of a simulation with another seed or start."""
        self._contacts += 1
        return f"{kind}-{self._prefix}-{self._contacts}"

    def time_of_day(self) -> int:
        """Milliseconds since the floor's midnight."""
        return (self.world.now - self.spec.midnight_ms) % DAY_MS

    def close(self) -> None:
        """The stream ends here: record what is still open."""
        for contact in list(self.visits):
            contact.record("waiting", None, None, self.world.now - contact.offered_ms)
        for handling in list(self.segments):
            handling.record(None)
        self.ledger.close(self.world.now)


class Contact:
    """One contact. ``fragile``: its source will lose the end; ``lost``: it has."""

    topic = e.CALL_EVENTS
    __slots__ = (
        "_common", "_events", "_segments", "channel", "counted", "customer_id", "excluded", "floor", "fragile", "id",
        "is_callback", "key", "lost", "measures", "offered_ms", "queue", "seen_ms", "started_ms", "world",
    )  # fmt: skip

    def __init__(
        self, floor: Floor, kind: str, queue: Queue, source: str, *, measures: bool = False, test: bool = False,
        direction: Direction = "inbound", priority: int = 0, customer_id: str | None = None,
    ) -> None:  # fmt: skip
        self.floor = floor
        self.world = floor.world
        self.id = floor.new_id(kind)
        self.key = self.id.encode()
        self.queue = queue
        self.channel: str = queue.channel
        self.customer_id = customer_id or f"p{self.world.random.randrange(200_000)}"
        self.counted = not test and direction == "inbound"
        self.excluded = "test" if test else direction if direction != "inbound" else ""
        self.is_callback = False
        self.measures = measures
        self.fragile = self.world.chance(floor.spec.missing_ends)
        self.lost = False
        self.started_ms = -1
        self.seen_ms = self.offered_ms = 0
        self._events = self._segments = 0
        self._common: dict[str, Any] = {
            "contact_id": self.id, "channel": queue.channel, "source": source, "test": test, "direction": direction,
            "priority": priority, "customer_id": self.customer_id,
        }  # fmt: skip

    def say(self, tells: Callable[..., Event], /, **fields: Any) -> None:
        """Publish one event of this contact, now; nothing any more once its source has lost it."""
        if self.fragile and tells in ENDS:
            self.lost = True
        if self.lost:
            return
        world = self.world
        if self.started_ms < 0:
            self.started_ms = world.now
            self.floor.ledger.add(Party(self.id, self.customer_id))
            if self.excluded:
                self.floor.ledger.add(
                    Happening(f"{self.excluded}_contacts", self.id, None, self.channel, world.now, world.now, True)
                )
        self.seen_ms = world.now
        self._events += 1
        event = tells(
            event_id=f"{self.id}.{self._events}",
            occurred_at=world.now,
            source_seq=world.next_sequence(),
            **self._common,
            **fields,
        )
        world.publish(self.topic, self.key, event)

    def count(self, name: str, queue: Queue | None = None, value: int = 0) -> None:
        """Record something that is only counted; of an outbound call too, since its attempts are its numbers."""
        if self.lost:
            return
        where = None if queue is None else queue.name
        counted = self.counted or self.excluded == "outbound"
        self.floor.ledger.add(
            Happening(name, self.id, where, self.channel, self.started_ms, self.world.now, counted, value)
        )

    def measured(self, duration_ms: int) -> tuple[int | None, int]:
        """What the source says of a duration (nothing, or its own whole seconds), and what is therefore true."""
        if not self.measures:
            return None, duration_ms
        whole = duration_ms // 1000 * 1000
        return whole, whole

    def enter(self, queue: Queue) -> None:
        """A visit begins; say so yourself."""
        self.queue = queue
        self.offered_ms = self.world.now
        if not self.lost:
            self.floor.visits[self] = None

    def leave(self, outcome: Outcome, wait_ms: int, reason: str | None = None) -> None:
        """The visit ends: call it after the event that says so, which may have been lost."""
        if self in self.floor.visits:
            if self.lost:
                self.record("lost", None, None, 0)
            else:
                self.record(outcome, reason, self.offered_ms + wait_ms, wait_ms)

    def record(self, outcome: Outcome, reason: str | None, left_ms: int | None, wait_ms: int) -> None:
        """Write the open visit into the ledger. It left at ``left_ms``: by the source's own measure if there is one."""
        del self.floor.visits[self]
        self.floor.ledger.add(
            Visit(
                self.id, self.queue.name, self.channel, self.started_ms, self.offered_ms, left_ms, outcome, reason,
                wait_ms, self.is_callback, self.counted, self.seen_ms,
            )
        )  # fmt: skip

    def begin(self, agent: Agent) -> Handling:
        """A handle segment begins."""
        self._segments += 1
        return Handling(self, agent, f"{self.id}/{self._segments}")


class Handling:
    """One handle segment while it lasts; durations are filled in by the story that plays it."""

    __slots__ = (
        "acw_ms", "agent", "answered_ms", "contact", "ended_ms", "escalated", "free_ms", "hold_ms", "holds", "id",
        "offered_ms", "queue", "talk_ms", "told", "transferred_to",
    )  # fmt: skip

    def __init__(self, contact: Contact, agent: Agent, segment_id: str) -> None:
        self.contact = contact
        self.agent = agent
        self.id = segment_id
        self.queue = contact.queue
        self.offered_ms = contact.offered_ms
        self.answered_ms = contact.world.now
        self.ended_ms: int | None = None
        self.free_ms: int | None = None
        self.talk_ms = self.hold_ms = self.holds = self.acw_ms = 0
        self.transferred_to: str | None = None
        self.escalated = False
        self.told = False
        if not contact.lost:
            contact.floor.segments[self] = None

    def measure(self) -> tuple[int | None, int | None]:
        """The conversation ends now (``hold_ms`` is known): talk and hold as the source will state them, or None."""
        contact = self.contact
        self.ended_ms = contact.world.now
        said_talk, self.talk_ms = contact.measured(self.ended_ms - self.answered_ms - self.hold_ms)
        said_hold, self.hold_ms = contact.measured(self.hold_ms)
        return said_talk, said_hold if self.holds else None

    def over(self, transferred_to: str | None = None) -> None:
        """The conversation has ended: call it after the event that says so, which may have been lost."""
        self.told = not self.contact.lost
        self.transferred_to = transferred_to
        self.free_ms = self.ended_ms if self.told else None

    def wraps_up(self, *, over: bool) -> None:
        """After-contact work has begun, or is over: call it after the event that says so, which may have been lost."""
        if not self.contact.lost:
            self.free_ms = self.contact.world.now if over else None

    def record(self, closed_ms: int | None) -> None:
        """Write it into the ledger, once: over with its after-contact work at ``closed_ms``, or cut short (None).

        A lost end leaves no durations; lost or unfinished after-contact work is nobody's.
        """
        contact = self.contact
        if self not in contact.floor.segments:
            return
        del contact.floor.segments[self]
        ending: Ending = "lost" if contact.lost else "handling"
        if self.told:
            ending = "ended" if self.transferred_to is None else "transferred"
        known = self.told and not (contact.lost or closed_ms is None)
        contact.floor.ledger.add(
            Segment(
                contact.id, self.queue.name, contact.channel, self.agent.id, contact.started_ms, self.offered_ms,
                self.answered_ms, self.ended_ms if self.told else None, closed_ms if known else None, ending,
                self.talk_ms if self.told else 0, self.hold_ms if self.told else 0, self.holds,
                self.acw_ms if known else 0, self.transferred_to, self.escalated, contact.counted, contact.seen_ms,
                self.free_ms,
            )
        )  # fmt: skip
