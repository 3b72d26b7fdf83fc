"""What the brokers of two tests share: a producer's batch that is a list, and how a process dies."""

from __future__ import annotations


class CrashError(Exception):
    """kill -9."""


class Batch:
    """A batch of aiokafka's producer without bound."""

    def __init__(self) -> None:
        self.pairs: list[tuple[bytes, bytes | None]] = []

    def append(self, *, key: bytes, value: bytes | None, timestamp: int | None) -> int:
        self.pairs.append((key, value))
        return timestamp or 1

    def record_count(self) -> int:
        return len(self.pairs)

    def close(self) -> None:
        """Nothing has to be closed."""
