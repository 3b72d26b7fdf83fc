"""Fifty thousand events of a simulated floor, spoilt on the way: nothing is lost, and every tally is the oracle's."""

from __future__ import annotations

import dataclasses
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping

import pytest

from streams import view
from streams.counts import Counts, counts_of
from streams.events import TOPICS
from streams.partition import Partition, Record
from streams.settings import Attribution, Settings
from streams.simulate import Faults, Item, Oracle, demo, simulate, spoil
from streams.tally import FLOW_OUT_REASONS, add
from tests.support import by, net_fields, stored

START = 1_760_004_000_000  # 2025-10-09, 10:00 UTC
PARTITIONS = 2
FAULTS = Faults(duplicates=0.05, disorder_ms=5_000, late=0.01, malformed=0.01)
BATCH = 500

SAME = (
    "offered", "answered", "abandoned", "short_abandoned", "flowed_out", "orphaned", "answered_wait_ms",
    "abandoned_wait_ms", "flowed_out_wait_ms", "segments", "talk_ms", "hold_ms", "holds",
)  # fmt: skip
OTHERWISE_NAMED = {
    "answered_in_threshold": "answered_within", "abandoned_in_threshold": "abandoned_within", "wrap_ms": "acw_ms",
    "callbacks_in_threshold": "callbacks_within", "transfers_within": "transferred_within",
    "transfers_across": "transferred_across", "escalations": "escalated",
}  # fmt: skip
AT_DESKS = {"alerts": "alerted", "offers_missed": "missed", "offers_cancelled": "cancelled"}
NAMES = {name: name for name in SAME} | OTHERWISE_NAMED


class Floor:
    """Two partitions of each topic, flushed every 500 records, and each killed and read back once on the way."""

    def __init__(self, items: Iterable[Item], settings: Settings) -> None:
        self.settings = settings
        homes = [(topic, n) for topic in TOPICS for n in range(PARTITIONS)]
        self._owned = {home: Partition(settings, *home) for home in homes}
        self._changelogs: dict[tuple[str, int], list[tuple[bytes, bytes | None]]] = {home: [] for home in homes}
        arrived: dict[tuple[str, int], list[Record]] = {home: [] for home in homes}
        for item in items:
            for n in range(PARTITIONS) if item.everywhere else [zlib.crc32(item.key or b"") % PARTITIONS]:
                records = arrived[item.topic, n]
                records.append(Record(len(records), item.key, item.value, item.publish_at))
        self.records = sum(map(len, arrived.values()))
        for home, records in arrived.items():
            for start in range(0, len(records), BATCH):
                self._apply(home, records[start : start + BATCH], die=start == 8 * BATCH)

    def _apply(self, home: tuple[str, int], records: list[Record], *, die: bool) -> None:
        self._owned[home].apply(records)
        if die:  # nothing of this batch was flushed
            self._owned[home] = Partition(self.settings, *home)
            for key, value in self._changelogs[home]:
                self._owned[home].restore(key, value)
            assert self._owned[home].restored() == records[0].offset
            self._owned[home].apply(records)
        self._changelogs[home] += stored(self._owned[home])

    @property
    def partitions(self) -> list[Partition]:
        return list(self._owned.values())

    @property
    def now(self) -> int:
        return max(partition.watermark for partition in self.partitions)

    def totals(self) -> dict[tuple[str, str], Counts]:
        """Everything counted, corrections taken off, by queue and channel."""
        sums: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
        for partition in self.partitions:
            for key, book in partition.ledger.books.items():
                add(sums[key], net_fields(book))
        return {key: counts_of(fields, cohort=False) for key, fields in sums.items()}


def counted(counts: Counts, names: Mapping[str, str]) -> dict[str, int]:
    """What is not 0, under the oracle's names."""
    found = {theirs: getattr(counts, ours) for ours, theirs in names.items() if getattr(counts, ours)}
    return found | {f"flowed_out_{reason}": n for reason, n in counts.flowed_out_by.items()}


def expected(counts: Mapping[str, int], names: Mapping[str, str]) -> dict[str, int]:
    reasons = [f"flowed_out_{reason}" for reason in FLOW_OUT_REASONS]
    return {name: counts[name] for name in (*names.values(), *reasons) if counts.get(name)}


def simulated(attribution: Attribution, missing_ends: float = 0.0) -> tuple[Floor, Oracle]:
    oracle = Oracle()
    spec = dataclasses.replace(demo(START, 4 * 3_600, hour=9.5), missing_ends=missing_ends)
    items = spoil(simulate(spec, 9, oracle), FAULTS, 1)
    return Floor(items, by(attribution)), oracle


@pytest.fixture(scope="module")
def morning() -> tuple[Floor, Oracle]:
    """Four hours, cut while contacts are open; some ends are never sent."""
    return simulated("event_time", missing_ends=0.02)


def test_there_are_fifty_thousand_events(morning: tuple[Floor, Oracle]) -> None:
    assert morning[0].records >= 50_000


def test_the_residual_of_every_queue_is_nothing(morning: tuple[Floor, Oracle]) -> None:
    floor, _ = morning

    residuals = {
        key: live.conservation_residual for key, live in view.live(floor.partitions, floor.settings, floor.now).items()
    }
    assert len(residuals) > 6
    assert set(residuals.values()) == {0}


def test_every_total_is_the_oracles(morning: tuple[Floor, Oracle]) -> None:
    floor, oracle = morning
    names = NAMES | AT_DESKS
    totals = floor.totals()

    for key, truth in oracle.totals().items():
        assert counted(totals[key], names) == expected(truth, names), key


def test_those_who_wait_and_those_who_are_served_are_the_oracles(morning: tuple[Floor, Oracle]) -> None:
    floor, oracle = morning
    lives = view.live(floor.partitions, floor.settings, floor.now)

    for key, truth in oracle.totals().items():
        assert (lives[key].waiting, lives[key].handling) == (truth.get("waiting", 0), truth.get("handling", 0)), key


@pytest.mark.parametrize("attribution", ["event_time", "arrival", "contact_arrival"])
def test_every_hour_is_the_oracles_with_its_longest_wait_and_its_longest_queue(attribution: Attribution) -> None:
    floor, oracle = simulated(attribution)
    hours = oracle.intervals(60, attribution)
    names = NAMES | AT_DESKS if attribution == "event_time" else NAMES

    assert len(hours) > 20
    for (queue, channel, start), truth in hours.items():
        rows = view.intervals(floor.partitions, floor.settings, start, start + 3_600_000, "hour", (queue, channel))
        found = rows[0]
        assert counted(found.counts, names) == expected(truth, names), (queue, start)
        assert found.counts.max_wait_ms == truth.get("max_wait_ms"), (queue, start)
        assert found.max_queue_length == truth["max_queue_length"], (queue, start)
