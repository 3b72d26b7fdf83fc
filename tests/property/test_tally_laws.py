"""Laws of tallies: they add in any order and any grouping, and quantiles are close to the exact ones."""

from __future__ import annotations

import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streams import tally as y
from streams.tally import EDGES_MS, Fields

tallies = st.lists(st.dictionaries(st.integers(0, 30_000), st.integers(-5, 5).filter(bool), max_size=6), max_size=8)
waits = st.lists(st.integers(0, 8 * 86_400_000), min_size=1, max_size=60)


def merged(parts: list[Fields]) -> Fields:
    total: Fields = {}
    for part in parts:
        y.add(total, part)
    return total


def tree(parts: list[Fields], rng: random.Random) -> Fields:
    """The same sum, added up in a random tree."""
    if len(parts) < 2:
        return dict(parts[0]) if parts else {}
    cut = rng.randrange(1, len(parts))
    total = tree(parts[:cut], rng)
    y.add(total, tree(parts[cut:], rng))
    return total


@given(tallies, st.randoms(use_true_random=False))
def test_tallies_add_in_any_order_and_any_grouping(parts: list[Fields], rng: random.Random) -> None:
    shuffled = list(parts)
    rng.shuffle(shuffled)

    assert tree(shuffled, rng) == merged(parts)


@given(tallies)
def test_the_empty_tally_is_zero_and_a_correction_takes_back_exactly(parts: list[Fields]) -> None:
    total = merged(parts)
    y.add(total, {})

    assert total == merged(parts)
    y.add(total, {field: -n for field, n in merged(parts).items()})
    assert total == {}


@given(tallies)
def test_adding_leaves_the_other_tally_as_it_was(parts: list[Fields]) -> None:
    copies = [dict(part) for part in parts]

    merged(parts)

    assert parts == copies


@given(waits, st.sampled_from((0.0, 0.05, 0.5, 0.9, 0.95, 0.99, 1.0)))
def test_a_quantile_is_in_the_bucket_of_the_exact_one_and_within_five_per_cent(values: list[int], q: float) -> None:
    counted = merged([{y.ANSWERED_WAITS + y.bucket(value): 1} for value in values])
    exact = sorted(values)[int(q * (len(values) - 1))]

    quantile = y.quantile_ms(y.histogram(counted, y.ANSWERED_WAITS), q)

    assert quantile is not None
    bucket = y.bucket(exact)
    assert bucket == 0 or EDGES_MS[bucket - 1] <= quantile <= EDGES_MS[bucket]
    assert exact < 500 or abs(quantile - exact) <= 0.05 * exact


@given(st.integers(0, 9 * 86_400_000), st.integers(0, 9 * 86_400_000))
def test_a_longer_wait_is_never_in_an_earlier_bucket(one: int, other: int) -> None:
    shorter, longer = sorted((one, other))

    assert y.bucket(shorter) <= y.bucket(longer)


def test_edges_ascend() -> None:
    assert all(lower < upper for lower, upper in pairwise(EDGES_MS))
