"""The question behind ``/api/intervals``: query parameters enter, a checked ``Query`` leaves; and its rows."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from streams import api, slices, view
from streams.partition import Partition
from streams.settings import QueueSettings, Settings
from streams.slices import DAY
from streams.view import FLOOR, Key

PARAMETERS: Final = ("from", "to", "by", "queue", "channel")
LONGEST_MS: Final = 400 * DAY
_LATEST_MS: Final = 4_102_444_800_000  # 2100-01-01: no event is later


class QueryError(ValueError):
    """A parameter can't be used; the message is one sentence for whoever asked."""


class Query(NamedTuple):
    """Hours or days (``by``) that touch [start, end), epoch ms, of one queue or of all and the floor."""

    start: int
    end: int
    by: str
    queue: str | None = None
    channel: str | None = None


def parse(parameters: Mapping[str, str], settings: Settings, now: int) -> Query:
    """Read the parameters; without ``from`` and ``to`` it is today, by the hour. Raises QueryError."""
    unknown = sorted(set(parameters) - set(PARAMETERS))
    if unknown:
        raise QueryError(f"There is no parameter {unknown[0]!r}; there are {', '.join(PARAMETERS)}.")
    by = parameters.get("by", "hour")
    if by not in ("hour", "day"):
        raise QueryError(f"by={by!r} is neither 'hour' nor 'day'.")
    queue, channel = parameters.get("queue"), parameters.get("channel")
    zone = ZoneInfo(_rule(settings, queue or FLOOR).timezone)
    start = _moment("from", parameters["from"], zone) if "from" in parameters else slices.day_span(now, zone).start
    end = _moment("to", parameters["to"], zone) if "to" in parameters else max(now, start) + 1
    if end <= start:
        raise QueryError("to is not after from.")
    if end - start > LONGEST_MS:
        raise QueryError(f"from and to are more than {LONGEST_MS // DAY} days apart.")
    return Query(start, end, by, queue, channel)


def _moment(name: str, text: str, zone: ZoneInfo) -> int:
    """Epoch milliseconds, a date (midnight of the zone), or a date and time with its offset."""
    text = text.strip().replace(" ", "+")  # an offset's plus sign, sent as it is, arrives as a space
    try:
        if re.fullmatch(r"\d{1,14}", text, re.ASCII):
            at = int(text)
        elif re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            at = slices.midnight(date.fromisoformat(text), zone)
        else:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                raise QueryError(f"{name}={text!r} has no offset: end it with Z or +01:00.")
            at = round(moment.timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        if isinstance(error, QueryError):
            raise
        sentence = f"{name}={text[:40]!r} is no date, no date and time with an offset, and no epoch milliseconds."
        raise QueryError(sentence) from error
    if not 0 <= at <= _LATEST_MS:
        raise QueryError(f"{name}={text!r} is before 1970 or after 2100.")
    return at


def steps(
    partitions: Sequence[Partition], settings: Settings, query: Query
) -> Generator[None, None, list[dict[str, Any]]]:
    """The rows of a query, by queue, channel and time; yields between two intervals. Empty intervals have no row."""
    marks = [partition.watermark for partition in partitions if partition.watermark]
    rows: list[dict[str, Any]] = []
    if not marks:
        return rows
    # Slices reach no further; asking for years must not cost years.
    start = max(query.start, min(marks) - (settings.retention.coarse_days + 2) * DAY)
    end = min(query.end, max(marks) + 2 * DAY)
    for key in _keys(partitions, query):
        rule = _rule(settings, key[0])
        for span in slices.intervals(start, end, query.by, ZoneInfo(rule.timezone)):
            found = view.intervals(partitions, settings, span.start, span.end, query.by, key)
            rows += [api.interval(one, rule) for one in found]
            yield
    return rows


def _keys(partitions: Sequence[Partition], query: Query) -> list[Key]:
    queues = [key for key in view.keys_of(partitions) if key[0]]  # what happened in no queue is the floor's
    keys = [*queues, (FLOOR, query.channel or "")]
    return [
        key
        for key in keys
        if query.queue in (None, key[0]) and (query.channel is None or key[1] == query.channel)
    ]  # fmt: skip


def _rule(settings: Settings, queue: str) -> QueueSettings:
    return settings.defaults if queue == FLOOR else settings.queue(queue)
