"""Garbage is sought by the clock while a worker runs, and by counting again afterwards."""

from __future__ import annotations

import asyncio
import gc
import platform
import weakref
from itertools import count
from pathlib import Path

import pytest

from streams import garbage
from streams.garbage import after_rebalance, give_back, pause_after, sought_by_the_clock


def test_everything_is_looked_at_each_ten_minutes_or_so_seldom_that_it_takes_a_ten_thousandth() -> None:
    assert pause_after(0.0) == 600.0
    assert pause_after(0.05) == 600.0
    assert pause_after(2.0) == 20_000.0


def test_python_does_not_look_by_itself_while_a_worker_runs_and_does_again_afterwards() -> None:
    async def main() -> bool:
        async with sought_by_the_clock():
            return gc.isenabled()

    assert asyncio.run(main()) is False
    assert gc.isenabled()


def test_a_cycle_that_is_dropped_is_gone_when_its_time_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "LEAST_SECONDS", 0.01)
    monkeypatch.setattr(garbage, "SHARE", 0)

    async def main() -> None:
        gone = asyncio.Event()
        loop = asyncio.get_running_loop()

        class Knot:
            def __init__(self) -> None:
                self.itself = self

            def __del__(self) -> None:
                loop.call_soon(gone.set)

        async with sought_by_the_clock():
            for _ in range(2):  # the second time as well, and not only the first
                gone.clear()
                Knot()
                await asyncio.wait_for(gone.wait(), 30)

    asyncio.run(main())


@pytest.mark.parametrize(("rebalance", "gone"), [(9, False), (10, True), (20, True)])
def test_what_clients_left_behind_is_gone_when_partitions_have_changed_hands_for_the_tenth_time(
    monkeypatch: pytest.MonkeyPatch, rebalance: int, gone: bool
) -> None:
    monkeypatch.setattr(garbage, "_rebalances", count(rebalance))

    class Knot:
        def __init__(self) -> None:
            self.itself = self

    gc.collect()
    gc.disable()
    try:
        knot = weakref.ref(Knot())
        after_rebalance()

        assert (knot() is None) == gone
    finally:
        gc.enable()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library has no malloc_trim")
def test_what_is_free_between_what_is_not_goes_back_to_the_system() -> None:
    def resident_mib() -> float:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4_096 / 2**20

    many = [bytes(1_000) for _ in range(100_000)]
    full = resident_mib()
    kept = many[::1_000]  # so that no large piece is free
    del many
    give_back()

    assert full - resident_mib() > 60
    assert len(kept) == 100
