"""How often a worker is looked at: one snapshot for all, texts at a price, less of both while it is behind."""

from __future__ import annotations

from time import thread_time

from streams import snapshot
from streams.snapshot import Snapshot, WorkerStatus
from streams.watching import Watching, Work
from tests import floor_by_hand as by_hand


class Watched:
    """A floor that counts how often it is taken; each time costs 20 ms of processor time or more."""

    def __init__(self, *, behind: bool) -> None:
        self.now = 1_000_000
        self.taken = 0
        self.watching = Watching(self.begin, lambda: self.now, lambda: behind)

    def begin(self, now_ms: int) -> Work:
        self.taken += 1
        began = thread_time()
        while thread_time() - began < 0.02:
            pass
        yield
        rules = by_hand.settings()
        return snapshot.take([], rules, WorkerStatus(), now_ms)


def say_when(taken: Snapshot) -> bytes:
    return str(taken.now).encode()


def say_dearly(taken: Snapshot) -> bytes:
    """The same for 100 ms of processor time."""
    began = thread_time()
    while thread_time() - began < 0.1:
        pass
    return say_when(taken)


async def test_a_snapshot_is_shared_by_all_for_whom_it_is_fresh_enough() -> None:
    floor = Watched(behind=False)

    first = await floor.watching.taken(250)
    floor.now += 249
    assert await floor.watching.taken(250) is first
    floor.now += 1
    second = await floor.watching.taken(250)

    assert (first.now, second.now, floor.taken) == (1_000_000, 1_000_250, 2)


async def test_what_snapshots_cost_is_known() -> None:
    floor = Watched(behind=False)

    await floor.watching.taken(250)
    await floor.watching.taken(250)
    assert 0.02 <= floor.watching.spent_seconds < 0.04
    floor.now += 250
    await floor.watching.taken(250)
    assert floor.watching.spent_seconds >= 0.04


async def test_a_text_is_given_again_until_it_has_taken_a_third_of_the_time_and_for_a_second_at_most() -> None:
    floor = Watched(behind=False)

    assert await floor.watching.rendered("floor", say_when) == b"1000000"
    floor.now += 59  # 20 ms are a third of 60 ms
    assert await floor.watching.rendered("floor", say_when) == b"1000000"
    floor.now += 941
    assert await floor.watching.rendered("floor", say_when) == b"1001000"


async def test_a_text_is_made_of_the_snapshot_that_another_took_meanwhile() -> None:
    floor = Watched(behind=False)

    await floor.watching.rendered("floor", say_dearly)
    floor.now += 300
    await floor.watching.taken(250)
    assert await floor.watching.rendered("floor", say_when) == b"1000000"
    floor.now += 300
    assert await floor.watching.rendered("floor", say_when) == b"1000300", "the wall's snapshot is fresh enough"

    assert floor.taken == 2


async def test_a_worker_that_is_behind_is_taken_less_often_and_at_least_every_five_seconds() -> None:
    floor = Watched(behind=True)

    first = await floor.watching.taken(250)
    floor.now += 319  # 20 ms are a sixteenth of 320 ms
    assert await floor.watching.taken(250) is first
    floor.now += 4_681
    assert (await floor.watching.taken(250)).now == 1_005_000


async def test_rendering_is_on_the_bill_of_a_worker_that_is_behind_and_not_done_twice_for_one_snapshot() -> None:
    floor, rendered = Watched(behind=True), []

    def dear(taken: Snapshot) -> bytes:
        rendered.append(taken.now)
        return say_dearly(taken)

    await floor.watching.rendered("dear", dear)
    floor.now += 1_900  # 120 ms are a sixteenth of 1,920 ms
    await floor.watching.rendered("dear", dear)

    assert (rendered, floor.taken) == ([1_000_000], 1)


async def test_a_clock_that_is_set_back_does_not_freeze_the_numbers() -> None:
    floor = Watched(behind=False)

    await floor.watching.rendered("floor", say_when)
    floor.now -= 3_600_000

    assert await floor.watching.rendered("floor", say_when) == b"-2600000"
