"""Asterisk's queue_log: what each row becomes."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams import events as e
from streams.sources import Bad, Ignored, SourceRow, rows_of
from streams.sources.asterisk import AsteriskQueueLog

LOG = Path(__file__).parent.parent / "data" / "queue_log"


def read(*lines: str) -> list[SourceRow]:
    return list(rows_of(AsteriskQueueLog(), [line.encode() for line in lines]))


def one(line: str) -> SourceRow:
    (row,) = read(line)
    return row


def test_waits_and_talk_times_come_from_the_data_fields_not_from_the_stamps() -> None:
    answered, ended = read(
        "1700000018|c1|sales|SIP/ann|CONNECT|7|1700000015.2|3", "1700000078|c1|sales|SIP/ann|COMPLETECALLER|7|60|1"
    )

    assert isinstance(answered, e.CallAnswered)
    assert (answered.wait_ms, answered.ring_ms, answered.agent_id) == (7_000, 3_000, "SIP/ann")
    assert isinstance(ended, e.CallEnded)
    assert (ended.wait_ms, ended.talk_ms) == (7_000, 60_000)


def test_fractions_of_a_second_are_cut_so_that_a_call_stays_in_its_hour() -> None:
    row = one("1341133199.999999|c1|q01|NONE|ENTERQUEUE||5551|1")

    assert isinstance(row, e.CallOffered)
    assert (row.occurred_at, row.customer_id, row.position) == (1341133199999, "5551", 1)


def test_a_row_is_never_before_the_row_of_the_same_call_above_it() -> None:
    offered, answered, ended, again = read(
        "2000|c1|sales|NONE|ENTERQUEUE|||1",
        "1000|c1|sales|SIP/ann|CONNECT|3||1",
        "1006|c1|sales|SIP/ann|COMPLETEAGENT|3|6|1",
        "1007|c1|sales|NONE|ENTERQUEUE|||1",
    )

    assert [row.occurred_at for row in (offered, answered, ended, again) if isinstance(row, e.CallEvent)] == [
        2_000_000,
        2_000_000,
        2_000_000,
        1_007_000,
    ]


@pytest.mark.parametrize(
    ("row", "reason", "wait_ms"),
    [
        ("EXITWITHKEY|1|1|1|20", "key", 20_000),
        ("EXITWITHTIMEOUT|2|2|60", "timeout", 60_000),
        ("EXITEMPTY|1|1|15", "no_agents", 15_000),
    ],
)
def test_leaving_the_queue_unanswered_is_a_flow_out_with_its_reason(row: str, reason: str, wait_ms: int) -> None:
    left = one(f"1700000520|c1|sales|NONE|{row}")

    assert isinstance(left, e.CallFlowedOut)
    assert (left.reason, left.wait_ms) == (reason, wait_ms)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("FULL", "full"),
        ("CLOSED", "closed"),
        ("JOINEMPTY", "no_agents"),
        ("DIVERT_CA_RATIO", "diverted"),
        ("DIVERT_HOLDTIME", "diverted"),
    ],
)
def test_a_call_turned_away_at_the_door_was_offered_and_flows_out_at_once(event: str, reason: str) -> None:
    offered, left = read(f"1700000700|c1|sales|NONE|{event}|")

    assert isinstance(offered, e.CallOffered)
    assert isinstance(left, e.CallFlowedOut)
    assert (left.reason, left.wait_ms, left.occurred_at) == (reason, 0, offered.occurred_at)
    assert offered.source_seq < left.source_seq
    assert offered.event_id != left.event_id


@pytest.mark.parametrize(
    ("row", "to", "kind", "talk_ms"),
    [
        ("TRANSFER|601|default|12|9|1", "601", "blind", 9_000),
        ("BLINDTRANSFER|601|default|12|9|1", "601", "blind", 9_000),
        ("ATTENDEDTRANSFER|BRIDGE|b-1|12|9|1", "BRIDGE", "warm", 9_000),
    ],
)
def test_a_transfer_ends_the_agents_part_and_the_call(row: str, to: str, kind: str, talk_ms: int) -> None:
    transferred, ended = read(f"1700000100|c1|support|SIP/bob|{row}")

    assert isinstance(transferred, e.CallTransferred)
    assert (transferred.to, transferred.to_type, transferred.kind) == (to, "external", kind)
    assert transferred.talk_ms == talk_ms
    assert isinstance(ended, e.CallEnded)
    assert (ended.agent_id, ended.talk_ms) == (None, None)


def test_ringing_without_an_answer_is_measured_in_milliseconds() -> None:
    missed = one("1700000010|c1|sales|SIP/ann|RINGNOANSWER|5000")
    cancelled = one("1700000010|c1|sales|SIP/ann|RINGCANCELED|700")

    assert isinstance(missed, e.CallNotAnswered)
    assert (missed.ring_ms, missed.reason) == (5_000, "no_answer")
    assert isinstance(cancelled, e.CallNotAnswered)
    assert (cancelled.ring_ms, cancelled.reason) == (700, "cancelled_by_customer")


def test_an_agent_signs_out_with_the_last_queue() -> None:
    rows = read(
        "1|M|sales|SIP/ann|ADDMEMBER|",
        "2|M|support|SIP/ann|ADDMEMBER|PAUSED",
        "3|M|sales|SIP/ann|REMOVEMEMBER|",
        "4|NONE|NONE|SIP/ann|PAUSEALL|lunch",
        "5|NONE|NONE|SIP/ann|UNPAUSEALL|",
        "6|M|support|SIP/ann|REMOVEMEMBER|",
    )

    assert [(row.state, row.queues) for row in rows if isinstance(row, e.AgentStateChanged)] == [
        ("available", ("sales",)),
        ("break", ("sales", "support")),
        ("available", ("support",)),
        ("break", ("support",)),
        ("available", ("support",)),
        ("signed_out", ()),
    ]


def test_what_is_no_event_of_a_contact_centre_is_ignored_with_a_reason() -> None:
    assert read("1|NONE|NONE|NONE|CONFIGRELOAD|", "2|c1|sales|NONE|SOMETHINGNEW|", "3|M|sales|NONE|ADDMEMBER|") == [
        Ignored(1_000, None, None, "CONFIGRELOAD"),
        Ignored(2_000, "sales", None, "unknown_event"),
        Ignored(3_000, None, None, "no_agent"),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("not a row", "1 fields between bars, at least 5 expected"),
        ("now|c1|sales|NONE|ENTERQUEUE|", "the time is not epoch seconds"),
        ("NaN|c1|sales|NONE|ENTERQUEUE|", "the time is not epoch seconds"),
        ("1e999999999|c1|sales|NONE|ENTERQUEUE|", "the time is not epoch seconds"),
        ("1|c1|NONE|NONE|ENTERQUEUE|", "ENTERQUEUE names no queue"),
        ("1||sales|NONE|ENTERQUEUE|", "the call id has 0 characters, 1 to 200 are allowed"),
        ("1|c1|sales|NONE|ABANDON|1|1|-3", "a duration is not a whole number"),
        ("1|c1|sales|NONE|ABANDON|1|1|\u0663", "a duration is not a whole number"),
    ],
)
def test_a_wrong_row_is_a_value_that_says_what_is_wrong(line: str, reason: str) -> None:
    assert one(line) == Bad(1, reason)


def test_reading_a_log_twice_repeats_the_same_event_ids_and_every_id_is_there_once() -> None:
    lines = LOG.read_text().splitlines()
    first = [row.event_id for row in read(*lines) if not isinstance(row, Bad | Ignored)]
    second = [row.event_id for row in read("", "", *lines) if not isinstance(row, Bad | Ignored)]

    assert first == second
    assert len(set(first)) == len(first) == 35
