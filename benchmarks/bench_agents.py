"""An agent's day: what a change of state costs, and how many bytes are stored with it, the more changes are known.

In memory, a floor of agents who change their state in turn, a flush every few events. No Kafka, one core.
"""

from __future__ import annotations

import gc
import time
from typing import Final

import orjson

from benchmarks.arguments import positional
from benchmarks.results import record
from streams.events import AGENT_EVENTS
from streams.partition import Partition, Record
from streams.settings import Settings

AGENTS: Final = 300
EVENTS_A_FLUSH: Final = 10
KNOWN: Final = (5, 50, 150, 300, 500, 700)
"""Changes that each agent has made before, of which at most 500 are kept."""

AROUND: Final = 20
"""Rounds of all agents that are measured at each of them."""

BEGAN_AT: Final = 1_760_004_000_000
STATES: Final = ("available", "on_contact", "after_contact_work")


def main() -> None:
    """Measure and record."""
    gc.disable()  # as good as a worker does: streams.garbage
    partition = Partition(Settings(clock="stream"), AGENT_EVENTS, 0)
    rows = []
    applying = flushing = stored = 0.0
    for turn in range(KNOWN[-1] + AROUND):
        if turn in KNOWN:
            applying = flushing = stored = 0.0
        for first in range(0, AGENTS, EVENTS_A_FLUSH):
            records = [_change(turn, agent) for agent in range(first, first + EVENTS_A_FLUSH)]
            started = time.process_time()
            partition.apply(records)
            applied = time.process_time()
            flush = partition.flush()
            assert flush is not None
            partition.flushed(flush)
            flushing += time.process_time() - applied
            applying += applied - started
            stored += sum(len(key) + len(value) for key, value in flush.people)
        if turn - AROUND + 1 in KNOWN:
            events = AGENTS * AROUND
            row = (f"{applying / events * 1e6:.1f}", f"{flushing / events * 1e6:.1f}", f"{stored / events:,.0f}")
            rows.append((f"{turn - AROUND + 1:,}", *row))
    record(
        "An agent's day",
        "python -m benchmarks.bench_agents",
        ("changes before", "us to apply one", "us of a flush", "bytes stored of agents"),
        rows,
        f"{AGENTS} agents, a flush every {EVENTS_A_FLUSH} events, {AROUND} rounds each; processor time, and bytes of "
        "the changelog, for one change.",
    )


def _change(turn: int, agent: int) -> Record:
    at = BEGAN_AT + turn * 90_000 + agent * 97
    event = {
        "type": "agent.state_changed", "event_id": f"{agent}-{at}", "occurred_at": at, "source": "acd",
        "agent_id": f"agent-{agent}", "state": STATES[turn % 3],
    }  # fmt: skip
    if turn == 0:
        event["queues"] = ["billing", "sales"]
    return Record(turn * AGENTS + agent, f"agent-{agent}".encode(), orjson.dumps(event), at)


if __name__ == "__main__":
    positional(__doc__)
    main()
