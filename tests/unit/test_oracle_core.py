"""The core against the oracle: two independent accounts of the same floor must be one."""

from __future__ import annotations

import dataclasses
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable

import pytest

from benchmarks.prove_million import numbers
from streams.events import TOPICS
from streams.facts import Fact, Kind
from streams.partition import Partition, Record
from streams.settings import Settings
from streams.simulate import Faults, Item, Oracle, demo, simulate, spoil
from streams.simulate.oracle import Attribution

START = 1_760_004_000_000
PARTITIONS = 3

COUNTED = {
    "offered": Kind.OFFERED, "answered": Kind.ANSWERED, "abandoned": Kind.ABANDONED, "flowed_out": Kind.FLOWED_OUT,
    "orphaned": Kind.ORPHANED, "segments": Kind.TALKED, "transferred": Kind.TRANSFERRED, "escalated": Kind.ESCALATED,
    "alerted": Kind.ALERTED, "missed": Kind.MISSED, "cancelled": Kind.CANCELLED, "rang": Kind.RANG,
}  # fmt: skip
SUMMED = {
    "answered_wait_ms": Kind.ANSWERED, "abandoned_wait_ms": Kind.ABANDONED, "flowed_out_wait_ms": Kind.FLOWED_OUT,
    "talk_ms": Kind.TALKED, "hold_ms": Kind.HELD, "acw_ms": Kind.WRAPPED, "handle_ms": Kind.HANDLED,
    "ring_ms": Kind.RANG,
}  # fmt: skip
AT_DESKS = {"alerted", "missed", "cancelled", "rang", "ring_ms"}


class Core:
    """Every partition of the pure core, and the facts it gave."""

    def __init__(self, items: Iterable[Item]) -> None:
        self.facts: Counter[Fact] = Counter()
        self.partitions = {
            (topic, n): Partition(Settings(), topic, n, self._note) for topic in TOPICS for n in range(PARTITIONS)
        }
        offsets: Counter[tuple[str, int]] = Counter()
        for item in items:
            numbers = range(PARTITIONS) if item.everywhere else [zlib.crc32(item.key or b"") % PARTITIONS]
            for n in numbers:
                record = Record(offsets[item.topic, n], item.key, item.value, item.publish_at)
                offsets[item.topic, n] += 1
                self.partitions[item.topic, n].apply([record])

    def _note(self, sign: int, fact: Fact) -> None:
        self.facts[fact] += sign

    def sums(self, attribution: Attribution | None, minutes: int = 15) -> dict[tuple[str, str, int], Counter[str]]:
        """The facts under the oracle's names, by queue, channel and interval (None: all of the time)."""
        sums: dict[tuple[str, str, int], Counter[str]] = defaultdict(Counter)
        width = minutes * 60_000
        for fact, n in self.facts.items():
            at = {"event_time": fact.at, "arrival": fact.arrival, "contact_arrival": fact.started, None: 0}[attribution]
            counts = sums[fact.queue, fact.channel, at - at % width]
            for name, kind in COUNTED.items():
                counts[name] += n * (fact.kind == kind)
            for name, kind in SUMMED.items():
                counts[name] += n * fact.value * (fact.kind == kind)
            if fact.kind in (Kind.ANSWERED, Kind.ABANDONED) and fact.value <= 20_000:
                counts["answered_within" if fact.kind == Kind.ANSWERED else "abandoned_within"] += n
            if fact.kind == Kind.ABANDONED and fact.value < 5_000:
                counts["short_abandoned"] += n
            if fact.kind == Kind.FLOWED_OUT:
                counts[f"flowed_out_{fact.detail}"] += n
            if fact.kind == Kind.HELD:
                counts["holds"] += n * int(fact.detail)
            if fact.kind == Kind.IVR_ABANDONED:
                counts["ivr_abandoned"] += n
        return sums

    def live(self, of: str) -> Counter[tuple[str, str]]:
        """Visits that wait now, or segments in hand now, by queue and channel."""
        if of == "waiting":
            return Counter(
                (visit.queue, visit.channel)
                for partition in self.partitions.values()
                for visits in partition.waiting.values()
                for visit in visits
            )
        return Counter(place for partition in self.partitions.values() for place in partition.handling.values())


NAMES = (*COUNTED, *SUMMED, "answered_within", "abandoned_within", "short_abandoned", "holds", *(
    f"flowed_out_{reason}" for reason in ("transfer", "overflow", "timeout", "voicemail", "callback", "key", "closed",
                                          "full", "no_agents")
))  # fmt: skip


@pytest.mark.parametrize("drain", [False, True])
@pytest.mark.parametrize(
    ("faults", "missing_ends"),
    [
        (Faults(), 0.0),
        (Faults(duplicates=0.05, disorder_ms=3_000, late=0.01, malformed=0.01), 0.0),
        (Faults(skew_ms={"pbx-south": 4_000, "desk": -2_500}), 0.0),
        (Faults(duplicates=0.05), 0.05),
    ],
    ids=["clean", "twice, late, out of order, garbage", "skewed clocks", "missing ends"],
)
def test_every_total_of_the_core_is_the_oracles(faults: Faults, missing_ends: float, drain: bool) -> None:
    oracle = Oracle()
    spec = dataclasses.replace(demo(START, 3_600, hour=11.5), missing_ends=missing_ends, drain=drain)

    core = Core(spoil(simulate(spec, 9, oracle), faults, 1))

    sums = core.sums(None)
    for (queue, channel), counts in oracle.totals().items():
        found = sums[queue, channel, 0]
        for name in NAMES:
            assert found[name] == counts.get(name, 0), (queue, channel, name)
        for name in ("waiting", "handling"):
            assert core.live(name)[queue, channel] == counts.get(name, 0), (queue, channel, name)
    assert sum(n["ivr_abandoned"] for n in sums.values()) == oracle.floor()["ivr_abandoned"]


@pytest.mark.parametrize("attribution", ["event_time", "arrival", "contact_arrival"])
def test_every_interval_of_the_core_is_the_oracles(attribution: Attribution) -> None:
    oracle = Oracle()

    core = Core(simulate(demo(START, 5_400, hour=9.5), 10, oracle))

    sums = core.sums(attribution)
    for key, counts in oracle.intervals(15, attribution).items():
        for name in NAMES:
            if attribution == "event_time" or name not in AT_DESKS:
                assert sums[key][name] == counts.get(name, 0), (key, name)


def test_ends_that_never_come_are_orphans_after_four_hours() -> None:
    oracle = Oracle()
    spec = dataclasses.replace(demo(START, 6 * 3_600, hour=9.0, scale=0.3), missing_ends=0.2)

    core = Core(simulate(spec, 3, oracle))

    expected = {place: n["orphaned"] for place, n in oracle.totals().items() if "orphaned" in n}
    found = {(queue, channel): n["orphaned"] for (queue, channel, _), n in core.sums(None).items() if n["orphaned"]}
    assert expected
    assert found == expected


def test_a_floor_that_lost_everything_is_wrong_number_by_number_and_stops_no_verdict() -> None:
    oracle = Oracle()
    list(simulate(demo(1_760_004_000_000, 600, hour=10.0), 3, oracle))

    wrong = [name for name, ours, theirs in numbers([], oracle) if ours != theirs]

    assert "offered of billing/voice" in wrong
    assert "max_queue_length of the floor" in wrong
