"""A file of calls enters, its events leave to Kafka in event-time order, at the speed of life or any other.

A file that ends is sorted in memory (as encoded records). A log that is followed is put in order within a few seconds,
as it grows, until Ctrl-C. At the end every partition hears a heartbeat, so that quiet ones move on.
"""

from __future__ import annotations

import asyncio
import heapq
import signal
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final, Literal, TypeAlias

from msgspec import Struct, field
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from streams.events import Event
from streams.publish import Publisher
from streams.settings import Broker
from streams.sources import Bad, Format, Ignored, Source, SourceRow, rows_of
from streams.sources.files import Tail, lines_of, source_of

Speed: TypeAlias = float | Literal["max"]

HOLD_MS: Final = 2_000
"""How long (event time) a followed log is held back to put its rows in order."""
_POLL_SECONDS: Final = 0.2
_HEARTBEAT_SECONDS: Final = 5.0
_BAD_KEPT: Final = 20
_STALE_MS: Final = 3_600_000


class Summary(Struct):
    """What became of a file: ``records`` acknowledged by topic, rows ignored by reason, bad rows (the first 20)."""

    events: int = 0
    heartbeats: int = 0
    records: dict[str, int] = field(default_factory=dict)
    ignored: Counter[str] = field(default_factory=Counter)
    bad_rows: int = 0
    bad: list[Bad] = field(default_factory=list)
    first_ms: int | None = None
    last_ms: int | None = None
    source: str = ""
    stopped: bool = False

    def events_of(self, rows: Iterable[SourceRow]) -> Iterator[Event]:
        """The events among the rows; the others are counted."""
        for row in rows:
            if isinstance(row, Ignored):
                self.ignored[row.reason] += 1
            elif isinstance(row, Bad):
                self.bad_rows += 1
                if len(self.bad) < _BAD_KEPT:
                    self.bad.append(row)
            else:
                yield row

    def sent(self, event: Event) -> None:
        self.events += 1
        self.first_ms = event.occurred_at if self.first_ms is None else min(self.first_ms, event.occurred_at)
        self.last_ms = event.occurred_at if self.last_ms is None else max(self.last_ms, event.occurred_at)
        self.source = event.source or self.source


class Reorder:
    """Events enter in nearly any order and leave in event-time order, held back ``hold_ms`` of event time."""

    def __init__(self, hold_ms: int = HOLD_MS) -> None:
        self._hold_ms = hold_ms
        self._newest = -(2**63)
        self._heap: list[tuple[int, int, int, Event]] = []
        self._count = 0

    def add(self, event: Event) -> Iterator[Event]:
        """Take one event; give those that nothing within the hold can still precede."""
        self._count += 1
        heapq.heappush(self._heap, (event.occurred_at, event.source_seq, self._count, event))
        self._newest = max(self._newest, event.occurred_at)
        while self._heap and self._heap[0][0] <= self._newest - self._hold_ms:
            yield heapq.heappop(self._heap)[3]

    def rest(self) -> Iterator[Event]:
        """Give everything: nothing more is expected for now."""
        while self._heap:
            yield heapq.heappop(self._heap)[3]


def in_event_time_order(events: Iterable[Event]) -> list[Event]:
    """Sorted by event time; within a millisecond by the source's own sequence, then as they came."""
    return sorted(events, key=lambda event: (event.occurred_at, event.source_seq))


def replay(
    file: str,
    *,
    form: Format,
    broker: Broker,
    map_path: Path | str | None = None,
    speed: Speed = "max",
    follow: bool = False,
    idempotent: bool = True,
    console: Console | None = None,
) -> Summary:
    """Publish a file, or "-" for standard input; returns when all is acknowledged, or after Ctrl-C.

    ``speed`` is event time over real time, "max" for no waiting. Raises MapError, OSError, MissingTopicError, and
    aiokafka's KafkaError when the broker is not there.
    """
    if follow and file == "-":
        raise ValueError("standard input is read to its end anyway: follow needs the name of a file")
    source, summary = source_of(form, map_path), Summary()
    publisher = Publisher(broker, idempotent=idempotent)
    if follow:
        return asyncio.run(_to_the_end(publisher, summary, partial(_follow, tail=Tail(file), source=source)))
    events = in_event_time_order(summary.events_of(rows_of(source, lines_of(file))))
    shown = console if console is not None and console.is_terminal else None
    return asyncio.run(_to_the_end(publisher, summary, partial(_publish_file, events=events, speed=speed, shown=shown)))


