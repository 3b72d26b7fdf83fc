"""What is known of one customer (or lead), and what follows: repeats, first contact resolution, attempts.

A customer's contact is a **repeat** when it begins within the repeat window after one of the customer's contacts was
resolved; a resolution **recurred** when such a contact, or a reopening, followed it. First contact resolution is told
of resolved contacts that were no repeats themselves: provisionally at once, and finally when the window has passed.
All of it is a pure function of the customer's contacts and of ``clock``, so any order of facts ends the same.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from mypy_extensions import mypyc_attr

from streams import facts as k
from streams.contact.nouns import Noun
from streams.crossing.fact import Attempt, Case, CrossFact, Withdrawn
from streams.crossing.wire import attempt_of, case_of, packed, raw_of
from streams.facts import Change, Fact, difference
from streams.roster import LATE, NEVER
from streams.slices import DAY
from streams.stored import STATE_VERSION, of_this_version

GRACE_MS: Final = DAY
"""How much longer than the repeat window a contact is kept, for facts that come late."""

OPEN_MS: Final = 60 * DAY
"""A contact whose end is never told is kept for this long."""

MAX_KEPT: Final = 100
"""Contacts (and attempts) kept of one customer (lead); beyond it the oldest can no longer be corrected."""


@mypyc_attr(acyclic=True)
class Customer(Noun):
    """``cases`` by contact and part; ``past`` are those that count no more and may still explain a kept one.

    ``clock``: resolutions whose window ended by then are final.
    """

    def __init__(
        self, who: str, stamp: int = -1, clock: int = -1, cases: list[Case] | None = None,
        past: list[Case] | None = None, attempts: list[Attempt] | None = None,
    ) -> None:  # fmt: skip
        self.who = who
        self.stamp = stamp
        self.clock = clock
        self.cases: list[Case] = [] if cases is None else cases
        self.past: list[Case] = [] if past is None else past
        self.attempts: list[Attempt] = [] if attempts is None else attempts

    def stored(self) -> tuple[object, ...]:
        kept: tuple[Sequence[CrossFact], ...] = (self.cases, self.past, self.attempts)
        return (self.who, self.stamp, self.clock, *[[one.stored() for one in facts] for facts in kept])


class Customers:
    """The rules of customers and leads; ``window_ms`` is how long after a resolution a contact is a repeat."""

    def __init__(self, window_ms: int) -> None:
        self._window_ms = window_ms
        self._keep_ms = window_ms + GRACE_MS

    def new(self, who: str) -> Customer:
        return Customer(who)

    def take(self, known: Customer, fact: CrossFact, watermark: int) -> list[Change] | str:
        if not isinstance(fact, (Case, Attempt, Withdrawn)):
            return []
        case, attempt = _place(known.cases, fact), _place(known.attempts, fact)
        if case < 0 and attempt < 0:
            if isinstance(fact, Withdrawn) or _place(known.past, fact) >= 0:
                return []
            if self._over_at(fact) <= watermark:
                return LATE
        before = self._truth(known)
        if case >= 0:
            del known.cases[case]
        if attempt >= 0:
            del known.attempts[attempt]
        if isinstance(fact, Case):
            insort(known.cases, fact, key=_when_opened)
        elif isinstance(fact, Attempt):
            insort(known.attempts, fact, key=_when_dialled)
        changes = difference(before, self._truth(known))
        self._forget_beyond(known)
        return changes

    def due(self, known: Customer) -> int:
        if not known.cases and not known.attempts:
            return -1
        window = self._window_ms
        due = NEVER
        for case in known.cases:
            resolved_at = case.cycles[0].resolved_at
            if resolved_at >= 0 and known.clock < resolved_at + window < due:
                due = resolved_at + window
            due = min(due, self._over_at(case))
        for attempt in known.attempts:
            due = min(due, self._over_at(attempt))
        return due

    def fire(self, known: Customer, now: int) -> list[Change] | None:
        before = self._truth(known)
        known.clock = max(known.clock, now)
        changes = difference(before, self._truth(known))
        known.past += [case for case in known.cases if self._over_at(case) <= now]
        known.cases = [case for case in known.cases if self._over_at(case) > now]
        known.attempts = [attempt for attempt in known.attempts if self._over_at(attempt) > now]
        self._forget_past(known)
        return changes if changes or known.cases or known.attempts else None

    def _over_at(self, fact: CrossFact) -> int:
        """When a contact counts no more: nothing can follow it, and nothing late is expected."""
        if isinstance(fact, Attempt):
            return max(fact.dialled_at, fact.connected_at, fact.abandoned_at) + self._keep_ms
        if not isinstance(fact, Case):
            return NEVER
        last = fact.cycles[-1]
        if fact.done_at < 0 and last.resolved_at < 0:
            return last.opened_at + max(OPEN_MS, self._keep_ms)
        return max(fact.done_at, last.opened_at, last.resolved_at) + self._keep_ms

    def _forget_beyond(self, known: Customer) -> None:
        if len(known.cases) > MAX_KEPT:
            known.past += known.cases[:-MAX_KEPT]
            known.cases = known.cases[-MAX_KEPT:]
            self._forget_past(known)
        del known.attempts[:-MAX_KEPT]

    def _forget_past(self, known: Customer) -> None:
        earliest = min((case.cycles[0].opened_at for case in known.cases), default=NEVER)
        known.past = [case for case in known.past if self._over_at(case) > earliest][-MAX_KEPT:]

    # --- what is true ------------------------------------------------------------------------------------------------

    def _truth(self, known: Customer) -> list[Fact]:
        found = list(_tried(known.attempts)) if known.attempts else []
        if not known.cases:
            return found
        everything = known.past + known.cases if known.past else known.cases
        opened = [case.cycles[0].opened_at for case in everything if not case.callback]
        resolved = [cycle.resolved_at for case in everything for cycle in case.cycles if cycle.resolved_at >= 0]
        opened.sort()
        resolved.sort()
        for case in known.cases:
            self._tell(case, opened, resolved, known.clock, found)
        return found

    def _tell(self, case: Case, opened: list[int], resolved: list[int], clock: int, found: list[Fact]) -> None:
        window, channel, cycles = self._window_ms, case.channel, case.cycles
        began = cycles[0].opened_at
        again = bisect_left(resolved, began - window) < bisect_left(resolved, began)
        if not case.callback:
            found.append(Fact(k.CONTACTED, case.queue, channel, began, began, began, 0, "repeat" if again else ""))
        for n, cycle in enumerate(cycles):
            at, queue = cycle.resolved_at, cycle.queue
            if at < 0:
                continue
            later = cycles[n + 1].opened_at if n + 1 < len(cycles) else NEVER
            recurred = at < later <= at + window or bisect_right(opened, at) < bisect_right(opened, at + window)
            found.append(Fact(k.CASE_RESOLVED, queue, channel, at, began, began, 0, "recurred" if recurred else ""))
            if n == 0 and not again:
                outcome = "again" if recurred else "once"
                found.append(Fact(k.FIRST_CONTACT, queue, channel, at, began, began, 0, outcome))
                if at + window <= clock:
                    found.append(Fact(k.FIRST_CONTACT_FINAL, queue, channel, at + window, began, began, 0, outcome))

    # --- storing and reading back ------------------------------------------------------------------------------------

    def stored(self, known: Customer) -> tuple[object, ...]:
        cases, past = packed([raw_of(one) for one in known.cases]), packed([raw_of(one) for one in known.past])
        attempts = packed([raw_of(one) for one in known.attempts])
        return (STATE_VERSION, known.stamp, known.clock, cases, past, attempts)

    def read(self, who: str, value: bytes) -> Customer:
        _, stamp, clock, cases, past, attempts = of_this_version(_decode, value, "customer")
        kept = [case_of(bytes(one)) for one in cases], [case_of(bytes(one)) for one in past]
        return Customer(who, stamp, clock, *kept, [attempt_of(bytes(one)) for one in attempts])


def _place(known: Sequence[Case | Attempt], fact: Case | Attempt | Withdrawn) -> int:
    """Where what was told before under the same contact and part is; -1 when there is none."""
    for n, one in enumerate(known):
        if one.contact_id == fact.contact_id and one.part == fact.part:
            return n
    return -1


def _tried(attempts: list[Attempt]) -> Iterator[Fact]:
    """Attempts count when they happen and, together, when their lead was first dialled."""
    first = next((attempt for attempt in attempts if attempt.lead), None)
    if first is not None:
        at = first.dialled_at
        yield Fact(k.LEAD, first.queue, first.channel, at, at, at)
    for attempt in attempts:
        queue, channel, dialled = attempt.queue, attempt.channel, attempt.dialled_at
        yield Fact(k.DIALLED, queue, channel, dialled, dialled, dialled)
        if first is not None and attempt.lead:
            at = first.dialled_at
            yield Fact(k.LEAD_DIALLED, first.queue, first.channel, at, at, at)
        if attempt.disposition:
            at = attempt.connected_at
            yield Fact(k.CONNECTED, queue, channel, at, dialled, dialled, 0, attempt.disposition)
        if attempt.abandoned_at >= 0:
            yield Fact(k.DROPPED, queue, channel, attempt.abandoned_at, dialled, dialled)


def _when_opened(case: Case) -> tuple[int, str, int]:
    return (case.cycles[0].opened_at, case.contact_id, case.part)


def _when_dialled(attempt: Attempt) -> tuple[int, str, int]:
    return (attempt.dialled_at, attempt.contact_id, attempt.part)


_decode: Final = msgspec.msgpack.Decoder(
    tuple[int, int, int, list[msgspec.Raw], list[msgspec.Raw], list[msgspec.Raw]]
).decode
