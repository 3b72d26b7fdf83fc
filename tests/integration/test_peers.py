"""The race on a real Apache Kafka: a plain loop and our worker count the same, what is true, and are timed live."""

from __future__ import annotations

import sys

import pytest

from benchmarks.load import PARTITIONS
from benchmarks.peers.environment import JOBS, UnavailableError
from benchmarks.peers.live import tail_peer, tail_worker
from benchmarks.peers.ours import run_worker
from benchmarks.peers.race import Field, run
from benchmarks.peers.records import plain_calls
from benchmarks.peers.roster import Peer
from benchmarks.peers.truth import truth_of, verdict
from benchmarks.rig import empty, fresh, producing, publish
from streams.events import CALL_EVENTS

LOOP = Peer(
    "plain aiokafka loop", "nothing", lambda: [sys.executable, str(JOBS / "plain_aiokafka.py")], lambda: "of the tests"
)


async def test_a_plain_loop_and_our_worker_count_what_is_true(empty_kafka: str) -> None:
    records = plain_calls(60_000)
    truth = truth_of(record.value for record in records)
    assert fresh(empty_kafka).partitions == PARTITIONS
    async with producing(empty_kafka) as producer:
        await publish(producer, records)
    field = Field(empty_kafka, CALL_EVENTS, len(records), truth)

    theirs = await run(LOOP, field)
    ours = await run_worker(field, transactions=True)

    assert str(verdict(theirs.totals, truth)) == "all"
    assert str(verdict(ours.totals, truth)) == "all"
    assert theirs.events_per_second > 0
    assert theirs.cpu_seconds_per_million > 0
    assert theirs.peak_bytes > 1_000_000


async def test_a_plain_loop_and_our_worker_are_timed_while_records_come(empty_kafka: str) -> None:
    records = plain_calls(2_000)  # two seconds of them, in forty batches

    theirs = await tail_peer(LOOP, empty_kafka, records, 1)
    empty(empty_kafka)
    ours = await tail_worker(empty_kafka, records, 1, transactions=True)

    for latencies in (theirs, ours):
        assert 15 <= len(latencies) <= 20  # the first second is left out
        assert all(0 < seconds < 60 for seconds in latencies)


async def test_why_a_peer_broke_while_records_came_is_said(empty_kafka: str) -> None:
    broken = Peer("broken", "nothing", lambda: ["/bin/sh", "-c", "echo took 100; echo no memory >&2"], lambda: "")

    with pytest.raises(UnavailableError, match="ended too early: no memory"):
        await tail_peer(broken, empty_kafka, plain_calls(200), 0)
