"""50,000 mutated records: none breaks a partition, every one is counted. ``benchmarks.fuzz`` itself feeds a million."""

from __future__ import annotations

from benchmarks.fuzz import SEED, feed, spoilt


def test_fifty_thousand_mutated_records_break_nothing_and_every_one_is_counted() -> None:
    verdict = feed(SEED, 50_000)

    assert verdict.understood + verdict.refused.total() == 50_000
    assert verdict.understood > 5_000
    assert len(verdict.refused) >= 13
    assert verdict.slowest_seconds < 0.05


def test_the_same_seed_makes_the_same_records() -> None:
    assert list(spoilt(7, 300)) == list(spoilt(7, 300)) != list(spoilt(8, 300))
