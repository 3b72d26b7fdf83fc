"""Simulated time: stories that sleep and are woken, and the items they publish, in order of time.

A story is a generator. It yields how many milliseconds it sleeps, or None to sleep until somebody wakes it; ``yield``
returns what it was woken with, or None when the time was up. No wall clock is read: an hour takes as long as its events
take to compute, and the same seed tells the same stories.
"""

from __future__ import annotations

import random
from collections.abc import Generator, Iterator
from heapq import heappop, heappush
from typing import Any, NamedTuple, TypeAlias

import msgspec

from streams.events import Event

Story: TypeAlias = Generator[int | None, Any, None]

encode = msgspec.json.Encoder().encode


class Item(NamedTuple):
    """One record to publish.

    ``everywhere``: to every partition of the topic (heartbeats, queue states); such a record has no key. ``publish_at``
    (epoch ms) never goes back from one item to the next. ``event`` is what ``value`` says, None if it is malformed.
    """

    topic: str
    key: bytes | None
    value: bytes
    publish_at: int
    event: Event | None
    everywhere: bool = False


class Process:
    """A story that was started. ``turn`` makes stale alarms recognisable: one turn, one resumption."""

    __slots__ = ("awaited", "story", "turn")

    def __init__(self, story: Story, awaited: bool) -> None:
        self.story = story
        self.awaited = awaited
        self.turn = 0


class World:
    """The clock, the dice and the agenda of one simulation.

    ``pending`` is the number of awaited stories not yet told to the end: the contacts that are still somewhere.
    ``current`` is the process whose story is being told, for those who want to be woken.
    """

    def __init__(self, start_ms: int, seed: int) -> None:
        self.now = start_ms
        self.seed = seed
        self.random = random.Random(seed)
        self.pending = 0
        self.current: Process
        self._agenda: list[tuple[int, int, Process, int, Any]] = []
        self._order = 0
        self._sequence = 0
        self._out: list[Item] = []

    def start(self, story: Story, delay_ms: int = 0, *, awaited: bool = False) -> Process:
        """Begin ``story`` after ``delay_ms``; an ``awaited`` one is a contact the end of the day waits for."""
        process = Process(story, awaited)
        self.pending += awaited
        self._schedule(self.now + delay_ms, process, None)
        return process

    def wake(self, process: Process, value: object) -> None:
        """Resume a sleeping story now, with ``value``; its alarm, if it had one, no longer rings."""
        process.turn += 1
        self._schedule(self.now, process, value)

    def publish(self, topic: str, key: bytes | None, event: Event, *, everywhere: bool = False) -> None:
        """Put an event on its topic at this moment."""
        self._out.append(Item(topic, key, encode(event), self.now, event, everywhere))

    def next_sequence(self) -> int:
        """A number that orders what happens in the same millisecond."""
        self._sequence += 1
        return self._sequence

    def run(self, until_ms: int, *, drain: bool = False) -> Iterator[Item]:
        """Everything published before ``until_ms``; with ``drain`` stop as soon as no awaited story is left."""
        agenda, out = self._agenda, self._out
        while agenda and agenda[0][0] < until_ms and not (drain and not self.pending):
            at, _, process, turn, value = heappop(agenda)
            if process.turn != turn:
                continue
            self.now = at
            self.current = process
            process.turn += 1
            try:
                delay = process.story.send(value)
            except StopIteration:
                self.pending -= process.awaited
            else:
                if delay is not None:
                    self._schedule(at + delay, process, None)
            if out:
                yield from out
                out.clear()
        if not drain:
            self.now = until_ms

    def leftovers(self) -> Iterator[Item]:
        """What was published outside of any story."""
        yield from self._out
        self._out.clear()

    def _schedule(self, at: int, process: Process, value: object) -> None:
        self._order += 1
        heappush(self._agenda, (at, self._order, process, process.turn, value))

    def chance(self, probability: float) -> bool:
        """True once in 1 / ``probability`` times."""
        return self.random.random() < probability

    def around(self, mean_seconds: float, sigma: float) -> int:
        """A lognormal duration in ms with this mean (seconds) and this sigma of its logarithm; never 0."""
        return 1 + int(1000 * mean_seconds * self.random.lognormvariate(-sigma * sigma / 2, sigma))

    def between(self, low_seconds: float, high_seconds: float) -> int:
        """A uniform duration in ms."""
        return int(1000 * (low_seconds + (high_seconds - low_seconds) * self.random.random()))
