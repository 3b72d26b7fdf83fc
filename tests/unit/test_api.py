"""``/api/floor`` and ``/api/intervals`` as plain values: literal numbers of a floor written by hand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator
from msgspec import structs

from streams import api, snapshot
from streams import events as e
from streams.api import intervals as api_intervals
from streams.api.intervals import Query, QueryError, parse
from streams.counts import Counts
from streams.merged import merged
from streams.partition import Partition
from streams.pieces import at_once
from streams.settings import Settings, from_raw
from streams.snapshot import WorkerStatus
from tests import floor_by_hand as by_hand

DAY = 1_772_409_600_000  # 2026-03-02T00:00:00Z
NULLABLE = {"type": ["number", "null"]}
COUNT = {"type": "integer", "minimum": 0}
STATES = {"type": "object", "additionalProperties": {"enum": ["fine", "at_risk", "breach", "none"]}}
WINDOW = {
    "type": "object",
    "required": ["start", "start_ms", "end_ms", "offered", "answered", "left", "kpis", "service_level", "state"],
    "properties": {
        "start": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d$"},
        "offered": COUNT,
        "answered": COUNT,
        "left": COUNT,
        "kpis": {"type": "object", "additionalProperties": NULLABLE},
        "service_level": {"type": "object", "minProperties": 10, "additionalProperties": NULLABLE},
        "state": STATES,
    },
}
ROW = {
    "type": "object",
    "required": ["queue", "channel", "preset", "target", "live", "windows"],
    "properties": {
        "target": {"type": "object", "additionalProperties": NULLABLE},
        "live": {
            "type": "object",
            "required": ["waiting", "oldest_wait_seconds", "oldest_enqueue_ms", "agents", "expected_wait_seconds"],
            "properties": {"waiting": COUNT, "oldest_enqueue_ms": {"type": ["integer", "null"]}, "state": STATES},
        },
        "windows": {"type": "object", "additionalProperties": WINDOW},
    },
}
FLOOR = {
    "type": "object",
    "required": ["as_of", "as_of_ms", "clock", "config_hash", "watermark", "stale", "sources", "missing_partitions",
                 "recovering", "recovery_left", "queues", "floor", "groups"],
    "properties": {
        "clock": {"enum": ["wall", "stream"]},
        "stale": {"type": "boolean"},
        "queues": {"type": "array", "items": ROW},
        "floor": ROW,
        "groups": {"type": "array", "items": {"allOf": [ROW, {"required": ["members"]}]}},
    },
}  # fmt: skip


def floor(settings: Settings | None = None, *, partitions: list[Partition] | None = None) -> dict[str, Any]:
    """The answer as a client reads it."""
    rules = settings or by_hand.settings()
    owned = list(by_hand.applied(rules).values()) if partitions is None else partitions
    shown: dict[str, Any] = orjson.loads(
        orjson.dumps(api.floor(snapshot.take(owned, rules, WorkerStatus(), by_hand.NOW)))
    )
    return shown


def intervals(query: Query, settings: Settings | None = None) -> list[dict[str, Any]]:
    rules = settings or by_hand.settings()
    found = at_once(api_intervals.steps(list(by_hand.applied(rules).values()), rules, query))
    rows: list[dict[str, Any]] = orjson.loads(orjson.dumps(found))
    return rows


def test_the_answer_has_the_documented_shape() -> None:
    Draft202012Validator(FLOOR).validate(floor())
    Draft202012Validator(FLOOR).validate(floor(Settings(), partitions=[]))


def test_every_field_is_in_the_documentation() -> None:
    words = set(re.findall(r"[a-z_0-9]+", Path(__file__).parents[2].joinpath("docs/api.md").read_text("utf-8")))
    answer = floor()
    rows = intervals(Query(DAY, by_hand.NOW, "hour"))

    assert set(answer) - words == set()
    assert set(answer["floor"]) - words == set()
    assert set(answer["floor"]["live"]) - words == set()
    assert set(answer["floor"]["backlog"]) - words == set()
    assert set(rows[0]) - words == set()


def test_a_queue_is_told_now_and_in_every_window() -> None:
    billing = floor()["queues"][0]

    assert (billing["queue"], billing["channel"], billing["preset"]) == ("billing", "voice", "short_abandons_excluded")
    assert billing["live"]["waiting"] == 1
    assert billing["live"]["oldest_wait_seconds"] == 30
    assert billing["live"]["expected_wait_seconds"] == 75
    assert billing["live"]["agents"] == {"available": 1, "on_contact": 1}
    assert billing["live"]["state"] == {"oldest_wait": "fine"}
    assert list(billing["windows"]) == ["1m", "5m", "15m", "30m", "1h", "today"]
    five = billing["windows"]["5m"]
    assert (five["offered"], five["answered"], five["abandoned"], five["left"]) == (6, 2, 2, 5)
    assert five["answered_wait_seconds"] == 40
    assert five["kpis"]["asa_seconds"] == 20
    assert five["service_level"]["answered_only"] == 0.5
    assert five["state"] == {"service_level": "breach", "asa": "fine", "abandonment": "breach"}
    assert five["start"] == "2026-03-02T09:55:40.000+00:00"
    assert billing["windows"]["today"]["start"] == "2026-03-02T00:00:00.000+00:00"


def test_what_has_no_value_is_null() -> None:
    nothing = floor(Settings(), partitions=[])

    assert nothing["watermark"] is None
    assert nothing["stale"] is True
    assert nothing["queues"] == []
    assert set(nothing["floor"]["windows"]["1h"]["service_level"].values()) == {None}
    assert set(nothing["floor"]["windows"]["1h"]["kpis"].values()) == {None}
    assert nothing["floor"]["live"]["oldest_enqueue_ms"] is None
    assert nothing["floor"]["live"]["expected_wait_seconds"] is None
    assert nothing["floor"]["live"]["no_agents"] is True


def test_a_silent_source_is_stale_beside_one_that_is_not() -> None:
    answer = floor()

    assert [(s["source"], s["staleness_seconds"], s["stale"]) for s in answer["sources"]] == [
        ("acd", 330, True), ("pbx", 0, False),
    ]  # fmt: skip
    assert answer["stale"] is False


def test_on_the_streams_clock_everything_is_as_of_the_watermark() -> None:
    settings = structs.replace(by_hand.settings(), clock="stream")
    owned = list(by_hand.applied(settings).values())

    much_later = api.floor(snapshot.take(owned, settings, WorkerStatus(), by_hand.NOW + 10**9))

    assert much_later["as_of_ms"] == by_hand.NOW
    assert much_later["queues"][0]["live"]["oldest_wait_seconds"] == 30


def test_a_group_adds_its_queues_and_counts_an_agent_of_two_once() -> None:
    settings = from_raw({"groups": {"phones": ["billing", "sales"]}}, {})
    phones = Partition(settings, e.CALL_EVENTS, 0)
    sale = e.CallOffered(event_id="s", occurred_at=by_hand.TEN, source="pbx", contact_id="sale", queue="sales")
    phones.apply(by_hand.records([*by_hand.calls(), sale]))
    people = Partition(settings, e.AGENT_EVENTS, 0)
    people.apply(by_hand.records(by_hand.presences()))

    answer = floor(settings, partitions=[phones, people])

    group = answer["groups"][0]
    assert (group["queue"], group["members"]) == ("phones", ["billing", "sales"])
    assert group["live"]["waiting"] == 2
    assert group["live"]["agents"] == {"available": 1, "on_contact": 1}
    assert group["windows"]["5m"]["offered"] == 7
    assert group["windows"]["5m"]["kpis"]["asa_seconds"] == 20
    assert group["windows"]["5m"]["kpis"]["occupancy_ratio"] is None
    assert {row["queue"]: row["live"]["agents"] for row in answer["queues"]} == {
        "billing": {"available": 1, "on_contact": 1}, "sales": {"on_contact": 1},
    }  # fmt: skip


def test_merging_counts_adds_everything_and_keeps_the_largest_maximum() -> None:
    first = Counts(offered=3, flowed_out_by={"key": 1}, answered_waits=((2, 1), (5, 1)), max_wait_ms=900)
    second = Counts(offered=4, flowed_out_by={"key": 2, "full": 1}, answered_waits=((5, 2),), max_wait_ms=None)

    both = merged([first, second])

    assert both.offered == 7
    assert both.flowed_out_by == {"key": 3, "full": 1}
    assert both.answered_waits == ((2, 1), (5, 3))
    assert both.max_wait_ms == 900
    assert merged([]) == Counts()


def test_an_hour_has_the_fields_of_a_report() -> None:
    rows = intervals(Query(DAY, by_hand.NOW, "hour", queue="billing"))

    nine, ten = rows
    assert (nine["queue"], nine["channel"], nine["start"]) == ("billing", "voice", "2026-03-02T09:00:00+00:00")
    assert (nine["offered"], nine["answered"], nine["abandoned"], nine["short_abandoned"]) == (5, 2, 2, 1)
    assert nine["answered_wait_seconds_sum"] == 40
    assert nine["abandoned_wait_seconds_sum"] == 43
    assert nine["asa_seconds"] == 20
    assert nine["max_wait_answered_seconds"] == 30
    assert nine["abandonment_ratio"] == 0.4
    assert nine["abandonment_ratio_long"] == 0.25
    assert nine["answered_within"] == {"20": 1, "30": 2, "60": 2, "120": 2}
    assert nine["abandoned_within"] == {"5": 1, "10": 1, "20": 1}
    assert nine["handle_seconds_sum"] == 60
    assert nine["max_queue_length"] == 3
    assert (ten["offered"], ten["answered"], ten["asa_seconds"]) == (1, 0, None)
    assert ten["answered_within"] == {"20": None, "30": None, "60": None, "120": None}
    assert ten["handle_seconds_sum"] == 90
    assert ten["max_queue_length"] == 1


def test_a_day_of_every_queue_and_the_floor() -> None:
    rows = intervals(Query(DAY, DAY + 86_400_000, "day"))

    assert [(row["queue"], row["offered"], row["start"]) for row in rows] == [
        ("billing", 6, "2026-03-02T00:00:00+00:00"), ("ALL", 6, "2026-03-02T00:00:00+00:00"),
    ]  # fmt: skip


def test_a_queue_nobody_knows_has_no_rows() -> None:
    assert intervals(Query(DAY, by_hand.NOW, "hour", queue="nobody")) == []
    assert intervals(Query(DAY, by_hand.NOW, "hour", channel="email")) == []


def test_asking_for_a_year_costs_no_more_than_what_is_kept() -> None:
    year = intervals(Query(DAY - 390 * 86_400_000, DAY + 86_400_000, "hour", queue="billing"))

    assert [row["offered"] for row in year] == [5, 1]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-03-02", DAY),
        ("2026-03-02T01:00:00+01:00", DAY),
        ("2026-03-02T01:00:00 01:00", DAY),
        ("2026-03-02T00:00:00Z", DAY),
        ("1772409600000", DAY),
    ],
)
def test_a_moment_is_a_date_a_time_with_an_offset_or_epoch_milliseconds(text: str, at: int) -> None:
    assert parse({"from": text}, Settings(), by_hand.NOW).start == at


def test_without_parameters_it_is_today_by_the_hour_where_the_queue_is() -> None:
    settings = from_raw({"queues": {"billing": {"timezone": "Asia/Kolkata"}}}, {})

    assert parse({}, settings, by_hand.NOW) == Query(DAY, by_hand.NOW + 1, "hour")
    assert parse({"queue": "billing"}, settings, by_hand.NOW).start == DAY - 19_800_000


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"by": "week"}, "by='week' is neither 'hour' nor 'day'."),
        ({"form": "2026-03-02"}, "There is no parameter 'form'; there are from, to, by, queue, channel."),
        ({"from": "yesterday"}, "from='yesterday' is no date, no date and time with an offset, and no epoch"),
        ({"from": "2026-13-01"}, "from='2026-13-01' is no date"),
        ({"from": "2026-03-02T10:00:00"}, "from='2026-03-02T10:00:00' has no offset: end it with Z or +01:00."),
        ({"to": "2026-03-02", "from": "2026-03-02"}, "to is not after from."),
        ({"from": "2020-01-01", "to": "2026-01-01"}, "from and to are more than 400 days apart."),
        ({"from": "99999999999999"}, "from='99999999999999' is before 1970 or after 2100."),
        ({"from": "0001-01-01T00:00:00+14:00"}, "from='0001-01-01T00:00:00+14:00' is"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_one_sentence(parameters: dict[str, str], sentence: str) -> None:
    with pytest.raises(QueryError) as refused:
        parse(parameters, Settings(), by_hand.NOW)

    assert str(refused.value).startswith(sentence)
