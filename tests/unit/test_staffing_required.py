"""Required agents: published tables, occupancy, shrinkage, the power of one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.staffing.erlang import Demand
from streams.staffing.required import Goal, power_of_one, required, scheduled, step_between, step_of


def test_required_agents_equal_every_published_value(shared_data: Callable[[str], Path]) -> None:
    rows = json.loads(shared_data("erlang.json").read_bytes())["required_80_20"]

    assert len(rows) == 22
    for row in rows:
        assert required(Demand(row["calls_per_30min"] / 1800, row["aht_s"]), Goal(0.8, 20)).agents == row["N"]


def test_occupancy_binds_where_the_service_level_would_do_with_fewer() -> None:
    demand = Demand(0.2, 240)  # 48 Erlang

    assert required(demand, Goal(0.8, 20)).agents == 54
    assert required(demand, Goal(0.8, 20, max_occupancy=0.85)).agents == 57
    assert required(demand, Goal(0.8, 20, max_occupancy=48 / 60)).agents == 60


def test_shrinkage_is_divided_out_and_rounded_up() -> None:
    assert scheduled(14, 0.3) == 20
    assert scheduled(15, 0.3) == 22
    assert scheduled(14, 0.0) == 14
    assert required(Demand(100 / 1800, 180), Goal(0.8, 20, shrinkage=0.3)).scheduled == 20
    with pytest.raises(ValueError, match="shrinkage"):
        scheduled(14, 1.0)


def test_patience_spares_agents_and_the_fewest_is_the_fewest() -> None:
    demand, goal = Demand(0.2, 240, 200), Goal(0.8, 20, 5)

    needed = required(demand, goal)

    assert needed.agents == 50
    assert step_of(demand, 50, goal).service_level >= 0.8 > step_of(demand, 49, goal).service_level
    assert required(demand._replace(patience_seconds=None), goal).agents == 54


def test_no_arrivals_need_nobody() -> None:
    assert required(Demand(0.0, 240, 200), Goal()).agents == 0


def test_the_power_of_one_says_what_one_less_and_one_more_do() -> None:
    power = power_of_one(Demand(250 / 1800, 210), 30, Goal(0.8, 20))

    assert power.one_less is not None
    assert power.one_less.overload
    assert power.one_less.service_level == 0.0
    assert power.as_it_is.service_level == pytest.approx(0.235186, abs=1e-6)
    assert power.one_more.service_level == pytest.approx(0.452178, abs=1e-6)
    assert power_of_one(Demand(0.1, 210, 60), 0, Goal()).one_less is None


def test_part_of_an_agent_lies_between_the_whole_ones() -> None:
    demand, goal = Demand(0.075, 240, 200), Goal(0.8, 20, 5)
    low, high = step_of(demand, 18, goal).service_level, step_of(demand, 19, goal).service_level

    assert step_between(demand, 18.0, goal).service_level == low
    assert step_between(demand, 18.25, goal).service_level == pytest.approx(low + (high - low) / 4)
    assert step_between(demand, 0.5, goal).asa_seconds == step_of(demand, 1, goal).asa_seconds
