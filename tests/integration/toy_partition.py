"""A small Partition with the same interface as the real one: shows the shell's part in exactly-once on its own.

Records are ``contact,type,queue,time``. Counted per queue: each type once per contact, duplicates, disorder, waits.
Closed contacts are forgotten by event time. State is stamped with the offset it includes, as in the real one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import orjson

from streams.partition import Flush, Refused
from streams.records import Plain

LINGER = 6
State = tuple[list[str], int | None]
TallyKey = tuple[str, str]


def step(state: State | None, kind: str, queue: str, at: int) -> tuple[State, list[TallyKey]]:
    """The contact after an event, and what it adds to; the same after a crash as before."""
    seen = state[0] if state else []
    if kind in seen and state is not None:
        return state, [(queue, "duplicate")]
    now = [*seen, kind]
    deltas = [(queue, kind)]
    if kind != "offered" and "offered" not in now:
        deltas.append((queue, "out_of_order"))
    if {"offered", "answered"} <= set(now) and not {"offered", "answered"} <= set(seen):
        deltas.append((queue, "wait"))
    closed = at if {"offered", "answered", "ended"} <= set(now) or {"offered", "abandoned"} <= set(now) else None
    return (now, closed), deltas


def remembered(state: State | None, watermark: int) -> State | None:
    """The state unless it was forgotten by event time."""
    return state if state is None or state[1] is None or watermark <= state[1] + LINGER else None


def oracle(values: Iterable[bytes]) -> dict[TallyKey, int]:
    """Totals of one partition's records, by plain code without batches, flushes or offsets."""
    contacts: dict[str, State] = {}
    totals: Counter[TallyKey] = Counter()
    watermark = -99
    for value in values:
        contact, kind, queue, at = value.decode().split(",")
        contacts[contact], deltas = step(remembered(contacts.get(contact), watermark), kind, queue, int(at))
        watermark = max(watermark, int(at))
        totals.update(deltas)
    return dict(totals)


class ToyPartition:
    """Counts per queue; see the module."""

    def __init__(self, topic: str, number: int) -> None:
        self.topic = topic
        self.number = number
        self.totals: dict[TallyKey, int] = {}
        self.flushed_totals: dict[TallyKey, int] = {}
        self.contacts: dict[str, tuple[State, int]] = {}
        self.applied = 0
        self._stamps: dict[TallyKey, int] = {}
        self._watermark = -99
        self._next_offset: int | None = None
        self._flushed_offset: int | None = None
        self._dirty_tallies: set[TallyKey] = set()
        self._dirty_contacts: set[str] = set()
        self._pending: dict[TallyKey, int] = {}

    def restore(self, key: bytes, value: bytes | None) -> None:
        kind, name = key.decode().removeprefix(f"{self.topic}|").split("|", 1)
        if kind == "m":
            assert value is not None
            self._next_offset, self._watermark = orjson.loads(value)
        elif kind == "t":
            assert value is not None
            queue, what = name.split("|")
            self.totals[queue, what], self._stamps[queue, what] = orjson.loads(value)
        elif not value:
            self.contacts.pop(name, None)
        else:
            state, offset = orjson.loads(value)
            self.contacts[name] = (tuple(state), offset)

    def restored(self) -> int | None:
        self._flushed_offset = self._next_offset
        self.flushed_totals = dict(self.totals)
        return self._next_offset

    def apply(self, records: Sequence[Plain]) -> list[Refused]:
        refused = []
        for offset, key, value, published_at in records:
            self._next_offset = offset + 1
            try:
                contact, kind, queue, text = (value or b"").decode().split(",")
                at = int(text)
            except ValueError:
                refused.append(Refused(offset, "malformed", "", key, value, published_at))
                continue
            self.applied += 1
            self._apply(contact, kind, queue, at, offset)
        return refused

    def _apply(self, contact: str, kind: str, queue: str, at: int, offset: int) -> None:
        known = self.contacts.get(contact)
        if known is None or known[1] < offset:
            state, deltas = step(remembered(known[0] if known else None, self._watermark), kind, queue, at)
            self.contacts[contact] = (state, offset)
            self._dirty_contacts.add(contact)
            for key in deltas:
                if self._stamps.get(key, -1) < offset:
                    self.totals[key] = self.totals.get(key, 0) + 1
                    self._stamps[key] = offset
                    self._dirty_tallies.add(key)
        self._watermark = max(self._watermark, at)

    def flush(self) -> Flush | None:
        if self._next_offset is None or self._next_offset == self._flushed_offset:
            return None
        tallies = [
            (f"{self.topic}|t|{key[0]}|{key[1]}".encode(), orjson.dumps((self.totals[key], self._stamps[key])))
            for key in self._dirty_tallies
        ]
        contacts = [(self._contact_key(name), orjson.dumps(self.contacts[name])) for name in self._dirty_contacts]
        marker = (f"{self.topic}|m|".encode(), orjson.dumps((self._next_offset, self._watermark)))
        self._dirty_tallies.clear()
        self._dirty_contacts.clear()
        self._flushed_offset = self._next_offset
        self._pending = dict(self.totals)
        return Flush(tallies, contacts, marker, self._next_offset)

    def flushed(self, flush: Flush) -> list[bytes]:
        self.flushed_totals = self._pending
        gone = [
            name
            for name, (state, offset) in self.contacts.items()
            if offset < flush.next_offset
            and name not in self._dirty_contacts
            and remembered(state, self._watermark) is None
        ]
        for name in gone:
            del self.contacts[name]
        return [self._contact_key(name) for name in gone]

    def _contact_key(self, name: str) -> bytes:
        return f"{self.topic}|c|{name}".encode()
