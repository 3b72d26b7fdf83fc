"""Bytes to events: a Kafka record's topic, key and value enter; an ``Event`` or a ``Rejected`` with its reason leaves.

Nothing here raises, whatever the bytes, and the verdict depends on them alone: not on the clock, the caller's stack or
earlier records. The good path is one typed decode and a handful of comparisons; why a record was refused is worked out
only after it was. Faults are judged in this order, and the first one found is the reason: size, nesting, UTF-8, JSON,
object, ``schema_version``, fields (from left to right, missing ones last), topic, key, times, sense.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final, NamedTuple, get_args

import msgspec
from msgspec import inspect

from streams.events import (
    AGENT_EVENTS,
    CALL_EVENTS,
    CONVERSATION_EVENTS,
    SCHEMA_VERSION,
    AgentEvent,
    AgentScheduled,
    CallEvent,
    ContactEvent,
    Event,
    QueueStateChanged,
    Rated,
    SourceGap,
    SourceHeartbeat,
    SourceSnapshot,
)

MAX_BYTES: Final = 65_536
MAX_DEPTH: Final = 256
"""Levels of arrays and objects. Far below Python's recursion limit, so that the caller's stack never decides."""
EARLIEST_MS: Final = 631_152_000_000
"""1990-01-01T00:00:00Z in epoch milliseconds, the first instant accepted."""
END_MS: Final = 4_102_444_800_000
"""2100-01-01T00:00:00Z in epoch milliseconds, the first instant refused."""
AHEAD_MS: Final = 900_000
"""How far a source's clock may be ahead of the time Kafka stamped on the record: 15 minutes."""
MAX_DETAIL: Final = 300

MEANINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "empty": "the record has no value, or only white space",
        "too_large": f"the value is longer than {MAX_BYTES:,} bytes",
        "too_deep": f"arrays and objects are nested deeper than {MAX_DEPTH} levels",
        "not_utf8": "the value is not UTF-8 text",
        "not_json": "the value is not one JSON document (NaN and Infinity are not JSON)",
        "not_an_object": "the value is JSON, but not an object",
        "newer_version": f"schema_version is above {SCHEMA_VERSION}, the newest this version knows",
        "unknown_type": "type is not one of the contract's event types",
        "missing_field": "a field this type of event must have is absent",
        "wrong_type": "a field has the wrong JSON type (an integer must be written without a fraction)",
        "out_of_range": "a number, a text's length or a list's length is outside its bounds",
        "unknown_value": "a field with a closed list of values has one that is not in it",
        "wrong_topic": "this type of event belongs on another topic",
        "key_mismatch": "the record's key is null or is not the contact's (agent's) id",
        "time_out_of_range": "a time is before 1990 or not before 2100; times are epoch milliseconds",
        "time_in_future": "occurred_at is more than 15 minutes after the record was published",
    }
)
REASONS: Final = tuple(MEANINGS)


class Rejected(NamedTuple):
    """A record that is no event: ``reason`` is one of ``REASONS``; ``detail`` says what, where and how to mend it.

    ``detail`` has at most 300 characters and never repeats an id, a name or a text of the record.
    """

    reason: str
    detail: str


class _Rule(NamedTuple):
    """What must hold for a decoded event of one type; None where nothing need."""

    topic: str | None
    key: Callable[[Any], str] | None
    sense: Callable[[Any], Rejected | None] | None


_SURELY_FLAT: Final = 2 * MAX_DEPTH  # bytes: a shorter document has no room for more than MAX_DEPTH levels
_read: Final[Callable[[bytes], Event]] = msgspec.json.Decoder(Event).decode
_skim = msgspec.json.Decoder(msgspec.Raw).decode


