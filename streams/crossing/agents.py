"""What is known of one agent's work of the last day, and what follows: contacts taken, replies, time in between.

The time **between** two contacts goes from when the agent was done with one (after-contact work included) to the
answer of the next, on channels where an agent has one contact at a time, unless the agent stopped serving in between
or it is longer than ``LONGEST_BETWEEN_MS``: then it is no time between contacts but absence. An outbound call keeps an
agent busy, and is not taken. It follows from neighbours alone, so a fact costs what it changes, not what is kept.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from operator import itemgetter
from typing import Final

import msgspec
from mypy_extensions import mypyc_attr

from streams import facts as k
from streams.contact.nouns import Noun
from streams.crossing.fact import CrossFact, Left, Piece, Withdrawn, Work
from streams.crossing.pages import Pages
from streams.crossing.wire import packed, raw_of, work_of
from streams.facts import Change, Fact, difference
from streams.roster import LATE, NEVER
from streams.slices import HOUR
from streams.stored import STATE_VERSION, of_this_version

KEEP_MS: Final = 26 * HOUR
"""What an agent did is kept for this long and to the next full hour, so that the longest "today" is complete; longer
while it goes on."""

LONGEST_BETWEEN_MS: Final = 4 * HOUR
ONE_AT_A_TIME: Final = frozenset({"voice", "video"})

Line = list[tuple[int, int, str, str, bool]]
"""Pieces of work on such channels, by time: started, free (-1 while busy), queue, channel, outbound."""

Latest = dict[tuple[int, str, str], int]
"""When an agent last did something: by kind of fact, queue and channel."""


@mypyc_attr(acyclic=True)
class Agent(Noun):
    """``work`` by contact and part; ``left`` when the agent stopped serving, in order; ``line`` follows from work.

    So does ``latest``. At ``check_at``, at the latest, something of it is too old to be kept. ``pages`` is how it is
    stored; ``derived`` is False while it is read back, and what follows from it is not known yet.
    """

    def __init__(self, who: str) -> None:
        self.who = who
        self.stamp = -1
        self.pages = Pages()
        self.work = self.pages.work
        self.left: list[int] = []
        self.line: Line = []
        self.latest: Latest = {}
        self.check_at: int = NEVER
        self.derived = True

    def stored(self) -> tuple[object, ...]:
        derive(self)
        work = [one.stored() for one in self.work.values()]
        return (self.who, self.stamp, work, self.left, self.line, self.latest, self.check_at)


class Agents:
    """The rules of agents."""

    def new(self, who: str) -> Agent:
        return Agent(who)

    def take(self, known: Agent, fact: CrossFact, watermark: int) -> list[Change] | str:
        derive(known)
        horizon = (watermark - KEEP_MS) // HOUR * HOUR
        if isinstance(fact, Left):
            return LATE if fact.part < horizon else self._leave(known, fact.part)
        if not isinstance(fact, (Work, Withdrawn)):
            return []
        address = (fact.contact_id, fact.part)
        old = self._without_old(known, known.work.get(address), horizon)
        new = _fresh(fact, horizon) if isinstance(fact, Work) else None
        if old is None and new is None and isinstance(fact, Work):
            return LATE
        was, now = _spoken(old), _spoken(new)
        if old is None or new is None or not _goes_on(known.line, old, new, was, now):
            changes = self._replace(known, old, new, was, now)
        else:
            known.line[-1], changes = now[0], []
        if new is not None:
            known.pages.put(new)
            known.check_at = min(known.check_at, _latest(new) + KEEP_MS)
        elif old is not None:
            known.pages.withdraw(address)
        for sign, _ in changes:
            if sign < 0:
                _find_latest(known)
                break
        else:
            for _, caused in changes:
                _raise_latest(known, caused)
        return changes

    def _replace(self, known: Agent, old: Work | None, new: Work | None, was: Line, now: Line) -> list[Change]:
        """Bring the line up to date; what follows."""
        first, last = NEVER, -1
        for pieces in (was, now):
            for piece in pieces:
                first, last = min(first, piece[0]), max(last, piece[0])
        before = _told(old) + _between(known, first, last)
        for piece in was:
            known.line.remove(piece)
        for piece in now:
            insort(known.line, piece)
        return difference(before, _told(new) + _between(known, first, last))

    def _leave(self, known: Agent, at: int) -> list[Change]:
        before = _between(known, at, at)
        insort(known.left, at)
        known.check_at = min(known.check_at, at + KEEP_MS)
        return difference(before, _between(known, at, at))

    def due(self, known: Agent) -> int:
        """At the full hour: what is old is sought among all that is kept, so not for each contact of a busy agent."""
        derive(known)
        return NEVER if known.check_at >= NEVER else -(-known.check_at // HOUR) * HOUR

    def fire(self, known: Agent, now: int) -> list[Change] | None:
        derive(known)
        horizon = now - KEEP_MS
        for work in list(known.work.values()):
            if _latest(work) <= horizon:
                self._drop(known, work)
                known.pages.give_up_before(work.page)
        known.left = known.left[bisect_right(known.left, horizon) :]
        known.check_at = _next_check(known)
        return [] if known.work or known.left else None

    def _without_old(self, known: Agent, work: Work | None, horizon: int) -> Work | None:
        """What is left of known work without what is too old, which is dropped: it keeps what it counted."""
        if work is None:
            return None
        fresh = _fresh(work, horizon)
        if fresh is not work:
            self._drop(known, work)
            if fresh is None:
                known.pages.give_up_before(work.page)
            for piece in _spoken(fresh):
                insort(known.line, piece)
        return fresh

    def _drop(self, known: Agent, work: Work) -> None:
        known.pages.drop(work)
        for piece in _spoken(work):
            known.line.remove(piece)

    # --- storing and reading back ------------------------------------------------------------------------------------

    def stored(self, known: Agent) -> tuple[object, ...]:
        """The page that is being written."""
        pages = known.pages
        pages.clean = True
        work = packed([raw_of(one) for one in pages.open.values()])
        return (STATE_VERSION, known.stamp, work, known.left, pages.anew)

    def page(self, known: Agent) -> int:
        return known.pages.page

    def pages(self, known: Agent) -> list[int]:
        return [*known.pages.counts, *known.pages.void]

    def void(self, known: Agent) -> list[int]:
        void, known.pages.void = known.pages.void, []
        return void

    def read(self, who: str, value: bytes) -> Agent:
        known = Agent(who)
        self.read_page(known, 0, value)
        return known

    def read_page(self, known: Agent, page: int, value: bytes) -> None:
        if value[0] == _BEFORE_PAGES:
            _, stamp, stored, left = of_this_version(_decode_all, value, "agent's work")
            anew = False
        else:
            _, stamp, stored, left, anew = of_this_version(_decode, value, "agent's work")
        known.derived = False
        if known.pages.read(page, stamp, [work_of(bytes(one)) for one in stored], anew=anew):
            known.stamp, known.left = stamp, left

    def erase_page(self, known: Agent, page: int) -> bool:
        known.derived = False
        known.pages.erase(page)
        return not known.pages.counts


def derive(known: Agent) -> None:
    """Where it was read back: what follows from the work."""
    if known.derived:
        return
    known.derived = True
    known.pages.settle()
    known.line = sorted([piece for one in known.work.values() for piece in _spoken(one)])
    _find_latest(known)
    known.check_at = _next_check(known)


def _find_latest(known: Agent) -> None:
    """When the agent last took, replied to or resolved a contact of each queue and channel."""
    known.latest = {}
    for work in known.work.values():
        for fact in _told(work):
            _raise_latest(known, fact)


def _raise_latest(known: Agent, fact: Fact) -> None:
    if fact.kind != k.BETWEEN:
        key = (fact.kind, fact.queue, fact.channel)
        if fact.at > known.latest.get(key, -1):
            known.latest[key] = fact.at


def _next_check(known: Agent) -> int:
    return min([*map(_latest, known.work.values()), *known.left[:1]], default=NEVER) + KEEP_MS


def _latest(work: Work) -> int:
    """The last moment of work; ``NEVER`` while it goes on."""
    latest = -1
    for piece in work.pieces:
        latest = max(latest, _over(piece))
    for deed in work.deeds:
        latest = max(latest, deed.at)
    return latest


def _over(piece: Piece) -> int:
    return NEVER if piece.ended_at < 0 else max(piece.ended_at, piece.free_at)


def _fresh(work: Work, horizon: int) -> Work | None:
    """Work without what was over before the horizon; None when nothing is left."""
    for piece in work.pieces:
        if piece.started_at < horizon:
            break
    else:
        if not work.deeds:
            return work
    pieces = [piece for piece in work.pieces if _over(piece) >= horizon]
    deeds = [deed for deed in work.deeds if deed.at >= horizon]
    if len(pieces) == len(work.pieces) and len(deeds) == len(work.deeds):
        return work
    if not pieces and not deeds:
        return None
    return Work(work.contact_id, work.part, work.channel, pieces, deeds, work.outbound)


def _told(work: Work | None) -> list[Fact]:
    if work is None:
        return []
    found: list[Fact] = []
    if not work.outbound:
        for piece in work.pieces:
            at = piece.started_at
            found.append(Fact(k.TAKEN, piece.queue, work.channel, at, at, at))
    for deed in work.deeds:
        kind = k.AGENT_RESOLVED if deed.resolved else k.AGENT_REPLIED
        found.append(Fact(kind, deed.queue, work.channel, deed.at, deed.at, deed.at))
    return found


def _goes_on(line: Line, old: Work, new: Work, was: Line, now: Line) -> bool:
    """Whether only the end of what the agent did last becomes known: then nothing that is counted changes."""
    if len(was) != 1 or len(now) != 1 or len(old.pieces) != 1 or old.deeds != new.deeds:
        return False
    before, after = was[0], now[0]
    is_last = line[-1] == before and (len(line) == 1 or line[-2][0] < before[0])
    return is_last and before[0] == after[0] and before[2:] == after[2:]


def _spoken(work: Work | None) -> Line:
    if work is None or work.channel not in ONE_AT_A_TIME:
        return []
    return [(piece.started_at, piece.free_at, piece.queue, work.channel, work.outbound) for piece in work.pieces]


def _between(known: Agent, first: int, last: int) -> list[Fact]:
    """The times in between that end from one moment to another, or next to them."""
    found: list[Fact] = []
    line, left = known.line, known.left
    for n in range(max(_place(line, first), 1), min(_place(line, last + 1) + 1, len(line))):
        free_at, (started_at, _, queue, channel, outbound) = line[n - 1][1], line[n]
        gap = started_at - free_at
        if outbound or free_at < 0 or not 0 <= gap <= LONGEST_BETWEEN_MS:
            continue
        gone = bisect_left(left, free_at)
        if gone == len(left) or left[gone] >= started_at:
            found.append(Fact(k.BETWEEN, queue, channel, started_at, started_at, started_at, gap))
    return found


def _place(line: Line, at: int) -> int:
    """Where the first piece is that began at this moment or later: mostly at the end."""
    n = len(line)
    if n and line[n - 1][0] >= at:
        n -= 1
        if n and line[n - 1][0] >= at:
            return bisect_left(line, at, key=_STARTED)
    return n


def between(known: Agent) -> Iterator[tuple[int, str, int]]:
    """Every time in between that is still known: when it ended, the queue of the contact then taken, and ms."""
    derive(known)
    for fact in _between(known, 0, NEVER):
        yield fact.at, fact.queue, fact.value


_STARTED: Final = itemgetter(0)
_BEFORE_PAGES: Final = 0x94
"""First byte of an agent whose work was stored in one piece, which is read as the first page."""
_decode: Final = msgspec.msgpack.Decoder(tuple[int, int, list[msgspec.Raw], list[int], bool]).decode
_decode_all: Final = msgspec.msgpack.Decoder(tuple[int, int, list[msgspec.Raw], list[int]]).decode
