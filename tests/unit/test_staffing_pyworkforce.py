"""Erlang C and required agents, against another library's answers."""

from __future__ import annotations

import random

import pytest

from streams.staffing.erlang import Demand, Steady, erlang_c, steady
from streams.staffing.required import Goal, required, scheduled

queuing = pytest.importorskip("pyworkforce.queuing", reason="needs pyworkforce, of the dev extra")


def test_a_thousand_random_queues_agree_with_pyworkforce() -> None:
    """Its one difference: its search starts at round(load + 1), so it never answers less, even where less is enough."""
    rng = random.Random(7)
    larger = 0
    for _ in range(1_000):
        calls, aht, threshold = rng.randint(1, 600), rng.uniform(0.5, 12.0), rng.uniform(0.05, 1.5)  # minutes
        target, occupancy = rng.uniform(0.3, 0.97), rng.uniform(0.6, 1.0)
        shrinkage = rng.uniform(0.0, 0.5)
        other = queuing.ErlangC(transactions=calls, aht=aht, asa=threshold, interval=30, shrinkage=shrinkage)
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
