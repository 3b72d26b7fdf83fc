"""The files of ``schemas/`` are current, valid, complete, and agree with the decoder on every example."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from streams.decode import REASONS, Rejected, decode
from streams.events import TOPICS
from streams.partition import Refused
from streams.rejected import rejected_record
from streams.schema import documents, main, stale, write
from streams.schema.events import KINDS, kinds_on, tag_of
from streams.schema.text import FIELDS, SPECIAL

SCHEMAS: Final = Path(__file__).resolve().parents[2] / "schemas"
TAGS: Final = [tag_of(kind) for kind in KINDS]
VALID: Final = sorted((SCHEMAS / "examples" / "valid").glob("*.json"))
SAID_BY_A_SCHEMA: Final = (
    "not_an_object",
    "newer_version",
    "unknown_type",
    "missing_field",
    "wrong_type",
    "unknown_value",
    "time_out_of_range",
)


def read(name: str) -> Any:
    return json.loads((SCHEMAS / name).read_text(encoding="utf-8"))


REJECTED: Final = read("rejected.schema.json")
EVENTS: Final = Draft202012Validator(read("events.schema.json"))


def references(document: Any) -> list[str]:
    if isinstance(document, dict):
        own = [document["$ref"]] if isinstance(document.get("$ref"), str) else []
        return own + [each for value in document.values() for each in references(value)]
    return [each for value in document for each in references(value)] if isinstance(document, list) else []


def target(document: Any, reference: str) -> Any:
    for part in reference.removeprefix("#/").split("/"):
        document = document[part]
    return document


def test_the_committed_files_are_current() -> None:
    assert stale(SCHEMAS) == []


def test_check_names_what_is_not_current_and_write_mends_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["write", str(tmp_path)]) == 0
    (tmp_path / "asyncapi.json").write_text("{}")
    (tmp_path / "events.schema.json").unlink()
    capsys.readouterr()

    assert main(["check", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert write(tmp_path) == ["events.schema.json", "asyncapi.json"]

    assert [name for name in documents() if name in said] == ["events.schema.json", "asyncapi.json"]
    assert main(["check", str(tmp_path)]) == 0
    assert main([]) == main(["draw"]) == 2


@pytest.mark.parametrize("name", [name for name in documents() if name.endswith(".schema.json")])
def test_a_schema_is_valid_json_schema_2020_12(name: str) -> None:
    schema = read(name)

    Draft202012Validator.check_schema(schema)

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert [each for each in references(schema) if not target(schema, each)] == []


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_a_valid_example_is_valid_under_the_schemas_of_all_events_and_of_its_topic(path: Path) -> None:
    event = json.loads(path.read_text(encoding="utf-8"))
    home = next(topic for topic in TOPICS if event["type"] in [tag_of(kind) for kind in kinds_on(topic)])

    assert [error.message for error in EVENTS.iter_errors(event)] == []
    assert Draft202012Validator(read(f"{home}.schema.json")).is_valid(event)


def test_there_is_one_valid_example_of_every_type() -> None:
    assert [path.stem for path in VALID] == sorted(TAGS)


def test_an_invalid_example_is_invalid_under_the_schema_where_a_schema_can_say_so() -> None:
    lines = (SCHEMAS / "examples" / "invalid.jsonl").read_text(encoding="utf-8").splitlines()
    examples = [json.loads(line) for line in lines]
    sayable = [each for each in examples if each["reason"] in SAID_BY_A_SCHEMA and "event" in each]

    wrongly_valid = [each["why"] for each in sayable if EVENTS.is_valid(each["event"])]

    assert len(sayable) == 17
    assert wrongly_valid == []


@pytest.mark.parametrize(("key", "value"), [(b"c-2", b'{"type":"call.started"}'), (None, None)], ids=["bytes", "none"])
def test_a_rejected_record_is_valid_under_its_schema(key: bytes | None, value: bytes | None) -> None:
    rejected = decode("call-events", key, value)
    assert isinstance(rejected, Rejected)

    refused = Refused(17, rejected.reason, rejected.detail, key, value, 1_772_452_800_000)
    _, record = rejected_record("call-events", 3, refused)

    assert [error.message for error in Draft202012Validator(REJECTED).iter_errors(json.loads(record))] == []
    assert set(json.loads(record)) == set(REJECTED["properties"])


def test_a_rejected_record_gives_one_of_the_decoder_s_reasons() -> None:
    reasons = REJECTED["properties"]["reason"]["oneOf"]

    assert [each["const"] for each in reasons] == list(REASONS)


def test_the_readme_lists_every_reason_in_the_order_in_which_they_are_judged() -> None:
    text = (SCHEMAS / "README.md").read_text(encoding="utf-8")

    assert re.findall(r"^\| `(\w+)` \| ", text.partition("The first fault found")[2], re.MULTILINE) == list(REASONS)


def test_every_type_is_in_the_readme() -> None:
    text = (SCHEMAS / "README.md").read_text(encoding="utf-8")

    assert [tag for tag in TAGS if tag not in text and not tag.startswith("help.")] == []


def test_every_field_is_described_and_no_description_is_left_over() -> None:
    used: set[str] = set()
    special: set[str] = set()
    for name, schema in read("events.schema.json")["$defs"].items():
        for field, given in schema["properties"].items():
            assert "description" in given or "const" in given, f"{name}.{field}"
            used.add(field)
            special.add(f"{schema['title']}.{field}")

    assert used == set(FIELDS)
    assert set(SPECIAL) - special == set()


def test_every_duration_and_time_says_its_unit() -> None:
    fields = [each for each in FIELDS if each.endswith(("_ms", "_at"))]

    assert len(fields) == 8
    assert [each for each in fields if "millisecond" not in FIELDS[each]] == []


def test_the_asyncapi_document_has_the_shape_of_version_3() -> None:
    document = read("asyncapi.json")

    assert document["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= set(document["info"])
    assert [each for each in references(document) if not target(document, each)] == []
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", name) for part in document["components"].values() for name in part)
    for operation in document["operations"].values():
        assert operation["action"] in ("send", "receive")
        assert operation["channel"]["$ref"].startswith("#/channels/")


def test_the_asyncapi_document_has_every_topic_with_all_its_messages() -> None:
    document = read("asyncapi.json")
    channels = document["channels"]
    named = {
        name: {target(document, message["$ref"])["name"] for message in channel["messages"].values()}
        for name, channel in channels.items()
    }

    assert sorted(channels) == [
        "agent-events",
        "agent-events-rejected",
        "call-events",
        "call-events-rejected",
        "conversation-events",
        "conversation-events-rejected",
    ]
    assert all(channel["address"] == name for name, channel in channels.items())
    assert set.union(*(named[topic] for topic in TOPICS)) == set(TAGS)
    assert named["call-events-rejected"] == {"rejected"}


def test_the_asyncapi_document_names_the_key_of_every_contact_and_agent() -> None:
    messages = read("asyncapi.json")["components"]["messages"]
    keyed = {each["name"] for each in messages.values() if "kafka" in each.get("bindings", {})}

    assert set(TAGS) - keyed == {
        "help.deflected",
        "help.searched",
        "help.viewed",
        "queue.state_changed",
        "source.gap",
        "source.heartbeat",
        "source.snapshot",
    }


def test_the_asyncapi_schemas_are_the_schemas_of_the_events() -> None:
    document = read("asyncapi.json")
    schemas = {"components": {"schemas": document["components"]["schemas"]}}
    offered = Draft202012Validator({"$ref": "#/components/schemas/CallOffered"} | schemas)
    example = json.loads((SCHEMAS / "examples" / "valid" / "call.offered.json").read_text(encoding="utf-8"))

    assert offered.is_valid(example)
    assert not offered.is_valid({field: value for field, value in example.items() if field != "queue"})
    assert not offered.is_valid(example | {"event_id": ""})
