"""What a worker owns: one ``Owned`` per source topic and partition assigned to it; batches enter, bounded steps leave.

An ``Owned`` wraps the pure ``Partition`` with what the shell has to know about it: where reading goes on, which batches
are stale, what waits to be written. Pure; the shell does the waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from time import perf_counter
from types import MappingProxyType
from typing import Final, Protocol, TypeAlias

from streams.partition import Flush, Record, Refused
from streams.records import Plain

Key: TypeAlias = tuple[str, int]
"""Source topic and partition."""

_IDENTITY: Final = "i"
_IDENTITY_KEY: Final = f"{_IDENTITY}|".encode()
TOLD: Final = "f|"
"""Behind the topic, the key of the mark that all that stands before it in the changelog was told to other workers."""
_TOLD_KEY: Final = TOLD.encode()
BEHIND_RECORDS: Final = 50_000
"""Records not applied yet: some two seconds of a worker at full speed. One that keeps up has some thousands."""
_REFUSED_OVERHEAD_BYTES: Final = 500  # what a refused record takes beside its key and value, roughly
_SHARED: Final = frozenset(b"svdknqaAmP")
_SHARED_PEOPLE: Final = b"p|a:"


def behind(lag: Mapping[Key, int]) -> float:
    """How far a worker is behind: from 1.0 on so many records are not applied yet that catching up comes first."""
    return sum(lag.values()) / BEHIND_RECORDS


def is_shared(key: bytes, start: int) -> bool:
    """Whether other workers see what is stored under this key: all but contacts, customers and help-centre events.

    ``start`` is where the key goes on behind its topic.
    """
    return key[start] in _SHARED or key.startswith(_SHARED_PEOPLE, start)


class TopicReplacedError(RuntimeError):
    """An input is not the topic that the state was counted from; the message says what to do."""


class PartitionState(Protocol):
    """What the shell asks of the state of one source topic and partition; ``streams.partition.Partition`` is one."""

    def restore(self, key: bytes, value: bytes | None) -> None: ...
    def restored(self) -> int | None: ...
    def apply(self, records: Sequence[Plain]) -> list[Refused]: ...
    def flush(self) -> Flush | None: ...
    def flushed(self, flush: Flush) -> list[bytes]: ...


class Pace:
    """How many records fit into ``hold_seconds`` of the loop, learnt from how long the last ones took.

    While somebody else needs the loop again and again (``hurried``), a chunk is a small part of that: every step of a
    flush, or of a snapshot, waits for one.
    """

    LEAST, MOST = 16, 8_000
    HURRIED = 5

    def __init__(self, hold_seconds: float, start: int = 32, hurried: Callable[[], bool] = lambda: False) -> None:
        self.hold_seconds = hold_seconds
        self.records = start
        self._hurried = hurried

    @property
    def chunk(self) -> int:
        """How many records to apply next."""
        return max(self.LEAST, self.records // self.HURRIED) if self._hurried() else self.records

    def took(self, records: int, seconds: float) -> None:
        """Learn from a chunk: at most twice as many next time, however quick it was; fewer at once when slow."""
        if records < self.records and seconds < self.hold_seconds:
            return  # the end of a batch: says nothing about a full chunk
        fits = int(records * self.hold_seconds / seconds) if seconds > 0 else self.MOST
        self.records = max(self.LEAST, min(self.MOST, fits, 2 * self.records))


class Owned:
    """One source topic and partition while it is assigned here.

    ``next_offset`` is None while its state is being restored; then it is the offset to apply next. ``stored_offset`` is
    where a successor would read on: all below is in the changelog; 0 where nothing is. ``epoch`` is that of
    the last seek: batches of an earlier one are stale. ``topic_id`` is the broker's for the topic as it is now, None
    where the broker has none; ``stored_id`` that of the topic whose records are in the state. ``untold``: what is
    stored and other workers do not know yet, by key; None deletes. ``forgotten``: keys of what is in memory no more
    and is to be deleted by the next flush. ``refused_bytes``: what the refused records take that wait for one.
    """

    def __init__(self, topic: str, number: int, partition: PartitionState, topic_id: str | None = None) -> None:
        self.topic_id = topic_id
        self.stored_id: str | None = None
        self.topic = topic
        self.number = number
        self.partition = partition
        self.next_offset: int | None = None
        self.stored_offset = 0
        self.epoch: int | None = None
        self.closed = False
        self.untold: dict[bytes, bytes | None] = {}
        self.forgotten: list[bytes] = []
        self.refused_bytes = 0
        self._refused: list[Refused] = []

    def begin(self) -> None:
        """The changelog was read to its end: read on from the marker, or from the beginning where there is none.

        Raises TopicReplacedError when the state is that of a topic that is no more.
        """
        if self.stored_id is not None and self.topic_id is not None and self.stored_id != self.topic_id:
            raise TopicReplacedError(
                f"{self.topic}[{self.number}]: the topic was deleted and created again since its state was stored "
                f"(its id was {self.stored_id} and is {self.topic_id}). Delete the changelog and the -facts topics as "
                "well, and -floor (counting starts anew), or use another broker.app_id."
            )
        if self.next_offset is None:
            self.next_offset = self.stored_offset = self.partition.restored() or 0

    def apply(self, epoch: int, records: Sequence[Plain], pace: Pace) -> Iterator[tuple[int, int]]:
        """Apply a batch in chunks of about ``pace.hold_seconds``, yielding after each: records, and the first's time.

        The time is its Kafka timestamp in ms, 0 when unknown: no record of the chunk has waited for longer.

        What was applied already is left out; a stale batch is left out whole, and the rest of one when the partition is
        taken away between two chunks.
        """
        if self.next_offset is None or self.epoch is None or epoch < self.epoch:
            return
        position = 0
        while position < len(records) and not self.closed:
            chunk = records[position : position + pace.chunk]
            position += len(chunk)
            if chunk[0][0] < self.next_offset:
                chunk = [record for record in chunk if record[0] >= self.next_offset]
            if not chunk:
                yield 0, 0
            else:
                started = perf_counter()
                refused = self.partition.apply(chunk)
                pace.took(len(chunk), perf_counter() - started)
                self._refused += refused
                self.refused_bytes += sum(
                    len(one.key or b"") + len(one.value or b"") + _REFUSED_OVERHEAD_BYTES for one in refused
                )
                self.next_offset = chunk[-1][0] + 1
                yield len(chunk), chunk[0][3]

    def skipped(self, epoch: int, offset: int) -> int:
        """How many offsets lie between what was applied and this one, which was fetched next.

        Ends of transactions are some; more than a few are records that expired before they were read, or were taken
        back. 0 where nothing was applied yet, and for a stale batch.
        """
        if not self.next_offset or self.epoch is None or epoch < self.epoch:
            return 0
        return max(0, offset - self.next_offset)

    def identity(self) -> list[tuple[bytes, bytes]]:
        """What the changelog has to say of the topic's id, as long as it does not."""
        if self.topic_id is None or self.stored_id is not None:
            return []
        return [(f"{self.topic}|{_IDENTITY}|".encode(), self.topic_id.encode())]

    def again(self) -> Owned:
        """The same state, assigned anew: whoever is still at work on a batch of the old one finds it closed."""
        found = Owned(self.topic, self.number, self.partition, self.topic_id)
        found.stored_id, found.stored_offset, found.next_offset = self.stored_id, self.stored_offset, self.next_offset
        found.untold, found.forgotten = self.untold, self.forgotten
        return found

    def take_forgotten(self) -> list[bytes]:
        """The keys to be deleted, once."""
        taken, self.forgotten = self.forgotten, []
        return taken

    def take_refused(self) -> list[Refused]:
        """The records refused since the last call; they have to be on the rejected topic before the next marker."""
        taken, self._refused, self.refused_bytes = self._refused, [], 0
        return taken


