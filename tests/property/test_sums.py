"""What is remembered of sums changes nothing: whatever happens to the slices, they are those of a new beginning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.books import TOTAL
from streams.facts import ABANDONED, ANSWERED, OFFERED, Fact
from streams.ledger import Ledger
from streams.packed import ToldLedger
from streams.presence import Spent
from streams.settings import Settings
from streams.slices import DAY, HOUR, MINUTE, SECOND, Ring, Span
from streams.stirred import MOST, Stirred
from streams.sums import Sums, added, once

SETTINGS: Final = Settings()
PREFIX: Final = b"call-events|"
NOON: Final = 1_772_452_800_000
QUEUES: Final = ("billing", "sales")
AGES: Final = (0, 3 * SECOND, 25 * SECOND, 2 * MINUTE, 40 * MINUTE, 20 * HOUR)


def few(made: Ledger, most: int) -> Ledger:
    """A ledger that remembers so many changes for each of its readers."""
    made.stirred = Stirred(most)
    return made


def fact(kind: int, at: int, arrival: int | None = None, value: int = 0, queue: str = "billing") -> Fact:
    begun = at if arrival is None else arrival
    return Fact(kind, queue, "voice", at, begun, begun, value)


class Floor:
    """Three partitions that are counted here and one that its owner, the fourth, tells of; and the time."""

    def __init__(self, most: int = MOST) -> None:
        self.counted = [few(Ledger(SETTINGS, PREFIX), most) for _ in range(4)]
        self.elsewhere = few(ToldLedger(SETTINGS, PREFIX), most)
        self.stored: list[dict[bytes, bytes]] = [{} for _ in self.counted]
        self.now = NOON
        self._offset = 0
        self._most = most

    @property
    def ledgers(self) -> list[Ledger]:
        return [*self.counted[:3], self.elsewhere]

    def post(self, n: int, sign: int, posted: Fact) -> None:
        self._offset += 1
        self.counted[n].post((sign, posted), self._offset, self.now)
        if self.counted[n].broken_maxima:
            self.counted[n].mend_maxima([])

    def spend(self, n: int, queue: str, seconds: int) -> None:
        self._offset += 1
        span = Spent(1, "available", (), self.now - 1_000 * seconds, self.now)
        self.counted[n].spend(span, queue, self._offset, self.now)

    def flush(self, n: int) -> None:
        """What changed is stored, what is too old goes; the owner of the fourth tells of it."""
        changed = self.counted[n].changed(self._offset)
        gone = self.counted[n].purge(self.now)
        self.stored[n].update(changed)
        for key in gone:
            self.stored[n].pop(key, None)
        if n == 3:
            for key, value in changed:
                self.elsewhere.read_back(key, value)
            for key in gone:
                self.elsewhere.forget(key)

    def read_back(self, n: int, which: int) -> None:
        """One stored slice is read again, in the place of what was counted since."""
        keys = [key for key in self.stored[n] if self.counted[n].parts_of(key)[0] != TOTAL]
        if keys:
            key = keys[which % len(keys)]
            self.counted[n].read_back(key, self.stored[n][key])

    def restart(self, n: int) -> None:
        """Somebody else has the partition now, with what was stored of it."""
        self.counted[n] = few(Ledger(SETTINGS, PREFIX), self._most)
        for key, value in self.stored[n].items():
            self.counted[n].read_back(key, value)


def asked(sums: Sums, found: Floor, ring: Ring, span: Span, window: str) -> dict[Any, Any]:
    sums.look(found.ledgers)
    rows = {}
    for key in [(queue, channel) for queue in QUEUES for channel in ("voice", "")]:
        summed = sums.of(key, ring, span, window)
        rows[key] = (dict(summed.fields), dict(summed.maxima))
    return rows


def from_the_beginning(found: Floor, ring: Ring, span: Span) -> dict[Any, Any]:
    keys = [(queue, channel) for queue in QUEUES for channel in ("voice", "")]
    return {key: once([e.books[key] for e in found.ledgers if key in e.books], ring, span) for key in keys}


PARTITION = st.integers(0, 3)
STEPS = st.one_of(
    st.tuples(
        st.just("post"), PARTITION, st.sampled_from((1, 1, 1, -1)), st.sampled_from((OFFERED, ANSWERED, ABANDONED)),
        st.sampled_from(AGES), st.sampled_from(AGES), st.sampled_from((0, 4_000, 70_000)), st.sampled_from(QUEUES),
    ),
    st.tuples(st.just("spend"), PARTITION, st.sampled_from(QUEUES), st.sampled_from((1, 95, 4_000))),
    st.tuples(st.just("flush"), PARTITION),
    st.tuples(st.just("read back"), PARTITION, st.integers(0, 50)),
    st.tuples(st.just("restart"), PARTITION),
    st.tuples(st.just("pass"), st.sampled_from((SECOND, 11 * SECOND, 11 * MINUTE, 2 * HOUR, -2 * MINUTE))),
    st.tuples(st.just("ask"), st.integers(0, 1), st.sampled_from((1, 3, 80))),
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(st.lists(STEPS, max_size=60), st.sampled_from((3, MOST)))
def test_whatever_happens_sums_that_are_remembered_are_those_of_a_new_beginning(
    steps: list[tuple[Any, ...]], most: int
) -> None:
    floor, readers = Floor(most), (Sums(), Sums())
    for step in [*steps, ("ask", 0, 3), ("ask", 0, 80), ("ask", 1, 80)]:
        match step:
            case "post", n, sign, kind, age, wait, value, queue:
                at = floor.now - age
                floor.post(n, sign, fact(kind, at, at - wait, value, queue))
            case "spend", n, queue, seconds:
                floor.spend(n, queue, seconds)
            case "flush", n:
                floor.flush(n)
            case "read back", n, which:
                floor.read_back(n, which)
            case "restart", n:
                floor.restart(n)
            case "pass", ms:
                floor.now += ms
            case "ask", reader, width:
                for ring in floor.elsewhere.rings[:3]:
                    end = floor.now - floor.now % ring.width_ms + ring.width_ms
                    span = Span(end - width * ring.width_ms, end)
                    found = asked(readers[reader], floor, ring, span, "short" if width == 1 else "long")
                    assert found == from_the_beginning(floor, ring, span)


def counted_again(floor: Floor) -> None:
    floor.post(0, 1, fact(OFFERED, NOON))


def read_back(floor: Floor) -> None:
    floor.counted[0].read_back(*next(pair for pair in floor.stored[0].items() if b"s|c|" in pair[0]))


def forgotten(floor: Floor) -> None:
    floor.counted[0].forget(next(key for key in floor.stored[0] if b"s|c|" in key))


def purged(floor: Floor) -> None:
    floor.counted[0].purge(NOON + 9 * DAY)


def told_of(floor: Floor) -> None:
    floor.post(3, 1, fact(OFFERED, NOON))
    floor.flush(3)


@pytest.mark.parametrize(
    ("happens", "before", "after"),
    [(counted_again, 3, 4), (read_back, 3, 2), (forgotten, 3, 1), (purged, 3, 1), (told_of, 3, 4)],
)
def test_whatever_happens_to_a_slice_is_seen(happens: Callable[[Floor], None], before: int, after: int) -> None:
    floor, sums = Floor(), Sums()
    ring, span = floor.elsewhere.rings.coarse, Span(NOON, NOON + HOUR)

    def offered() -> int:
        return int(asked(sums, floor, ring, span, "today")["billing", "voice"][0].get(0, 0))

    counted_again(floor)
    floor.flush(0)
    counted_again(floor)
    told_of(floor)
    seen = offered()
    happens(floor)

    assert (seen, offered()) == (before, after)


def test_slices_of_all_partitions_that_begin_in_the_span_are_added_and_the_largest_maximum_is_taken() -> None:
    floor = Floor()
    minute = floor.elsewhere.rings.minute
    floor.post(0, 1, fact(ANSWERED, NOON, value=3_000))
    floor.post(1, 1, fact(ANSWERED, NOON + 1_000, value=9_000))
    floor.post(2, 1, fact(ANSWERED, NOON + MINUTE, value=70_000))

    found = asked(Sums(), floor, minute, Span(NOON, NOON + MINUTE), "1m")["billing", "voice"]

    pieces = [each.books["billing", "voice"].minute[NOON] for each in floor.counted[:2]]
    assert found == added(pieces)
    assert max(found[1].values()) == 9_000


def test_a_slice_that_changes_again_before_it_is_flushed_is_added_again() -> None:
    floor, sums = Floor(), Sums()
    ring, span = floor.elsewhere.rings.minute, Span(NOON, NOON + MINUTE)
    seen = []
    for _ in range(3):
        floor.post(0, 1, fact(OFFERED, NOON))
        seen.append(asked(sums, floor, ring, span, "1m")["billing", "voice"][0][0])

    assert seen == [1, 2, 3]


def test_what_did_not_change_is_the_same_version_and_is_not_looked_at() -> None:
    floor, sums = Floor(), Sums()
    ring, span = floor.elsewhere.rings.minute, Span(NOON, NOON + MINUTE)
    floor.post(0, 1, fact(OFFERED, NOON))
    asked(sums, floor, ring, span, "1m")
    quiet = sums.of(("billing", "voice"), ring, span, "1m")
    before = quiet.version

    floor.post(0, 1, fact(OFFERED, NOON, queue="sales"))
    floor.post(0, 1, fact(OFFERED, NOON + 5 * MINUTE))
    floor.counted[0].books["billing", "voice"].minute[NOON].fields[0] = 99  # nobody tells
    asked(sums, floor, ring, span, "1m")

    assert (quiet is sums.of(("billing", "voice"), ring, span, "1m"), quiet.version, quiet.fields[0]) == (
        True,
        before,
        1,
    )


def test_a_window_that_is_asked_for_rarely_is_right_when_another_was_asked_for_meanwhile() -> None:
    floor, sums = Floor(), Sums()
    ring = floor.elsewhere.rings.minute

    def offered(window: str, first: int) -> int:
        span = Span(NOON + first * MINUTE, NOON + 10 * MINUTE)
        return int(asked(sums, floor, ring, span, window)["billing", "voice"][0].get(0, 0))

    seen = [(offered("often", 0), offered("rarely", 0))]
    for rarely_from in (0, 0, 1):
        for _ in range(3):
            floor.post(0, 1, fact(OFFERED, NOON))
            offered("often", 0)
        seen.append((offered("often", 0), offered("rarely", rarely_from)))

    assert seen == [(0, 0), (3, 3), (6, 6), (9, 0)]


def test_a_day_of_minutes_leaves_no_more_sums_than_the_window_has_minutes() -> None:
    floor, sums = Floor(), Sums()
    ring = floor.elsewhere.rings.minute
    for minute in range(1_440):
        floor.now = NOON + minute * MINUTE
        floor.post(0, 1, fact(OFFERED, floor.now))
        floor.flush(0)
        span = Span(floor.now - 59 * MINUTE, floor.now + MINUTE)
        sums.look(floor.counted)
        assert sums.of(("billing", "voice"), ring, span, "1h").fields[0] == min(60, minute + 1)

    assert sums.remembered == 60 + 1


def test_other_partitions_let_the_sums_of_the_former_go() -> None:
    floor, sums = Floor(), Sums()
    ring, span = floor.elsewhere.rings.minute, Span(NOON, NOON + MINUTE)
    floor.post(0, 1, fact(OFFERED, NOON))

    assert [sums.look(floor.counted), sums.look(floor.counted)] == [False, True]
    sums.of(("billing", "voice"), ring, span, "1m")
    assert sums.remembered == 2
    assert not sums.look(floor.counted[1:])
    assert (sums.remembered, sums.queues) == (0, [])


def test_after_more_changes_than_are_remembered_everything_is_summed_anew() -> None:
    floor, sums = Floor(most=5), Sums()
    sums.look(floor.ledgers)
    floor.post(0, 1, fact(OFFERED, NOON))

    assert sums.look(floor.ledgers)
    for age in AGES:
        floor.post(0, 1, fact(OFFERED, NOON - age))
    assert not sums.look(floor.ledgers)


def test_whoever_has_gone_is_told_nothing_and_whoever_asks_rarely_is_told_that_any_may_have_changed() -> None:
    one, rare, gone = Stirred(2), set[bytes](), set[bytes]()
    one.reads(gone)
    one.reads(rare)
    del gone

    for key in (b"a", b"b"):
        one.tell(key)
    assert one.taken(rare) == {b"a", b"b"}
    assert one.taken(rare) == set()
    for key in (b"a", b"b", b"c", b"d"):
        one.tell(key)
    assert len(rare) <= 3
    assert one.taken(rare) is None
    assert one.taken(rare) == set()
