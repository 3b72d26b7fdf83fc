"""Every reason for a refusal, by example, and what is nevertheless accepted."""

from __future__ import annotations

import base64
import inspect
import json
import sys
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from streams.decode import MEANINGS, REASONS, Rejected, decode, home_of
from streams.events import CallAnswered, CallStarted, ConversationTagged, Event, HelpViewed, Rated, key_of, topic_of

EXAMPLES: Final = Path(__file__).resolve().parents[2] / "schemas" / "examples"
INVALID: Final = [json.loads(line) for line in (EXAMPLES / "invalid.jsonl").read_text(encoding="utf-8").splitlines()]
VALID: Final = sorted((EXAMPLES / "valid").glob("*.json"))
NOON: Final = 1_772_452_800_000  # 2026-03-02T12:00:00Z


def an_event(**fields: Any) -> bytes:
    whole = {"event_id": "e-1", "type": "call.started", "occurred_at": NOON, "contact_id": "c-1"} | fields
    return json.dumps(whole).encode()


def value_of(example: dict[str, Any]) -> bytes | None:
    """The record's bytes: given as an event, as text, or in base64."""
    if "base64" in example:
        return base64.b64decode(example["base64"])
    if "text" in example:
        return str(example["text"]).encode()
    return None if example["event"] is None else json.dumps(example["event"]).encode()


def verdict(example: dict[str, Any]) -> Any:
    key = None if example["key"] is None else example["key"].encode()
    return decode(example["topic"], key, value_of(example), example.get("published_at", 0))


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_a_valid_example_decodes_to_its_type_on_its_topic(path: Path) -> None:
    value = path.read_bytes()
    contents = json.loads(value)
    home = home_of_tag(contents["type"])
    key = contents.get("contact_id") or contents.get("agent_id")

    event = decode(home, key.encode() if key else None, value, published_at=NOON + 86_400_000)

    assert not isinstance(event, Rejected), event
    assert contents["type"] == path.stem
    decoded = json.loads(msgspec.json.encode(event))
    assert decoded == {field: given for field, given in contents.items() if field in decoded}


def home_of_tag(tag: str) -> str:
    if tag.startswith("call."):
        return "call-events"
    return "agent-events" if tag.startswith("agent.") else "conversation-events"


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_the_decoder_and_the_contract_agree_on_topic_and_key(path: Path) -> None:
    contents = json.loads(path.read_bytes())
    key = contents.get("contact_id") or contents.get("agent_id")

    event = decode(home_of_tag(contents["type"]), key.encode() if key else None, path.read_bytes())

    assert not isinstance(event, Rejected)
    assert home_of(type(event)) == topic_of(event)
    expected = key_of(event)
    other = decode(home_of_tag(contents["type"]), b"someone-else", path.read_bytes())
    assert (expected is None) == (not isinstance(other, Rejected))


@pytest.mark.parametrize("example", INVALID, ids=lambda example: f"{example['reason']}: {example['why']}")
def test_an_invalid_example_gives_its_reason(example: dict[str, Any]) -> None:
    rejected = verdict(example)

    assert isinstance(rejected, Rejected)
    assert rejected.reason == example["reason"]
    assert 10 < len(rejected.detail) <= 300


def test_every_reason_has_an_example() -> None:
    assert {each["reason"] for each in INVALID} | {"too_large"} == set(REASONS)
    assert all(MEANINGS[reason] for reason in REASONS)


def test_65_536_bytes_are_read_and_one_more_is_too_large() -> None:
    room = 65_536 - len(an_event(note=""))

    assert isinstance(decode("call-events", b"c-1", an_event(note="x" * room)), CallStarted)
    assert decode("call-events", b"c-1", an_event(note="x" * (room + 1))) == Rejected(
        "too_large", "65,537 bytes: publish events of at most 65,536"
    )


def test_a_record_of_900_kilobytes_is_too_large_whatever_it_holds() -> None:
    rejected = decode("call-events", b"c-1", b"[" * 900_000)

    assert isinstance(rejected, Rejected)
    assert rejected.reason == "too_large"


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")], ids=["lists", "objects"])
def test_256_levels_are_read_and_257_are_too_deep(opening: str, closing: str) -> None:
    start = an_event(beside=[]).decode()[:-1] + ',"extra":'

    at_the_limit = (start + opening * 255 + "1" + closing * 255 + "}").encode()
    beyond = (start + opening * 256 + "1" + closing * 256 + "}").encode()

    assert isinstance(decode("call-events", b"c-1", at_the_limit), CallStarted)
    assert decode("call-events", b"c-1", beyond) == Rejected(
        "too_deep", "nested deeper than 256 levels: an event is flat, leave the nested field out"
    )


