"""Call-detail exports: what a row becomes, and what becomes of a row that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams import events as e
from streams.sources import Bad, Ignored, SourceRow, rows_of
from streams.sources.csv_map import CallDetail, MapError, load_map

DATA = Path(__file__).parent.parent / "data"
MAP = """
name = "acd"
[call]
id = ["id"]
queue = "other"
queue_column = "queue"
agent = "agent"
channel = "voice"
[time]
format = "%Y-%m-%d %H:%M:%S"
zone = "Europe/Berlin"
offered = ["start"]
[duration]
wait = "wait"
talk = "talk"
[outcome]
column = "result"
values = { ok = "answered", lost = "abandoned", vm = "flowed_out:voicemail", test = "ignored" }
"""
HEADING = "id,queue,agent,start,wait,talk,result\n"


def read(tmp_path: Path, text: str, toml: str = MAP) -> list[SourceRow]:
    (tmp_path / "map.toml").write_text(toml)
    return list(rows_of(CallDetail(load_map(tmp_path / "map.toml")), text.encode().splitlines(keepends=True)))


def bank() -> list[SourceRow]:
    with (DATA / "calls.tsv").open("rb") as lines:
        return list(rows_of(CallDetail(load_map(DATA / "bank_1999.toml")), lines))


def of_call(rows: list[SourceRow], call: str) -> list[e.CallEvent]:
    return [row for row in rows if isinstance(row, e.CallEvent) and row.contact_id == call]


def times(rows: list[e.CallEvent]) -> list[tuple[str, int]]:
    return [(type(row).__name__, row.occurred_at) for row in rows]


def test_an_answered_row_becomes_the_life_of_a_call() -> None:
    started, offered, answered, ended = of_call(bank(), "L2/1")

    assert times([started, offered, answered, ended]) == [
        ("CallStarted", 920268002000),
        ("CallOffered", 920268005000),
        ("CallAnswered", 920268035000),
        ("CallEnded", 920268095000),
    ]
    assert (offered.queue, offered.channel, offered.customer_id) == ("bank", "voice", "77")
    assert (answered.agent_id, answered.wait_ms, ended.talk_ms) == ("BOB", 30_000, 60_000)
    assert [event.source_seq for event in (started, offered, answered, ended)] == [1, 2, 3, 4]


def test_who_did_not_queue_is_offered_when_the_voice_menu_lets_go_and_waits_for_nothing() -> None:
    _, offered, answered, _ = of_call(bank(), "L3/2")

    assert offered.occurred_at == 920268010000
    assert (answered.occurred_at, answered.wait_ms) == (920268009000, 0)


def test_a_call_that_crosses_midnight_goes_on_the_next_day() -> None:
    assert times(of_call(bank(), "L1/8"))[2:] == [("CallAnswered", 920325639000), ("CallEnded", 920325939000)]
    assert times(of_call(bank(), "L2/9"))[2:] == [("CallAbandoned", 920325620000)]


def test_a_time_shortly_before_the_arrival_is_no_day_later() -> None:
    started, offered, *_ = of_call(bank(), "L6/5")

    assert offered.occurred_at - started.occurred_at == -30_000


def test_an_answer_without_a_service_time_comes_when_the_wait_is_over() -> None:
    *_, answered, ended = of_call(bank(), "L8/7")

    assert (answered.occurred_at, answered.agent_id) == (920270430000, None)
    assert (ended.occurred_at, ended.talk_ms) == (920270430000, 0)


def test_an_ignored_row_keeps_its_arrival_and_its_reason() -> None:
    assert [row for row in bank() if isinstance(row, Ignored)] == [Ignored(920269800000, "bank", "voice", "PHANTOM")]


def test_event_ids_come_from_the_call_alone() -> None:
    assert [event.event_id for event in of_call(bank(), "L4/3")] == [
        "L4/3/call.started",
        "L4/3/call.offered",
        "L4/3/call.abandoned",
    ]


def test_local_time_is_read_in_the_zone_of_the_map_and_the_queue_of_its_column(tmp_path: Path) -> None:
    offered, answered, ended = read(tmp_path, HEADING + "7,gold,ann,2024-07-01 12:00:00,5,60,ok\n")

    assert isinstance(offered, e.CallOffered)
    assert (offered.queue, offered.occurred_at) == ("gold", 1719828000000)
    assert isinstance(answered, e.CallAnswered)
    assert answered.occurred_at == 1719828005000
    assert isinstance(ended, e.CallEnded)
    assert ended.occurred_at == 1719828065000


def test_a_flow_out_keeps_its_reason_and_an_empty_queue_the_default(tmp_path: Path) -> None:
    offered, left = read(tmp_path, HEADING + "7,,,2024-07-01 12:00:00,5,,vm\n")

    assert isinstance(offered, e.CallOffered)
    assert offered.queue == "other"
    assert isinstance(left, e.CallFlowedOut)
    assert (left.reason, left.wait_ms) == ("voicemail", 5_000)


def test_a_quoted_cell_may_hold_a_delimiter_and_a_line_break(tmp_path: Path) -> None:
    offered, *_ = read(tmp_path, HEADING + '7,"gold, and\nsilver",ann,2024-07-01 12:00:00,5,60,ok\n')

    assert isinstance(offered, e.CallOffered)
    assert offered.queue == "gold, and\nsilver"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("7,gold,ann,yesterday,5,60,ok", "a time does not fit the format '%Y-%m-%d %H:%M:%S'"),
        ("7,gold,ann,2024-07-01 12:00:00,soon,60,ok", "a duration is not in seconds"),
        ("7,gold,ann,2024-07-01 12:00:00,-5,60,ok", "a duration is negative or longer than a year"),
        ("7,gold,ann,2024-07-01 12:00:00,NaN,60,ok", "a duration is not in seconds"),
        ("7,gold,ann,2024-07-01 12:00:00,1e999999999,60,ok", "a duration is not in seconds"),
        ("7,gold,ann,2024-07-01 12:00:00,5,60,maybe", "the outcome in result is not in the map"),
        ("7,gold,ann", "3 cells, 7 columns"),
        (",gold,ann,2024-07-01 12:00:00,5,60,ok", "the call's id is empty or longer than 180 characters"),
        ("7,gold,ann,,5,60,ok", "neither the offer nor the arrival has a time"),
        (f"7,{'q' * 121},ann,2024-07-01 12:00:00,5,60,ok", "the queue is empty or longer than 120 characters"),
        ('7,"gold', "the file ends inside quotes"),
    ],
)
def test_a_wrong_row_is_a_value_that_says_what_is_wrong(tmp_path: Path, row: str, reason: str) -> None:
    assert read(tmp_path, HEADING + row + "\n") == [Bad(2, reason)]


def test_rows_after_a_wrong_one_are_read(tmp_path: Path) -> None:
    rows = read(tmp_path, HEADING + "x\n\n7,gold,ann,2024-07-01 12:00:00,5,60,test\n")

    assert rows == [Bad(2, "1 cells, 7 columns"), Ignored(1719828000000, "gold", "voice", "test")]


def test_a_file_without_a_mapped_column_is_refused_with_the_columns_it_has(tmp_path: Path) -> None:
    with pytest.raises(MapError, match=r"no column result, talk; it has id, queue, agent, start, wait"):
        read(tmp_path, "id,queue,agent,start,wait\n")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "acd"', "", "missing required field `name`"),
        ('wait = "wait"', 'weight = "wait"', "unknown field `weight`"),
        ("flowed_out:voicemail", "flowed_out:moon", "the reason must be one of transfer, overflow"),
        ("Europe/Berlin", "Europe/Atlantis", "unknown encoding or time zone"),
        ('offered = ["start"]', "", "name the columns of offered or of arrived"),
    ],
)
def test_a_wrong_map_is_refused_with_the_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(MapError, match=message):
        read(tmp_path, HEADING, MAP.replace(old, new))