def decode(topic: str, key: bytes | None, value: bytes | None, published_at: int = 0) -> Event | Rejected:
    """The event in one Kafka record, or the reason why there is none. Never raises.

    ``published_at`` is the record's Kafka timestamp in epoch milliseconds; 0 means unknown, and then no time is in the
    future. Repeated fields: the last one holds, though each must be valid.
    """
    if not value:
        return _refuse("empty", "the record has no value: publish the event as its value")
    if len(value) > _SURELY_FLAT:
        if len(value) > MAX_BYTES:
            return _refuse("too_large", f"{len(value):,} bytes: publish events of at most {MAX_BYTES:,}")
        if _is_deep(value):
            return _too_deep()
    try:
        if not value.isascii():
            value.decode()  # the typed decoder does not look inside fields it skips
        event = _read(value)
    except UnicodeDecodeError as error:
        return _refuse("not_utf8", f"byte {error.start} is not UTF-8: encode the value as UTF-8")
    except msgspec.DecodeError as error:
        return _fault(value, error)
    except RecursionError:
        return _too_deep()
    if event.schema_version > SCHEMA_VERSION:
        return _newer()
    home, key_of, sense = _RULES[type(event)]
    if home is not None and topic != home:
        return _refuse("wrong_topic", f"this type belongs on {home}: publish it there")
    if key_of is not None and key_of(event).encode() != key:
        return _key(key, event)
    occurred_at = event.occurred_at
    if not EARLIEST_MS <= occurred_at < END_MS:
        return _time("occurred_at", occurred_at)
    if 0 < published_at < occurred_at - AHEAD_MS:
        return _future(occurred_at - published_at)
    if sense is None:
        return event
    return sense(event) or event


# --- after a failure: which reason ---------------------------------------------------------------------------------


_ABSENT_FIELD: Final = msgspec.Raw(b"")
_Head: Final[Any] = msgspec.defstruct(
    "_Head", [("type", msgspec.Raw, _ABSENT_FIELD), ("schema_version", msgspec.Raw, _ABSENT_FIELD)], gc=False
)
"""Two fields as they stand in the text: reading their values could fail again (a number of 5,000 digits)."""
_head: Final = msgspec.json.Decoder(_Head).decode
_A_TYPE: Final = re.compile(rb'"([a-z_]{1,20}\.[a-z_]{1,20})"')
_A_VERSION: Final = re.compile(rb"[1-9][0-9]*")
_WHERE: Final = re.compile(r"`\$\.(\w+)[^`]*`$")
_ABSENT: Final = re.compile(r"^Object missing required field `(\w+)`")
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_STEPS: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKETS: Final = bytes(each for each in range(256) if each not in _STEPS)


def _refuse(reason: str, detail: str) -> Rejected:
    return Rejected(reason, detail if len(detail) <= MAX_DETAIL else detail[: MAX_DETAIL - 3] + "...")


def _is_deep(value: bytes) -> bool:
    """Whether arrays and objects nest deeper than ``MAX_DEPTH``; brackets inside texts don't count."""
    if value.count(b"[") + value.count(b"{") <= MAX_DEPTH:
        return False
    depth = 0
    for bracket in _STRING.sub(b"", value).translate(None, _NO_BRACKETS):
        depth += _STEPS[bracket]
        if depth > MAX_DEPTH:
            return True
    return False


def _too_deep() -> Rejected:
    return _refuse("too_deep", f"nested deeper than {MAX_DEPTH} levels: an event is flat, leave the nested field out")


def _fault(value: bytes, error: msgspec.DecodeError) -> Rejected:
    """The reason for which the typed decoder refused ``value``, as text that is safe to keep."""
    if value.isspace():
        return _refuse("empty", "the value is white space: publish the event as its value")
    try:
        _skim(value)
    except msgspec.DecodeError as malformed:
        return _refuse("not_json", f"{malformed}: publish one JSON object, with no NaN, Infinity or trailing text")
    except RecursionError:
        return _too_deep()
    if not value.lstrip().startswith(b"{"):
        return _refuse("not_an_object", "the value is another kind of JSON: publish one object a record, not a list")
    head = _head(value)
    version = bytes(head.schema_version)
    if _A_VERSION.fullmatch(version) and (len(version) > 9 or int(version) > SCHEMA_VERSION):
        return _newer()
    kind = _A_TYPE.fullmatch(head.type)
    return _field(kind[1].decode() if kind else "", str(error))


def _field(kind: str, message: str) -> Rejected:
    """Translate the decoder's message, which may quote the record, into a reason and a text which does not."""
    absent = _ABSENT.match(message)
    if absent:
        return _refuse("missing_field", f"$.{absent[1]} is missing: this type of event must have it")
    where = _WHERE.search(message)
    name = where[1] if where else "?"
    if name == "type" and message.startswith("Invalid value"):
        return _unknown_type(kind)
    if message.startswith("Invalid enum value"):
        known = ", ".join(_choices().get(kind, {}).get(name, ())) or "see the schema"
        return _refuse("unknown_value", f"$.{name} is not in its closed list: {known}")
    what = message.partition(" - at ")[0].replace("`", "")
    if ", got " in what or name == "type":
        return _refuse("wrong_type", f"$.{name}: {what[0].lower()}{what[1:]}")
    return _refuse("out_of_range", f"$.{name}: {what[0].lower()}{what[1:]}")


