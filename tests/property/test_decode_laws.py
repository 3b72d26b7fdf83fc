"""Laws of the decoder: it never raises, its verdict is the schema's, and asking twice changes nothing."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from streams.decode import REASONS, Rejected, decode, home_of
from streams.events import Event
from streams.schema.events import KINDS, definitions, events_schema, tag_of

EXAMPLES: Final = Path(__file__).resolve().parents[2] / "schemas" / "examples" / "valid"
VALID: Final = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(EXAMPLES.glob("*.json"))]
HOMES: Final = {tag_of(kind): home_of(kind) or "call-events" for kind in KINDS}
BEYOND_A_SCHEMA: Final = ("conversation.rated", "agent.scheduled", "source.gap")
"""A score off its scale, an end before its start."""

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@cache
def schema_of(tag: str) -> Draft202012Validator:
    kind = next(kind for kind in KINDS if tag_of(kind) == tag)
    return Draft202012Validator(events_schema("one", tag, [kind]))


def verdict_on(event: dict[str, Any]) -> Event | Rejected:
    """The decoder's, with topic and key as they should be."""
    tag = event.get("type")
    home = HOMES.get(tag, "call-events") if isinstance(tag, str) else "call-events"
    key = event.get("agent_id") if home == "agent-events" else event.get("contact_id")
    return decode(home, key.encode() if isinstance(key, str) else None, json.dumps(event).encode())


def a_value_for(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values which a field's schema allows."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return st.one_of(*(_one(kind, schema) for kind in kinds))


def _one(kind: str, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    low, high = schema.get("minimum"), schema.get("maximum")
    match kind:
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(low, high)
        case "number":
            return st.floats(low, high, allow_nan=False, allow_infinity=False)
        case "array":
            return st.lists(a_value_for(schema["items"]), max_size=3)
        case _:
            longest = min(schema.get("maxLength", 20), 20)
            return st.text(
                st.characters(exclude_categories=["Cs"]), min_size=schema.get("minLength", 0), max_size=longest
            )


@cache
def fields_of(name: str) -> tuple[dict[str, Any], set[str]]:
    """All fields of a definition with their schemas, and the names of those required."""
    schema = definitions()[name]
    fields: dict[str, Any] = {}
    required: set[str] = set(schema.get("required", ()))
    for base in schema.get("allOf", ()):
        inherited, needed = fields_of(base["$ref"].rpartition("/")[2])
        fields |= inherited
        required |= needed
    return fields | schema["properties"], required


@st.composite
def events_the_schema_allows(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(KINDS))
    fields, required = fields_of(kind.__name__)
    optional = draw(st.sets(st.sampled_from(sorted(fields)), max_size=6))
    chosen = sorted((required | optional) - {"type"})
    return {"type": tag_of(kind)} | {field: draw(a_value_for(fields[field])) for field in chosen}


@given(
    topic=st.sampled_from(["call-events", "conversation-events", "agent-events", "elsewhere"]),
    key=st.none() | st.binary(max_size=20),
    value=st.none() | st.binary(max_size=400) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")),
    published_at=st.integers(-1, 2**62),
)
def test_any_bytes_give_an_event_or_a_reason(
    topic: str, key: bytes | None, value: bytes | None, published_at: int
) -> None:
    verdict = decode(topic, key, value, published_at)

    assert not isinstance(verdict, Rejected) or (verdict.reason in REASONS and 0 < len(verdict.detail) <= 300)


@given(
    example=st.sampled_from(VALID),
    noise=st.binary(max_size=8) | st.sampled_from([b"NaN", b'"', b"[" * 600, b"\\ud800", b"1e999"]),
    data=st.data(),
)
@settings(max_examples=400, deadline=None)
def test_a_damaged_event_gives_an_event_or_a_reason_and_the_same_one_again(
    example: dict[str, Any], noise: bytes, data: st.DataObject
) -> None:
    whole = json.dumps(example).encode()
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 8)))
    damaged = whole[:start] + noise + whole[end:]
    home = HOMES[example["type"]]

    verdict = decode(home, b"c-1", damaged)

    assert not isinstance(verdict, Rejected) or (verdict.reason in REASONS and 0 < len(verdict.detail) <= 300)
    assert decode(home, b"c-1", damaged) == verdict


@given(depth=st.integers(1, 20_000), opening=st.sampled_from([b"[", b'{"a":', b'[{"":', b"[1,["]))
@settings(max_examples=50, deadline=None)
def test_nesting_of_any_depth_gives_a_reason(depth: int, opening: bytes) -> None:
    value = (b'{"type":"call.started","extra":' + opening * depth)[:65_536]

    verdict = decode("call-events", b"c-1", value)

    assert isinstance(verdict, Rejected)
    assert verdict.reason in ("too_deep", "not_json")


@given(event=events_the_schema_allows())
@settings(max_examples=300, deadline=None)
def test_what_the_schema_allows_the_decoder_accepts(event: dict[str, Any]) -> None:
    assert schema_of(event["type"]).is_valid(event)

    verdict = verdict_on(event)

    assert not isinstance(verdict, Rejected) or (
        event["type"] in BEYOND_A_SCHEMA and verdict.reason == "out_of_range"
    ), verdict


@given(event=events_the_schema_allows(), data=st.data())
@settings(max_examples=400, deadline=None)
def test_the_schema_and_the_decoder_give_one_verdict_on_an_event_with_one_field_changed(
    event: dict[str, Any], data: st.DataObject
) -> None:
    field = data.draw(st.sampled_from(sorted(set(event) - {"type"})))
    if data.draw(st.booleans()):
        del event[field]
    else:
        event[field] = data.draw(json_values)
    # To a schema 1.0 is an integer, to the decoder it is not: the one difference, and it is written down.
    assume(not (isinstance(event.get(field), float) and event[field].is_integer()))
    assume(event["type"] not in BEYOND_A_SCHEMA)

    verdict = verdict_on(event)

    assert isinstance(verdict, Rejected) != schema_of(event["type"]).is_valid(event), verdict


@given(event=events_the_schema_allows(), more=st.dictionaries(st.text(max_size=8), json_values, max_size=3))
def test_unknown_fields_change_nothing(event: dict[str, Any], more: dict[str, Any]) -> None:
    unknown = {f"x-{field}": value for field, value in more.items()}

    assert verdict_on(unknown | event) == verdict_on(event)


@given(event=events_the_schema_allows())
def test_what_was_decoded_encodes_and_decodes_to_the_same(event: dict[str, Any]) -> None:
    verdict = verdict_on(event)
    assume(not isinstance(verdict, Rejected))

    again = verdict_on(json.loads(msgspec.json.encode(verdict)))

    assert again == verdict
