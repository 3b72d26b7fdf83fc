"""The JSON of ``/api/explain``: a question about one number enters, how it came about leaves.

``parse`` says in words what is wrong with a question, and what there is. The work over all contacts that are kept is
done in pieces (``steps``). No contact id leaves but through ``shown_id``.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from msgspec import structs

from streams import kpis
from streams.api import iso
from streams.api.identity import shown_id
from streams.api.intervals import QueryError
from streams.api.trust import trusted
from streams.explain import behind, live, rules
from streams.explain.behind import Asked, Behind
from streams.explain.catalogue import ENTRIES, LIVE, NOW, SERVICE_LEVEL, called, entry
from streams.explain.formula import Explained, worked_out
from streams.explain.left_out import left_out
from streams.kpis.judge import live_states, window_states
from streams.partition import Partition
from streams.slices import MINUTE, Span, floor_to
from streams.snapshot import Row, Snapshot
from streams.view import FLOOR, Key, Window

PARAMETERS: Final = ("queue", "channel", "kpi", "window", "privacy")
MAX_CONTACTS: Final = 50
"""So many of the contacts behind a number are listed, the newest."""


class NothingSuchError(QueryError):
    """There is no such queue, number or window; the message has what there is."""


class Question(NamedTuple):
    """One number of one row. With ``private`` no contact is in the answer."""

    row: Row
    kpi: str
    window: str
    private: bool = False


def parse(parameters: Mapping[str, str], snapshot: Snapshot) -> Question:
    """Read the parameters; without them it is the floor's service level in the first window.

    Raises NothingSuchError for what is not there, QueryError for what can't be asked.
    """
    unknown = sorted(set(parameters) - set(PARAMETERS))
    if unknown:
        raise QueryError(f"There is no parameter {unknown[0]!r}; there are {', '.join(PARAMETERS)}.")
    queue, channel = parameters.get("queue", FLOOR), parameters.get("channel", "")
    row = snapshot.row(queue, channel)
    if row is None:
        there = [one.queue if queue != one.queue else f"{one.queue} in {one.channel}" for one in snapshot.rows]
        there += [one.queue for one in snapshot.groups]
        where = f"queue {queue!r} in channel {channel!r}" if channel else f"queue {queue!r}"
        raise NothingSuchError(f"There is no {where}; there are {', '.join(dict.fromkeys([FLOOR, *there]))}.")
    kpi = parameters.get("kpi", SERVICE_LEVEL)
    if kpi not in LIVE and entry(kpi, row.rule.preset) is None:
        there = [SERVICE_LEVEL, *LIVE, *ENTRIES]
        raise NothingSuchError(f"There is no number {kpi!r}; there are {', '.join(there)}.")
    windows = [NOW] if kpi in LIVE else list(row.windows)
    window = parameters.get("window", windows[0] if windows else NOW)
    if window not in windows:
        what = "is a number of now" if kpi in LIVE else "is a number of a window"
        raise NothingSuchError(f"There is no window {window!r}: {kpi} {what}; there are {', '.join(windows)}.")
    return Question(row, kpi, window, parameters.get("privacy") == "1")


def steps(
    partitions: Sequence[Partition], snapshot: Snapshot, question: Question
) -> Generator[None, None, dict[str, Any]]:
    """The answer, yielding between two pieces of the work."""
    row, rule, settings = question.row, question.row.rule, snapshot.settings
    answer: dict[str, Any] = {
        "queue": row.queue,
        "channel": row.channel,
        "kpi": question.kpi,
        "window": question.window,
        "as_of": iso(snapshot.now, ZoneInfo(rule.timezone)),
        "as_of_ms": snapshot.now,
        "trust": trusted(snapshot.verdict(row)),
        "missing_partitions": [{"topic": topic, "partition": number} for topic, number in snapshot.missing],
    }
    keys = _keys(snapshot, row)
    if question.kpi in LIVE:
        explained = live.worked_out(question.kpi, row, snapshot.now)
        states = live_states(row, snapshot.now)
        about = question.kpi in (*live.WAITING, "handling")
        found = behind.live(partitions, keys, question.kpi, _past(snapshot, keys)) if about else None
        outside: list[Any] = []
    else:
        window = row.windows[question.window]
        explained = worked_out(_entry(question), window.counts)
        states = window_states(rule, window)
        answer |= _span(window, ZoneInfo(rule.timezone))
        asked = _asked(snapshot, question, explained, keys)
        found = yield from behind.steps(partitions, asked)
        outside = left_out(explained, window.counts, _outside(snapshot, row, question.window))
    answer |= {
        "value": explained.value,
        "unit": explained.unit,
        "state": rules.judged(explained.name, states),
        "words": explained.words,
        "formula": explained.formula,
        "worked": explained.worked,
        "absent": explained.absent or None,
        "inputs": [structs.asdict(one) for one in explained.inputs],
        "histogram": [structs.asdict(bucket) for bucket in explained.histogram],
        "settings": [
            structs.asdict(one)
            for one in rules.in_force(
                settings, row, question.kpi, [name for name, _ in explained.counted], live=question.kpi in LIVE
            )
        ],
        "presets": _presets(question) if question.kpi.startswith(SERVICE_LEVEL) else [],
        "left_out": [structs.asdict(one) for one in outside],
        **_behind(explained, found, snapshot, private=question.private),
    }
    return answer


def _entry(question: Question) -> Any:
    return entry(question.kpi, question.row.rule.preset)


def _span(window: Window, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "start": iso(window.span.start, zone),
        "start_ms": window.span.start,
        "end_ms": window.span.end,
    }


def _presets(question: Question) -> list[dict[str, Any]]:
    """The service level by every preset, with its formula worked out; ``chosen`` is the queue's own."""
    counts, own = question.row.windows[question.window].counts, question.row.rule.preset
    found = []
    for preset in kpis.PRESETS:
        one = worked_out(ENTRIES[f"{SERVICE_LEVEL}.{preset}"], counts)
        found.append(
            {
                "preset": preset,
                "chosen": preset == own,
                "value": one.value,
                "words": one.words,
                "formula": one.formula,
                "worked": one.worked,
            }
        )
    return found


