"""Call-detail exports (CSV, TSV): one row a call enters, the life of that call as our events leaves.

A TOML map names the columns; nothing is guessed. What the map leaves out is left out of the events: without a wait
column the wait is the difference of the times. Event ids come from the call's id alone, so that the same export under
another name, or an export that overlaps it, repeats ids and changes nothing.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct, field

from streams import events as e
from streams.sources import Bad, Hints, Ignored, SourceRow
from streams.sources.times import UnreadableError, duration_ms, epoch_ms, on_day, reading

Columns: TypeAlias = tuple[str, ...]
_Outcome = Annotated[str, Meta(pattern=r"^(answered|abandoned|ignored|flowed_out:[a-z_]+)$")]
_LONGEST_ROW: Final = 256 * 1024


class MapError(ValueError):
    """The map is wrong, or does not fit the file: says which key or column, and what there is."""


class FileShape(Struct, frozen=True, forbid_unknown_fields=True):
    """How rows are written. ``columns`` names them where the file has no heading; ``quote`` "" switches quoting off."""

    delimiter: Literal["comma", "tab", "semicolon", "bar"] = "comma"
    columns: Columns = ()
    quote: Literal['"', "'", ""] = '"'
    encoding: str = "utf-8"


class CallColumns(Struct, frozen=True, forbid_unknown_fields=True):
    """Who and where. ``id`` may be composed of several columns; ``absent`` lists values that mean "none"."""

    id: Annotated[Columns, Meta(min_length=1)]
    queue: e.Name | None = None
    queue_column: str | None = None
    channel: e.Channel = "voice"
    customer: str | None = None
    agent: str | None = None
    absent: dict[str, Columns] = field(default_factory=dict)


class TimeColumns(Struct, frozen=True, forbid_unknown_fields=True):
    """When. Each moment is the first of its columns that is present; formats are strptime's, "iso" or "epoch[_ms]"."""

    format: str
    zone: str = "UTC"
    date: str | None = None
    date_format: str = "%Y-%m-%d"
    absent: Columns = ()
    arrived: Columns = ()
    offered: Columns = ()
    answered: Columns = ()
    left: Columns = ()
    ended: Columns = ()


class DurationColumns(Struct, frozen=True, forbid_unknown_fields=True):
    """How long, as the source measured it."""

    unit: Literal["seconds", "milliseconds", "minutes", "clock"] = "seconds"
    wait: str | None = None
    ring: str | None = None
    talk: str | None = None
    hold: str | None = None
    acw: str | None = None


class OutcomeColumn(Struct, frozen=True, forbid_unknown_fields=True):
    """How it ended: a value of ``column`` to answered, abandoned, ignored or ``flowed_out:<reason>``."""

    column: str
    values: dict[str, _Outcome]


class CsvMap(Struct, frozen=True, forbid_unknown_fields=True):
    """A whole map; ``name`` becomes the events' source."""

    name: str
    call: CallColumns
    time: TimeColumns
    outcome: OutcomeColumn
    file: FileShape = FileShape()
    duration: DurationColumns = DurationColumns()

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time.zone)


def load_map(path: Path | str) -> CsvMap:
    """The map in a TOML file. Raises MapError when it is missing, is not TOML, or says something impossible."""
    try:
        csv_map = msgspec.toml.decode(Path(path).read_bytes(), type=CsvMap)
    except (OSError, ValueError) as error:
        raise MapError(f"{path}: {error}") from error
    reasons = get_args(e.FlowOutReason)
    for value, outcome in csv_map.outcome.values.items():
        if outcome.startswith("flowed_out:") and outcome.removeprefix("flowed_out:") not in reasons:
            raise MapError(f"{path}: outcome.values.{value}: the reason must be one of {', '.join(reasons)}")
    if not (csv_map.call.queue or csv_map.call.queue_column):
        raise MapError(f"{path}: call: name a queue, or a queue_column")
    if not (csv_map.time.offered or csv_map.time.arrived):
        raise MapError(f"{path}: time: name the columns of offered or of arrived")
    try:
        "".encode(csv_map.file.encoding)
        _ = csv_map.zone
    except (LookupError, ValueError, OSError) as error:
        raise MapError(f"{path}: unknown encoding or time zone: {error}") from error
    return csv_map


