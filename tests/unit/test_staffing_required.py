"""Required agents: published tables, another library's answers, occupancy, shrinkage, the power of one."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from pyworkforce.queuing import ErlangC

from streams.staffing.erlang import Demand, Steady, erlang_c, steady
from streams.staffing.required import Goal, power_of_one, required, scheduled, step_between, step_of


def test_required_agents_equal_every_published_value(shared_data: Callable[[str], Path]) -> None:
    rows = json.loads(shared_data("erlang.json").read_bytes())["required_80_20"]

    assert len(rows) == 22
    for row in rows:
        assert required(Demand(row["calls_per_30min"] / 1800, row["aht_s"]), Goal(0.8, 20)).agents == row["N"]


def test_a_thousand_random_queues_agree_with_pyworkforce() -> None:
    """Its one difference: its search starts at round(load + 1), so it never answers less, even where less is enough."""
    rng = random.Random(7)
    larger = 0
    for _ in range(1_000):
        calls, aht, threshold = rng.randint(1, 600), rng.uniform(0.5, 12.0), rng.uniform(0.05, 1.5)  # minutes
        target, occupancy = rng.uniform(0.3, 0.97), rng.uniform(0.6, 1.0)
        shrinkage = rng.uniform(0.0, 0.5)
        other = ErlangC(transactions=calls, aht=aht, asa=threshold, interval=30, shrinkage=shrinkage)
        theirs = other.required_positions(service_level=target, max_occupancy=occupancy)
        demand = Demand(calls / 1800, aht * 60)

        ours = required(demand, Goal(target, threshold * 60, 0.0, occupancy, shrinkage))

        start = round(demand.load + 1)
        assert max(ours.agents, start) == max(theirs["raw_positions"], start)
        agents = theirs["raw_positions"]
        state = steady(demand, agents)
        assert isinstance(state, Steady)
        assert erlang_c(demand.load, agents) == pytest.approx(theirs["waiting_probability"], rel=1e-9)
        assert state.service_level(threshold * 60) == pytest.approx(theirs["service_level"], rel=1e-9)
        assert state.occupancy_ratio == pytest.approx(theirs["occupancy"], rel=1e-9)
        assert scheduled(agents, shrinkage) == theirs["positions"]
        larger += ours.agents < agents
    assert larger < 150


def test_occupancy_binds_where_the_service_level_would_do_with_fewer() -> None:
    demand = Demand(0.2, 240)  # 48 Erlang

    assert required(demand, Goal(0.8, 20)).agents == 53
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
    assert required(demand._replace(patience_seconds=None), goal).agents == 53


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
