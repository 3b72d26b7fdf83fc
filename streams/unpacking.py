"""What Kafka's client has fetched enters, plain records leave, and no more at once than there is room for.

The client would make an object of eleven fields of each record, the batch another of four: a tenth of a worker's time.
This leans on private names of the client, which ``streams.transport`` says how are guarded. What was taken, or will not
be, is freed at once: to the client each fetch is a cycle until it is read to its end, and a worker seeks cycles rarely
(``streams.garbage``).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping
from functools import partial
from typing import Any
from weakref import proxy

from aiokafka.consumer.fetcher import FetchResult, PartitionRecords
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
        if isinstance(result, FetchResult):
            records = result._partition_records
            records._records_iterator = PartitionRecords._unpack_records(proxy(records))  # itself would be a cycle
            if tp.topic in self._batched:
                records._consumer_record = _plain
                result.getall = partial(_unpacked, proxy(result), self)
        super().__setitem__(tp, result)


def free_what_is_taken(consumer: Any) -> None:
    """Have what this client fetches be gone when it was taken, or will not be. To be called once it has started."""
    consumer._fetcher._records = Fetched(consumer._fetcher._records, ())


def _unpacked(result: Any, fetched: Fetched, most: int) -> list[Plain]:
    """What ``FetchResult.getall`` gives, and of it no more than there is room for; the rest stays where it is."""
    left, records = fetched.room, result._partition_records
    if left <= 0 or records is None:
        return []
    if not result.check_assignment(result._topic_partition):
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


def _plain(_tp: TopicPartition, record: Any) -> Plain:
    published_at = record.timestamp
    return record.offset, record.key, record.value, max(0, published_at)
