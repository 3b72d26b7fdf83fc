"""What a partition keeps as simulated time goes by: nothing grows after the retentions but what is open.

    python -m benchmarks.bench_memory [DAYS] [CONTACTS]

A steady stream of calls and chats of customers old and new, some of whose ends never come, some voicemails, agents who
change their states and every hour one who comes and is never heard of again, into one partition of each topic, facts'
topics too, flushed every five simulated minutes. Each day's line says what is in memory (contacts open, closed but
still to be corrected, and stubs; slices; agents; customers and agents that facts were told of), what the compacted
changelog would hold, and what the process uses. When every retention has passed, no later day may keep more than the
days before it did: the most of the second half of the steady days is held against the most of the first, for a
dictionary that is full takes its next size and gives it back later, which makes a sawtooth of the process. Exit code 1
if anything grew. Thirty days and a million contacts take some twenty minutes; twice as many tell a slow leak better.
"""

from __future__ import annotations

import random
import resource
import sys
from collections.abc import Callable, Iterator, Sequence
from heapq import heappop, heappush
from itertools import count
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from benchmarks.arguments import positional
from streams import events as e
from streams.crossing.fact import DESTINATIONS, Outgoing
from streams.crossing.state import FactsPartition
from streams.partition import Partition, Record
from streams.settings import Settings

START: Final = 1_772_409_600_000  # Monday 2026-03-02, midnight UTC
DAY: Final = 86_400_000
MINUTE: Final = 60_000
A_DAY: Final = 80
"""Contacts of each of the agents, of whom there are ten at least."""
STEP_MINUTES: Final = 5
QUEUES: Final = 8
STEADY_FROM_DAY: Final = 9
"""The longest retentions are those of fifteen-minute slices and of agents: eight days; stubs and voicemails seven."""
MAY_GROW: Final = 0.05

_encode = msgspec.json.Encoder().encode


class Kept(NamedTuple):
    """What is there at the end of a simulated day. ``stored_*``: live records of the changelog, were it compacted."""

    day: int
    contacts: int
    open: int
    closed: int
    stubs: int
    slices: int
    agents: int
    people: int
    stored_records: int
    stored_bytes: int
    process_mib: int