class CallDetail:
    """Reads an export by its map. Raises MapError on the heading when a mapped column is not in the file."""

    def __init__(self, csv_map: CsvMap) -> None:
        self._map = csv_map
        self._zone = csv_map.zone
        self.hints: Final = Hints("contact_arrival" if csv_map.time.arrived else "arrival", csv_map.time.zone)
        shape = csv_map.file
        self._delimiter = {"comma": ",", "tab": "\t", "semicolon": ";", "bar": "|"}[shape.delimiter]
        self._quote = shape.quote or None
        self._columns: Sequence[str] | None = shape.columns or None
        self._unfinished = ""
        self._line_number = 0
        if self._columns:
            self._check_columns(self._columns)

    def read(self, line: bytes) -> Sequence[SourceRow]:
        self._line_number += 1
        text = self._unfinished + line.decode(self._map.file.encoding, "replace")
        if self._quote and text.count(self._quote) % 2 and len(text) <= _LONGEST_ROW:
            self._unfinished = text  # a line break inside quotes: the row goes on
            return ()
        self._unfinished = ""
        try:
            cells = self._cells(text)
        except csv.Error as error:
            return (Bad(self._line_number, str(error)),)
        if not any(cells):
            return ()
        if self._columns is None:
            self._columns = [cell.strip().removeprefix("\ufeff") for cell in cells]
            self._check_columns(self._columns)
            return ()
        if len(cells) != len(self._columns):
            return (Bad(self._line_number, f"{len(cells)} cells, {len(self._columns)} columns"),)
        try:
            return self._life(dict(zip(self._columns, cells, strict=True)))
        except UnreadableError as error:
            return (Bad(self._line_number, str(error)),)

    def end(self) -> Sequence[SourceRow]:
        return (Bad(self._line_number, "the file ends inside quotes"),) if self._unfinished else ()

    def _cells(self, text: str) -> list[str]:
        if self._quote is None:
            return next(csv.reader([text], delimiter=self._delimiter, quoting=csv.QUOTE_NONE), [])
        return next(csv.reader([text], delimiter=self._delimiter, quotechar=self._quote), [])

    def _check_columns(self, columns: Sequence[str]) -> None:
        missing = sorted(_mapped_columns(self._map) - set(columns))
        if missing:
            raise MapError(f"the file has no column {', '.join(missing)}; it has {', '.join(columns)}")

    def _life(self, cells: Mapping[str, str]) -> Sequence[SourceRow]:
        """The events of one call, in the order in which they follow from one another."""
        call, outcome = self._map.call, self._map.outcome
        verdict = outcome.values.get(cells[outcome.column].strip())
        if verdict is None:
            raise UnreadableError(f"the outcome in {outcome.column} is not in the map")
        moments = self._moments(cells)
        queue = (self._value(call.queue_column, cells) if call.queue_column else None) or call.queue
        if queue is None or len(queue) > 120:
            raise UnreadableError("the queue is empty or longer than 120 characters")
        arrived, offered = moments.get("arrived"), moments.get("offered", moments.get("arrived"))
        if offered is None:
            raise UnreadableError("neither the offer nor the arrival has a time")
        if verdict == "ignored":
            at = offered if arrived is None else arrived
            return (Ignored(at, queue, call.channel, cells[outcome.column].strip()),)
        make = _Maker(self._map, cells, queue, self._value(call.agent, cells), self._value(call.customer, cells))
        life: list[SourceRow] = []
        if arrived is not None:
            life.append(make(e.CallStarted, arrived, queue=None))
        life.append(make(e.CallOffered, offered))
        wait, talk = self._duration("wait", cells), self._duration("talk", cells)
        left = offered + (wait or 0)
        if verdict == "answered":
            answered = moments.get("answered", left)
            measured = {n: self._duration(n, cells) for n in ("hold", "acw")}
            life.append(make(e.CallAnswered, answered, wait_ms=wait, ring_ms=self._duration("ring", cells)))
            life.append(make(e.CallEnded, moments.get("ended", answered + (talk or 0)), talk_ms=talk,
                             hold_ms=measured["hold"], acw_ms=measured["acw"]))  # fmt: skip
        elif verdict == "abandoned":
            life.append(make(e.CallAbandoned, moments.get("left", left), wait_ms=wait))
        else:
            reason = verdict.removeprefix("flowed_out:")
            life.append(make(e.CallFlowedOut, moments.get("left", left), wait_ms=wait, reason=reason))
        return life

    def _moments(self, cells: Mapping[str, str]) -> dict[str, int]:
        """Epoch milliseconds of every moment that is present; a time of day goes on past midnight."""
        times = self._map.time
        day = reading(cells[times.date].strip(), times.date_format).date() if times.date else None
        moments: dict[str, int] = {}
        first: datetime | None = None
        for name in ("arrived", "offered", "answered", "left", "ended"):
            texts = (cells[column].strip() for column in getattr(times, name))
            text = next((t for t in texts if t and t not in times.absent), None)
            if text is None:
                continue
            at = reading(text, times.format)
            if day is not None:
                at = on_day(day, at, first)
            first = first or at
            moments[name] = epoch_ms(at, self._zone)
        return moments

    def _value(self, column: str | None, cells: Mapping[str, str]) -> str | None:
        if column is None:
            return None
        text = cells[column].strip()
        return None if text in self._map.call.absent.get(column, ()) else text or None

    def _duration(self, name: str, cells: Mapping[str, str]) -> int | None:
        column = getattr(self._map.duration, name)
        text = cells[column].strip() if column else ""
        return duration_ms(text, self._map.duration.unit) if text else None


