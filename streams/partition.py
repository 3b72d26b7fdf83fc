"""The state of one source topic and partition: records in, tallies and live contacts out. Pure: no clock, no I/O.

``apply`` takes records in offset order and never raises for what they hold. ``flush`` hands over what changed, each
piece stamped with the offset it includes; ``restore`` takes it back after a crash, and a record applied again then
changes only what does not include it yet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
from mypy_extensions import mypyc_attr

from streams import presence
from streams.comments import Comments
from streams.contact.history import DUPLICATE, LATE, Contact
from streams.contact.nouns import Waiting
from streams.contacts import OUT_OF_ORDER, Contacts
from streams.crossing import fact as crossing
from streams.crossing.fact import Outgoing
from streams.crossing.outbox import Outbox
from streams.decode import Rejected, decode
from streams.events import (
    AgentEvent,
    AgentStateChanged,
    ContactEvent,
    ConversationCommented,
    Event,
    QueueStateChanged,
    SourceGap,
    SourceSnapshot,
)
from streams.facts import SKEWED, Change, Fact
from streams.help_centre import HelpCentre, HelpEvent
from streams.ledger import Ledger
from streams.measures.days import Days
from streams.presence import Presence, Spent
from streams.promises import Backlog
from streams.records import Flush, Plain, Record, Refused
from streams.roster import Roster
from streams.settings import Settings
from streams.slices import DAY
from streams.staff import Staff
from streams.stored import STATE_VERSION, Kept, StateRefusedError, of_this_version
from streams.trust import OTHER, Sources
from streams.trust.origin import origin_of

__all__ = ["Contact", "Flush", "Partition", "Record", "Refused", "StateRefusedError", "Waiting"]

MAX_QUEUE_STATES: Final = 1_000


OnFact = Callable[[int, Fact], None]
Totals = dict[tuple[str, str], dict[int, int]]


@mypyc_attr(allow_interpreted_subclasses=True)
class Partition:
    """Contacts, agents, tallies, counters and the watermark of one source topic and partition.

    ``flushed_totals`` and ``flushed_counters`` are what the last stored flush holds: counters shown from them survive a
    crash and never count twice. ``backlogs``: open conversations summed up by another worker that counts them
    (``streams.sight``); none where they are counted here.
    """

    _tells_people = True

    def __init__(self, settings: Settings, topic: str, partition: int, on_fact: OnFact | None = None) -> None:
        self.topic = topic
        self.number = partition
        self.next_offset = 0
        self.watermark = 0
        self.trust = Sources()
        self.queue_states: dict[str, tuple[int, bool]] = {}
        self.counters: dict[str, int] = {}
        self.flushed_counters: dict[str, int] = {}
        self.flushed_totals: Totals = {}
        self.backlogs: Mapping[tuple[str, str], Backlog] = {}
        self._prefix = f"{topic}|".encode()
        self.ledger = Ledger(settings, self._prefix)
        self.store = Contacts(settings, self._prefix)
        keep_ms = round(settings.retention.agent_days * DAY)
        staff = Staff(keep_ms)
        self._staff: Roster[Presence, AgentEvent, Spent] = Roster(staff, self._prefix + b"a|", staff)
        self._kept: list[Kept] = [self.store, self._staff]
        self.days = Days(settings.measures.timezone, self._prefix)
        self.comments = Comments(settings.retention.comments, self._prefix)
        self._help = HelpCentre(settings.retention.stub_hours, self._prefix)
        self._on_fact = on_fact
        self._counter_stamp = -1
        self._marked_offset: int | None = None
        self._pending: tuple[Totals, dict[str, int]] = ({}, {})
        self._forgotten: list[tuple[Kept, list[Any]]] = []
        self._purged: list[bytes] = []
        self._outbox = Outbox(topic, partition)
        self._events_of: dict[str, str] = {}

    @property
    def sources(self) -> dict[str, int]:
        """When each source was last heard of, in event time."""
        return self.trust.heard_at

    @property
    def contacts(self) -> dict[str, Contact]:
        """Every contact known, open ones and stubs, by id."""
        return self.store.by_id

    @property
    def agents(self) -> dict[str, Presence]:
        """Every agent known, by id."""
        return self._staff.by_who

    @property
    def agents_version(self) -> int:
        """Another one whenever what is known of an agent may be another."""
        return self._staff.version

    @property
    def waiting(self) -> dict[str, list[Waiting]]:
        """The visits that wait now, by contact id."""
        return self.store.waiting

    @property
    def handling(self) -> dict[str, tuple[str, str]]:
        """Queue and channel of the contacts that an agent works on now, by contact id."""
        return self.store.handling

    # --- records in --------------------------------------------------------------------------------------------------

    def apply(self, records: Sequence[Plain]) -> list[Refused]:
        """Take records in offset order; return those that were refused. Records already included change nothing."""
        refused: list[Refused] = []
        for offset, key, value, published_at in records:
            if offset < self.next_offset:
                continue
            event = decode(self.topic, key, value, published_at)
            if type(event) is Rejected:
                self._count("rejected|" + event.reason, offset)
                origin = origin_of(value)
                self._count("source|rejected|" + (origin if origin in self.sources else OTHER), offset)
                refused.append(Refused(offset, event.reason, event.detail, key, value, published_at))
            else:
                self._take(event, offset, published_at)  # type: ignore[arg-type]
            self.next_offset = offset + 1
        return refused

    def _take(self, event: Event, offset: int, published_at: int) -> None:
        kind = type(event)
        self._count(_COUNTER[kind], offset)
        at = event.occurred_at
        if not self.days.since:
            self.days.began(at)
        source = self.trust.hear(event.source, at, event.queue, published_at)
        counter = self._events_of.get(source)
        if counter is None:
            counter = self._events_of[source] = "source|events|" + source
        self._count(counter, offset)
        if kind in _OF_A_CONTACT:
            changes, counted_as = self.store.take(event, offset, self.watermark)  # type: ignore[arg-type]
            if counted_as:
                self._count_as(counted_as, offset, source)
            if changes:
                self._post(changes, offset, source, self.store.by_id[event.contact_id].born)  # type: ignore[union-attr, index]
                if kind is ConversationCommented:
                    self.comments.take(event, changes)  # type: ignore[arg-type]
        else:
            self._take_other(event, offset, source)
        if at > self.watermark:
            self._outbox.time_passes(self.watermark, at, offset)
            self.watermark = at
            if self.store.next_due <= at:
                for born, changes in self.store.fire(at, offset):
                    self._count("orphaned_contacts|silence", offset)
                    self._post(changes, offset, source, born)
            if self._staff.next_due <= at:
                list(self._staff.fire(at, offset))
        if self.store.told:
            self._outbox.tell(self.store.told, offset, self.watermark)
            self.store.told = []

    def _take_other(self, event: Event, offset: int, source: str) -> None:
        """Take an event that is not of a contact."""
        if isinstance(event, AgentEvent):
            self._take_agent(event, offset, source)
        elif isinstance(event, QueueStateChanged):
            self._take_queue_state(event)
        elif isinstance(event, HelpEvent):
            changes, counted_as = self._help.take(event, offset, self.watermark)
            if counted_as:
                self._count_as(counted_as, offset, source)
            self._post(changes, offset, source, offset)
        elif isinstance(event, SourceGap):
            self.trust.lost_sight(source, event.since)
        elif isinstance(event, SourceSnapshot):
            self._reconcile(event, offset, source)

    def take_outgoing(self) -> list[Outgoing]:
        """What has to be told since the last call (or flush)."""
        return self._outbox.take()

    def _take_agent(self, event: AgentEvent, offset: int, source: str) -> None:
        if self._staff.includes(event.agent_id, offset):
            return
        if isinstance(event, AgentStateChanged):
            for queue in event.queues or ():
                self.trust.feed(source, event.occurred_at, queue)
        spans = self._staff.take(event.agent_id, event, offset, self.watermark)
        if isinstance(spans, str):
            self._count_as(spans, offset, source)
            return
        if not isinstance(event, AgentStateChanged):
            return
        if event.state not in presence.SERVING:
            left = crossing.left(event.agent_id, event.occurred_at)
            self._outbox.tell([left], offset, self.watermark)
        for span in spans:
            self.days.spend(span, offset)
            for queue in ("", *span.queues):
                self.ledger.spend(span, queue, offset, self.watermark)

    def _reconcile(self, event: SourceSnapshot, offset: int, source: str) -> None:
        """What the source still has open is open; what it no longer has is closed as an orphan."""
        self.trust.has_sight(source, event.occurred_at)
        for born, changes in self.store.reconcile(event, offset):
            self._count("orphaned_contacts|snapshot", offset)
            self._post(changes, offset, source, born)

    def _take_queue_state(self, event: QueueStateChanged) -> None:
        """The latest word on whether a queue is open, by event time; bounded like the sources."""
        said = self.queue_states.get(event.queue)
        if (said is None and len(self.queue_states) < MAX_QUEUE_STATES) or (
            said is not None and said[0] <= event.occurred_at
        ):
            self.queue_states[event.queue] = (event.occurred_at, event.open)

    def _post(self, changes: list[Change], offset: int, source: str, born: int) -> None:
        ledger, days = self.ledger, self.days
        for change in changes:
            sign, fact = change
            days.post(sign, fact, offset)
            if not ledger.post(change, offset, self.watermark, born):
                self._count("late", offset)
                self._count("source|late|" + source, offset)
            if fact.kind == SKEWED and sign > 0:
                self._count("source|negative_durations|" + source, offset)
            if self._on_fact is not None:
                self._on_fact(sign, fact)
        if ledger.broken_maxima:
            ledger.mend_maxima(self.store.known_facts())

    def _count_as(self, counted_as: str, offset: int, source: str) -> None:
        self._count(counted_as, offset)
        self._count(_OF_A_SOURCE[counted_as] + source, offset)

    def _count(self, name: str, offset: int, times: int = 1) -> None:
        if offset > self._counter_stamp:
            self.counters[name] = self.counters.get(name, 0) + times

    # --- storing and reading back ------------------------------------------------------------------------------------

    def flush(self) -> Flush | None:
        """What changed since the last flush, encoded; None when nothing was applied since."""
        if self.next_offset == self._marked_offset:
            return None
        stamp = self.next_offset - 1
        tallies = self.ledger.changed(stamp)
        tallies[:0] = self.ledger.editions.changed()
        tallies += self.days.changed(stamp) + self.comments.changed()
        self._counter_stamp = max(self._counter_stamp, stamp)
        tallies.append((self._prefix + b"n|", _encode((self._counter_stamp, self.counters))))
        if self.trust.changed:
            tallies.append((self._prefix + b"q|", self.trust.stored()))
        changed = [kept.changed(stamp) for kept in self._kept]
        contacts = [pair for pairs in changed for pair in pairs] + self._help.changed(stamp)
        people = changed[-1] if self._tells_people else []
        self._forgotten += [(kept, kept.forgotten(stamp)) for kept in self._kept]
        for part in (self.ledger, self.days, self._help, self.comments):
            self._purged += part.purge(self.watermark)
        marker = _encode((STATE_VERSION, self.next_offset, self.watermark, *self._marks()))
        self._marked_offset = self.next_offset
        self._pending = {**self._pending[0], **self.ledger.grown()}, dict(self.counters)
        return Flush(tallies, contacts, (self._prefix + b"m|", marker), self.next_offset, self._outbox.take(), people)

    def _marks(self) -> tuple[object, ...]:
        """What else the marker holds."""
        return self.sources, self.queue_states

    def flushed(self, _flush: Flush) -> list[bytes]:
        """The flush is stored and committed: show its totals; returns the keys that may be deleted now."""
        totals, self.flushed_counters = self._pending
        self.flushed_totals = {**self.flushed_totals, **totals}
        self._pending = {}, self.flushed_counters
        gone = [key for kept, names in self._forgotten for key in kept.tombstones(names)] + self._purged
        self._forgotten, self._purged = [], []
        return gone

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take one stored record back, in the order of the changelog; an empty value deletes.

        Raises StateRefusedError for state of another version.
        """
        start = len(self._prefix)
        code, name = key[start : start + 1], key[start + 2 :]
        if code == b"c":
            self.store.restore(name, value)
        elif code == b"s" and value:
            self.ledger.read_back(key, value)
        elif code == b"s":
            self.ledger.forget(key)
        elif code in (b"a", b"A"):
            (self._staff.restore if code == b"a" else self._staff.restore_page)(name, value)
        elif code == b"v" and value:
            self.ledger.editions.restore(value)
        elif code == b"d":
            self.days.restore(name, value)
        elif code == b"k":
            self.comments.restore(name, value)
        elif code == b"h":
            self._help.restore(name, value)
        elif code == b"n" and value:
            self._counter_stamp, self.counters = _decode_counters(value)
        elif code == b"q" and value:
            self.trust.restore(value)
        elif code == b"m" and value:
            marker = of_this_version(_decode_marker, value, "marker")
            _, self.next_offset, self.watermark, self.trust.heard_at, self.queue_states = marker
            self._marked_offset = self.next_offset

    def restored(self) -> int | None:
        """The changelog has been read: rebuild the rest; returns the next offset to read, None for the beginning."""
        self.store.restored(self.watermark)
        self._staff.restored()
        list(self._staff.fire(self.watermark, self.next_offset))  # whose time was up are forgotten again
        counted = max(self.next_offset, self.ledger.guard_until + 1, self._counter_stamp + 1)
        born = (contact.born for contact in self.contacts.values())
        self.ledger.editions.begin(counted, min(born, default=counted), self.next_offset)
        self.flushed_totals, self.flushed_counters = self.ledger.grown(), dict(self.counters)
        return self._marked_offset


_OF_A_SOURCE: Final = {DUPLICATE: "source|duplicates|", LATE: "source|late|", OUT_OF_ORDER: "source|out_of_order|"}
_OF_A_CONTACT: Final = frozenset(kind for kind in Event.__args__ if issubclass(kind, ContactEvent))
_COUNTER: Final[dict[type, str]] = {kind: f"events|{kind.__struct_config__.tag}" for kind in Event.__args__}

_encode: Final = msgspec.msgpack.Encoder().encode
_decode_counters: Final = msgspec.msgpack.Decoder(tuple[int, dict[str, int]]).decode
_Marker: Final = tuple[int, int, int, dict[str, int], dict[str, tuple[int, bool]]]
_decode_marker: Final = msgspec.msgpack.Decoder(_Marker).decode
