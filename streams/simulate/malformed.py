"""Records that must not count: one maker for each way a real source gets it wrong.

What enters is a good item and dice; what leaves is the key and value of a bad record beside it. Each maker stands under
a name that says what is wrong, with the reason the decoder must give. Most keep the good record's ``event_id``, which
must not make the good one a duplicate.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

import msgspec

from streams.events import ContactEvent, Event
from streams.simulate.kernel import Item

Record: TypeAlias = tuple[bytes | None, bytes]


class Maker(NamedTuple):
    """``reason`` is what ``streams.decode`` must say of what ``make`` makes."""

    reason: str
    make: Callable[[random.Random, Item], Record]


def _with(item: Item, **fields: object) -> bytes:
    raw = msgspec.json.decode(item.value)
    raw.update(fields)
    return msgspec.json.encode(raw)


def _without(item: Item, field: str) -> bytes:
    raw = msgspec.json.decode(item.value)
    raw.pop(field, None)
    return msgspec.json.encode(raw)


def _cut(dice: random.Random, item: Item) -> Record:
    return item.key, item.value[: dice.randrange(1, len(item.value))]


def _text_in(item: Item, text: bytes) -> bytes:
    """The good record with ``text`` as the value of one more field."""
    return item.value[:-1] + b',"padding":' + text + b"}"


_DEEP: Final = b"[" * 20_000 + b"]" * 20_000
_BIG: Final = b'"' + b"x" * 900_000 + b'"'
_CENTURY_MS: Final = 4_102_444_800_000

ZOO: Final[dict[str, Maker]] = {
    "empty": Maker("empty", lambda _, item: (item.key, b"")),
    "blank": Maker("empty", lambda _, item: (item.key, b" \n")),
    "not JSON": Maker("not_json", lambda _, item: (item.key, b"<event>offered</event>")),
    "cut off": Maker("not_json", _cut),
    "NaN": Maker("not_json", lambda _, item: (item.key, _text_in(item, b"NaN"))),
    "not UTF-8": Maker("not_utf8", lambda _, item: (item.key, _text_in(item, b'"\xff\xfe"'))),
    "a list": Maker("not_an_object", lambda _, item: (item.key, b"[" + item.value + b"]")),
    "a number": Maker("not_an_object", lambda _, item: (item.key, b"42")),
    "deep nesting": Maker("too_deep", lambda _, item: (item.key, _text_in(item, _DEEP))),
    "900 kB": Maker("too_large", lambda _, item: (item.key, _text_in(item, _BIG))),
    "no time": Maker("missing_field", lambda _, item: (item.key, _without(item, "occurred_at"))),
    "text for a time": Maker("wrong_type", lambda _, item: (item.key, _with(item, occurred_at="10:15"))),
    "fraction for a time": Maker("wrong_type", lambda _, item: (item.key, _with(item, occurred_at=1.75e12 + 0.5))),
    "object for an id": Maker("wrong_type", lambda _, item: (item.key, _with(item, event_id={"id": 1}))),
    "empty id": Maker("out_of_range", lambda _, item: (item.key, _with(item, event_id=""))),
    "unknown type": Maker("unknown_type", lambda _, item: (item.key, _with(item, type="call.teleported"))),
    "newer version": Maker("newer_version", lambda _, item: (item.key, _with(item, schema_version=99))),
    "1970": Maker("time_out_of_range", lambda dice, item: (item.key, _with(item, occurred_at=dice.randrange(10**9)))),
    "2100": Maker("time_out_of_range", lambda _, item: (item.key, _with(item, occurred_at=_CENTURY_MS))),
    "null key": Maker("key_mismatch", lambda _, item: (None, item.value)),
    "wrong key": Maker("key_mismatch", lambda _, item: (b"somebody-else", item.value)),
    "unknown channel": Maker("unknown_value", lambda _, item: (item.key, _with(item, channel="pigeon"))),
    "negative wait": Maker("out_of_range", lambda _, item: (item.key, _with(item, wait_ms=-1))),
}  # fmt: skip


def is_spoilable(event: Event | None) -> bool:
    """Whether every maker makes something bad of this event: it has a key, a channel and durations to get wrong."""
    return isinstance(event, ContactEvent)
