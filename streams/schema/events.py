"""The events as JSON Schema 2020-12: the structs of ``streams.events`` enter, schema objects leave.

Each event type becomes its envelope (``allOf``) plus what is its own. Only keywords which draft 07 knows as well are
used, so that the definitions also stand in an AsyncAPI document. Unknown fields are allowed, as in the decoder. What a
schema can't say is left to the decoder: topic, key, the future, a score within its scale, an end not before its start.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import Any, Final, TypeAlias, get_args

import msgspec
from msgspec import Struct

from streams.decode import EARLIEST_MS, END_MS, home_of
from streams.events import SCHEMA_VERSION, AgentEvent, ContactEvent, Envelope, Event
from streams.schema.text import describe

Schema: TypeAlias = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
KINDS: Final[tuple[type[Event], ...]] = get_args(Event)
_BASES: Final[tuple[type[Struct], ...]] = (ContactEvent, AgentEvent, Envelope)
_TIMES: Final = ("occurred_at", "starts_at", "ends_at", "since")


def tag_of(kind: type[Event]) -> str:
    """The value of ``type`` in events of this struct, such as ``call.offered``."""
    return str(kind.__struct_config__.tag)


def definitions() -> dict[str, Schema]:
    """Every definition by name: the three envelopes, then one for each type in the contract's order."""
    _, raw = msgspec.json.schema_components([*_BASES, *KINDS])
    own: dict[str, Schema] = {"Envelope": _own(raw, Envelope, None)}
    for base in (ContactEvent, AgentEvent):
        own[base.__name__] = _own(raw, base, Envelope)
    for kind in KINDS:
        own[kind.__name__] = _own(raw, kind, next(base for base in _BASES if issubclass(kind, base)))
    return own


def events_schema(name: str, title: str, kinds: Iterable[type[Event]]) -> Schema:
    """One self-contained document that accepts exactly the events of ``kinds``."""
    chosen = list(kinds)
    names = [kind.__name__ for kind in chosen]
    bases = [base.__name__ for base in _BASES if any(issubclass(kind, base) for kind in chosen)]
    return {
        "$schema": DIALECT,
        "$id": f"urn:queuepulse:schema:{name}:{SCHEMA_VERSION}",
        "title": title,
        "description": f"Contract version {SCHEMA_VERSION}. Fields which are not named here are allowed and ignored.",
        "type": "object",
        "required": ["type"],
        "oneOf": [{"$ref": f"#/$defs/{each}"} for each in names],
        "$defs": {each: schema for each, schema in definitions().items() if each in (*bases, *names)},
    }


def kinds_on(topic: str) -> list[type[Event]]:
    """The types that may stand on ``topic``; those of sources and queues may stand on any."""
    return [kind for kind in KINDS if home_of(kind) in (topic, None)]


def _own(raw: dict[str, Schema], struct: type[Struct], base: type[Struct] | None) -> Schema:
    """What ``struct`` adds to its base, or narrows."""
    schema, inherited = raw[struct.__name__], raw[base.__name__] if base else {"properties": {}, "required": []}
    tag = schema["properties"]["type"]["enum"][0]
    is_event = tag != struct.__name__
    own: Schema = {"title": tag if is_event else struct.__name__, "description": _plain(schema["description"])}
    if base is None:
        own["type"] = "object"
    else:
        own["allOf"] = [{"$ref": f"#/$defs/{base.__name__}"}]
    own["properties"] = {}
    if is_event:
        own["properties"]["type"] = {"const": tag}
    elif base is None:
        own["properties"]["type"] = {"type": "string", "description": describe("", "type")}
    for field, given in schema["properties"].items():
        if field != "type" and given != inherited["properties"].get(field):
            own["properties"][field] = {"description": describe(tag, field)} | _field(field, given)
    required = [
        field for field in schema["required"] if field not in inherited["required"] or field in own["properties"]
    ]
    if required:
        own["required"] = required
    return own


def _field(field: str, given: Schema) -> Schema:
    """One field: null folded into its type, and the bounds which the decoder checks by hand."""
    schema = deepcopy(given)
    if "anyOf" in schema:
        inner = next(each for each in schema.pop("anyOf") if each != {"type": "null"})
        schema = inner | schema
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
        else:
            schema["type"] = [schema["type"], "null"]
    schema.pop("description", None)  # the contract's unit; the full text has it
    if field in _TIMES:
        schema |= {"minimum": EARLIEST_MS, "maximum": END_MS - 1}
    elif field == "schema_version":
        schema["maximum"] = SCHEMA_VERSION
    return schema


def _plain(docstring: str) -> str:
    return docstring.replace("``", "`")
