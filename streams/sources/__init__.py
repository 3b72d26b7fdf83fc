"""Foreign formats: lines of a file enter, our events leave; what is no event leaves as ``Ignored`` or ``Bad``.

A source reads one line at a time and keeps only what it must remember between lines, so that a finished file and a
log that still grows are read by the same code. No line makes a source raise: a wrong line is a value, like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias, get_args

from streams.events import Event

Format: TypeAlias = Literal["jsonl", "asterisk-queue-log", "csv"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)


class Ignored(NamedTuple):
    """A good row that is no event of a contact centre, left out on purpose; ``reason`` is from a closed set."""

    at_ms: int
    queue: str | None
    channel: str | None
    reason: str


class Bad(NamedTuple):
    """A row that cannot be read; ``line_number`` counts from 1."""

    line_number: int
    reason: str


SourceRow: TypeAlias = Event | Ignored | Bad


class Hints(NamedTuple):
    """How a report on this source counts unless it is told otherwise; None leaves it to the settings.

    ``attribution``: whose interval a call belongs to; ``zone``: the time zone of hours and days.
    """

    attribution: Literal["event_time", "arrival", "contact_arrival"] | None = None
    zone: str | None = None


class Source(Protocol):
    """What every format offers: one line in, the rows it stands for out (none for a blank line or a heading)."""

    @property
    def hints(self) -> Hints: ...

    def read(self, line: bytes) -> Sequence[SourceRow]: ...

    def end(self) -> Sequence[SourceRow]:
        """What is left when no line follows: an unfinished row is ``Bad``."""
        ...


def rows_of(source: Source, lines: Iterable[bytes]) -> Iterator[SourceRow]:
    """Every row of a file that ends."""
    for line in lines:
        yield from source.read(line)
    yield from source.end()