async def _to_the_end(
    publisher: Publisher, summary: Summary, work: Callable[[Publisher, Summary, asyncio.Event], Awaitable[None]]
) -> Summary:
    """Do the work until it ends or is stopped; then the last heartbeats, and everything acknowledged."""
    stop = asyncio.Event()
    with _signals(stop):
        async with publisher:
            await work(publisher, summary, stop)
            if summary.last_ms is not None:
                await _heartbeat(publisher, summary, summary.last_ms)
    summary.records = dict(publisher.published)
    summary.stopped = stop.is_set()
    return summary


async def _publish_file(
    publisher: Publisher,
    summary: Summary,
    stop: asyncio.Event,
    events: list[Event],
    speed: Speed,
    shown: Console | None,
) -> None:
    with _progress(shown, len(events)) as advance:
        await publish(publisher, events, summary, speed=speed, stop=stop, advance=advance)


async def publish(
    publisher: Publisher,
    events: Iterable[Event],
    summary: Summary,
    *,
    speed: Speed,
    stop: asyncio.Event,
    advance: Callable[[], object],
) -> None:
    """Publish events that are in event-time order, at ``speed``, until they end or ``stop`` is set."""
    began, first_ms = time.monotonic(), None
    for event in events:
        if speed != "max":
            first_ms = event.occurred_at if first_ms is None else first_ms
            due = began + (event.occurred_at - first_ms) / 1000 / speed
            await _wait(publisher, summary, stop, due, began, first_ms, speed)
        elif summary.events % 1_000 == 0:
            await asyncio.sleep(0)  # let Ctrl-C in
        if stop.is_set():
            return
        await publisher.event(event)
        summary.sent(event)
        advance()


async def _wait(
    publisher: Publisher, summary: Summary, stop: asyncio.Event, due: float, began: float, first_ms: int, speed: float
) -> None:
    """Wait until an event is due. What is collected is sent first, and a long silence is filled with heartbeats."""
    if due - time.monotonic() < 0.005:
        return
    await publisher.flush()
    while (left := due - time.monotonic()) > 0 and not stop.is_set():
        await _stopped_within(stop, min(left, _HEARTBEAT_SECONDS))
        if left > _HEARTBEAT_SECONDS:
            await _heartbeat(publisher, summary, first_ms + int((time.monotonic() - began) * speed * 1000))
            await publisher.flush()


async def _follow(publisher: Publisher, summary: Summary, stop: asyncio.Event, tail: Tail, source: Source) -> None:
    """Publish a growing log from its first line on: events sent before repeat their ids, and are counted once."""
    order, beat = Reorder(), time.monotonic()
    try:
        while not stop.is_set():
            lines = tail.lines()
            for event in summary.events_of(row for line in lines for row in source.read(line)):
                await _send(publisher, summary, order.add(event))
            if lines:
                await asyncio.sleep(0)
                continue
            await _send(publisher, summary, order.rest())
            if summary.last_ms is not None and time.monotonic() - beat >= _HEARTBEAT_SECONDS:
                beat = time.monotonic()
                await _heartbeat(publisher, summary, _known_until(summary.last_ms, int(time.time() * 1000)))
            await publisher.flush()
            await _stopped_within(stop, _POLL_SECONDS)
        await _send(publisher, summary, order.rest())
    finally:
        tail.close()


def _known_until(last_ms: int, now_ms: int) -> int:
    """Up to when a quiet log has told everything: until just now for a live one, its last event for an old one."""
    live = 0 <= now_ms - last_ms < _STALE_MS
    return max(last_ms, now_ms - HOLD_MS) if live else last_ms


async def _send(publisher: Publisher, summary: Summary, events: Iterable[Event]) -> None:
    for event in events:
        await publisher.event(event)
        summary.sent(event)


async def _heartbeat(publisher: Publisher, summary: Summary, at_ms: int) -> None:
    await publisher.heartbeat(summary.source, at_ms)
    summary.heartbeats += 1


async def _stopped_within(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


@contextmanager
def _signals(stop: asyncio.Event) -> Iterator[None]:
    """Ctrl-C and SIGTERM set ``stop`` instead of breaking off. Only the main thread hears signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


@contextmanager
def _progress(console: Console | None, total: int) -> Iterator[Callable[[], object]]:
    """A progress bar where there is a terminal; gives the function that moves it by one."""
    if console is None:
        yield lambda: None
        return
    columns = (TextColumn("replaying"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("replaying", total=total)
        yield lambda: progress.advance(task)
