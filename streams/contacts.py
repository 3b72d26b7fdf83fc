"""Every contact of one partition: who waits, who is being served, what is due, and how all of it is stored.

Contact events enter, changes for the tallies leave. What happens by the passing of time is a due timer, fired in
(deadline, contact id) order by the record whose event time passes it and carrying that record's offset, so that it
happens identically after a crash: a contact nothing was heard of is closed as an orphan, a finished one shrinks to a
stub, a stub is forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator
from sys import intern
from typing import Any, Final

import msgspec
from msgspec.structs import astuple

from streams.contact import history
from streams.contact import log as t
from streams.contact.history import Contact, Named
from streams.contact.nouns import head_of
from streams.contact.shown import Shown
from streams.contact.state import excluded, visit_facts
from streams.crossing.fact import Telling
from streams.crossing.tell import CUSTOMER, EVERYBODY, concerned, difference, tellings
from streams.events import CallEvent, ContactEvent, Event, SourceSnapshot
from streams.facts import Change, Fact
from streams.settings import Settings
from streams.slices import DAY, HOUR, MINUTE
from streams.stored import STATE_VERSION, of_this_version
from streams.timers import NEVER, Timers

KEPT_OPEN: Final = 0
KEPT_CLOSED: Final = 1
KEPT_STUB: Final = 2
OUT_OF_ORDER: Final = "out_of_order"


class Contacts:
    """The contacts of one partition by id, and what is derived from them (``streams.contact.shown``).

    ``told`` gathers what customers' and agents' partitions have to hear of; whoever takes an event empties it.
    """

    def __init__(self, settings: Settings, prefix: bytes) -> None:
        self.by_id: dict[str, Contact] = {}
        self._shown = Shown()
        self.waiting = self._shown.waiting
        self.handling = self._shown.handling
        self.hands = self._shown.hands
        self.voicemails = self._shown.voicemails
        self.open_conversations = self._shown.open_conversations
        self.kept = [0, 0, 0]
        """How many contacts are ``KEPT_OPEN``, ``KEPT_CLOSED`` and ``KEPT_STUB``."""
        self.next_due = NEVER
        self.told: list[Telling] = []
        self._prefix = prefix + b"c|"
        self._timers = Timers()
        self._queues: dict[str, str] = {}
        self._dirty: list[Contact] = []
        self._forgotten: dict[str, None] = {}
        self._gone: list[str] = []
        self._ghosts: dict[str, int] = {}
        keep = settings.retention
        self._correction_ms = keep.correction_minutes * MINUTE
        self._stub_ms = round(keep.stub_hours * HOUR)
        self._linked_ms = round(keep.stub_days_linked * DAY)
        self._orphan_ms = {str(name): round(hours * HOUR) for name, hours in keep.orphan_hours.items()}

    def take(self, event: ContactEvent, offset: int, watermark: int) -> tuple[list[Change], str]:
        """Take one event; returns what changed and what to count it as besides ("" for nothing special).

        An event of a contact that includes the offset already changes nothing.
        """
        fields = astuple(event)
        name: str = fields[t.CONTACT_ID]
        at: int = fields[t.OCCURRED_AT]
        counted_as = ""
        contact = self.by_id.get(name)
        if contact is None:
            if self._ghosts and self._ghosts.get(name, -1) >= offset:
                return [], ""
            linked = type(event) not in _CALLS
            if at < watermark - (self._linked_ms if linked else self._stub_ms):
                return [], history.LATE
            contact = self.by_id[name] = Contact(
                name, linked=linked, source=intern(fields[t.SOURCE]), born=offset, revived=offset
            )
            settled = None
        elif contact.stamp >= offset:
            return [], ""
        else:
            head = contact.head
            settled = None if head is None else head.settled()
            if at < contact.last_at:
                counted_as = OUT_OF_ORDER
        entry = t.entry_of(event, fields)
        if entry.queue is not None:
            entry.queue = self._one_of_each(entry.queue)
        customer, lead = contact.customer, contact.lead
        whom = concerned(contact, entry)
        if fields[t.CUSTOMER_ID] is not None and _is_earlier(at, fields[t.CUSTOMER_ID], customer):
            customer = (at, fields[t.CUSTOMER_ID])
            whom |= CUSTOMER
        if fields[t.LEAD_ID] is not None and _is_earlier(at, fields[t.LEAD_ID], lead):
            lead = (at, fields[t.LEAD_ID])
            whom |= CUSTOMER
        before = tellings(contact, whom) if whom else []
        was_stub = contact.head is None
        outcome = history.record(contact, entry)
        if isinstance(outcome, str):
            return [], outcome
        if was_stub:
            contact.revived = offset
        if whom:
            contact.customer, contact.lead = customer, lead
            self._tell(contact, before, whom)
        self._refresh(contact, settled)
        return outcome, counted_as

    def fire(self, watermark: int, offset: int) -> Iterator[tuple[int, list[Change]]]:
        """Fire every timer the watermark has passed; yields each contact closed as an orphan: ``born``, its changes.

        Applied again after a crash, a contact that already includes this offset keeps its timer for the next one.
        """
        kept: list[tuple[int, str]] = []
        timers = self._timers
        for name in timers.come(watermark):
            contact = self.by_id.get(name)
            if contact is not None:
                due = self._due(contact)
                if contact.head is not None or timers.has_come(due):  # a stub has a timer of its own
                    timers.add(due, name)
        while (timer := timers.pop(watermark)) is not None:
            deadline, name = timer
            contact = self.by_id.get(name)
            if contact is None:
                continue
            due = self._due(contact)
            if due > deadline:
                if contact.head is not None:
                    timers.add(due, name)
            elif due == deadline and contact.stamp >= offset:
                kept.append(timer)
            elif due == deadline:
                if contact.head is None:
                    self._forget(name)
                elif contact.head.settled():
                    history.shrink(contact)
                    self._count(contact)
                    self._touch(contact)
                    timers.add(self._due(contact), name)
                elif contact.head.done_at >= 0 and contact.head.voicemail_at >= 0:
                    history.give_up_voicemail(contact, deadline)
                    self._refresh(contact, None)
                else:
                    yield contact.born, self._close_as_orphan(contact, deadline)
        for deadline, name in kept:
            timers.add(deadline, name)
        self.next_due = timers.next_due()

    def reconcile(self, snapshot: SourceSnapshot, offset: int) -> Iterator[tuple[int, list[Change]]]:
        """Compare what is open with what a source says is: yields each contact it no longer has, as ``fire`` does.

        A contact belongs to the source that told of it first. What was heard of after the snapshot is left alone, and
        so is what includes this offset already. What is listed was heard of, so it is not given up for a while.
        """
        at, listed = snapshot.occurred_at, frozenset(snapshot.open_contacts)
        for name, contact in self.by_id.items():
            head = contact.head
            if head is None or head.done_at >= 0 or contact.source != snapshot.source:
                continue
            if contact.stamp >= offset or contact.last_at > at:
                continue
            if name not in listed:
                yield contact.born, self._close_as_orphan(contact, at, "snapshot")
            elif 4 * (at - contact.last_at) >= self._orphan_ms[head.channel]:
                history.confirm(contact, at)
                self._refresh(contact, False)

    def _close_as_orphan(self, contact: Contact, at: int, reason: str = "silence") -> list[Change]:
        before = tellings(contact)
        outcome = history.close_as_orphan(contact, at, reason)
        self._tell(contact, before, EVERYBODY)
        self._refresh(contact, None)
        return outcome if isinstance(outcome, list) else []

    def _tell(self, contact: Contact, before: list[Telling], whom: int) -> None:
        """Gather what is true now and was not before, for those it may concern."""
        self.told += difference(before, tellings(contact, whom))

    def known_facts(self) -> Iterator[tuple[int, Fact]]:
        """What every contact that is not a stub tells of its visits, with the offset it was first heard of at."""
        for contact in self.by_id.values():
            if contact.head is not None and not excluded(contact.head.flags):
                for visit in contact.head.visits:
                    yield from ((contact.born, fact) for fact in visit_facts(contact.head, visit))

    def _due(self, contact: Contact) -> int:
        """When time alone changes this contact: it is given up, shrunk or forgotten."""
        head = contact.head
        if head is None:
            return contact.base_at + (self._linked_ms if contact.linked else self._stub_ms)
        if head.settled():
            return contact.last_at + self._correction_ms
        if head.done_at >= 0 and head.voicemail_at >= 0:
            return contact.last_at + self._linked_ms
        return contact.last_at + self._orphan_ms[head.channel]

    def _refresh(self, contact: Contact, settled: bool | None) -> None:
        """Bring everything that looks at a contact up to date; ``settled`` is what it was, None for a new timer."""
        name, head = contact.contact_id, contact.head
        self._touch(contact)
        self._count(contact)
        if head is None:
            return
        if settled is None or settled != head.settled():
            self._wait(self._due(contact), name)
        self._shown.update(contact, head)

    def _wait(self, due: int, name: str) -> None:
        """A timer for a contact; one that it had for later goes when there are many such, not only when it is due."""
        if self._timers.count > 2 * len(self.by_id) + _FEW:
            self._time()
        else:
            self._timers.add(due, name)
        if due < self.next_due:
            self.next_due = due

    def _time(self) -> None:
        """The timers, and no others."""
        self._timers.clear()
        for name, contact in self.by_id.items():
            self._timers.add(self._due(contact), name)

    def _one_of_each(self, queue: str) -> str:
        """The same name in one piece of memory, however many contacts have it."""
        if len(self._queues) > _MOST_QUEUES:
            self._queues.clear()
        return self._queues.setdefault(queue, queue)

    def _count(self, contact: Contact) -> None:
        head = contact.head
        kept_as = KEPT_STUB if head is None else KEPT_OPEN if head.done_at < 0 else KEPT_CLOSED
        if kept_as != contact.kept_as:
            if contact.kept_as >= 0:
                self.kept[contact.kept_as] -= 1
            self.kept[kept_as] += 1
            contact.kept_as = kept_as

    def _touch(self, contact: Contact) -> None:
        if not contact.dirty:
            contact.dirty = True
            self._dirty.append(contact)

    def _forget(self, name: str) -> None:
        contact = self.by_id.pop(name)
        self.kept[contact.kept_as] -= 1
        self._gone.append(name)
        if contact.dirty:  # what is stored is older than its stub: after a crash it would come back to life
            self._forgotten[name] = None
            contact.dirty = False

    # --- storing and reading back ------------------------------------------------------------------------------------

    def changed(self, stamp: int) -> list[tuple[bytes, bytes]]:
        """Every contact changed since the last call, encoded and stamped with the offset it includes."""
        written = [(self._key(name), _encode((0, stamp))) for name in self._forgotten if name not in self.by_id]
        for contact in self._dirty:
            if not contact.dirty:
                continue  # forgotten meanwhile
            contact.dirty = False
            contact.stamp = max(contact.stamp, stamp)
            stored = (
                STATE_VERSION, contact.stamp, contact.linked, contact.count, contact.log,
                None if contact.base is None else contact.base.stored(),
                contact.base_at, contact.digests, contact.source, contact.customer, contact.lead, contact.born,
                contact.revived,
            )  # fmt: skip
            written.append((self._key(contact.contact_id), _encode(stored)))
        self._dirty.clear()
        self._forgotten.clear()
        return written

    def forgotten(self, stamp: int) -> list[str]:
        """The ids forgotten up to ``stamp``, once: their stored state may go when all of that is stored."""
        for name in [name for name, included in self._ghosts.items() if included <= stamp]:
            del self._ghosts[name]
            self._gone.append(name)
        gone, self._gone = self._gone, []
        return gone

    def tombstones(self, gone: list[str]) -> list[bytes]:
        """The stored keys of these ids, without those that are in use again."""
        return [self._key(name) for name in gone if name not in self.by_id]

    def restore(self, raw_name: bytes, value: bytes | None) -> None:
        """Take one stored contact back; an empty value deletes. Raises StateRefusedError for another version."""
        name = raw_name.decode("utf-8", "surrogatepass")
        self._ghosts.pop(name, None)
        if not value or value[0] == _FORGOTTEN:
            self.by_id.pop(name, None)
            if value:
                self._ghosts[name] = _decode_ghost(value)[1]
            return
        decoded = of_this_version(_decode_contact, value, "contact")
        _, stamp, linked, count, log, base, base_at, digests, source, customer, lead, born, revived = decoded
        self.by_id[name] = Contact(
            name, stamp, count, log, None if base is None else head_of(base), base_at, digests, linked, intern(source),
            customer, lead, born, revived,
        )  # fmt: skip

    def restored(self, watermark: int) -> None:
        """Everything stored was read: rebuild the rest. Stubs whose time was up are forgotten again."""
        for name, contact in list(self.by_id.items()):
            history.rebuild(contact)
            self._count(contact)
            if contact.head is not None:
                self._shown.update(contact, contact.head)
            elif self._due(contact) <= watermark:
                self._forget(name)
        self._time()
        self.next_due = self._timers.next_due()

    def _key(self, name: str) -> bytes:
        return self._prefix + name.encode("utf-8", "surrogatepass")


def _is_earlier(at: int, name: str, known: Named | None) -> bool:
    """Whether somebody was named before whoever is known, by event time."""
    return known is None or at < known[0] or (at == known[0] and name < known[1])


_CALLS: Final = frozenset(kind for kind in Event.__args__ if issubclass(kind, CallEvent))


_FEW: Final = 64
_MOST_QUEUES: Final = 10_000
_FORGOTTEN: Final = 0x92
"""First byte of a contact that was forgotten before its stub was stored: a pair of 0 and the offset it includes."""

_encode: Final = msgspec.msgpack.Encoder().encode
_decode_ghost: Final = msgspec.msgpack.Decoder(tuple[int, int]).decode
_decode_contact: Final = msgspec.msgpack.Decoder(
    tuple[int, int, bool, int, bytes, list[Any] | None, int, bytes, str, Named | None, Named | None, int, int]
).decode