class Holdings(Mapping[Key, Owned]):
    """Everything the worker owns now, by source topic and partition. ``keeps_untold``: the others are told of it.

    ``ends``: where the changelog of a partition number ends that holds all of its state, where that is known.
    """

    def __init__(
        self,
        topics: Iterable[str],
        factory: Callable[[str, int], PartitionState],
        topic_ids: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.keeps_untold = False
        self.ends: dict[int, int] = {}
        self._kept: dict[int, tuple[int, list[Owned]]] = {}
        self._topic_ids = topic_ids
        self.topics = frozenset(topics)
        self._factory = factory
        self._owned: dict[Key, Owned] = {}

    def __getitem__(self, key: Key) -> Owned:
        return self._owned[key]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._owned)

    def __len__(self) -> int:
        return len(self._owned)

    def take(self, topic: str, number: int) -> Owned:
        """The partition, owned from now on if it was not. Raises ValueError for a topic that is not an input."""
        if topic not in self.topics:
            raise ValueError(f"the changelog holds state of {topic!r}, which is no input: a newer version wrote it")
        key = (topic, number)
        if key not in self._owned:
            self._owned[key] = Owned(topic, number, self._factory(topic, number), self._topic_ids.get(topic))
        return self._owned[key]

    def restore(self, number: int, records: Iterable[Record]) -> None:
        """Feed records of changelog partition ``number`` to the partitions whose state they are, in order.

        Raises RuntimeError for one that has begun: what follows from all of its records was made, and is not made anew.
        """
        for record in records:
            key = record.key or b""
            name, _, rest = key.partition(b"|")
            owned = self.take(name.decode(), number)
            if owned.next_offset is not None:
                raise RuntimeError(f"{owned.topic}[{number}] is being restored, and has begun already")
            if rest == _IDENTITY_KEY:
                owned.stored_id = record.value.decode() if record.value else None
            elif rest == _TOLD_KEY:
                owned.untold.clear()
            else:
                owned.partition.restore(key, record.value)
                if self.keeps_untold and is_shared(key, len(name) + 1):
                    owned.untold[key] = record.value

    def seen_seek(self, epoch: int) -> None:
        """A seek went to every ``next_offset``: batches of earlier epochs are stale."""
        for owned in self._owned.values():
            if owned.next_offset is not None:
                owned.epoch = epoch

    @property
    def refused_bytes(self) -> int:
        """What the refused records of all partitions take that wait for the next flush."""
        return sum(owned.refused_bytes for owned in self._owned.values())

    def close(self) -> None:
        """Let no further chunk be applied; what was applied can still be flushed."""
        for owned in self._owned.values():
            owned.closed = True

    def start_over(self) -> None:
        """Own nothing, as before a restoration. What ``take_up`` may find is as it was."""
        self.close()
        self.ends.clear()
        self._owned.clear()

    def clear(self, *, stored: bool = False) -> None:
        """Own nothing. ``stored``: all that was applied is in the changelog, so ``take_up`` may find it again."""
        if not stored:
            self._kept.clear()
        for number, end in self.ends.items() if stored else ():
            owned = [one for one in self._owned.values() if one.number == number]
            if all(one.next_offset is not None for one in owned):
                self._kept[number] = end, owned
        self.start_over()

    def take_up(self, number: int, end: int) -> bool:
        """Own what was owned of a partition number before, if its changelog ends where it did: nobody has written.

        Else its state is to be restored up to ``end``.
        """
        kept_end, owned = self._kept.pop(number, (None, []))
        self.ends[number] = end
        if kept_end != end or not owned:
            return False
        for one in owned:
            self._owned[one.topic, number] = one.again()
        return True

    def let_go(self) -> None:
        """Forget what was owned before: it is another's now."""
        self._kept.clear()
