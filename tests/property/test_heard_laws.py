"""A partition of facts goes by the slowest of the source partitions it heard of that have not fallen silent.

Random facts of a few source partitions that run ahead, stand still, fall silent, come back and begin late, compared
with plain code that looks at all of them each time; and it is the same however facts stand in records.
"""

from __future__ import annotations

from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from streams.crossing.fact import AGENTS, Piece, Told, Work
from streams.crossing.state import SILENT_MS, FactsPartition
from streams.crossing.wire import bundled, encode, head_of
from streams.partition import Record
from streams.settings import Settings
from streams.slices import DAY, HOUR, MINUTE

NINE = 1_772_442_000_000
HEADS = [head_of("call-events", number) for number in range(4)]
Step = tuple[int, int, int]
"""Source partition, by how much its time is later, and how long ago an agent took the call it tells of."""

steps = st.tuples(
    st.integers(0, 3),
    st.sampled_from((0, 0, MINUTE, MINUTE, HOUR, 30 * HOUR, 7 * DAY - MINUTE, 7 * DAY, 8 * DAY)),
    st.sampled_from((0, 25 * HOUR, 27 * HOUR)),
)


def facts(told: list[Step], start: int = NINE) -> list[tuple[int, int, bytes]]:
    """Source partition, how far its time is, and the value that tells it."""
    times = [start] * len(HEADS)
    found = []
    for offset, (number, later, ago) in enumerate(told):
        times[number] += later
        began = max(0, times[number] - ago)
        work = Work(f"call-{offset}", 0, "voice", [Piece("billing", began, began + MINUTE, began + MINUTE)], [])
        value = encode(HEADS[number], Told(offset, 0, times[number], f"a:{offset % 3}", work))
        found.append((number, times[number], value))
    return found


@given(st.lists(steps, max_size=40), st.sampled_from((0, NINE)))
def test_time_is_that_of_the_slowest_who_is_not_silent(told: list[Step], start: int) -> None:
    partition = FactsPartition(Settings(), AGENTS, 0, AGENTS)
    marks: dict[int, int] = {}
    watermark = 0
    for offset, (number, at, value) in enumerate(facts(told, start)):
        partition.apply([Record(offset, b"", value, 0)])
        marks[number] = at
        slowest = min(one for one in marks.values() if one > max(marks.values()) - SILENT_MS)
        watermark = max(watermark, slowest)
        assert partition.watermark == watermark


@given(st.lists(steps, max_size=40))
def test_facts_in_one_record_come_to_what_they_come_to_in_many(told: list[Step]) -> None:
    one, other = (FactsPartition(Settings(), AGENTS, 0, AGENTS) for _ in range(2))
    single = facts(told)
    one.apply([Record(offset, b"", value, 0) for offset, (_, _, value) in enumerate(single)])
    together = [
        value
        for number, group in groupby(single, lambda fact: fact[0])
        for value in bundled(HEADS[number], [value for _, _, value in group])
    ]
    other.apply([Record(offset, b"", value, 0) for offset, value in enumerate(together)])

    assert (one.watermark, one.heard, one.counters) == (other.watermark, other.heard, other.counters)
    assert one.people.by_who == other.people.by_who


def test_a_record_that_tells_nothing_is_no_word_from_its_source() -> None:
    partition = FactsPartition(Settings(), AGENTS, 0, AGENTS)

    assert partition.apply([Record(0, b"", HEADS[0] + (0).to_bytes(4, "big"), 0)]) == []
    assert partition.heard == {}
