"""Small builders: a contact's story told in seconds becomes records, records go into real partitions, numbers come out.

``call("c1").offered(at=0, queue="billing").answered(at=12).ended(at=100)`` is a call of Monday 2026-03-02; ``at`` is in
seconds after 10:00:00 UTC and may be negative or a fraction. A ``Floor`` takes stories (in order of time) or single
events (in the order given) and answers what a user could ask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from streams import events as e
from streams import view
from streams.books import CORRECTED, Book, Slice, net
from streams.counts import Counts, counts_of
from streams.crossing.fact import AGENTS, CUSTOMERS
from streams.crossing.state import FactsPartition
from streams.events import AgentState, Event
from streams.partition import Partition, Record, Refused
from streams.settings import Attribution, QueueSettings, Settings
from streams.tally import COHORT, add
from streams.view import FLOOR, Interval, Live
from streams.windows import Windows

START: Final = 1_772_445_600_000
"""Monday 2026-03-02, 10:00:00 UTC, in epoch milliseconds."""

HOUR: Final = 3_600
DAY: Final = 86_400

_encode = msgspec.json.Encoder().encode


def ms(seconds: float) -> int:
    """Epoch milliseconds of a moment so many seconds after ``START``."""
    return START + round(seconds * 1000)


class Story:
    """One contact's life. Each verb adds an event; queue and agent stay what they were until told otherwise."""

    def __init__(self, contact_id: str, **always: object) -> None:
        self.contact_id = contact_id
        self.events: list[Event] = []
        self._always = always
        self._queue: str | None = None

    def tell(self, kind: Callable[..., Event], at: float, /, **fields: object) -> Story:
        """Add an event of any kind; its id is the contact's with a number."""
        queue = fields.pop("queue", self._queue)
        known: dict[str, Any] = {
            "event_id": f"{self.contact_id}-{len(self.events)}",
            "occurred_at": ms(at),
            "contact_id": self.contact_id,
            "source": "pbx",
            "source_seq": len(self.events),
            "queue": queue,
            **self._always,
            **fields,
        }
        self.events.append(kind(**known))
        return self


class Call(Story):
    """A telephone call."""

    def started(self, at: float, **fields: object) -> Call:
        self.tell(e.CallStarted, at, **fields)
        return self

    def ivr_abandoned(self, at: float) -> Call:
        self.tell(e.CallIvrAbandoned, at)
        return self

    def offered(self, at: float, queue: str = "billing", **fields: object) -> Call:
        self._queue = queue
        self.tell(e.CallOffered, at, **fields)
        return self

    def alerting(self, at: float, agent_id: str = "ann") -> Call:
        self.tell(e.CallAlerting, at, agent_id=agent_id)
        return self

    def not_answered(self, at: float, agent_id: str = "ann", **fields: object) -> Call:
        self.tell(e.CallNotAnswered, at, agent_id=agent_id, **fields)
        return self

    def answered(self, at: float, agent_id: str = "ann", **fields: object) -> Call:
        self.tell(e.CallAnswered, at, agent_id=agent_id, **fields)
        return self

    def held(self, at: float) -> Call:
        self.tell(e.CallHeld, at)
        return self

    def resumed(self, at: float) -> Call:
        self.tell(e.CallResumed, at)
        return self

    def transferred(self, at: float, to: str, **fields: object) -> Call:
        self.tell(e.CallTransferred, at, to=to, **fields)
        return self

    def abandoned(self, at: float, **fields: object) -> Call:
        self.tell(e.CallAbandoned, at, **fields)
        return self

    def flowed_out(self, at: float, reason: str) -> Call:
        self.tell(e.CallFlowedOut, at, reason=reason)
        return self

    def ended(self, at: float, **fields: object) -> Call:
        self.tell(e.CallEnded, at, **fields)
        return self

    def wrapped_up(self, at: float, **fields: object) -> Call:
        self.tell(e.CallWrappedUp, at, **fields)
        return self


class Conversation(Story):
    """A written conversation."""

    def queued(self, at: float, queue: str = "chat", **fields: object) -> Conversation:
        self._queue = queue
        self.tell(e.ConversationQueued, at, **fields)
        return self

    def assigned(self, at: float, agent_id: str = "ann") -> Conversation:
        self.tell(e.ConversationAssigned, at, agent_id=agent_id)
        return self

    def resolved(self, at: float, **fields: object) -> Conversation:
        self.tell(e.ConversationResolved, at, **fields)
        return self

    def merged(self, at: float, into: str) -> Conversation:
        self.tell(e.ConversationMerged, at, into=into)
        return self