def test_a_caller_at_the_end_of_its_stack_still_gets_a_verdict() -> None:
    nested = an_event()[:-1] + b',"extra":' + b"[" * 200 + b"]" * 200 + b"}"

    def at_depth(frames: int) -> Event | Rejected:
        return at_depth(frames - 1) if frames else decode("call-events", b"c-1", nested)

    verdict = at_depth(sys.getrecursionlimit() - len(inspect.stack(0)) - 100)

    assert isinstance(verdict, CallStarted) or (isinstance(verdict, Rejected) and verdict.reason == "too_deep")


def test_brackets_inside_a_text_are_not_nesting() -> None:
    assert isinstance(decode("call-events", b"c-1", an_event(note='\\"[{' * 300)), CallStarted)


def test_many_lists_side_by_side_are_not_nesting() -> None:
    assert isinstance(decode("call-events", b"c-1", an_event(extra=[[]] * 1_000)), CallStarted)


def test_fields_this_version_does_not_know_are_ignored() -> None:
    assert isinstance(decode("call-events", b"c-1", an_event(colour="blue", more={"a": [1, None]})), CallStarted)


def test_the_last_of_a_repeated_field_holds() -> None:
    event = decode("call-events", b"c-1", an_event()[:-1] + b',"queue":"first","queue":"second"}')

    assert isinstance(event, CallStarted)
    assert event.queue == "second"


def test_two_different_types_in_one_event_are_no_type() -> None:
    assert decode("call-events", b"c-1", an_event()[:-1] + b',"type":"call.ended"}') == Rejected(
        "unknown_type", "$.type is given more than once, with different values: give it once"
    )


def test_a_blank_that_is_not_empty_is_a_name_like_any_other() -> None:
    event = decode("call-events", b" ", an_event(contact_id=" ", queue=" "))

    assert isinstance(event, CallStarted)
    assert (event.contact_id, event.queue) == (" ", " ")


def test_letters_outside_ascii_are_compared_in_utf_8_however_they_were_written() -> None:
    escaped = an_event(contact_id="chloé-😀")
    plain = json.dumps(json.loads(escaped), ensure_ascii=False).encode()

    events = [decode("call-events", "chloé-😀".encode(), value) for value in (escaped, plain)]

    assert escaped != plain
    assert isinstance(events[0], CallStarted)
    assert events[0].contact_id == "chloé-😀"
    assert events[0] == events[1]


def test_a_queue_s_or_source_s_event_may_stand_on_any_topic_with_any_key() -> None:
    value = b'{"type":"source.heartbeat","event_id":"e","occurred_at":1772452800000,"source":"pbx1"}'

    verdicts = [
        decode(topic, key, value)
        for topic in ("call-events", "conversation-events", "agent-events")
        for key in (None, b"", b"any")
    ]

    assert not [each for each in verdicts if isinstance(each, Rejected)]


def test_help_centre_events_stand_among_conversations_with_any_key() -> None:
    value = b'{"type":"help.viewed","event_id":"e","occurred_at":1772452800000}'

    assert isinstance(decode("conversation-events", None, value), HelpViewed)
    assert decode("call-events", None, value) == Rejected(
        "wrong_topic", "this type belongs on conversation-events: publish it there"
    )


def test_a_list_s_items_are_checked_too() -> None:
    good = an_event(type="conversation.tagged", tags=["refund"])

    assert isinstance(decode("conversation-events", b"c-1", good), ConversationTagged)
    assert decode("conversation-events", b"c-1", an_event(type="conversation.tagged", tags=["a", ""])) == Rejected(
        "out_of_range", "$.tags: expected str of length >= 1"
    )
    assert decode("conversation-events", b"c-1", an_event(type="conversation.tagged", tags=["a", 1])) == Rejected(
        "wrong_type", "$.tags: expected str, got int"
    )


