"""Stored state and its version: what this program did not write, it does not guess at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol, TypeVar

import msgspec

STATE_VERSION: Final = 5
READ: Final = (3, 4, STATE_VERSION)
"""Versions this program reads. Of 3, an agent's work was one piece, and of 4 an agent's states were; a program of then
would miss the other pages."""
_SAID: Final = f"{', '.join(map(str, READ[:-1]))} and {READ[-1]}"

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
    if version not in READ:
        raise StateRefusedError(
            f"The stored {what} is of state version {version}; this program reads versions {_SAID}. "
            "Run the version that wrote it, or start a new broker.app_id to count again from the topics."
        )


class Kept(Protocol):
    """What is stored by id, changed by events and forgotten by time: contacts, or the people facts are about."""

    def changed(self, stamp: int) -> list[tuple[bytes, bytes]]: ...
    def forgotten(self, stamp: int) -> list[Any]: ...
    def tombstones(self, gone: list[Any]) -> list[bytes]: ...
