"""What of a benchmark's worker is measured: from the beginning of a flush to the last commit."""

from __future__ import annotations

from benchmarks.rig import Sample, window


def test_the_window_begins_an_interval_after_the_commit_before_the_first_warm_flush() -> None:
    samples = [
        Sample(0.00, 0, 1.0),
        Sample(0.10, 1_000, 1.1),
        Sample(0.25, 1_000, 1.2),
        Sample(0.31, 1_000, 1.3),  # an interval of 200 ms after the commit: the next flush begins
        Sample(0.50, 5_000, 1.5),
        Sample(0.55, 9_000, 1.55),  # the other partitions of the same flush
        Sample(0.80, 9_000, 1.8),
        Sample(1.00, 20_000, 2.0),
        Sample(1.10, 20_000, 2.1),
    ]

    began, ended = window(samples, 5_000)

    assert began == Sample(0.31, 9_000, 1.3)
    assert ended == Sample(1.00, 20_000, 2.0)


def test_where_too_few_flushes_are_warm_start_up_is_not_left_out() -> None:
    samples = [Sample(0.0, 0, 0.0), Sample(1.0, 10, 0.5), Sample(2.0, 20, 0.9), Sample(3.0, 20, 1.0)]

    assert window(samples, 15) == (Sample(0.0, 0, 0.0), Sample(2.0, 20, 0.9))
