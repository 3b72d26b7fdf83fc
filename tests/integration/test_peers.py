"""The race on a real Apache Kafka: a plain loop and our worker count the same, and what is true."""

from __future__ import annotations

import sys

from benchmarks.load import PARTITIONS
from benchmarks.peers.environment import JOBS
from benchmarks.peers.ours import run_worker
from benchmarks.peers.race import Field, run
from benchmarks.peers.records import plain_calls
from benchmarks.peers.roster import Peer
from benchmarks.peers.truth import truth_of, verdict
from benchmarks.rig import fresh, producing, publish
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
