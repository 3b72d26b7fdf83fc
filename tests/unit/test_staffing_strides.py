"""Strides instead of ticks: the same chain, held against the exact one."""

from __future__ import annotations

from time import process_time

import pytest

from streams.staffing import strides, transient
from streams.staffing.erlang import Demand
from streams.staffing.forecast import Forecast, forecast
from streams.staffing.required import Goal
from streams.staffing.transient import Stage, rewards, start

GOAL = Goal(0.8, 20.0, 5.0)


def both(stages: list[Stage], busy: int, waiting: int) -> list[tuple[Forecast, Forecast]]:
    exact, quick = (
        forecast(stages, GOAL, busy=busy, waited=[10.0] * waiting, uncertainty=0.1, quick=quick)
        for quick in (False, True)
    )
    return list(zip(exact, quick, strict=True))


@pytest.mark.parametrize("agents", [1, 3, 10, 30])
@pytest.mark.parametrize("load", [0.5, 0.9, 1.2])
@pytest.mark.parametrize("aht", [45.0, 240.0, 900.0])
def test_a_service_level_by_strides_is_that_by_ticks_within_two_thousandths(
    agents: int, load: float, aht: float
) -> None:
    demand = Demand(agents * load / aht, aht, 200.0)
    stages = [Stage(seconds, demand, agents) for seconds in (300.0, 300.0, 300.0)]

    for waiting in (0, 6):
        for exact, quick in both(stages, agents, waiting):
            assert quick.service_level == pytest.approx(exact.service_level, abs=2e-3)
            assert quick.low == pytest.approx(exact.low, abs=5e-3)
            assert quick.p_below == pytest.approx(exact.p_below, abs=1e-2)
            assert quick.waiting == pytest.approx(exact.waiting, abs=0.02)
            assert quick.abandonment_ratio == pytest.approx(exact.abandonment_ratio, abs=2e-3)


def test_changes_of_staff_and_demand_are_followed_alike() -> None:
    stages = [Stage(200.0, Demand(0.05, 240.0, 180.0), 12), Stage(700.0, Demand(0.09, 240.0, 180.0), 8)]
    stages += [Stage(900.0, Demand(0.0, 240.0, 180.0), 8), Stage(900.0, Demand(0.03, 240.0, 180.0), 0)]

    for exact, quick in both(stages, 12, 0):
        assert quick.service_level == pytest.approx(exact.service_level, abs=2e-3)
        assert quick.waiting == pytest.approx(exact.waiting, abs=0.05)


def test_no_chance_is_lost_on_the_way() -> None:
    stage = Stage(3_600.0, Demand(0.1, 300.0, 120.0), 25)
    chances = start(40, [stage])
    gains = rewards(stage, chances.low, len(chances.weights), 20.0, 5.0)

    end, passed = strides.follow(chances, stage, gains, 0.8)
    exact, _ = transient.follow(chances, stage, gains, 0.8)

    assert sum(end.weights) == pytest.approx(1.0, abs=1e-9)
    assert passed.arrivals == 360.0
    assert end.reward_variance == pytest.approx(exact.reward_variance, rel=0.01)


def test_a_thousand_agents_are_followed_for_an_hour_in_a_second() -> None:
    demand = Demand(1_000 * 0.95 / 240, 240.0, 200.0)
    began = process_time()

    found = forecast([Stage(3_600.0, demand, 1_000)], GOAL, busy=1_000, waited=[5.0] * 20, quick=True)

    assert found[0].service_level is not None
    assert 0.9 < found[0].service_level <= 1.0
    assert process_time() - began < 1.0