def events(days: int, contacts: int, seed: int = 1) -> Iterator[e.Event]:
    """In order of time; a heartbeat every five minutes."""
    dice = random.Random(seed)
    waiting: list[tuple[int, int, e.Event]] = []
    gap, number, due, told = days * DAY / contacts, 0, 0.0, count()
    agents = max(10, contacts // days // A_DAY)
    for minute in range(0, days * 24 * 60, STEP_MINUTES):
        until = START + (minute + STEP_MINUTES) * MINUTE
        while START + due < until and number < contacts:
            for event in (
                _chat(number, f"agent-{number % agents}", START + int(due), dice)
                if number % 10 == 0
                else _call(number, f"agent-{number % agents}", START + int(due), dice)
            ):
                heappush(waiting, (event.occurred_at, next(told), event))
            number += 1
            due += gap
        if minute % 60 == 0:
            for n in range(agents):
                state: e.AgentState = "available" if (minute // 60 + n) % 3 else "break"
                yield e.AgentStateChanged(
                    event_id=f"a{n}@{minute}", occurred_at=START + minute * MINUTE, agent_id=f"agent-{n}", state=state,
                    queues=(f"queue-{n % QUEUES}",), source="acd",
                )  # fmt: skip
            yield e.AgentStateChanged(
                event_id=f"t@{minute}", occurred_at=START + minute * MINUTE, agent_id=f"temporary-{minute}",
                state="available", queues=("queue-0",), source="acd",
            )  # fmt: skip
        while waiting and waiting[0][0] < until:
            yield heappop(waiting)[2]
        yield e.SourceHeartbeat(event_id=f"beat@{minute}", occurred_at=until, source="pbx")


def _call(n: int, agent: str, at: int, dice: random.Random) -> Iterator[e.Event]:
    said: dict[str, Any] = {
        "contact_id": f"call-{n}", "queue": f"queue-{n % QUEUES}", "source": "pbx", "customer_id": _customer(n, dice),
    }  # fmt: skip
    yield e.CallOffered(event_id=f"c{n}.1", occurred_at=at, **said)
    wait, fate = dice.randrange(60_000), dice.random()
    if fate < 0.02:
        yield e.CallFlowedOut(event_id=f"c{n}.2", occurred_at=at + wait, reason="voicemail", **said)
        if fate < 0.018:
            yield e.CallVoicemailHandled(event_id=f"c{n}.3", occurred_at=at + wait + dice.randrange(DAY), **said)
        return
    yield e.CallAnswered(event_id=f"c{n}.2", occurred_at=at + wait, agent_id=agent, **said)
    if fate < 0.995:  # of the others nobody ever hears the end
        ended = at + wait + dice.randrange(400_000)
        yield e.CallEnded(event_id=f"c{n}.3", occurred_at=ended, **said)
        if fate < 0.1:
            yield e.CallWrapStarted(event_id=f"c{n}.4", occurred_at=ended, **said)
            if fate < 0.095:  # nor that of their after-contact work
                yield e.CallWrappedUp(event_id=f"c{n}.5", occurred_at=ended + dice.randrange(60_000), **said)


def _chat(n: int, agent: str, at: int, dice: random.Random) -> Iterator[e.Event]:
    said: dict[str, Any] = {
        "contact_id": f"chat-{n}", "queue": f"queue-{n % QUEUES}", "channel": "chat", "customer_id": _customer(n, dice),
    }  # fmt: skip
    kinds: tuple[tuple[Callable[..., e.Event], dict[str, str]], ...] = (
        (e.ConversationQueued, {}), (e.ConversationAssigned, {"agent_id": agent}),
        (e.ConversationMessage, {"author": "agent"}), (e.ConversationResolved, {}), (e.ConversationClosed, {}),
    )  # fmt: skip
    for number, (kind, more) in enumerate(kinds):
        yield kind(event_id=f"d{n}.{number}", occurred_at=at, source="desk", **said, **more)
        at += dice.randrange(300_000)


def _customer(n: int, dice: random.Random) -> str:
    """Every other one has called before, within a day or two."""
    return f"customer-{n if n % 2 else max(0, n - dice.randrange(60_000))}"


def measured(days: int, contacts: int) -> Iterator[Kept]:
    """What is kept at the end of each day."""
    partitions = {topic: Partition(Settings(), topic, 0) for topic in e.TOPICS}
    facts = {topic: FactsPartition(Settings(), topic, 0, topic) for topic in DESTINATIONS}
    everybody = [*partitions.values(), *facts.values()]
    stored: dict[bytes, int] = {}
    day, minute = 0, 0
    for event in events(days, contacts):
        topic, key = e.topic_of(event), e.key_of(event)
        for partition in [partitions[topic]] if topic else partitions.values():
            value, raw_key = _encode(event), None if key is None else key.encode()
            partition.apply([Record(partition.next_offset, raw_key, value, event.occurred_at)])
        if (event.occurred_at - START) // MINUTE >= minute + STEP_MINUTES:
            minute = (event.occurred_at - START) // MINUTE
            for partition in everybody:
                for destination, who, told in _flush(partition, stored):
                    home = facts[destination]
                    home.apply([Record(home.next_offset, who, told, event.occurred_at)])
        if isinstance(event, e.SourceHeartbeat) and (event.occurred_at - START) // DAY > day:
            stored = dict(stored)  # the benchmark's own: a dictionary keeps the room of what was taken out of it
            yield _kept(day, everybody, stored)
            day += 1


def _flush(partition: Partition, stored: dict[bytes, int]) -> Sequence[Outgoing]:
    flush = partition.flush()
    if flush is None:
        return ()
    for key, value in [*flush.tallies, *flush.contacts, flush.marker]:
        stored[key] = len(key) + len(value)
    for key in partition.flushed(flush):
        stored.pop(key, None)
    return flush.facts


def _kept(day: int, partitions: list[Partition], stored: dict[bytes, int]) -> Kept:
    states = {"open": 0, "closed": 0, "stub": 0}
    for partition in partitions:
        for contact in partition.contacts.values():
            head = contact.head
            states["stub" if head is None else "open" if head.done_at < 0 else "closed"] += 1
    books = [book for partition in partitions for book in partition.ledger.books.values()]
    return Kept(
        day=day,
        contacts=sum(states.values()),
        open=states["open"],
        closed=states["closed"],
        stubs=states["stub"],
        slices=sum(len(ring) for book in books for ring in (book.fine, book.minute, book.coarse, book.length)),
        agents=sum(len(partition.agents) for partition in partitions),
        people=sum(len(each.people.by_who) for each in partitions if isinstance(each, FactsPartition)),
        stored_records=len(stored),
        stored_bytes=sum(stored.values()),
        process_mib=_resident_mib(),
    )


def _resident_mib() -> int:
    pages = Path("/proc/self/statm").read_text("ascii").split()[1]
    return int(pages) * resource.getpagesize() // 2**20


def grown(days: list[Kept]) -> list[str]:
    """What grew after the retentions, in words: its most in the later half above its most before, by a twentieth."""
    steady = [kept for kept in days if kept.day >= STEADY_FROM_DAY]
    if len(steady) < 2:
        return []
    half = len(steady) // 2
    most = [tuple(map(max, zip(*days, strict=True))) for days in (steady[:half], steady[half:])]
    return [
        f"{name}: at most {before:,} until day {steady[half - 1].day}, {after:,} after it"
        for name, before, after in zip(Kept._fields[1:], most[0][1:], most[1][1:], strict=True)
        if after > before * (1 + MAY_GROW) + 20
    ]


def main(days: int = 30, contacts: int = 1_000_000) -> int:
    """Print a line a day; 1 when something grew."""
    print("  ".join(f"{name:>14}" for name in Kept._fields))
    found = []
    for kept in measured(days, contacts):
        found.append(kept)
        print("  ".join(f"{n:>14,}" for n in kept), flush=True)
    wrong = grown(found)
    print(f"{contacts:,} contacts in {days} days: {'; '.join(wrong) if wrong else 'nothing grew after the retentions'}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(*positional(__doc__, days=int, contacts=int)))