def test_both_ends_of_a_scale_are_on_it() -> None:
    for score in (0, 10):
        value = an_event(type="conversation.rated", kind="nps", score=score, scale_min=0, scale_max=10)

        assert isinstance(decode("conversation-events", b"c-1", value), Rated)


def test_1990_is_the_first_year_and_2099_the_last() -> None:
    def reason(occurred_at: int) -> str | None:
        verdict = decode("call-events", b"c-1", an_event(occurred_at=occurred_at))
        return verdict.reason if isinstance(verdict, Rejected) else None

    assert reason(631_151_999_999) == "time_out_of_range"
    assert reason(631_152_000_000) is None
    assert reason(4_102_444_799_999) is None
    assert reason(4_102_444_800_000) == "time_out_of_range"


def test_seconds_for_milliseconds_are_named_in_the_detail() -> None:
    assert decode("call-events", b"c-1", an_event(occurred_at=1_772_452_800)) == Rejected(
        "time_out_of_range", "$.occurred_at is 1772452800: this looks like seconds, give milliseconds"
    )


def test_a_clock_fifteen_minutes_ahead_is_believed_and_one_millisecond_more_is_not() -> None:
    assert isinstance(decode("call-events", b"c-1", an_event(), NOON - 900_000), CallStarted)
    refused = decode("call-events", b"c-1", an_event(), NOON - 900_001)
    assert isinstance(refused, Rejected)
    assert refused.reason == "time_in_future"


def test_without_a_publish_time_no_time_is_in_the_future() -> None:
    assert isinstance(decode("call-events", b"c-1", an_event(occurred_at=4_000_000_000_000), 0), CallStarted)


def test_an_old_event_published_late_is_accepted() -> None:
    assert isinstance(decode("call-events", b"c-1", an_event(occurred_at=917_856_000_000), NOON), CallStarted)


@pytest.mark.parametrize("digits", [1, 10, 400, 5_000])
def test_a_version_of_any_length_is_newer(digits: int) -> None:
    value = an_event()[:-1] + b',"schema_version":' + b"9" * digits + b"}"

    assert decode("call-events", b"c-1", value) == Rejected(
        "newer_version", "$.schema_version is above 1: update Queuepulse"
    )


def test_a_newer_version_is_said_before_what_it_may_explain() -> None:
    value = an_event(schema_version=2, type="call.teleported", channel=7)

    rejected = decode("agent-events", None, value)

    assert isinstance(rejected, Rejected)
    assert rejected.reason == "newer_version"


def test_an_unknown_value_s_detail_lists_the_known_ones() -> None:
    rejected = decode("call-events", b"c-1", an_event(type="call.flowed_out", reason="gone"))

    assert rejected == Rejected(
        "unknown_value",
        "$.reason is not in its closed list: "
        "callback, closed, diverted, full, key, no_agents, overflow, timeout, transfer, voicemail",
    )


def test_an_unknown_type_is_named_only_when_it_looks_like_one() -> None:
    named = decode("call-events", b"c-1", an_event(type="call.hung_up"))
    unnamed = decode("call-events", b"c-1", an_event(type="Jane Doe, 555-0100"))

    start = "$.type is no event type of schema version 1"
    assert named == Rejected("unknown_type", f"{start} (call.hung_up): see the schema")
    assert unnamed == Rejected("unknown_type", f"{start}: see the schema")


def test_no_detail_repeats_an_id_a_name_or_a_text() -> None:
    secret = "s3cret"
    fields = ("event_id", "contact_id", "queue", "agent_id", "customer_id", "channel", "direction", "to", "type")
    values = [an_event(**{field: secret * 40}) for field in fields]
    values += [an_event(**{field: {secret: secret}}) for field in fields]
    values += [an_event(contact_id=secret), secret.encode(), json.dumps([secret]).encode(), json.dumps(secret).encode()]

    verdicts = [decode("call-events", b"other", value) for value in values]

    assert [each for each in verdicts if isinstance(each, Rejected) and secret in each.detail] == []
    assert [each for each in verdicts if not isinstance(each, Rejected)] == []


def test_measured_durations_arrive_as_they_were_sent() -> None:
    event = decode("call-events", b"c-1", an_event(type="call.answered", wait_ms=0, ring_ms=4_200))

    assert isinstance(event, CallAnswered)
    assert (event.wait_ms, event.ring_ms, event.talk_ms) == (0, 4_200, None)
