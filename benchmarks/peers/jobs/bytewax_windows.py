"""Bytewax: contacts in ``stateful_flat_map``, slices in its tumbling windows of event time, two minutes of patience.

No recovery store is set up, so nothing survives; the backlog is read to its end, which closes every window. A record
is counted when its contact has it, or when its window does.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import bytewax.operators as op
import bytewax.operators.windowing as win
import orjson
from bytewax.connectors.kafka import operators as kafka
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, run_main
from common import SLICE_MS, Arguments, Fact, Progress, Waiting, add_to, arguments, say, step, tell

EPOCH = datetime.fromtimestamp(0, UTC)


def decode(message: Any) -> tuple[str, dict[str, Any]]:
    """The event, by its contact."""
    event = orjson.loads(message.value)
    return event["contact_id"], event


def main(given: Arguments) -> None:
    """Count until all are counted."""
    progress = Progress(given, to_the_end=False)

    def advance(before: Waiting | None, event: dict[str, Any]) -> tuple[Waiting | None, Iterable[Fact]]:
        """The contact's next state, and what counts."""
        after, fact = step(before, event)
        if fact is None:
            progress.took()
            return after, ()
        return after, (fact,)

    def fold(counts: list[int], fact: Fact) -> list[int]:
        """Count one fact in its window."""
        add_to(counts, fact.kind, fact.waited_ms)
        progress.took()
        return counts

    flow = Dataflow("race")
    read = kafka.input("read", flow, brokers=[given.bootstrap], topics=[given.topic], tail=bool(given.live))
    events = op.map("decode", read.oks, decode)
    facts = op.stateful_flat_map("contacts", events, advance)
    by_queue = op.map("by queue", facts, lambda found: (found[1].queue, found[1]))
    windows = win.fold_window(
        "slices",
        by_queue,
        win.EventClock(lambda fact: datetime.fromtimestamp(fact.at_ms / 1000, UTC), timedelta(minutes=2)),
        win.TumblingWindower(timedelta(milliseconds=SLICE_MS), EPOCH),
        lambda: [0, 0, 0, 0],
        fold,
        lambda one, other: [a + b for a, b in zip(one, other, strict=True)],
        ordered=False,
    )
    closed: list[tuple[str, tuple[int, list[int]]]] = []
    op.output("keep", windows.down, TestingSink(closed))
    run_main(flow)
    say(f"done {given.records}")
    tell({(queue, number * SLICE_MS): counts for queue, (number, counts) in closed})


main(arguments())
