"""What the wall shows and what one queue tells, as plain values: literal numbers of a floor written by hand."""

from __future__ import annotations

import json

import pytest
from msgspec import structs

from streams import kpis, snapshot
from streams.api.identity import shown_id
from streams.board import queue as closely
from streams.board.wall import wall, window_of
from streams.partition import Waiting
from streams.settings import Web
from streams.snapshot import Snapshot, WorkerStatus
from streams.view import FLOOR
from tests import floor_by_hand as by_hand


@pytest.fixture
def taken() -> Snapshot:
    rules = by_hand.settings()
    return snapshot.take(list(by_hand.applied(rules).values()), rules, WorkerStatus(), by_hand.NOW)


def test_a_row_has_six_numbers_with_their_goals_and_states(taken: Snapshot) -> None:
    row = wall(taken, agents_reported=True, page="p")["queues"][0]

    assert (row["queue"], row["channel"], row["waiting"], row["past_threshold"]) == ("billing", "voice", 1, 1)
    assert (row["oldest_wait_seconds"], row["available"], row["staffed"]) == (30.0, 1, 2)
    assert (row["service_level"], row["asa_seconds"], row["abandonment"]) == (1 / 3, 20.0, 0.25)
    assert row["target"] == {"service_level": 0.8, "asa": 25.0, "abandonment": 0.1, "oldest_wait": 60.0}
    assert row["state"] == {"service_level": "breach", "asa": "fine", "abandonment": "breach", "oldest_wait": "fine"}


def test_what_has_no_value_is_null_never_zero() -> None:
    rules = by_hand.settings()
    empty = wall(snapshot.take([], rules, WorkerStatus(), by_hand.NOW), agents_reported=False, page="p")

    floor = empty["floor"]
    assert {floor[name] for name in ("service_level", "asa_seconds", "abandonment", "oldest_wait_seconds")} == {None}
    assert (floor["available"], floor["staffed"], empty["age_seconds"]) == (None, None, None)
    assert (empty["stale"], empty["queues"]) == (True, [])


def test_people_who_wait_where_nobody_serves_are_a_breach(taken: Snapshot) -> None:
    assert "staffing" not in wall(taken, agents_reported=True, page="p")["floor"]["state"]

    rules = by_hand.settings()
    phones = [part for key, part in by_hand.applied(rules).items() if key[0] == "call-events"]
    alone = snapshot.take(phones, rules, WorkerStatus(), by_hand.NOW)

    assert wall(alone, agents_reported=True, page="p")["floor"]["state"]["staffing"] == "breach"
    assert "staffing" not in wall(alone, agents_reported=False, page="p")["floor"]["state"]


def test_the_age_of_the_data_is_that_of_the_source_heard_of_last(taken: Snapshot) -> None:
    assert wall(taken, agents_reported=True, page="p")["age_seconds"] == 0.0


def test_half_an_hour_is_shown_where_it_is_configured() -> None:
    assert window_of(("1m", "30m", "today")) == "30m"
    assert window_of(("2h", "today")) == "2h"
    assert window_of(()) == ""


def test_all_of_it_is_json_and_small(taken: Snapshot) -> None:
    assert len(json.dumps(wall(taken, agents_reported=True, page="p"))) < 4_000


def test_a_row_is_found_by_queue_group_or_floor(taken: Snapshot) -> None:
    names = (("billing", ""), ("billing", "voice"), ("phones", ""), (FLOOR, ""))

    found = [taken.row(*name) for name in names]

    assert [row and row.queue for row in found] == ["billing", "billing", "phones", "ALL"]
    assert taken.row("billing", "chat") is None
    assert taken.row("", "") is None


@pytest.mark.parametrize("name", ["billing", "phones", FLOOR])
def test_who_waits_is_told_by_a_pseudonym(taken: Snapshot, name: str) -> None:
    row = taken.row(name, "")
    assert row is not None
    waiters = closely.waiting(by_hand.applied(by_hand.settings()).values(), taken, row)

    answer = closely.detail(taken, row, waiters)

    assert answer["contacts"] == [
        {
            "name": shown_id("call-6", Web()), "queue": "billing", "channel": "voice",
            "offered_at_ms": by_hand.TEN, "waited_seconds": 30.0, "past_threshold": True, "priority": 7,
            "callback": False, "position": 1, "breach_chance": 1.0,
        }
    ]  # fmt: skip
    assert "call-6" not in json.dumps(answer)
    assert (answer["contacts_left_out"], answer["queue"]["queue"]) == (0, name)


def test_the_first_two_hundred_who_wait_are_listed_and_the_rest_counted(taken: Snapshot) -> None:
    row = taken.row("billing", "voice")
    assert row is not None
    many = [(f"call-{n}", Waiting("billing", "voice", by_hand.TEN, 0, False)) for n in range(203)]

    answer = closely.detail(taken, row, many)

    assert (len(answer["contacts"]), answer["contacts_left_out"]) == (200, 3)


def test_every_number_has_its_formula() -> None:
    glossary = closely.glossary()

    assert [kpi["name"] for kpi in glossary["kpis"]] == [kpi.name for kpi in kpis.REGISTRY]
    assert [preset["name"] for preset in glossary["presets"]] == list(kpis.PRESETS)
    assert all(one["formula"] for one in [*glossary["kpis"], *glossary["presets"]])


def test_the_wall_knows_which_queues_are_closed_33() -> None:
    rules = by_hand.settings()
    never = structs.replace(rules.queue("billing"), opening_hours={"mon": ("00:00-00:01",)})
    closed = structs.replace(rules, queues={**rules.queues, "billing": never})
    found = snapshot.take(list(by_hand.applied(closed).values()), closed, WorkerStatus(), by_hand.NOW)
    rows = {row["queue"]: row["open"] for row in wall(found, agents_reported=True, page="p")["queues"]}

    assert rows.pop("billing") is False
    assert all(rows.values())