def call(contact_id: str = "c1", **always: object) -> Call:
    """A call; ``always`` is said by each of its events."""
    return Call(contact_id, **always)


def chat(contact_id: str = "d1", **always: object) -> Conversation:
    """A conversation on the chat channel."""
    return Conversation(contact_id, channel="chat", **always)


def state(
    agent_id: str, at: float, to: AgentState, queues: Sequence[str] | None = None, **fields: Any
) -> e.AgentStateChanged:
    """An agent's change of state; ``queues`` of None are not said."""
    served = None if queues is None else tuple(queues)
    known = {"event_id": f"{agent_id}@{at}", "source": "acd", **fields}
    return e.AgentStateChanged(occurred_at=ms(at), agent_id=agent_id, state=to, queues=served, **known)


def heartbeat(at: float) -> e.SourceHeartbeat:
    """Nothing but time passing."""
    return e.SourceHeartbeat(event_id=f"beat@{at}", occurred_at=ms(at), source="pbx")


def record(offset: int, event: Event) -> Record:
    """An event as a Kafka record whose publish time nobody knows."""
    key = e.key_of(event)
    return Record(offset, None if key is None else key.encode(), _encode(event), 0)


def in_time(stories: Iterable[Story]) -> list[Event]:
    """The events of several contacts as they would be published: in order of time."""
    events = [event for story in stories for event in story.events]
    return sorted(events, key=lambda event: event.occurred_at)


def by(attribution: Attribution, **rule: Any) -> Settings:
    """Settings with this attribution, and more rules for every queue."""
    return Settings(defaults=QueueSettings(attribution=attribution, **rule))


