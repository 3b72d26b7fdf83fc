"""Each waiting contact's chance, and what a new arrival must expect."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.staffing.breach import answered_by, expected_wait_seconds, outlook, passed_by
from streams.staffing.erlang import Demand
from tests.staffing_floor import exponential, serve


def test_the_chance_of_an_answer_equals_every_published_value(shared_data: Callable[[str], Path]) -> None:
    rows = json.loads(shared_data("erlang.json").read_bytes())["breach"]

    assert len(rows) == 8
    for row in rows:
        chances = answered_by(row["busy_agents"] / row["aht_s"], 0.0, row["within_s"], row["position"])
        assert round(chances[-1], 4) == row["p_answered"]


def test_place_by_place_the_chances_are_poissons_when_nobody_gives_up() -> None:
    chances = passed_by(10 / 180, 0.0, 20.0, 5)

    assert [round(p, 4) for p in chances] == [0.6708, 0.3050, 0.1018, 0.0266, 0.0057]


def test_an_outlook_adds_up_and_those_past_the_threshold_have_breached() -> None:
    found = outlook(Demand(0.1, 180, 120), 10, [25.0, 20.0, 12.0, 0.0], 20)

    assert found[0] == (0.0, 0.0, 1.0)
    assert found[1] == (0.0, 0.0, 1.0)  # no time is left
    assert all(sum(row) == pytest.approx(1.0) for row in found)
    assert found[2].breach > found[3].breach > 0.5  # the longer there is, the better, even two places behind


def test_with_nobody_at_work_nobody_is_answered() -> None:
    found = outlook(Demand(0.1, 180, 120), 0, [10.0], 20)

    assert found[0].in_time == 0.0
    assert found[0].gives_up == pytest.approx(1 - 2.718281828 ** (-10 / 120), abs=1e-6)


def test_thousands_of_agents_do_not_underflow() -> None:
    chances = passed_by(5_000 / 180, 0.0, 60.0, 2_000)

    assert chances[0] == 1.0
    assert chances[1_666] == pytest.approx(0.5, abs=0.02)  # 1,667 services a minute
    assert chances == sorted(chances, reverse=True)


def test_the_outlook_is_what_becomes_of_a_simulated_queue() -> None:
    rng = random.Random(11)
    outcomes = [[0, 0, 0] for _ in range(6)]
    for _ in range(3_000):
        for place, visit in enumerate(serve(rng, [], exponential(180), exponential(90), [(0, 8)], busy=8, waiting=6)):
            outcomes[place][2 if visit.wait > 30 else 0 if visit.answered else 1] += 1

    found = outlook(Demand(0.1, 180, 90), 8, [0.0] * 6, 30)

    for row, counted in zip(found, outcomes, strict=True):
        for chance, n in zip(row, counted, strict=True):
            assert n / 3_000 == pytest.approx(chance, abs=0.032)  # 3.5 standard errors


def test_a_new_arrival_is_told_of_those_ahead_who_will_give_up() -> None:
    demand = Demand(0.1, 180, 60)

    assert expected_wait_seconds(Demand(0.1, 180), 10, waiting=4, available=0) == pytest.approx(5 * 18)
    assert expected_wait_seconds(demand, 10, waiting=1, available=0) == pytest.approx(18 + 1 / (10 / 180 + 1 / 60))
    assert expected_wait_seconds(demand, 10, waiting=0, available=2) == 0.0
    assert expected_wait_seconds(demand, 0, waiting=0, available=0) is None
