"""What the peers share: their arguments, the job in plain Python, and the lines that tell how far they are.

Standard library only: it is imported by environments that have nothing of this project.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

SLICE_MS = 10_000
OFFERED, ANSWERED, ABANDONED = "call.offered", "call.answered", "call.abandoned"
WARM_SHARE = 4
"""The first quarter of the records is for warming up, and not measured."""


class Arguments(NamedTuple):
    """Where the records are, and how many: a peer ends when it has counted them all.

    With ``live`` (1, otherwise 0) they come one by one, and it says of each how many it has counted with it.
    """

    bootstrap: str
    topic: str
    group: str
    records: int
    partitions: int
    folder: str
    mode: str
    live: int


class Waiting(NamedTuple):
    """The state of a contact: the queue it waits in, since when (epoch ms)."""

    queue: str
    since_ms: int


class Fact(NamedTuple):
    """What an event is for a queue: one of ``OFFERED``, ``ANSWERED``, ``ABANDONED``, and how long the wait was."""

    queue: str
    at_ms: int
    kind: str
    waited_ms: int


def step(waiting: Waiting | None, event: Mapping[str, Any]) -> tuple[Waiting | None, Fact | None]:
    """The job of one event: the contact's next state, and what counts. Events of other types change nothing."""
    kind = event["type"]
    if kind == OFFERED:
        at_ms = event["occurred_at"]
        return Waiting(event["queue"], at_ms), Fact(event["queue"], at_ms, OFFERED, 0)
    if waiting is not None and kind in (ANSWERED, ABANDONED):
        at_ms = event["occurred_at"]
        return None, Fact(waiting.queue, at_ms, kind, at_ms - waiting.since_ms)
    return waiting, None


class Slices:
    """Offered, answered, abandoned and waits of answered ones (ms), by queue and start of the ten seconds."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, int], list[int]] = {}

    def add(self, fact: Fact) -> None:
        """Count one."""
        key = fact.queue, fact.at_ms - fact.at_ms % SLICE_MS
        counts = self.counts.get(key)
        if counts is None:
            counts = self.counts[key] = [0, 0, 0, 0]
        add_to(counts, fact.kind, fact.waited_ms)


def add_to(counts: list[int], kind: str, waited_ms: int) -> None:
    """Count one fact in the four numbers of its slice."""
    if kind == OFFERED:
        counts[0] += 1
    elif kind == ANSWERED:
        counts[1] += 1
        counts[3] += waited_ms
    else:
        counts[2] += 1


class Progress:
    """Counts records, and says on standard output how many when a quarter and all of them are, or live each time.

    Where counting is not the end (windows are to be closed), ``to_the_end=False`` leaves ``done`` to the peer.
    """

    def __init__(self, given: Arguments, *, to_the_end: bool = True) -> None:
        self._to_the_end = to_the_end
        self._live = bool(given.live)
        self._warm = given.records // WARM_SHARE
        self._records = given.records
        self._count = 0

    def took(self, records: int = 1) -> bool:
        """Some more are counted; whether these were the last."""
        before = self._count
        self._count = after = before + records
        if self._live and records:
            say(f"took {after}")
        if before < self._warm <= after:
            say(f"warm {after}")
        if after >= self._records > before:
            if self._to_the_end:
                say(f"done {after}")
            return True
        return False


def say(text: str) -> None:
    """One line to whoever started this."""
    print(text, flush=True)


def tell(counts: Mapping[tuple[str, int], list[int]]) -> None:
    """The totals, as one line of JSON: queue, start, and the four numbers of each slice.

    Then wait to be ended, or for the end of the input: what the process used is read from the kernel while it is there.
    """
    say("totals " + json.dumps([[queue, start, *numbers] for (queue, start), numbers in counts.items()]))
    sys.stdin.read()


def arguments() -> Arguments:
    """What ``benchmarks.peers`` puts on the command line."""
    parser = argparse.ArgumentParser()
    for name in Arguments._fields:
        parser.add_argument(f"--{name}", type=int if name in ("records", "partitions", "live") else str, required=True)
    return Arguments(**vars(parser.parse_args(sys.argv[1:])))
