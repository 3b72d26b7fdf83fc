"""What the Kafka client logs as an error although it is the ordinary course of things: told as debugging instead."""

from __future__ import annotations

import logging
from typing import Final

_ORDINARY: Final = {
    "aiokafka.consumer.group_coordinator": (
        "Group Coordinator Request failed",  # a new cluster creates its topic of offsets: tried again
        "Marking the coordinator dead",  # the same, when it moves
        "Heartbeat failed for group",  # a worker came or went: the group rebalances
    ),
    "aiokafka.cluster": ("Topic %s not found in cluster metadata",),  # a topic created a moment ago
    "aiokafka.producer.sender": (
        "Got error produce response",  # retriable: what is not raises
        "Unexpected error in sender routine",  # raised as well, by the flush under way, which tells of it
        "FindCoordinator Request failed",  # the same
        "Cannot send",  # tried again
        "Could not send",
    ),
}
_FENCED: Final = ("ProducerFenced", "InvalidProducerEpoch", "InvalidTxnState", "InvalidProducerIdMapping")


class _Ordinary(logging.Filter):
    """Lets a logger's ordinary messages pass only where debugging is on."""

    def __init__(self, starts: tuple[str, ...]) -> None:
        super().__init__()
        self.starts = starts

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record may pass."""
        if record.levelno > logging.DEBUG and str(record.msg).startswith(self.starts):
            return logging.getLogger(record.name).isEnabledFor(logging.DEBUG)
        return True


class _Fenced(logging.Filter):
    """Keeps back what asyncio says of a fenced producer's futures: the flush has told of one for all of them."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record may pass."""
        error = record.exc_info[1] if record.exc_info else None
        told = str(record.msg).startswith("Future exception was never retrieved") and type(error).__name__ in _FENCED
        return not told


def quiet_libraries() -> None:
    """Keep the client's ordinary messages out of the log; calling it again changes nothing."""
    for name, starts in _ORDINARY.items():
        logger = logging.getLogger(name)
        if not any(isinstance(known, _Ordinary) for known in logger.filters):
            logger.addFilter(_Ordinary(starts))
    asyncio_logger = logging.getLogger("asyncio")
    if not any(isinstance(known, _Fenced) for known in asyncio_logger.filters):
        asyncio_logger.addFilter(_Fenced())
