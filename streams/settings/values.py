"""What a setting may be: raw TOML values enter, a list of problems leaves, each with its key, finding and mend.

``problems_in`` walks a msgspec type beside a raw value and reports every problem, where ``msgspec.convert`` stops at
the first. Rules that a type cannot say stand in ``Meta(extra={"check": function})`` beside the type they belong to.
Pure; knows nothing of queues.
"""

from __future__ import annotations

import datetime
import difflib
import types
import typing
import zoneinfo
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeAlias

import msgspec
from msgspec import Meta

from streams.hours.public_holidays import calendar_names

Weekday: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: Final[tuple[Weekday, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TODAY: Final = "today"
_UNIT_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


class Problem(NamedTuple):
    """One wrong setting. ``key`` is its dotted path (or environment variable); ``mend`` is an imperative sentence."""

    key: str
    found: str
    allowed: str
    mend: str

    def __str__(self) -> str:
        return f"{self.key}: found {self.found}; allowed: {self.allowed}. {self.mend}"


class SettingsError(ValueError):
    """The configuration cannot be used; ``problems`` holds every reason, not only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class Secret:
    """A value that must not be printed: ``repr`` and ``str`` show stars, ``reveal()`` gives it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


class Fault(NamedTuple):
    """What a check says of a value it refuses."""

    allowed: str
    mend: str


def window_seconds(window: str) -> int | None:
    """Length of a window such as ``"30s"``, ``"5m"``, ``"1h"`` or ``"2d"`` in seconds; None for ``"today"``.

    Raises ValueError for anything else.
    """
    if window == TODAY:
        return None
    digits, unit = window[:-1], window[-1:]
    if unit not in _UNIT_SECONDS or not (digits.isascii() and digits.isdigit()) or int(digits) == 0:
        raise ValueError(f"{window!r} is not a window")
    return int(digits) * _UNIT_SECONDS[unit]


def span_minutes(span: str) -> tuple[int, int]:
    """Minutes from local midnight of a span such as ``"09:00-17:30"``: (opening, closing), closing exclusive.

    ``"00:00-24:00"`` is the whole day; ``"22:00-02:00"`` closes on the next day, at minute 1560. Raises ValueError when
    it is malformed or ends as it starts.
    """
    opening, dash, closing = span.partition("-")
    start, end = _clock_minutes(opening), _clock_minutes(closing)
    if not dash or start == end or start == 24 * 60:
        raise ValueError(f"{span!r} does not end after it starts")
    return start, end if end > start else end + 24 * 60


def _clock_minutes(clock: str) -> int:
    hours, _, minutes = clock.strip().partition(":")
    if len(hours) != 2 or len(minutes) != 2 or not (hours + minutes).isdigit() or not (hours + minutes).isascii():
        raise ValueError(f"{clock!r} is not HH:MM")
    total = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or total > 24 * 60:
        raise ValueError(f"{clock!r} is not a time of day")
    return total


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """``Did you mean "x"?`` when a known word is close to it, whatever its case, else ``otherwise``."""
    spelling = {candidate.lower(): candidate for candidate in known}
    close = difflib.get_close_matches(word.lower(), list(spelling), n=1)
    return f'Did you mean "{spelling[close[0]]}"?' if close else otherwise


def _check_zone(name: str) -> Fault | None:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        mend = did_you_mean(name, zoneinfo.available_timezones(), "Use the name of a city's zone.")
        return Fault('an IANA time zone such as "Europe/Berlin" or "UTC"', mend)
    return None


def _check_window(window: str) -> Fault | None:
    try:
        seconds = window_seconds(window)
    except ValueError:
        return Fault(
            'a length such as "30s", "5m", "1h", "2d", or "today"', "Write a whole number and one of s, m, h, d."
        )
    if seconds is not None and seconds % 10:
        return Fault("a multiple of 10 seconds", "Round it: events are counted in slices of 10 seconds.")
    return None


def _check_spans(spans: tuple[str, ...]) -> Fault | None:
    allowed = '"HH:MM-HH:MM", in order, not overlapping'
    last = 0
    for span in spans:
        try:
            start, end = span_minutes(span)
        except ValueError:
            return Fault(allowed, f'Mend "{span}"; the whole day is "00:00-24:00", past midnight is "22:00-02:00".')
        if start < last:
            return Fault(allowed, f'"{span}" starts before the span before it ends.')
        last = end
    return None


def _check_holiday_calendar(name: str) -> Fault | None:
    if name in calendar_names():
        return None
    allowed = 'a country or a country and its subdivision, such as "FR", "DE-BY" or "GB-SCT"'
    return Fault(allowed, did_you_mean(name, calendar_names(), "Use ISO 3166 codes, or list the days in holidays."))


Zone: TypeAlias = Annotated[str, Meta(extra={"check": _check_zone})]
Window: TypeAlias = Annotated[str, Meta(extra={"check": _check_window})]
Spans: TypeAlias = Annotated[tuple[str, ...], Meta(extra={"check": _check_spans})]
HolidayCalendar: TypeAlias = Annotated[str, Meta(extra={"check": _check_holiday_calendar})]


def decode_hook(kind: type, value: Any) -> Any:
    """Let ``msgspec.convert`` make a ``Secret``, the one type it does not know, of a string. Raises TypeError."""
    if not isinstance(value, str):
        raise TypeError(f"Expected `str`, got `{type(value).__name__}`")
    return kind(value)


def problems_in(value: object, kind: Any, path: str) -> list[Problem]:
    """Every problem of ``value`` as a ``kind``; empty when ``msgspec.convert(value, kind)`` would take it."""
    kind = _without_none(kind) if value is not None else kind
    bare, checks = _unwrap(kind)
    if isinstance(value, Mapping) and isinstance(bare, type) and issubclass(bare, msgspec.Struct):
        return _problems_in_table(value, bare, path)
    if isinstance(value, Mapping) and typing.get_origin(bare) is dict:
        key_kind, value_kind = typing.get_args(bare)
        problems = []
        for key, item in value.items():
            wrong_key = problems_in(key, key_kind, f"{path}.{key}")
            problems += wrong_key or problems_in(item, value_kind, f"{path}.{key}")
        return problems
    try:
        msgspec.convert(value, kind, dec_hook=decode_hook)
    except msgspec.ValidationError:
        return [Problem(path, show(value, bare), describe(kind), _mend(value, kind))]
    for check in checks:
        fault = check(value)
        if fault is not None:
            return [Problem(path, show(value, bare), fault.allowed, fault.mend)]
    item_kinds = [k for k in typing.get_args(bare) if k is not Ellipsis]
    if isinstance(value, list | tuple) and len(item_kinds) == 1:
        return [p for n, item in enumerate(value) for p in problems_in(item, item_kinds[0], f"{path}[{n}]")]
    return []


def _problems_in_table(table: Mapping[str, object], kind: type[msgspec.Struct], path: str) -> list[Problem]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    problems = []
    for key, item in table.items():
        at = f"{path}.{key}" if path else key
        if key in fields:
            problems += problems_in(item, fields[key].type, at)
        else:
            mend = did_you_mean(key, fields, "Remove it.")
            problems.append(Problem(at, "a key nobody reads", ", ".join(fields), mend))
    for key, field in fields.items():
        if field.required and key not in table:
            problems.append(Problem(f"{path}.{key}", "nothing", describe(field.type), "Add it."))
    return problems


_WORDS: Final[dict[type, str]] = {
    int: "a whole number",
    float: "a number",
    str: "a string",
    bool: "true or false",
    datetime.date: "a date such as 2026-12-25",
    Secret: "a string",
}


def describe(kind: Any) -> str:
    """What a type allows, in words: ``a whole number from 1 to 65535``, ``one of "wall", "stream"``."""
    kind = _without_none(kind)
    bare = bare_type(kind)
    if typing.get_origin(bare) is Literal:
        return "one of " + ", ".join(f'"{word}"' for word in typing.get_args(bare))
    if typing.get_origin(bare) is tuple:
        return f"a list, each {describe(typing.get_args(bare)[0])}"
    return _WORDS.get(bare, "a table") + _bounds(kind)


def _bounds(kind: Any) -> str:
    words = ""
    for meta in getattr(kind, "__metadata__", ()):
        if isinstance(meta, Meta):
            words += ", not empty" if meta.min_length else ""
            words += f" from {meta.ge:g}" if meta.ge is not None else ""
            words += f" above {meta.gt:g}" if meta.gt is not None else ""
            words += f" to {meta.le:g}" if meta.le is not None else ""
            words += f", matching {meta.pattern}" if meta.pattern is not None else ""
    return words


def _mend(value: object, kind: Any) -> str:
    bare = bare_type(kind)
    if typing.get_origin(bare) is Literal and isinstance(value, str):
        return did_you_mean(value, typing.get_args(bare), "Choose one of them.")
    if bare in (int, float) and isinstance(value, str):
        return "Write the number without quotes." if value.replace(".", "", 1).isdigit() else "Write a number."
    if not isinstance(value, str) and (bare is str or typing.get_origin(bare) is Literal):
        return "Put it in quotes."
    if typing.get_origin(bare) is tuple and isinstance(value, str):
        return "Put it in brackets: a list."
    return "Change it to an allowed value, or remove the key for the default."


def show(value: object, kind: Any = None) -> str:
    """A value as the reader wrote it, shortened; secrets are never shown."""
    if kind is Secret:
        return "a secret"
    text = f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 80 else text[:77] + "..."


def bare_type(kind: Any) -> Any:
    """The type alone: without ``Annotated`` and without ``| None``."""
    return _unwrap(_without_none(kind))[0]


def _unwrap(kind: Any) -> tuple[Any, list[Callable[[Any], Fault | None]]]:
    """The type inside ``Annotated`` and the checks that stand beside it."""
    checks = [m.extra["check"] for m in getattr(kind, "__metadata__", ()) if isinstance(m, Meta) and m.extra]
    return (typing.get_args(kind)[0] if typing.get_origin(kind) is Annotated else kind), checks


def _without_none(kind: Any) -> Any:
    """``X`` of ``X | None``; any other type as it is."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        rest = [arm for arm in typing.get_args(kind) if arm is not type(None)]
        return rest[0] if len(rest) == 1 else kind
    return kind
