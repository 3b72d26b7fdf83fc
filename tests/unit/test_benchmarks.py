"""The sums of the benchmarks: latencies from what was sent and seen, and the sides of the flat-cost comparison."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.built import outdated
from benchmarks.flat import Cost, Side, cost, memory_of, row, sides
from benchmarks.peers.records import plain_calls
from benchmarks.seen import Look, Sent, after, latencies, quantile


def test_a_core_that_was_compiled_from_other_sources_is_told_of(tmp_path: Path) -> None:
    source, compiled = tmp_path / "ledger.py", tmp_path / "ledger.cpython-311-x86_64-linux-gnu.so"
    source.touch()
    assert outdated(tmp_path) is None

    compiled.touch()
    os.utime(source, (100, 100))
    os.utime(compiled, (100, 100))
    assert outdated(tmp_path) is None

    os.utime(source, (101, 101))
    assert outdated(tmp_path) == source

    source.unlink()
    assert outdated(tmp_path) == source


def test_an_event_is_seen_with_the_first_answer_that_counts_it() -> None:
    sent = [Sent(1.0, 10), Sent(2.0, 20), Sent(3.0, 30)]
    looks = [Look(1.5, 9), Look(2.5, 20), Look(3.5, 20), Look(4.5, 31)]

    assert latencies(sent, looks) == [1.5, 0.5, 1.5]


def test_an_event_that_is_never_seen_is_an_error() -> None:
    with pytest.raises(ValueError, match="20 events were never seen"):
        latencies([Sent(1.0, 20)], [Look(1.5, 19)])


def test_what_is_sent_while_they_warm_up_is_left_out() -> None:
    sent = [Sent(10.0, 1), Sent(14.9, 2), Sent(15.0, 3), Sent(20.0, 4)]

    assert after(sent, 5) == [Sent(15.0, 3), Sent(20.0, 4)]


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.0, 1)])
def test_a_quantile_is_the_smallest_value_that_so_many_do_not_exceed(share: float, value: int) -> None:
    assert quantile(list(range(100, 0, -1)), share) == value


def test_the_sides_of_a_comparison_differ_in_one_thing() -> None:
    for small, large in sides(200_000):
        assert sum(a != b for a, b in zip(small[1:], large[1:], strict=True)) == 1


def test_the_cost_of_a_floor_is_measured_with_open_calls_in_it() -> None:
    found = cost(Side("small", queues=2, open_calls=20), plain_calls(300))

    assert found.counting > 0


def test_the_memory_of_open_calls_is_measured_where_nothing_was_before_and_only_where_there_are_many() -> None:
    assert memory_of(Side("few", open_calls=10_000)) == ""
    assert 500 < int(memory_of(Side("many", open_calls=10_001)).replace(",", "")) < 5_000


def test_two_sides_are_compared_pair_by_pair() -> None:
    found = [(Cost(10, 1), Cost(12, 3)), (Cost(20, 1), Cost(22, 3)), (Cost(10, 2), Cost(11, 5))]

    assert row((Side("few"), Side("many")), found, "600") == (
        "few, many", "10.0 (10.0-20.0)", "12.0 (11.0-22.0)", "+10.0%", "1.0", "3.0", "600",
    )  # fmt: skip
