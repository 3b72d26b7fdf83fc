"""One contact's history: its entries in event-time order, whatever order they came in, and the state they lead to.

``record`` takes the next event of a contact, as it arrived, and returns the changes for the tallies. An entry that
belongs at the end takes one step; any other is put in its place and the whole log is walked again, and the changes
are the difference. So the final state and the sum of all changes depend on the set of events only.
A contact that is over shrinks to a stub: digests of the ids it has seen and the time it ended.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Final

from mypy_extensions import mypyc_attr

from streams import contact as c
from streams import facts as k
from streams.contact import log as t
from streams.contact.entry import Entry, packed, unpacked
from streams.contact.nouns import Head, Noun, head_of
from streams.contact.state import excluded
from streams.facts import Change, Fact

DIGEST: Final = 8
MAX_ENTRIES: Final = 2_000
"""Entries kept of one contact; beyond it the older half is folded into ``base`` and can no longer be put in order."""

_SEEN_BITS: Final = 61
_BEGINNINGS: Final = frozenset({t.STARTED, t.DIALLED, t.CONNECTED, t.OFFERED, t.ANSWERED})
Named = tuple[int, str]
"""When somebody was named, and the id; of several the earliest holds, whatever order they came in."""

DUPLICATE: Final = "duplicate"
LATE: Final = "late_after_close"


@mypyc_attr(acyclic=True)
class Contact(Noun):
    """What is remembered of one contact; ``head`` is rebuilt from ``log`` and never stored.

    ``linked`` contacts (conversations) are remembered longer: a reopen, a survey or a repeat can still come.
    ``source`` is who told of it first. ``kept_as`` is what the store has counted it as, -1 for not yet; ``dirty`` says
    that it is to be stored, ``shown`` where ``streams.contact.shown`` has it.
    ``customer`` and ``lead`` are as the earliest event that names one says, with its time. ``born`` is the source
    offset it was first heard of at; ``revived`` that at which it last came back from being a stub. ``seen`` has a bit
    for each event id of ``log`` (some share one): where it is not set, the log need not be searched.
    """

    def __init__(
        self, contact_id: str, stamp: int = -1, count: int = 0, log: bytes = b"", base: Head | None = None,
        base_at: int = -1, digests: bytes = b"", linked: bool = False, source: str = "",
        customer: Named | None = None, lead: Named | None = None, born: int = -1, revived: int = -1,
        head: Head | None = None, last_at: int = -1, last_rank: int = -1, kept_as: int = -1,
    ) -> None:  # fmt: skip
        self.contact_id = contact_id
        self.stamp = stamp
        self.count = count
        self.log = log
        self.base = base
        self.base_at = base_at
        self.digests = digests
        self.linked = linked
        self.source = source
        self.customer = customer
        self.lead = lead
        self.born = born
        self.revived = revived
        self.head = head
        self.last_at = last_at
        self.last_rank = last_rank
        self.kept_as = kept_as
        self.dirty = False
        self.shown = 0
        self.seen = -1 if log else 0

    def stored(self) -> tuple[object, ...]:
        return (
            self.contact_id, self.stamp, self.count, self.log, None if self.base is None else self.base.stored(),
            self.base_at, self.digests, self.linked, self.source, self.customer, self.lead, self.born, self.revived,
            None if self.head is None else self.head.stored(), self.last_at, self.last_rank, self.kept_as,
        )  # fmt: skip

    @property
    def is_stub(self) -> bool:
        """Whether only the ids seen and the time of its end are left."""
        return self.head is None


def record(contact: Contact, entry: Entry) -> list[Change] | str:
    """Take one entry; return the changes that follow, or why there are none: ``DUPLICATE`` or ``LATE``."""
    seen = 1 << hash(entry.event_id) % _SEEN_BITS
    if (contact.seen & seen or contact.digests) and _known(contact, entry.event_id):
        return DUPLICATE
    if entry.at <= contact.base_at or (contact.is_stub and contact.base_at >= 0 and not _comes_back(contact, entry)):
        return LATE
    contact.seen |= seen
    if is_last(contact, entry) and not (entry.transition == t.STARTED and contact.count):
        return _append(contact, entry)
    return _insert(contact, entry)


def is_last(contact: Contact, entry: Entry) -> bool:
    """Whether an entry belongs behind all that is known of the contact."""
    return entry.at > contact.last_at or (entry.at == contact.last_at and _rank(entry) > contact.last_rank)


def _rank(entry: Entry) -> int:
    """Its place among entries of the same moment."""
    return entry.seq << 5 | entry.transition


def close_as_orphan(contact: Contact, at: int, why: str = "silence") -> list[Change] | str:
    """Close a contact nothing was heard of for too long, or that its source no longer has ("snapshot")."""
    return record(contact, Entry(at, 2**31, t.ORPHANED, f"orphan@{at}", detail=why))


def give_up_voicemail(contact: Contact, at: int) -> None:
    """Nobody has dealt with the voicemail for so long that nobody will."""
    record(contact, Entry(at, 2**31, t.VOICEMAIL_HANDLED, f"given-up@{at}"))


def confirm(contact: Contact, at: int) -> None:
    """Its source says that the contact is still open: nothing changes but when it was last heard of."""
    record(contact, Entry(at, 2**31, t.CONFIRMED, f"open@{at}"))


def shrink(contact: Contact) -> None:
    """Forget all of a finished contact but the digests of its event ids and the time it was last heard of."""
    entries = entries_of(contact)
    contact.digests += b"".join(_digest(entry.event_id) for entry in entries)
    contact.base_at = max(contact.base_at, contact.last_at)
    contact.base = c.remembered(contact.head) if contact.linked and contact.head is not None else None
    contact.log, contact.count, contact.head, contact.seen = b"", 0, None, 0


def entries_of(contact: Contact) -> list[Entry]:
    """The entries still kept, in event-time order."""
    return unpacked(contact.log, contact.count)


def facts_of(contact: Contact) -> dict[Fact, int]:
    """Every fact that the entries still kept tell, and how often it counts; none for a stub."""
    return _facts(contact.base, entries_of(contact)) if contact.count else {}


def rebuild(contact: Contact) -> None:
    """Compute again what is not stored (after reading a contact back)."""
    entries = entries_of(contact)
    if entries:
        contact.head, _ = _walk(contact.base, entries)
        last = entries[-1]
        contact.last_at, contact.last_rank = last.at, _rank(last)
    else:
        contact.last_at = contact.base_at


def net(changes: Iterable[Change]) -> dict[Fact, int]:
    """Changes added up: each fact with how often it counts; what cancels out is left out."""
    total: dict[Fact, int] = {}
    for sign, fact in changes:
        n = total.get(fact, 0) + sign
        if n:
            total[fact] = n
        else:
            del total[fact]
    return total


def _comes_back(contact: Contact, entry: Entry) -> bool:
    """Whether an event can concern a contact that is over and nearly forgotten: a new cycle, or what is said of it."""
    return contact.linked or entry.transition in _BEGINNINGS


def _append(contact: Contact, entry: Entry) -> list[Change]:
    head = contact.head
    if head is None:
        head = contact.head = Head(entry.at) if contact.base is None else _copy(contact.base)
    before = excluded(head.flags)
    changes: list[Change] = []
    c.step(head, entry, changes)
    after = excluded(head.flags)
    if before or after:
        changes = _reclassified(contact, entry, before, after)
    contact.log += packed(entry)
    contact.count += 1
    contact.last_at, contact.last_rank = entry.at, _rank(entry)
    if contact.count > MAX_ENTRIES:
        _fold_older_half(contact)
    return changes


def _reclassified(contact: Contact, entry: Entry, before: str, after: str) -> list[Change]:
    """What changes when a contact turns out to be (or not to be) a test, an internal or an outbound one."""
    if before == after:
        return []
    entries = entries_of(contact)
    return _difference(_facts(contact.base, entries) if entries else {}, _facts(contact.base, [*entries, entry]))


def _insert(contact: Contact, entry: Entry) -> list[Change]:
    entries = entries_of(contact)
    before = _facts(contact.base, entries)
    insort(entries, entry, key=t.order)
    contact.head, changes = _walk(contact.base, entries)
    contact.log = b"".join(map(packed, entries))
    contact.count = len(entries)
    last = entries[-1]
    contact.last_at, contact.last_rank = last.at, _rank(last)
    return _difference(before, _classified(contact.head, net(changes)))


def _walk(base: Head | None, entries: Sequence[Entry]) -> tuple[Head, list[Change]]:
    head = _copy(base) if base is not None else c.begin(entries)
    changes: list[Change] = []
    for entry in entries:
        c.step(head, entry, changes)
    return head, changes


def _facts(base: Head | None, entries: Sequence[Entry]) -> dict[Fact, int]:
    head, changes = _walk(base, entries)
    return _classified(head, net(changes))


def _classified(head: Head, facts: dict[Fact, int]) -> dict[Fact, int]:
    reason = excluded(head.flags)
    if not reason:
        return facts
    at = head.began_at
    return {Fact(k.EXCLUDED, "", head.channel, at, at, at, 0, reason): 1}


def _difference(before: dict[Fact, int], after: dict[Fact, int]) -> list[Change]:
    changes: list[Change] = []
    for fact, n in before.items():
        gone = n - after.get(fact, 0)
        if gone > 0:
            changes.extend([(-1, fact)] * gone)
    for fact, n in after.items():
        new = n - before.get(fact, 0)
        if new > 0:
            changes.extend([(1, fact)] * new)
    return changes


def _fold_older_half(contact: Contact) -> None:
    entries = entries_of(contact)
    older, kept = entries[: MAX_ENTRIES // 2], entries[MAX_ENTRIES // 2 :]
    contact.base, _ = _walk(contact.base, older)
    contact.base_at = older[-1].at
    contact.digests += b"".join(_digest(entry.event_id) for entry in older)
    contact.log, contact.count = b"".join(map(packed, kept)), len(kept)


def _known(contact: Contact, event_id: str) -> bool:
    raw = event_id.encode("utf-8", "surrogatepass")
    if raw in contact.log and any(entry.event_id == event_id for entry in entries_of(contact)):
        return True
    if not contact.digests:
        return False
    digest, at = _digest(event_id), -1
    while (at := contact.digests.find(digest, at + 1)) >= 0:
        if at % DIGEST == 0:
            return True
    return False


def _digest(event_id: str) -> bytes:
    return blake2b(event_id.encode("utf-8", "surrogatepass"), digest_size=DIGEST).digest()


def _copy(head: Head) -> Head:
    return head_of(head.stored())
