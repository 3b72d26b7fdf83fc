"""``queuepulse state``: a drained floor's state goes into a file; a file's state becomes a new generation.

The inputs are the same topics as when it was saved, or others: of a cluster that lost them, of another cluster. Their
ids tell. The same ones are read on from where the state ends, others from their beginning: all in them is new.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from streams.events import TOPICS
from streams.grow import Grown, GrowthError, begin, drained, renamed
from streams.regroup import identities, regroup
from streams.settings import Settings
from streams.topics import check_topics, ensure_shared, topic_ids
from streams.writing import writing

FORMAT: Final = 1
_READABLE_BY_OWNER: Final = 0o600


class Saved(msgspec.Struct, array_like=True):
    """What a file holds: which application's state it is, and each partition of its changelog by key."""

    format: int
    app_id: str
    state: list[dict[bytes, bytes]]


class StateFileError(RuntimeError):
    """A file that holds no state this program can read; the message names it."""


async def save(settings: Settings, file: Path) -> int:
    """Write the state of a drained floor to a new file that only its owner can read; how many pieces it is.

    The file is whole or not there. Raises OSError, and what ``streams.grow.drained`` raises.
    """
    state = await drained(settings)
    content = gzip.compress(msgspec.msgpack.encode(Saved(FORMAT, settings.broker.app_id, state)), 6)
    _write(file, content)
    return sum(map(len, state))


def _write(file: Path, content: bytes) -> None:
    unfinished = file.with_name(f"{file.name}.{os.getpid()}")
    with writing(file):
        _write_unfinished(unfinished, file, content)


def _write_unfinished(unfinished: Path, file: Path, content: bytes) -> None:
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _READABLE_BY_OWNER), "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        os.link(unfinished, file)  # unlike renaming, this never takes the place of another back-up
    finally:
        unfinished.unlink(missing_ok=True)


async def load(settings: Settings, file: Path, app_id: str, partitions: int | None, partitioner: str) -> Grown:
    """Begin the generation ``app_id`` with a file's state; with as many partitions as it had, or more.

    Raises OSError, StateFileError, GrowthError, PlacingError, StateRefusedError, TopicsError.
    """
    saved = _read(file)
    count = partitions or len(saved.state)
    if count < len(saved.state):
        raise GrowthError(f"the state is of {len(saved.state)} partitions: it can be spread over more, not over fewer.")
    new = msgspec.structs.replace(settings, broker=msgspec.structs.replace(settings.broker, app_id=app_id))
    ensure_shared(new, count)
    others = _others(saved.state, topic_ids(new))
    parts = regroup(saved.state, count, {**renamed(saved.app_id, app_id), **others}, partitioner)
    await begin(new, parts, count)
    check_topics(new)
    return Grown(len(saved.state), count, sum(len(part.pairs) for part in parts))


def _others(state: Sequence[dict[bytes, bytes]], ids: dict[str, str]) -> dict[str, str]:
    """The inputs that are not the ones the state was counted from."""
    known = identities(state)
    return {topic: topic for topic in TOPICS if topic in known and known[topic] != ids.get(topic)}


def _read(file: Path) -> Saved:
    content = file.read_bytes()
    try:
        saved = msgspec.msgpack.decode(gzip.decompress(content), type=Saved)
    except (OSError, EOFError, msgspec.DecodeError) as error:
        raise StateFileError(f"{file} holds no state, or not all of it: {error}.") from error
    if saved.format != FORMAT:
        raise StateFileError(f"{file} is of format {saved.format}; this program reads {FORMAT}.")
    return saved
