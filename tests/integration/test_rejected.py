"""Refused records are listed, shown and fed again, on Apache Kafka, with a worker that counts what comes back."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.decode import Rejected, decode
from streams.events import CALL_EVENTS, CallOffered
from streams.partition import Refused
from streams.publish import Publisher
from streams.rejected import rejected_record
from streams.salvage import Choice, feed, find
from streams.settings import Settings
from streams.topics import rejected_topic
from tests.integration.command import queuepulse
from tests.integration.harness import producing, read_all
from tests.integration.line import worker_on

AT = 1_772_445_600_000
LARGE = b'{"padding":"' + b"x" * 900_000 + b'"}'


def offered(contact: str) -> bytes:
    event = CallOffered(event_id=f"{contact}/1", occurred_at=AT, contact_id=contact, queue="billing")
    return msgspec.json.encode(event)


def refused(offset: int, reason: str, key: bytes | None, value: bytes | None) -> Refused:
    return Refused(offset, reason, f"why {offset}", key, value, AT)


REFUSED = [
    refused(3, "newer_version", b"ann", offered("ann")),
    refused(4, "newer_version", b"bob", offered("bob")),
    refused(3, "newer_version", b"ann", offered("ann")),  # a crash wrote it twice
    refused(7, "not_json", b"bob", b"\x1b]0;owned\x07{"),
    refused(8, "empty", b"bob", None),
    refused(9, "too_large", b"bob", LARGE),
]


@pytest.fixture
async def rejected(settings: Settings) -> Settings:
    """Settings whose rejected topic holds what an older version has refused in partition 2, and what is not ours."""
    async with producing(settings) as producer:
        for one in REFUSED:
            key, value = rejected_record(CALL_EVENTS, 2, one)
            await producer.send_and_wait(rejected_topic(CALL_EVENTS), value, key=key, partition=2)
        await producer.send_and_wait(rejected_topic(CALL_EVENTS), b"not ours", partition=0)
    return settings


async def test_what_was_refused_is_found_once_by_topic_and_reason(rejected: Settings) -> None:
    found = await find(rejected.broker, Choice(), 2)
    chosen = await find(rejected.broker, Choice(topics=("call-events",), reasons=("newer_version",)), 100)
    elsewhere = await find(rejected.broker, Choice(topics=("agent-events",)), 100)

    assert (found.total, [kept.offset for kept in found.records]) == (5, [8, 9])
    assert found.by_topic == {"call-events": {"newer_version": 2, "not_json": 1, "empty": 1, "too_large": 1}}
    assert [(kept.id, kept.key) for kept in chosen.records] == [
        ("call-events-2-3", b"ann"),
        ("call-events-2-4", b"bob"),
    ]
    assert elsewhere.total == 0


async def test_a_dry_run_says_what_would_be_fed_and_feeds_nothing(rejected: Settings) -> None:
    done = await feed(rejected.broker, Choice(), dry_run=True)

    assert (done.fed, done.left) == ({"call-events": 3}, 2)
    assert await read_all(rejected, CALL_EVENTS) == []


async def test_what_is_fed_again_is_counted_once_however_often_it_is_fed(rejected: Settings, tmp_path: Path) -> None:
    choice = Choice(reasons=("newer_version",))
    async with worker_on(rejected.broker, tmp_path, clock="stream") as line:
        first = await feed(rejected.broker, choice)
        await line.counted(2)
        await feed(rejected.broker, choice)
        counted = await line.counted(4)

        assert await line.leave() == 0
    assert first.fed == {"call-events": 2}
    assert counted.sum("offered_total") == 2
    assert counted.sum("duplicates_total") == 2
    records = await read_all(rejected, CALL_EVENTS)
    assert [(r.partition, r.key, r.value) for r in records[:2]] == [
        (2, b"ann", offered("ann")),
        (2, b"bob", offered("bob")),
    ]


async def test_a_record_of_which_a_part_was_kept_is_left_and_says_why(rejected: Settings) -> None:
    done = await feed(rejected.broker, Choice(ids=("call-events-2-9", "call-events-2-8", "call-events-2-77")))

    assert done.fed == {}
    assert dict(done.why) == {
        "call-events-2-8": "it had no value: there is nothing to feed",
        "call-events-2-9": (
            "only the first 65,536 of its 900,014 bytes were kept: have its source send it again, smaller"
        ),
    }
    assert done.missing == ["call-events-2-77"]
    assert await read_all(rejected, CALL_EVENTS) == []


async def test_the_commands_say_it_all(rejected: Settings, tmp_path: Path) -> None:
    def run(*arguments: str) -> tuple[int, str, str]:
        return queuepulse(rejected, tmp_path, "rejected", *arguments)

    code, out, _ = await asyncio.to_thread(run, "list", "--limit", "1")
    assert code == 0
    assert out.splitlines() == [
        "call-events-2-9  too_large  900,014 bytes  why 9",
        "call-events: 5 refused: 2 newer_version, 1 not_json, 1 empty, 1 too_large",
        "The newest 1 of 5 are shown; --limit shows more.",
    ]
    code, out, _ = await asyncio.to_thread(run, "show", "call-events-2-7", "--json")
    shown: dict[str, Any] = json.loads(out)
    assert (code, shown["value"], base64.b64decode(shown["value_base64"])) == (0, None, REFUSED[3].value)
    assert "\x1b" not in (await asyncio.to_thread(run, "show", "call-events-2-7"))[1]
    code, _, err = await asyncio.to_thread(run, "show", "call-events-2-99")
    assert (code, err) == (1, "queuepulse: call-events-2-99 is not among the rejected records.\n")
    code, out, err = await asyncio.to_thread(run, "replay", "--all", "--dry-run")
    assert (code, out) == (1, "Would feed again: 3 to call-events. Left: 2.\n")
    assert "left call-events-2-9: only the first 65,536" in err
    code, out, _ = await asyncio.to_thread(run, "replay", "call-events-2-3")
    assert (code, out) == (0, "Fed again: 1 to call-events. Left: 0.\n")
    assert (await asyncio.to_thread(run, "replay"))[0] == 2
    assert (await asyncio.to_thread(run, "list", "--reason", "rain"))[0] == 2


async def test_what_is_fed_and_refused_again_comes_back_under_another_id(settings: Settings, tmp_path: Path) -> None:
    async with worker_on(settings.broker, tmp_path, clock="stream") as line:
        async with Publisher(settings.broker) as publisher:
            await publisher.record(CALL_EVENTS, b"c", b"{", 1)
        await line.counted(1)
        done = await feed(settings.broker, Choice())
        await line.counted(2)
        found = await find(settings.broker, Choice(), 10)

        assert await line.leave() == 0
    assert done.fed == {"call-events": 1}
    assert [kept.id for kept in found.records] == ["call-events-1-0", "call-events-1-1"]


def test_the_bad_one_is_bad() -> None:
    assert isinstance(decode(CALL_EVENTS, b"bob", b"\x1b]0;owned\x07{"), Rejected)