def _unknown_type(kind: str) -> Rejected:
    if kind in _choices():
        return _refuse("unknown_type", "$.type is given more than once, with different values: give it once")
    shown = f" ({kind})" if kind else ""
    return _refuse("unknown_type", f"$.type is no event type of schema version {SCHEMA_VERSION}{shown}: see the schema")


@cache
def _choices() -> dict[str, dict[str, tuple[str, ...]]]:
    """Per event type: the fields with a closed list of values, and those values."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for info in inspect.multi_type_info(get_args(Event)):
        assert isinstance(info, inspect.StructType)
        lists = found[str(info.tag)] = {}
        for field in info.fields:
            for part in field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,):
                if isinstance(part, inspect.LiteralType):
                    lists[field.encode_name] = tuple(str(each) for each in part.values)
    return found


def _newer() -> Rejected:
    return _refuse("newer_version", f"$.schema_version is above {SCHEMA_VERSION}: update Queuepulse")


def _key(key: bytes | None, event: Event) -> Rejected:
    field = "agent_id" if isinstance(event, AgentEvent) else "contact_id"
    what = "is null" if key is None else f"is not $.{field}"
    return _refuse("key_mismatch", f"the record's key {what}: publish with key = {field} in UTF-8, nothing added")


def _time(field: str, at: int) -> Rejected:
    hint = "give epoch milliseconds from 1990 to 2099"
    for factor, unit in ((1_000, "seconds"), (1 / 1_000, "microseconds"), (1 / 1_000_000, "nanoseconds")):
        if EARLIEST_MS <= at * factor < END_MS:
            hint = f"this looks like {unit}, give milliseconds"
    return _refuse("time_out_of_range", f"$.{field} is {at}: {hint}")


def _future(ahead_ms: int) -> Rejected:
    return _refuse(
        "time_in_future",
        f"$.occurred_at is {ahead_ms // 1_000} s after the record was published, more than {AHEAD_MS // 1_000} s: "
        "set the source's clock (UTC), publish what happened, not what is planned",
    )


# --- what a type and a bound cannot say ----------------------------------------------------------------------------


def _scheduled(event: AgentScheduled) -> Rejected | None:
    for field, at in (("starts_at", event.starts_at), ("ends_at", event.ends_at)):
        if not EARLIEST_MS <= at < END_MS:
            return _time(field, at)
    if event.ends_at < event.starts_at:
        return _refuse("out_of_range", "$.ends_at is before $.starts_at: exchange them")
    return None


def _gap(event: SourceGap) -> Rejected | None:
    if not EARLIEST_MS <= event.since < END_MS:
        return _time("since", event.since)
    if event.since > event.occurred_at:
        return _refuse("out_of_range", "$.since is after $.occurred_at: give the last time you are sure of")
    return None


def _rated(event: Rated) -> Rejected | None:
    low, high = event.scale_min, event.scale_max
    if not low < high:
        return _refuse("out_of_range", "$.scale_min is not below $.scale_max: give the scale's two ends")
    if not low <= event.score <= high:
        return _refuse("out_of_range", "$.score is outside $.scale_min to $.scale_max: give the scale it was asked on")
    if event.expected is not None and not low <= event.expected <= high:
        return _refuse("out_of_range", "$.expected is outside $.scale_min to $.scale_max: ask both on one scale")
    return None


_SENSE: Final[Mapping[type[Event], Callable[[Any], Rejected | None]]] = {
    AgentScheduled: _scheduled, Rated: _rated, SourceGap: _gap,
}  # fmt: skip


def _rule(kind: type[Event]) -> _Rule:
    sense = _SENSE.get(kind)
    if issubclass(kind, ContactEvent):
        home = CALL_EVENTS if issubclass(kind, CallEvent) else CONVERSATION_EVENTS
        return _Rule(home, attrgetter("contact_id"), sense)
    if issubclass(kind, AgentEvent):
        return _Rule(AGENT_EVENTS, attrgetter("agent_id"), sense)
    anywhere = issubclass(kind, QueueStateChanged | SourceHeartbeat | SourceSnapshot | SourceGap)
    return _Rule(None if anywhere else CONVERSATION_EVENTS, None, sense)


_RULES: Final[dict[type[Event], _Rule]] = {kind: _rule(kind) for kind in get_args(Event)}


def home_of(kind: type[Event]) -> str | None:
    """The topic on which events of this type belong, or None where any will do."""
    return _RULES[kind].topic
