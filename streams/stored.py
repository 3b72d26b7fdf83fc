"""Stored state and its version: what this program did not write, it does not guess at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol, TypeVar

import msgspec

STATE_VERSION: Final = 3

Stored = TypeVar("Stored", bound=tuple[Any, ...])


class StateRefusedError(Exception):
    """Stored state this version cannot read; the message says what to do."""


def of_this_version(decode: Callable[[bytes], Stored], value: bytes, what: str) -> Stored:
    """Stored state whose first field is its version. Raises StateRefusedError for another, however it is built."""
    try:
        stored = decode(value)
    except msgspec.ValidationError:
        check_version(msgspec.msgpack.decode(value)[0], what)
        raise
    check_version(stored[0], what)
    return stored


def check_version(version: int, what: str) -> None:
    """Raise StateRefusedError for state of another version than this program reads."""
    if version != STATE_VERSION:
        raise StateRefusedError(
            f"The stored {what} is of state version {version}; this program reads version {STATE_VERSION}. "
            "Run the version that wrote it, or start a new broker.app_id to count again from the topics."
        )


class Kept(Protocol):
    """What is stored by id, changed by events and forgotten by time: contacts, or the people facts are about."""

    def changed(self, stamp: int) -> list[tuple[bytes, bytes]]: ...
    def forgotten(self, stamp: int) -> list[Any]: ...
    def tombstones(self, gone: list[Any]) -> list[bytes]: ...
