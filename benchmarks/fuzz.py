"""A fuzzer: ``python -m benchmarks.fuzz`` feeds a partition a million mutated records; no crash, every one counted.

Every record begins as one of a simulated floor and is spoilt once or several times: bits, cuts, splices, values that
are another's, numbers at the edges, keys that don't belong. The seed is part of the program, so a finding is found
again: ``--seed`` and ``--records`` choose others. Tests run 50,000 of them.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from streams.events import TOPICS
from streams.partition import Partition, Record
from streams.rejected import read_kept, rejected_record
from streams.settings import Settings
from streams.simulate import demo, simulate

SEED: Final = 20_260_302
RECORDS: Final = 1_000_000
CHUNK: Final = 500
_START: Final = 1_772_445_600_000
_EDGES: Final = (
    b"0", b"-1", b"1e308", b"1e-400", b"9223372036854775807", b"9223372036854775808", b"-9223372036854775808", b"null",
    b"true", b'""', b"[]", b"{}", b'"\\ud800"', b'"\\u0000"', b"NaN", b"0.1", b'"' + b"a" * 5_000 + b'"',
    b"[" * 400, b"4102444800000", b"631151999999", b'"2026-03-02T10:00:00Z"', b"1772445600000.5", b"9" * 400,
)  # fmt: skip
_VALUE: Final = re.compile(rb'(?<=":)(?:"[^"]*"|-?[0-9.]+|true|false|null)')
_NAME: Final = re.compile(rb'"[a-z_]+"(?=:)')

Mutation = Callable[[random.Random, bytes, bytes], bytes]


def _flip(dice: random.Random, value: bytes, _other: bytes) -> bytes:
    spoilt = bytearray(value)
    for _ in range(dice.randint(1, 4)):
        if spoilt:
            spoilt[dice.randrange(len(spoilt))] ^= 1 << dice.randrange(8)
    return bytes(spoilt)


def _cut(dice: random.Random, value: bytes, _other: bytes) -> bytes:
    begin, end = sorted((dice.randint(0, len(value)), dice.randint(0, len(value))))
    return value[:begin] + value[end:]


def _splice(dice: random.Random, value: bytes, other: bytes) -> bytes:
    return value[: dice.randint(0, len(value))] + other[dice.randint(0, len(other)) :]


def _repeat(dice: random.Random, value: bytes, _other: bytes) -> bytes:
    begin, end = sorted((dice.randint(0, len(value)), dice.randint(0, len(value))))
    return value[:end] + value[begin:end] * dice.randint(1, 50) + value[end:]


def _edge(dice: random.Random, value: bytes, _other: bytes) -> bytes:
    return _replace(dice, _VALUE, value, dice.choice(_EDGES))


def _borrow(dice: random.Random, value: bytes, other: bytes) -> bytes:
    """A value of another event in the place of one of this."""
    found = _VALUE.findall(other)
    return _replace(dice, _VALUE, value, dice.choice(found)) if found else value


def _rename(dice: random.Random, value: bytes, other: bytes) -> bytes:
    found = _NAME.findall(other)
    return _replace(dice, _NAME, value, dice.choice(found)) if found else value


def _nothing(_dice: random.Random, value: bytes, _other: bytes) -> bytes:
    return value


def _replace(dice: random.Random, pattern: re.Pattern[bytes], value: bytes, by: bytes) -> bytes:
    places = list(pattern.finditer(value))
    if not places:
        return value
    place = dice.choice(places)
    return value[: place.start()] + by + value[place.end() :]


MUTATIONS: Final[Sequence[Mutation]] = (
    _flip,
    _cut,
    _splice,
    _repeat,
    _edge,
    _edge,
    _borrow,
    _borrow,
    _rename,
    _nothing,
)


class Spoilt(NamedTuple):
    """One record to feed, and the topic it is fed to."""

    topic: str
    key: bytes | None
    value: bytes | None
    published_at: int


def spoilt(seed: int, count: int) -> Iterator[Spoilt]:
    """``count`` records; the same seed makes the same ones."""
    dice = random.Random(seed)
    pool = list(islice(simulate(demo(_START, 3_600, hour=11.0), seed), 20_000))
    for _ in range(count):
        item, other = dice.choice(pool), dice.choice(pool)
        value: bytes | None = item.value
        for _ in range(dice.choice((1, 1, 1, 2, 3))):
            value = dice.choice(MUTATIONS)(dice, value or b"", other.value)
        chance = dice.random()
        key = item.key if chance < 0.8 else other.key if chance < 0.9 else dice.choice((None, b"", b"\xff", b"k" * 999))
        topic = item.topic if dice.random() < 0.95 else dice.choice(TOPICS)
        yield Spoilt(topic, key, None if dice.random() < 0.005 else value, max(0, item.publish_at))


class Verdict(NamedTuple):
    """What became of the records: how many were understood, and how many refused for each reason."""

    understood: int
    refused: Counter[str]
    slowest_seconds: float


def feed(seed: int = SEED, count: int = RECORDS) -> Verdict:
    """Feed them, flush and restore now and then. Raises AssertionError when one is lost, and whatever breaks."""
    settings = Settings()
    partitions = {topic: Partition(settings, topic, 0) for topic in TOPICS}
    fed, refused, slowest = Counter[str](), Counter[str](), 0.0
    records = spoilt(seed, count)
    while chunk := list(islice(records, CHUNK)):
        for topic, partition in partitions.items():
            offset = partition.next_offset
            mine = [one for one in chunk if one.topic == topic]
            taken = [Record(offset + n, one.key, one.value, one.published_at) for n, one in enumerate(mine)]
            started = time.perf_counter()
            back = partition.apply(taken)
            slowest = max(slowest, (time.perf_counter() - started) / max(1, len(taken)))
            for one in back:
                assert read_kept(rejected_record(topic, 0, one)[1]), f"{seed}: a kept record that can't be read: {one}"
                refused[one.reason] += 1
            fed[topic] += len(mine)
            if (flush := partition.flush()) is not None:
                partition.flushed(flush)
    counted = {topic: _counted(partition) for topic, partition in partitions.items()}
    assert counted == {topic: fed[topic] for topic in TOPICS}, f"seed {seed}: fed {fed}, counted {counted}"
    return Verdict(count - refused.total(), refused, slowest)


def _counted(partition: Partition) -> int:
    """Every record is in exactly one of these counters."""
    return sum(n for name, n in partition.counters.items() if name.startswith(("events|", "rejected|")))


def main(arguments: Sequence[str]) -> int:
    """Run and print; 0 when nothing broke."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--records", type=int, default=RECORDS)
    parser.add_argument("--seed", type=int, default=SEED)
    told = parser.parse_args(arguments)
    started = time.monotonic()
    verdict = feed(told.seed, told.records)
    took = time.monotonic() - started
    print(f"seed {told.seed}: {told.records:,} records in {took:.0f} s; {verdict.understood:,} understood. Refused:")
    for reason, n in verdict.refused.most_common():
        print(f"  {reason:<18}{n:>9,}")
    print(f"Every one is counted. The slowest chunk took {verdict.slowest_seconds * 1e6:.0f} us a record.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
