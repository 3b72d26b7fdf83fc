"""What the brokers of two tests share: a producer's batch that is a list, and how a process dies."""

from __future__ import annotations


class CrashError(Exception):
    """kill -9."""


class Batch:
    """A batch of aiokafka's producer that takes ten records."""

    def __init__(self) -> None:
        self.pairs: list[tuple[bytes, bytes | None]] = []

    def append(self, *, key: bytes, value: bytes | None, timestamp: int | None) -> object:
        if len(self.pairs) == 10:
            return timestamp
        self.pairs.append((key, value))
        return self

    def record_count(self) -> int:
        return len(self.pairs)

    def close(self) -> None:
        """Nothing has to be closed."""
