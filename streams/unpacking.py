"""What Kafka's client has fetched enters, plain records leave, and no more at once than there is room for.

The client would make an object of eleven fields of each record, the batch another of four: a tenth of a worker's time.
This leans on private names of the client, which ``streams.transport`` says how are guarded. What was taken, or will not
be, is freed at once: a worker seeks cycles of garbage rarely (``streams.garbage``).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping
from functools import partial
from typing import Any
from weakref import proxy

from aiokafka.consumer.fetcher import FetchResult
from aiokafka.structs import TopicPartition

from streams.records import Plain


class Fetched(OrderedDict[Any, Any]):
    """What the client has fetched, by partition; of the batched topics it is unpacked as plain records.

    ``room`` is how many bytes may still be unpacked.
    """

    room = 0

    def __init__(self, found: Mapping[Any, Any], batched: Collection[str]) -> None:
        self._batched = batched
        super().__init__(found)

    def __setitem__(self, tp: Any, result: Any) -> None:
        if tp.topic in self._batched and isinstance(result, FetchResult):
            result._partition_records._consumer_record = _plain
            result.getall = partial(_unpacked, proxy(result), self)  # itself would make a cycle of each
        super().__setitem__(tp, result)

    def __delitem__(self, tp: Any) -> None:
        _let_go(getattr(self[tp], "_partition_records", None))
        super().__delitem__(tp)


def _unpacked(result: Any, fetched: Fetched, most: int) -> list[Plain]:
    """What ``FetchResult.getall`` gives, and of it no more than there is room for; the rest stays where it is."""
    left, records = fetched.room, result._partition_records
    if left <= 0 or records is None:
        return []
    if not result.check_assignment(result._topic_partition):
        _let_go(records)
        return []
    found: list[Plain] = []
    for record in records:
        found.append(record)
        left -= len(record[2] or b"")
        if left <= 0 or len(found) >= most:
            result._update_position()
            break
    else:
        result._update_position()
        result._partition_records = None
    fetched.room = left
    return found


def _let_go(records: Any) -> None:
    """What was fetched and is not unpacked to its end is a cycle with its own generator: take it apart."""
    if records is not None:
        records._records_iterator = None


def _plain(_tp: TopicPartition, record: Any) -> Plain:
    published_at = record.timestamp
    return record.offset, record.key, record.value, max(0, published_at)
