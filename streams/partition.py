"""The state of one source topic and partition: records in, tallies and live contacts out. Pure: no clock, no I/O.

``apply`` takes records in offset order and never raises for what they hold. ``flush`` hands over what changed, each
piece stamped with the offset it includes; ``restore`` takes it back after a crash, and a record applied again then
changes only what does not include it yet. Whatever happens by the passing of time is a due timer, fired in (deadline,
contact id) order by the record whose event time passes it, so that it happens identically after a crash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from heapq import heapify, heappop, heappush
from typing import Final, NamedTuple

import msgspec

from streams import contact as c
from streams import history, presence
from streams.decode import Rejected, decode
from streams.events import AgentEvent, AgentStateChanged, CallEvent, ContactEvent, Event
from streams.facts import Change, Fact
from streams.history import Contact
from streams.ledger import Ledger
from streams.log import entry_of
from streams.presence import Presence
from streams.settings import Settings
from streams.slices import DAY, HOUR, MINUTE

STATE_VERSION: Final = 1
MAX_SOURCES: Final = 1_000


class Record(NamedTuple):
    """One Kafka record as it arrived; ``published_at`` is its Kafka timestamp in ms, 0 when unknown."""

    offset: int
    key: bytes | None
    value: bytes | None
    published_at: int


class Refused(NamedTuple):
    """A record that could not be used, why, and all that is needed to keep it."""

    offset: int
    reason: str
    detail: str
    key: bytes | None
    value: bytes | None
    published_at: int


class Flush(NamedTuple):
    """What changed since the last flush, in the order in which it must be written."""

    tallies: list[tuple[bytes, bytes]]
    contacts: list[tuple[bytes, bytes]]
    marker: tuple[bytes, bytes]
    next_offset: int


class Waiting(NamedTuple):
    """A visit that waits now."""

    queue: str
    channel: str
    offered_at: int
    priority: int
    callback: bool


class StateRefusedError(Exception):
    """Stored state this version cannot read; the message says what to do."""


OnFact = Callable[[int, Fact], None]


class Partition:
    """Contacts, agents, tallies, timers and the watermark of one source topic and partition."""

    def __init__(self, settings: Settings, topic: str, partition: int, on_fact: OnFact | None = None) -> None:
        self.topic = topic
        self.number = partition
        self.watermark = 0
        self.sources: dict[str, int] = {}
        self.counters: dict[str, int] = {}
        self.flushed_counters: dict[str, int] = {}
        self.flushed_totals: dict[tuple[str, str], dict[int, int]] = {}
        self.contacts: dict[str, Contact] = {}
        self.agents: dict[str, Presence] = {}
        self.waiting: dict[str, list[Waiting]] = {}
        self.handling: dict[str, tuple[str, str]] = {}
        self.next_offset = 0
        self._on_fact = on_fact
        self._prefix = f"{topic}|".encode()
        self.ledger = Ledger(settings, self._prefix)
        self._counter_stamp = -1
        self._timers: list[tuple[int, str]] = []
        self._dirty: dict[str, None] = {}
        self._dirty_agents: dict[str, None] = {}
        self._forgotten: dict[str, None] = {}
        self._ghosts: dict[str, int] = {}
        self._gone: list[bytes] = []
        self._going: list[bytes] = []
        self._marked_offset: int | None = None
        self._pending_totals: dict[tuple[str, str], dict[int, int]] = {}
        self._pending_counters: dict[str, int] = {}
        keep = settings.retention
        self._correction_ms = keep.correction_minutes * MINUTE
        self._stub_ms = round(keep.stub_hours * HOUR)
        self._linked_ms = round(keep.stub_days_linked * DAY)
        self._orphan_ms = {str(name): round(hours * HOUR) for name, hours in keep.orphan_hours.items()}

    # --- records in --------------------------------------------------------------------------------------------------

    def apply(self, records: Sequence[Record]) -> list[Refused]:
        """Take records in offset order; return those that were refused. Records already included change nothing."""
        refused: list[Refused] = []
        for record in records:
            offset, key, value, published_at = record
            if offset < self.next_offset:
                continue
            event = decode(self.topic, key, value, published_at)
            if type(event) is Rejected:
                self._count(f"rejected|{event.reason}", offset)
                refused.append(Refused(offset, event.reason, event.detail, key, value, published_at))
            else:
                self._take(event, offset)  # type: ignore[arg-type]
            self.next_offset = offset + 1
        return refused

    def _take(self, event: Event, offset: int) -> None:
        self._count(f"events|{event.__struct_config__.tag}", offset)
        at = event.occurred_at
        if isinstance(event, ContactEvent):
            self._take_contact(event, offset)
        elif isinstance(event, AgentEvent):
            self._take_agent(event, offset)
        if event.source in self.sources or len(self.sources) < MAX_SOURCES:
            self.sources[event.source] = max(at, self.sources.get(event.source, 0))
        if at > self.watermark:
            self.watermark = at
            if self._timers and self._timers[0][0] <= at:
                self._fire(offset)

    def _take_contact(self, event: ContactEvent, offset: int) -> None:
        contact = self.contacts.get(event.contact_id)
        if contact is None:
            if self._ghosts.get(event.contact_id, -1) >= offset:
                return
            if event.occurred_at < self.watermark - self._stub_ms:
                self._count(history.LATE, offset)
                return
            contact = self.contacts[event.contact_id] = Contact(event.contact_id)
            contact.linked = not isinstance(event, CallEvent)
        elif contact.stamp >= offset:
            return
        due_before = self._due(contact)
        if event.occurred_at < contact.last_at:
            self._count("out_of_order", offset)
        outcome = history.record(contact, entry_of(event))
        if isinstance(outcome, str):
            self._count(outcome, offset)
            return
        self._post(outcome, offset)
        self._touched(contact, due_before)

    def _take_agent(self, event: AgentEvent, offset: int) -> None:
        agent = self.agents.get(event.agent_id)
        if agent is None:
            agent = self.agents[event.agent_id] = Presence(event.agent_id, changes=[])
        elif agent.stamp >= offset:
            return
        agent.heard_at = max(agent.heard_at, event.occurred_at)
        self._dirty_agents[event.agent_id] = None
        if not isinstance(event, AgentStateChanged):
            return
        spans = presence.record(agent, event)
        if isinstance(spans, str):
            self._count(spans, offset)
            return
        for span in spans:
            for queue in ("", *span.queues):
                self.ledger.spend(span, queue, offset, self.watermark)

    def _post(self, changes: list[Change], offset: int) -> None:
        for change in changes:
            if not self.ledger.post(change, offset, self.watermark):
                self._count("late", offset)
            if self._on_fact is not None:
                self._on_fact(*change)
        if self.ledger.broken_maxima:
            self.ledger.mend_maxima(self._known_facts())

    def _known_facts(self) -> Iterator[Fact]:
        for contact in self.contacts.values():
            if contact.head is not None and not c.excluded(contact.head.flags):
                for visit in contact.head.visits:
                    yield from c.visit_facts(contact.head, visit)

    def _touched(self, contact: Contact, due_before: int) -> None:
        """Bring everything that looks at a contact up to date after it changed."""
        name = contact.contact_id
        self._dirty[name] = None
        due = self._due(contact)
        if due < due_before or due_before < 0:
            heappush(self._timers, (due, name))
        head = contact.head
        if head is None or c.excluded(head.flags):
            self.waiting.pop(name, None)
            self.handling.pop(name, None)
            return
        waiting = [
            Waiting(v.queue, head.channel, v.offered_at, v.priority, v.callback)
            for v in head.visits
            if v.outcome == c.OPEN and v.offered_at >= 0
        ]
        if waiting:
            self.waiting[name] = waiting
        else:
            self.waiting.pop(name, None)
        segment = head.in_hand()
        if segment is not None:
            self.handling[name] = (segment.queue, head.channel)
        else:
            self.handling.pop(name, None)

    def _count(self, name: str, offset: int) -> None:
        if offset > self._counter_stamp:
            self.counters[name] = self.counters.get(name, 0) + 1

    # --- time --------------------------------------------------------------------------------------------------------

    def _due(self, contact: Contact) -> int:
        """When time alone changes this contact: it is given up, shrunk or forgotten. -1 before its first event."""
        head = contact.head
        if head is None:
            return contact.base_at + (self._linked_ms if contact.linked else self._stub_ms) if contact.digests else -1
        if head.done_at >= 0 and not head.wrapping():
            return contact.last_at + self._correction_ms
        return contact.last_at + self._orphan_ms[head.channel]

    def _fire(self, offset: int) -> None:
        """Fire every timer the watermark has passed, in (deadline, contact id) order.

        Applied again after a crash, a contact that already includes this offset keeps its timer for the next one.
        """
        kept: list[tuple[int, str]] = []
        while self._timers and self._timers[0][0] <= self.watermark:
            deadline, name = heappop(self._timers)
            contact = self.contacts.get(name)
            if contact is None:
                continue
            due = self._due(contact)
            if due > deadline:
                heappush(self._timers, (due, name))
            elif due == deadline and contact.stamp < offset:
                self._expire(contact, deadline, offset)
            elif due == deadline:
                kept.append((deadline, name))
        for timer in kept:
            heappush(self._timers, timer)

    def _expire(self, contact: Contact, deadline: int, offset: int) -> None:
        name = contact.contact_id
        if contact.head is None:
            del self.contacts[name]
            if name in self._dirty:  # what is stored is older than its stub: after a crash it would come back to life
                self._forgotten[name] = None
                del self._dirty[name]
            self._gone.append(self._contact_key(name))
            return
        if contact.head.done_at >= 0 and not contact.head.wrapping():
            history.shrink(contact)
        else:
            self._count("orphaned_contacts", offset)
            outcome = history.close_as_orphan(contact, deadline)
            if not isinstance(outcome, str):
                self._post(outcome, offset)
        self._touched(contact, -1)

    # --- storing and reading back ------------------------------------------------------------------------------------

    def flush(self) -> Flush | None:
        """What changed since the last flush, encoded; None when nothing was applied since."""
        if self.next_offset == self._marked_offset:
            return None
        stamp = self.next_offset - 1
        tallies = self.ledger.changed(stamp)
        self._counter_stamp = max(self._counter_stamp, stamp)
        tallies.append((self._prefix + b"n|", _encode((self._counter_stamp, self.counters))))
        written = []
        written += [
            (self._contact_key(name), _encode((0, stamp))) for name in self._forgotten if name not in self.contacts
        ]
        for name in self._dirty:
            contact = self.contacts[name]
            contact.stamp = max(contact.stamp, stamp)
            stored = (
                STATE_VERSION, contact.stamp, contact.linked, contact.count, contact.log, contact.base,
                contact.base_at, contact.digests,
            )  # fmt: skip
            written.append((self._contact_key(name), _encode(stored)))
        for name in self._dirty_agents:
            agent = self.agents[name]
            agent.stamp = max(agent.stamp, stamp)
            written.append((self._prefix + b"a|" + name.encode("utf-8", "surrogatepass"), _encode(agent)))
        self._dirty.clear()
        self._forgotten.clear()
        self._dirty_agents.clear()
        for name in [name for name, included in self._ghosts.items() if included < self.next_offset]:
            del self._ghosts[name]
            self._gone.append(self._contact_key(name))
        marker = _encode((STATE_VERSION, self.next_offset, self.watermark, self.sources))
        self._marked_offset = self.next_offset
        self._pending_totals = {key: dict(book.total.fields) for key, book in self.ledger.books.items()}
        self._pending_counters = dict(self.counters)
        self._going = [*self._going, *self._gone, *self.ledger.purge(self.watermark)]
        self._gone = []
        return Flush(tallies, written, (self._prefix + b"m|", marker), self.next_offset)

    def flushed(self, _flush: Flush) -> list[bytes]:
        """The flush is stored and committed: show its totals; returns the keys that may be deleted now."""
        self.flushed_totals, self.flushed_counters = self._pending_totals, self._pending_counters
        gone = [key for key in self._going if not self._came_back(key)]
        self._going = []
        return gone

    def _came_back(self, key: bytes) -> bool:
        """Whether a forgotten contact's id is in use again, so that its stored state must stay."""
        code, name = self._split(key)
        return code == b"c" and name.decode("utf-8", "surrogatepass") in self.contacts

    def _contact_key(self, name: str) -> bytes:
        return self._prefix + b"c|" + name.encode("utf-8", "surrogatepass")

    def _split(self, key: bytes) -> tuple[bytes, bytes]:
        start = len(self._prefix)
        return key[start : start + 1], key[start + 2 :]

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take one stored record back, in the order of the changelog; an empty value deletes.

        Raises StateRefusedError for state of another version.
        """
        code, name = self._split(key)
        if not value:
            self._delete(code, key, name.decode("utf-8", "surrogatepass"))
        elif code == b"s":
            self.ledger.read_back(key, value)
        elif code == b"c":
            self._restore_contact(name.decode("utf-8", "surrogatepass"), value)
        elif code == b"a":
            agent = _decode_agent(value)
            self.agents[agent.agent_id] = agent
        elif code == b"n":
            self._counter_stamp, self.counters = _decode_counters(value)
        elif code == b"m":
            version, self.next_offset, self.watermark, self.sources = _decode_marker(value)
            _check(version, "marker")
            self._marked_offset = self.next_offset

    def _delete(self, code: bytes, key: bytes, name: str) -> None:
        if code == b"c":
            self.contacts.pop(name, None)
            self._ghosts.pop(name, None)
        elif code == b"a":
            self.agents.pop(name, None)
        elif code == b"s":
            self.ledger.forget(key)

    def _restore_contact(self, name: str, value: bytes) -> None:
        if value[0] == _FORGOTTEN:
            self.contacts.pop(name, None)
            self._ghosts[name] = _decode_ghost(value)[1]
            return
        self._ghosts.pop(name, None)
        version, stamp, linked, count, log, base, base_at, digests = _decode_contact(value)
        _check(version, "contact")
        contact = Contact(name, stamp, count, log, base, base_at, digests)
        contact.linked = linked
        self.contacts[name] = contact

    def restored(self) -> int | None:
        """The changelog has been read: rebuild the rest; returns the next offset to read, None for the beginning."""
        for contact in list(self.contacts.values()):
            history.rebuild(contact)
            self._touched(contact, -1)
        self._dirty.clear()
        self._timers = [(self._due(contact), name) for name, contact in self.contacts.items()]
        heapify(self._timers)
        for name, contact in list(self.contacts.items()):
            if contact.head is None and self._due(contact) <= self.watermark:
                del self.contacts[name]  # it was forgotten, and its tombstone not written
                self._gone.append(self._contact_key(name))
        self.flushed_totals = {key: dict(book.total.fields) for key, book in self.ledger.books.items()}
        self.flushed_counters = dict(self.counters)
        return self._marked_offset


def _check(version: int, what: str) -> None:
    if version != STATE_VERSION:
        raise StateRefusedError(
            f"The stored {what} is of state version {version}; this program reads version {STATE_VERSION}. "
            "Run the version that wrote it, or start a new broker.app_id to count again from the topics."
        )


_FORGOTTEN: Final = 0x92
"""First byte of a contact that was forgotten before its stub was stored: a pair of 0 and the offset it includes."""

_encode = msgspec.msgpack.Encoder().encode
_decode_ghost = msgspec.msgpack.Decoder(tuple[int, int]).decode
_decode_contact = msgspec.msgpack.Decoder(tuple[int, int, bool, int, bytes, c.Head | None, int, bytes]).decode
_decode_agent = msgspec.msgpack.Decoder(Presence).decode
_decode_counters = msgspec.msgpack.Decoder(tuple[int, dict[str, int]]).decode
_decode_marker = msgspec.msgpack.Decoder(tuple[int, int, int, dict[str, int]]).decode
