"""Nothing is lost or counted twice, whatever happens to a worker and whenever. Real Kafka, real processes."""

from __future__ import annotations

import asyncio
import random
import signal

import pytest

from streams.app import Worker
from streams.settings import Settings
from tests.integration.faults import until_stopped
from tests.integration.harness import (
    Log,
    counted,
    expected,
    publish,
    restored,
    running,
    says,
    toy_records,
    until,
    until_committed,
    worker_process,
)
from tests.integration.toy_partition import ToyPartition


def applied(worker: Worker) -> int:
    """Records that a worker has applied itself, whatever it found stored."""
    return sum(one.applied for one in worker.partitions.values() if isinstance(one, ToyPartition))


async def test_a_worker_killed_five_times_counts_every_record_once(settings: Settings) -> None:
    rng = random.Random(7)
    log: Log = {}
    publishing = asyncio.create_task(publish(settings, toy_records(1, 12_000), log, per_second=1_500))

    for _ in range(5):
        async with worker_process(settings) as process:
            await says(process, "restored")
            await asyncio.sleep(rng.uniform(0.05, 0.8))
            process.send_signal(signal.SIGKILL)
            await process.wait()
    await publishing

    async with running(settings) as worker:
        await until(lambda: counted(worker) == expected(log), lambda: (counted(worker), expected(log)))


async def test_a_worker_stopped_between_two_flushes_and_continued_after_its_session_spoils_nothing(
    settings: Settings,
) -> None:
    log: Log = {}
    await publish(settings, toy_records(2, 1_000), log, per_second=10_000)
    async with worker_process(settings) as paused:
        await says(paused, "restored")
        await until_committed(settings, log)
        paused.send_signal(signal.SIGSTOP)
        async with running(settings) as other:
            await until(lambda: restored(other))
            publishing = asyncio.create_task(publish(settings, toy_records(3, 4_000), log, per_second=1_500))
            await until(lambda: applied(other) > 0)
            paused.send_signal(signal.SIGCONT)
            await until(lambda: len(other.partitions) < 20)
            await publishing
    async with running(settings) as worker:
        await until(lambda: counted(worker) == expected(log), lambda: (counted(worker), expected(log)))


@pytest.mark.parametrize("stops_at", ["send", "commit"])
async def test_a_worker_stopped_in_the_middle_of_a_flush_and_continued_after_its_session_spoils_nothing(
    settings: Settings, stops_at: str
) -> None:
    log: Log = {}
    async with worker_process(settings, stops_at) as paused:
        await says(paused, "restored")
        publishing = asyncio.create_task(publish(settings, toy_records(5, 4_000), log, per_second=1_500))
        await asyncio.sleep(0.5)
        paused.send_signal(signal.SIGUSR1)
        await until_stopped(paused.pid)
        async with running(settings) as other:
            await until(lambda: restored(other))
            await publishing
            await publish(settings, toy_records(6, 1_000), log, per_second=5_000)
            await until(lambda: counted(other) == expected(log), lambda: (counted(other), expected(log)))
            paused.send_signal(signal.SIGCONT)
            await until(lambda: len(other.partitions) < 12)
            paused.send_signal(signal.SIGTERM)
            said, _ = await asyncio.wait_for(paused.communicate(), 15)
    async with running(settings) as worker:
        await until(lambda: counted(worker) == expected(log), lambda: (counted(worker), expected(log)))
    assert (paused.returncode, said.decode().count("Traceback")) == (0, 0), said.decode()
    assert "its transaction was refused" in said.decode()


async def test_what_a_worker_stored_that_died_before_it_told_the_group_its_successor_tells_it(
    settings: Settings,
) -> None:
    log: Log = {}
    async with worker_process(settings, "tell") as dying:
        await says(dying, "restored")
        dying.send_signal(signal.SIGUSR2)
        await publish(settings, toy_records(7, 1), log, per_second=1)
        assert await asyncio.wait_for(dying.wait(), 30) == -signal.SIGKILL

    async with running(settings) as worker:
        await until(lambda: counted(worker) == expected(log), lambda: (counted(worker), expected(log)))
        await until_committed(settings, log)  # nothing more comes that would bring a flush


async def test_a_worker_told_to_end_leaves_soon_with_code_0_and_says_nothing(settings: Settings) -> None:
    log: Log = {}
    async with worker_process(settings) as process:
        await says(process, "restored")
        await publish(settings, toy_records(3, 300), log, per_second=10_000)

        process.send_signal(signal.SIGTERM)
        said, _ = await asyncio.wait_for(process.communicate(), 10)

    assert (process.returncode, said.decode()) == (0, "")


async def test_what_was_flushed_on_leaving_is_not_read_again(settings: Settings) -> None:
    log: Log = {}
    await publish(settings, toy_records(4, 500), log, per_second=10_000)
    async with running(settings) as first:
        await until(lambda: counted(first) == expected(log), lambda: (counted(first), expected(log)))

    async with running(settings) as second:
        await until(lambda: restored(second))
        await asyncio.sleep(0.5)  # what is read again has time to be

        assert (counted(second), applied(second)) == (expected(log), 0)