class Floor:
    """One partition of each topic, facts about customers and agents too, and everything a user could ask of them."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings if settings is not None else Settings()
        self.calls = Partition(self.settings, e.CALL_EVENTS, 0)
        self.conversations = Partition(self.settings, e.CONVERSATION_EVENTS, 0)
        self.people = Partition(self.settings, e.AGENT_EVENTS, 0)
        self.customers = FactsPartition(self.settings, CUSTOMERS, 0, CUSTOMERS)
        self.work = FactsPartition(self.settings, AGENTS, 0, AGENTS)
        self.changelog: dict[str, list[tuple[bytes, bytes | None]]] = {}

    @property
    def partitions(self) -> list[Partition]:
        return [self.calls, self.conversations, self.people, self.customers, self.work]

    def play(self, *stories: Story) -> Floor:
        """Tell these stories, all events in order of time."""
        return self.take(*in_time(stories))

    def take(self, *events: Event) -> Floor:
        """Take single events in the order given; none may be refused."""
        for event in events:
            partition = self._home(event)
            assert partition.apply([record(partition.next_offset, event)]) == []
            self._deliver(partition)
        return self

    def _deliver(self, partition: Partition) -> None:
        for destination, key, value in partition.take_outgoing():
            home = self.customers if destination == CUSTOMERS else self.work
            assert home.apply([Record(home.next_offset, key, value, 0)]) == []

    def take_raw(self, key: bytes | None, value: bytes | None) -> list[Refused]:
        """Take a record of call-events as it is."""
        return self.calls.apply([Record(self.calls.next_offset, key, value, 0)])

    def restarted(self, settings: Settings | None = None) -> Floor:
        """The floor as another process finds it, with these settings or the same: all flushed, and read back."""
        again = Floor(settings or self.settings)
        for old, new in zip(self.partitions, again.partitions, strict=True):
            log = again.changelog[new.topic] = [*self.changelog.get(old.topic, []), *stored(old)]
            for key, value in log:
                new.restore(key, value)
            new.restored()
        return again

    # --- read-outs ---------------------------------------------------------------------------------------------------

    def total(self, queue: str = "billing", channel: str = "voice") -> Counts:
        """Everything counted so far, corrections taken off."""
        fields: dict[int, int] = {}
        for partition in self.partitions:
            book = partition.ledger.books.get((queue, channel))
            if book is not None:
                add(fields, net_fields(book))
        return counts_of(fields, cohort=False)

    def count(self, field: int, queue: str = "billing", channel: str = "voice") -> int:
        """One field of the totals, corrections taken off; 0 for a queue nobody has heard of."""
        books = (p.ledger.books.get((queue, channel)) for p in self.partitions)
        return sum(net(book.total.fields, field) for book in books if book is not None)

    def taken_back(self, field: int, queue: str = "billing", channel: str = "voice") -> int:
        """How much of a field of the totals corrections took back."""
        books = (p.ledger.books.get((queue, channel)) for p in self.partitions)
        return sum(book.total.fields.get(field + CORRECTED, 0) for book in books if book is not None)

    def live(self, queue: str = "billing", channel: str = "voice", *, now: float) -> Live:
        """The queue as it is at ``now``."""
        return view.live(self.partitions, self.settings, ms(now)).get((queue, channel), Live())

    def everybody(self, *, now: float) -> Live:
        """The whole floor as it is at ``now``."""
        return view.live(self.partitions, self.settings, ms(now))[FLOOR, ""]

    def window(self, window: str, queue: str = "billing", channel: str = "voice", *, now: float) -> Counts:
        """The counts of a window of one queue; (FLOOR, "") is the floor."""
        return Windows().of(self.partitions, self.settings, window, ms(now))[queue, channel].counts

    def intervals(
        self, start: float, end: float, by: str = "hour", queue: str = "billing", channel: str = "voice"
    ) -> list[Interval]:
        """The hours or days of one queue; (FLOOR, "") is the floor."""
        return view.intervals(self.partitions, self.settings, ms(start), ms(end), by, (queue, channel))

    def counter(self, name: str) -> int:
        """A counter of events over all partitions, such as "duplicate" or "late"."""
        return sum(partition.counters.get(name, 0) for partition in self.partitions)

    def _home(self, event: Event) -> Partition:
        topic = e.topic_of(event)
        return {e.CONVERSATION_EVENTS: self.conversations, e.AGENT_EVENTS: self.people}.get(topic or "", self.calls)


def stored(partition: Partition) -> list[tuple[bytes, bytes | None]]:
    """What a flush leaves in the changelog, in the order in which it is written; nothing when nothing changed."""
    flush = partition.flush()
    if flush is None:
        return []
    gone: list[tuple[bytes, bytes | None]] = [(key, None) for key in partition.flushed(flush)]
    return [*flush.tallies, *flush.contacts, flush.marker, *gone]


def net_fields(book: Book) -> dict[int, int]:
    """The totals of a book without what was taken back."""
    totals = book.total.fields
    kept = {field: net(totals, field) for field in totals if field < COHORT}
    return {field: n for field, n in kept.items() if n}


class Numbers(NamedTuple):
    """Everything a user could see of a partition, and every contact it still knows."""

    books: dict[Any, Any]
    counters: dict[str, int]
    contacts: dict[str, Any]
    agents: dict[str, Any]
    waiting: dict[str, Any]
    handling: dict[str, Any]
    watermark: int
    days: dict[Any, Any]


def numbers(partition: Partition) -> Numbers:
    """The numbers of one partition, without slices in which everything cancelled out."""
    books = {
        key: (
            {field: n for field, n in book.total.fields.items() if n},
            [_counted(store) for store in (book.fine, book.minute, book.coarse, book.length)],
        )
        for key, book in partition.ledger.books.items()
    }
    contacts = {name: (c.head, c.log, c.base_at, c.digests, c.last_at) for name, c in partition.contacts.items()}
    agents = {name: (a.team, a.heard_at, list(a.changes)) for name, a in partition.agents.items()}
    return Numbers(
        books, dict(partition.counters), contacts, agents, dict(partition.waiting), dict(partition.handling),
        partition.watermark,
        {day: kept for day, counts in partition.days.days() if (kept := {name: n for name, n in counts.items() if n})},
    )  # fmt: skip


def _counted(store: Mapping[int, Slice]) -> dict[int, object]:
    found = {
        start: ({f: n for f, n in piece.fields.items() if n}, dict(piece.maxima)) for start, piece in store.items()
    }
    return {start: counted for start, counted in found.items() if any(counted)}
