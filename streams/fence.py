"""The fence: partition numbers assigned here enter; transactions that only their last owner can commit leave.

Each partition number has a transactional id of its own, ``<app_id>-<number>``. Its producer starts anew whenever the
number is assigned, before the changelog's end is asked for: that aborts what an earlier owner left open and makes the
broker refuse whatever that owner still sends. So a process that was stopped in the middle of a flush, for however long,
can neither finish the flush nor begin another. One transaction holds all that a flush writes for a number, the marker
with where to read on among it: a reader of committed records sees all of it or nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    IllegalOperation,
    IncompatibleBrokerVersion,
    InvalidProducerEpoch,
    InvalidProducerIdMapping,
    InvalidTxnState,
    KafkaError,
    OutOfOrderSequenceNumber,
    ProducerFenced,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    UnknownProducerId,
)

from streams.connection import client_arguments
from streams.settings import Broker

Pairs: TypeAlias = Iterable[tuple[bytes, bytes | None]]
Acknowledgements: TypeAlias = list[asyncio.Future[Any]]
Written: TypeAlias = tuple[str, int]
"""Topic and partition."""

START_SECONDS: Final = 60.0
TRANSACTION_SECONDS: Final = 30.0
"""What an owner that died has left open holds up readers of committed records for so long, if nobody succeeds it."""
_BATCH_BYTES: Final = 512 * 1024
_REQUEST_BYTES: Final = 8 * 1024 * 1024
_FENCED: Final = (
    ProducerFenced, InvalidProducerEpoch, InvalidProducerIdMapping, InvalidTxnState, OutOfOrderSequenceNumber,
    UnknownProducerId,
)  # fmt: skip
_FINAL: Final = (
    IncompatibleBrokerVersion, ClusterAuthorizationFailedError, GroupAuthorizationFailedError,
    TopicAuthorizationFailedError, TransactionalIdAuthorizationFailed,
)  # fmt: skip
_RETRY_SECONDS: Final = 0.5
log = logging.getLogger(__name__)


class Send(NamedTuple):
    """Records for one partition of a topic, in order."""

    topic: str
    partition: int
    pairs: Sequence[tuple[bytes, bytes | None]]


class LostOwnershipError(RuntimeError):
    """Somebody else has the partitions; nothing more may be written of what is in memory."""


class TransactionsError(RuntimeError):
    """The broker has no transactions, or its coordinator does not answer; the message says what to do."""


async def append(producer: Any, topic: str, partition: int, pairs: Pairs) -> Acknowledgements:
    """Send pairs, in order, in as many batches as they need; the futures are their acknowledgements."""
    acknowledgements = []
    batch = producer.create_batch()
    for key, value in pairs:
        if batch.append(key=key, value=value, timestamp=None) is None:  # full: an empty one takes a record of any size
            acknowledgements.append(await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            batch.append(key=key, value=value, timestamp=None)
    if batch.record_count():
        batch.close()
        acknowledgements.append(await producer.send_batch(batch, topic, partition=partition))
    return acknowledgements


class Fence:
    """The transactional producers of the partition numbers owned now.

    ``insist`` is False where a broker without transactions is to be put up with: ``on`` then becomes False.
    """

    def __init__(self, broker: Broker, *, insist: bool) -> None:
        self.on = True
        self._broker = broker
        self._insist = insist
        self._producers: dict[int, Any] = {}
        self._turn = 0

    def transactional_id(self, number: int) -> str:
        """What the broker knows the owner of a partition number by."""
        return f"{self._broker.app_id}-{number}"

    async def take(self, numbers: Collection[int]) -> bool:
        """Become the only one who can write for these numbers; what was taken before is dropped.

        False when ``take`` or ``drop`` was called again meanwhile: whoever asked may not go on, because somebody else
        may add to what he reads. Raises TransactionsError when the coordinator does not answer in a minute.
        """
        turn = await self._begin_turn()
        opened: dict[int, Any] = {}
        try:
            if self.on:
                async with asyncio.timeout(START_SECONDS):
                    await asyncio.gather(*[self._open(number, opened) for number in numbers])
        except IncompatibleBrokerVersion as error:
            await _stop(opened.values())
            self._do_without(error)
            return turn == self._turn
        except TimeoutError as error:
            await _stop(opened.values())
            raise TransactionsError(
                f"Kafka's transaction coordinator did not answer in {START_SECONDS:.0f} s. Is "
                "transaction.state.log.replication.factor larger than the number of brokers? Mend it, or set "
                'broker.transactions = "off".'
            ) from error
        except BaseException:
            await _stop(opened.values())
            raise
        if turn != self._turn:
            await _stop(opened.values())
            return False
        self._producers = opened
        return True

    async def write(self, number: int, sends: Iterable[Send]) -> Mapping[Written, int]:
        """One transaction of the owner of ``number``: everything that is to be sent.

        Returns where each partition that was written ends now, where nobody else has written to it.

        Raises LostOwnershipError when somebody else has taken the number, or the transaction came to nothing: it can be
        taken again. KafkaError when the broker will never allow it.
        """
        producer = self._producers.get(number)
        if producer is None:
            raise LostOwnershipError(f"partition {number} is not ours to write")
        try:
            await producer.begin_transaction()
            written = [(send, await append(producer, *send)) for send in sends]
            await asyncio.gather(*[future for _, futures in written for future in futures])
            await producer.commit_transaction()
            return _ends(written)
        except _FINAL:
            raise
        except (KafkaError, IllegalOperation) as error:  # illegal: refused between two of its batches
            reason = error.__cause__ or error
            if isinstance(reason, _FENCED):
                raise LostOwnershipError(
                    f"partition {number} has another owner, or was held too long: its transaction was refused "
                    f"({type(reason).__name__})"
                ) from error
            raise LostOwnershipError(f"the transaction of partition {number} came to nothing ({reason!r})") from error

    async def drop(self) -> None:
        """Write for no number from now on."""
        await self._begin_turn()

    async def _begin_turn(self) -> int:
        self._turn += 1
        turn = self._turn  # before anything is awaited: of two that overlap only the later may come to its end
        producers, self._producers = self._producers, {}
        await _stop(producers.values())
        return turn

    async def _open(self, number: int, opened: dict[int, Any]) -> None:
        """Start the number's producer, again and again while the broker is away."""
        while True:
            producer = opened[number] = AIOKafkaProducer(
                **client_arguments(self._broker),
                transactional_id=self.transactional_id(number),
                transaction_timeout_ms=int(TRANSACTION_SECONDS * 1_000),
                max_batch_size=_BATCH_BYTES,
                max_request_size=_REQUEST_BYTES,
            )
            try:
                await producer.start()
            except _FINAL:
                raise
            except KafkaError as error:
                log.info("partition %d: no transactional producer yet: %s", number, error)
                await producer.stop()
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return

    def _do_without(self, error: Exception) -> None:
        if self._insist:
            mend = 'Use one that has them, or set broker.transactions = "off".'
            raise TransactionsError(f"this broker has no transactions. {mend}") from error
        log.warning("this broker has no transactions: a worker that was paused for long may spoil numbers")
        self.on = False


def _ends(written: Iterable[tuple[Send, Acknowledgements]]) -> dict[Written, int]:
    """Behind the records of a transaction, and the mark of its end that the broker puts there."""
    ends: dict[Written, int] = {}
    for send, futures in written:
        if futures:
            where = send.topic, send.partition
            ends[where] = max(ends.get(where, 0), futures[0].result().offset + len(send.pairs) + 1)
    return ends


async def _stop(producers: Iterable[Any]) -> None:
    await asyncio.gather(*[producer.stop() for producer in producers])