# --- the contacts behind it ------------------------------------------------------------------------------------------


def _keys(snapshot: Snapshot, row: Row) -> list[Key]:
    """The queues a row is made of; the floor has what happened in no queue as well."""
    if row.queue == FLOOR:
        return [(one.queue, one.channel) for one in [*snapshot.rows, *snapshot.outside]]
    members = snapshot.settings.groups.get(row.queue, ()) if not row.channel else ()
    return [
        (one.queue, one.channel)
        for one in snapshot.rows
        if one.queue in members or (one.queue, one.channel) == (row.queue, row.channel)
    ]


def _asked(snapshot: Snapshot, question: Question, explained: Explained, keys: Sequence[Key]) -> Asked:
    counted = frozenset(name for name, _ in explained.counted)
    fine = bool(counted & _IN_MINUTES)
    spans: dict[Key, Span] = {}
    for one in [*snapshot.rows, *snapshot.outside]:
        key = (one.queue, one.channel)
        if key in keys and question.window in one.windows:
            start, end = one.windows[question.window].span
            spans[key] = Span(floor_to(start, MINUTE) if fine else start, end)
    floor = question.row.queue == FLOOR
    defaults = snapshot.settings.defaults
    cohorts = {
        key: (defaults if floor else snapshot.settings.queue(key[0])).attribution != "event_time" for key in spans
    }
    return Asked(spans, counted, cohorts, _past(snapshot, keys))


_IN_MINUTES: Final = frozenset(
    {"answered_waits", "abandoned_waits", "flowed_out_waits", "max_wait_ms", "max_answered_wait_ms"}
)
"""What short windows read from the slices of a minute, so that it begins with a whole one."""


def _past(snapshot: Snapshot, keys: Sequence[Key]) -> dict[Key, int]:
    return {
        key: snapshot.now - round(snapshot.settings.queue(key[0]).service_level_threshold_seconds * 1000)
        for key in keys
    }


def _outside(snapshot: Snapshot, row: Row, window: str) -> list[Any]:
    """The counts of no queue, of the channels a row has."""
    channels = {channel for _, channel in _keys(snapshot, row)}
    return [
        one.windows[window].counts
        for one in snapshot.outside
        if one.channel in channels and window in one.windows
    ]  # fmt: skip


def _behind(explained: Explained, found: Behind | None, snapshot: Snapshot, *, private: bool) -> dict[str, Any]:
    """Who is behind the number, as far as it is kept; null where no contact is."""
    if found is None:
        return {"contacts": None, "contacts_more": 0, "not_kept": {}, "excluded_contacts": {}}
    web = snapshot.settings.web
    listed = [] if private else found.found[:MAX_CONTACTS]
    inputs = {one.name: one.value for one in explained.inputs if one.unit == "count"}
    kept = {called(name): n for name, n in found.together.items()}
    return {
        "contacts": [
            {
                "contact": shown_id(one.contact_id, web),
                "queue": one.queue,
                "channel": one.channel,
                "at": iso(one.at, ZoneInfo(snapshot.settings.queue(one.queue).timezone)),
                "at_ms": one.at,
                "counts": {called(name): n / 1000 if name.endswith("_ms") else n for name, n in one.counts.items()},
            }
            for one in listed
        ],
        "contacts_more": len(found.found) - len(listed),
        "not_kept": {
            name: n - kept.get(name, 0) for name, n in inputs.items() if n is not None and n > kept.get(name, 0)
        }
        if explained.counted
        else {},
        "excluded_contacts": {
            reason: [] if private else [shown_id(name, web) for name in names[:MAX_CONTACTS]]
            for reason, names in sorted(found.excluded.items())
        },
    }
