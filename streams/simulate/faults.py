"""What goes wrong between a source and the worker: records twice, late, out of order, with a wrong clock, or garbage.

What enters is a stream of items in publish order; what leaves is another one, seeded and again in publish order. None
of these faults changes what is true. (The one that does, an end that is never sent, is ``Spec.missing_ends``: the floor
knows of it and says so in the truth.)
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush

import msgspec

from streams.simulate.kernel import Item, encode
from streams.simulate.malformed import ZOO, is_spoilable


@dataclass(frozen=True, slots=True)
class Faults:
    """How much of what. Rates are per record, in [0, 1]; times in ms.

    ``duplicates``: sent again within a minute, the same bytes. ``disorder_ms``: every record is held up by a random
    time below this. ``late``: held up by ``late_from_ms`` to ``late_to_ms`` (memory grows with it). ``skew_ms``: added
    to all times of a source. ``malformed``: a bad record beside a good one, of the kinds named. Heartbeats wait for the
    disorder before them, but not for what is late.
    """

    duplicates: float = 0.0
    disorder_ms: int = 0
    late: float = 0.0
    late_from_ms: int = 120_000
    late_to_ms: int = 1_200_000
    skew_ms: Mapping[str, int] = field(default_factory=dict)
    malformed: float = 0.0
    kinds: tuple[str, ...] = tuple(ZOO)

    def __post_init__(self) -> None:
        """Raise ValueError for a rate outside [0, 1], a negative time or an unknown kind."""
        for name in ("duplicates", "late", "malformed"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a rate in [0, 1], not {getattr(self, name)}")
        if not (self.disorder_ms >= 0 and 0 <= self.late_from_ms <= self.late_to_ms):
            raise ValueError("disorder_ms must not be negative, and 0 <= late_from_ms <= late_to_ms")
        if unknown := sorted(set(self.kinds) - set(ZOO)):
            raise ValueError(f"unknown kinds of malformed records: {', '.join(unknown)}; known: {', '.join(ZOO)}")


DUPLICATE_WITHIN_MS = 60_000


def spoil(items: Iterable[Item], faults: Faults, seed: int) -> Iterator[Item]:
    """The same records with ``faults``, in their new publish order.

    Late records and duplicates still outstanding at the end follow the last item, their order kept.
    """
    dice = random.Random(seed)
    waiting: list[tuple[int, int, Item]] = []
    order = 0
    for good in items:
        item = _skewed(good, faults)
        while waiting and waiting[0][0] <= good.publish_at:
            yield heappop(waiting)[2]
        for at in _times(item, faults, dice):
            order += 1
            heappush(waiting, (at, order, item if at == item.publish_at else item._replace(publish_at=at)))
        if faults.malformed and is_spoilable(item.event) and dice.random() < faults.malformed:
            order += 1
            heappush(waiting, (item.publish_at, order, malformed(dice, item, dice.choice(faults.kinds))))
    while waiting:
        yield heappop(waiting)[2]


def malformed(dice: random.Random, item: Item, kind: str) -> Item:
    """A bad record of this kind beside a good one, published with it."""
    key, value = ZOO[kind].make(dice, item)
    return Item(item.topic, key, value, item.publish_at, None)


def _times(item: Item, faults: Faults, dice: random.Random) -> list[int]:
    """When the record is published: once, later, or twice."""
    at = item.publish_at
    if item.everywhere:
        return [at + faults.disorder_ms]
    if faults.late and dice.random() < faults.late:
        first = at + dice.randint(faults.late_from_ms, faults.late_to_ms)
    else:
        first = at + int(dice.random() * faults.disorder_ms)
    if faults.duplicates and dice.random() < faults.duplicates:
        return [first, first + int(dice.random() * DUPLICATE_WITHIN_MS)]
    return [first]


def _skewed(item: Item, faults: Faults) -> Item:
    """The item as a source with a wrong clock sends it."""
    if not faults.skew_ms or item.event is None:
        return item
    skew_ms = faults.skew_ms.get(item.event.source, 0)
    if not skew_ms:
        return item
    event = msgspec.structs.replace(item.event, occurred_at=item.event.occurred_at + skew_ms)
    return item._replace(value=encode(event), event=event)