class _Maker:
    """Makes the events of one call; their ids are the call's id and the event's type."""

    def __init__(self, csv_map: CsvMap, cells: Mapping[str, str], queue: str, agent: str | None, customer: str | None):
        self._call_id = "/".join(cells[column].strip() for column in csv_map.call.id)
        if not 1 <= len(self._call_id) <= 180 or not self._call_id.strip("/"):
            raise UnreadableError("the call's id is empty or longer than 180 characters")
        if max(len(agent or ""), len(customer or "")) > 200:
            raise UnreadableError("an agent or a customer is longer than 200 characters")
        self._source, self._channel = csv_map.name, csv_map.call.channel
        self._queue, self._agent, self._customer = queue, agent, customer
        self._seq = 0

    def __call__(self, kind: type[e.CallEvent], at: int, **extra: Any) -> e.Event:
        self._seq += 1
        if kind in (e.CallAnswered, e.CallEnded):
            extra["agent_id"] = self._agent
        common: dict[str, Any] = {"queue": self._queue, "customer_id": self._customer, **extra}
        event: e.Event = kind(  # type: ignore[assignment]
            event_id=f"{self._call_id}/{kind.__struct_config__.tag}",
            occurred_at=at,
            source=self._source,
            source_seq=self._seq,
            contact_id=self._call_id,
            channel=self._channel,
            **common,
        )
        return event


def _mapped_columns(csv_map: CsvMap) -> set[str]:
    call, times, durations = csv_map.call, csv_map.time, csv_map.duration
    single = (call.queue_column, call.customer, call.agent, times.date, csv_map.outcome.column, durations.wait,
              durations.ring, durations.talk, durations.hold, durations.acw)  # fmt: skip
    several = (call.id, times.arrived, times.offered, times.answered, times.left, times.ended, tuple(call.absent))
    return {c for c in single if c} | {c for columns in several for c in columns}
