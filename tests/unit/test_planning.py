"""Staffing of a live queue, from the state of a floor: literal inputs, and the formulas' own answers."""

from __future__ import annotations

import pytest

from streams import api, snapshot
from streams import events as e
from streams.exposition.floor import floor_families
from streams.planning import plan
from streams.settings import QueueSettings, Settings
from streams.snapshot import Snapshot, WorkerStatus
from streams.staffing.erlang import Demand
from streams.staffing.now import now as staffing_now
from streams.staffing.required import Goal
from tests.support import Floor, call, ms, state


def busy() -> Floor:
    """In half an hour 60 calls of 240 s each, answered after 10 s; now two wait, for 19 and for 5 seconds."""
    floor = Floor(Settings(defaults=QueueSettings(service_level_target_ratio=0.8)))
    calls = [
        call(f"c{n}").offered(at=30 * n).answered(at=30 * n + 10, ring_ms=0).ended(at=30 * n + 250) for n in range(60)
    ]
    waiting = [call("w1").offered(at=1_781), call("w2").offered(at=1_795)]
    agents = [state(f"agent {n}", 0, "available", queues=("billing",)) for n in range(9)]
    shared = state("shared", 0, "available", queues=("billing", "sales"))
    return floor.play(*calls, *waiting).take(*agents, shared)


def taken(floor: Floor, seconds: float = 1_800) -> Snapshot:
    return snapshot.take(floor.partitions, floor.settings, WorkerStatus(), ms(seconds))


def test_a_queue_is_staffed_by_the_shares_of_its_agents_15() -> None:
    found = taken(busy())
    row = next(row for row in found.rows if row.queue == "billing")

    assert row.staff.at_work == 9.5


def test_the_answers_are_those_of_the_formulas_for_what_was_counted() -> None:
    found = taken(busy())
    row = next(row for row in found.rows if row.queue == "billing")
    planned = plan(row, found.now)
    assert planned is not None
    demand = planned.inputs.demand

    assert demand.arrivals_per_second == pytest.approx(62 / 1_800, rel=0.05)
    assert demand.aht_seconds == 240
    again = staffing_now(
        Demand(demand.arrivals_per_second, 240, demand.patience_seconds), 9.5, Goal(0.8, 20.0, 5.0), waited=[19.0, 5.0],
        available=int(row.staff.available),
    )  # fmt: skip
    assert planned.now == again


def test_who_has_a_second_left_is_likelier_to_be_late_than_who_has_fifteen() -> None:
    found = taken(busy())
    planned = plan(next(row for row in found.rows if row.queue == "billing"), found.now)
    assert planned is not None
    first, second = (outlook.breach for outlook in planned.now.outlooks)

    assert first > second
    assert planned.expected_breaches == first + second


def test_a_quiet_queue_and_one_of_letters_have_no_plan_35() -> None:
    quiet = taken(busy(), seconds=5 * 3_600)
    letter = e.ConversationQueued(
        event_id="1", occurred_at=ms(0), contact_id="k1", channel="email", queue="letters", source="desk"
    )
    letters = taken(Floor().take(letter))

    assert [plan(row, quiet.now) for row in quiet.rows if not row.live.waiting_since] == []
    assert [plan(row, letters.now) for row in letters.rows] == [None]


def test_the_plan_is_in_the_metrics_and_in_the_answer() -> None:
    found = taken(busy())
    metrics = {family.name: family.points[0].value for family in floor_families(found) if family.points}
    answer = next(row for row in api.floor(found)["queues"] if row["queue"] == "billing")["staffing"]

    assert metrics["agents_staffed"] == answer["staffed"] == 9.5
    assert metrics["agents_required"] == answer["required"]
    assert metrics["agents_gap"] == answer["gap"] == 9.5 - answer["required"]
    assert metrics["service_level_with_one_more_ratio"] == answer["service_level_with_one_more"]
    assert metrics["service_level_with_one_less_ratio"] == answer["service_level_with_one_less"]
    assert metrics["service_level_with_one_less_ratio"] < metrics["service_level_with_one_more_ratio"]
