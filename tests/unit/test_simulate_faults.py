"""Faults: records twice, late, out of order, under a wrong clock, or garbage; the truth stays as it is."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from streams import events as e
from streams.decode import REASONS, Rejected, decode
from streams.simulate import Faults, Item, Oracle, demo, simulate, spoil
from streams.simulate.faults import malformed
from streams.simulate.malformed import ZOO, is_spoilable

START = 1_760_004_000_000


def half_an_hour(oracle: Oracle | None = None) -> list[Item]:
    return list(simulate(demo(START, 1_800, hour=10.0), 6, oracle))


@pytest.fixture(scope="module")
def good() -> list[Item]:
    return half_an_hour()


def ids(items: list[Item]) -> Counter[str]:
    return Counter(item.event.event_id for item in items if item.event)


def test_without_faults_nothing_changes(good: list[Item]) -> None:
    assert list(spoil(good, Faults(), 1)) == good


def test_the_same_seed_spoils_the_same_records(good: list[Item]) -> None:
    faults = Faults(duplicates=0.1, disorder_ms=2_000, late=0.02, malformed=0.05)

    assert list(spoil(good, faults, 1)) == list(spoil(good, faults, 1))
    assert list(spoil(good, faults, 1)) != list(spoil(good, faults, 2))


def test_duplicates_are_the_same_bytes_again_and_nothing_is_missing(good: list[Item]) -> None:
    spoiled = list(spoil(good, Faults(duplicates=0.1), 1))

    bytes_by_id: dict[str, set[bytes]] = {}
    for item in spoiled:
        assert item.event is not None
        bytes_by_id.setdefault(item.event.event_id, set()).add(item.value)
    twice = sum(n == 2 for n in ids(spoiled).values())

    assert set(ids(spoiled)) == set(ids(good))
    assert twice == pytest.approx(0.1 * sum(not item.everywhere for item in good), rel=0.15)
    assert all(len(values) == 1 for values in bytes_by_id.values())


def test_disorder_is_bounded_and_heartbeats_stay_true(good: list[Item]) -> None:
    spoiled = list(spoil(good, Faults(disorder_ms=3_000), 1))
    times = [item.event.occurred_at for item in spoiled if item.event]
    told: dict[str, int] = {}

    assert ids(spoiled) == ids(good)
    assert times != sorted(times)
    assert [item.publish_at for item in spoiled] == sorted(item.publish_at for item in spoiled)
    for item in spoiled:
        assert item.event is not None
        assert 0 <= item.publish_at - item.event.occurred_at <= 3_000
        if isinstance(item.event, e.SourceHeartbeat):
            told[item.event.source] = item.event.occurred_at
        else:
            assert item.event.occurred_at >= told.get(item.event.source, 0)


def test_late_records_come_minutes_later(good: list[Item]) -> None:
    faults = Faults(late=0.05, late_from_ms=120_000, late_to_ms=600_000)

    delays = [item.publish_at - item.event.occurred_at for item in spoil(good, faults, 1) if item.event]

    assert {delay for delay in delays if delay} <= set(range(120_000, 600_001))
    assert sum(delay > 0 for delay in delays) > 100


def test_a_skewed_source_shifts_all_its_times_and_no_other(good: list[Item]) -> None:
    spoiled = list(spoil(good, Faults(skew_ms={"pbx-south": 4_000}), 1))

    for before, after in zip(good, spoiled, strict=True):
        assert before.event is not None
        assert after.event is not None
        shift = 4_000 if before.event.source == "pbx-south" else 0
        assert after.event.occurred_at - before.event.occurred_at == shift
        assert decode(after.topic, after.key, after.value) == after.event


@pytest.mark.parametrize("kind", sorted(ZOO))
def test_each_malformed_kind_is_refused_for_its_own_reason(kind: str, good: list[Item]) -> None:
    dice = random.Random(1)
    for item in [item for item in good if is_spoilable(item.event)][:50]:
        bad = malformed(dice, item, kind)

        verdict = decode(bad.topic, bad.key, bad.value, bad.publish_at)

        assert isinstance(verdict, Rejected)
        assert verdict.reason == ZOO[kind].reason
        assert bad.event is None


def test_the_zoo_has_nearly_every_reason() -> None:
    assert set(REASONS) - {maker.reason for maker in ZOO.values()} <= {"wrong_topic", "time_in_future"}


def test_malformed_records_are_extra_and_take_nothing_away(good: list[Item]) -> None:
    spoiled = list(spoil(good, Faults(malformed=0.05), 1))

    assert [item for item in spoiled if item.event is not None] == good
    assert len(spoiled) - len(good) == pytest.approx(0.05 * sum(is_spoilable(i.event) for i in good), rel=0.2)


def test_faults_leave_the_truth_as_it_is() -> None:
    plain, spoiled = Oracle(), Oracle()
    half_an_hour(plain)

    for _ in spoil(half_an_hour(spoiled), Faults(duplicates=0.1, disorder_ms=5_000, late=0.01, malformed=0.02), 1):
        pass

    assert plain.dump() == spoiled.dump()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"duplicates": 1.5}, "duplicates is a rate"),
        ({"late": -0.1}, "late is a rate"),
        ({"disorder_ms": -1}, "must not be negative"),
        ({"late_from_ms": 10, "late_to_ms": 5}, "late_from_ms <= late_to_ms"),
        ({"kinds": ("purple",)}, "unknown kinds of malformed records: purple"),
    ],
)
def test_impossible_faults_are_refused(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Faults(**wrong)  # type: ignore[arg-type]
